#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# service.sh TREE PID-FILE - in namespaces of its own, also of the network: become the service manager of TREE, a system
# that kvmstall's package is installed in, with the package's units and none of TREE's others.
set -eu

tree=$1
read -r pid _ </proc/self/stat
mount --make-rprivate /
ip link set lo up
# What the unit asks for is mounts of its own, for which "/" must be a mount: chroot is not enough.
mount --bind "$tree" "$tree"
mount -t tmpfs tmpfs "$tree/mnt"
mkdir "$tree/mnt/units" "$tree/mnt/old"
find "$tree/usr/lib/systemd/system" "$tree/lib/systemd/system" -name 'kvmstall.*' -exec cp {} "$tree/mnt/units" \;
for target in sysinit basic sockets shutdown multi-user; do
	printf '[Unit]\nDescription=%s\n' $target >"$tree/mnt/units/$target.target"
done
printf '[Unit]\nRequires=kvmstall.socket\nAfter=kvmstall.socket\n' >"$tree/mnt/units/default.target"
mkdir "$tree/mnt/units/kvmstall.service.d"
printf '[Service]\nStandardError=append:/mnt/error\n' >"$tree/mnt/units/kvmstall.service.d/error.conf"

mount --rbind /dev "$tree/dev"
mount --rbind /sys "$tree/sys"
mount -t proc proc "$tree/proc"
# What is private to the service would stay in these.
for dir in run tmp var/tmp; do
	mount -t tmpfs tmpfs "$tree/$dir"
done
mountpoint -q "$tree/sys/fs/cgroup/cgroup.procs" || mount -t cgroup2 none "$tree/sys/fs/cgroup"
echo "$pid" >"$2"
cd "$tree"
pivot_root . mnt/old
umount -l /mnt/old
exec env -i container=kvmstall SYSTEMD_UNIT_PATH=/mnt/units PATH=/usr/sbin:/usr/bin:/sbin:/bin \
	/lib/systemd/systemd --system --unit=default.target --log-target=console --show-status=0
