#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# systemd.sh KVMSTALL - in namespaces of its own: become a service manager that knows kvmstall.socket and
# kvmstall.service of the working directory, and none of the host's units. The host's files are read-only.
# What the service shall have besides is in the file "extra". In files: its pid outside ("manager"), that all could be mounted ("ready"), what the daemon says ("error").
set -eu

kvmstall=$1
here=$PWD
read -r pid _ </proc/self/stat
echo "$pid" >manager
mount --make-rprivate /
: >error
mount -t tmpfs tmpfs /mnt
mkdir /mnt/units /mnt/work
mount --bind "$here" /mnt/work
cp "$kvmstall" /mnt/kvmstall
cp kvmstall.socket kvmstall.service /mnt/units
mkdir /mnt/units/kvmstall.service.d
printf '[Service]\nStandardError=append:/mnt/work/error\n%s\n' "$(cat extra)" >/mnt/units/kvmstall.service.d/extra.conf
for target in sysinit basic sockets shutdown multi-user; do
	printf '[Unit]\nDescription=%s\n' $target >/mnt/units/$target.target
done
printf '[Unit]\nRequires=kvmstall.socket\nAfter=kvmstall.socket\n' >/mnt/units/default.target

mount -t proc proc /proc
mount -t tmpfs tmpfs /run
mountpoint -q /sys/fs/cgroup/cgroup.procs || mount -t cgroup2 none /sys/fs/cgroup
: >ready
export container=kvmstall SYSTEMD_UNIT_PATH=/mnt/units
exec /lib/systemd/systemd --system --unit=default.target --log-target=console --show-status=0
