#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# oci-check.sh FOLDER [TAG] - the table of docs/container.md, to standard output: what kvmstall can do in a container of the
# image that scripts/oci-image.sh made in FOLDER, with which capabilities, as check says inside of it, and whether
# trace and the daemon start. Needs umoci, runc and jq; as root. The containers have no network but loopback, and are
# gone afterwards.
set -euo pipefail

folder=$(readlink -f "${1:?usage: oci-check.sh FOLDER [TAG]}")
tag=${2:-$(jq -r '.manifests[-1].annotations["org.opencontainers.image.ref.name"]' "$folder/index.json")}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
here=$(cd "$(dirname "$0")/.." && pwd)
umoci unpack --image "$folder:$tag" "$work/bundle" >/dev/null
cp "$work/bundle/config.json" "$work/plain"

# config CAPS PID-NAMESPACE DEVICE COMMAND...: what a runtime makes of a pod's securityContext.
config()
{
	local caps=$1 pids=$2 device=$3

	shift 3
	jq --arg caps "$caps" --arg pids "$pids" --arg device "$device" '
		($caps | split(" ") | map(select(. != "") | "CAP_" + .)) as $list
		| .process.terminal = false | .process.args = $ARGS.positional | .process.noNewPrivileges = true
		| .process.capabilities = {bounding: $list, effective: $list, permitted: $list, inheritable: [], ambient: []}
		| .root.readonly = true | .mounts |= map(select(.destination != "/sys/fs/cgroup")) | del(.linux.seccomp)
		| .mounts += [{destination: "/captures", type: "bind", source: "'"$here"'/docs/demo", options: ["bind", "ro"]}]
		| if $pids == "host" then .linux.namespaces |= map(select(.type != "pid")) else . end
		| if $device == "kvm" then .linux.devices += [{path: "/dev/kvm", type: "c", major: 10, minor: 232, fileMode: 438, uid: 0, gid: 0}]
			| .linux.resources.devices += [{allow: true, type: "c", major: 10, minor: 232, access: "rwm"}] else . end
	' "$work/plain" --args -- "$@" >"$work/bundle/config.json"
}

# in_container NAME-OF-OUTPUT COMMAND...: its exit status.
in_container()
{
	local out=$1 status=0

	shift
	config "$caps" "$pids" "$device" "$@"
	(cd "$work/bundle" && timeout 100 runc run "kvmstall-check-$$" >"$work/$out" 2>"$work/$out.errors") || status=$?
	echo $status
}

# row WHAT CAPS PID-NAMESPACE DEVICE
row()
{
	local what=$1 caps=$2 pids=$3 device=$4 check traced exported played reported

	check=$(in_container check kvmstall check --json)
	traced=$(in_container trace kvmstall trace -q -d 1ms)
	exported=$(in_container export "${entrypoint[@]}" "${daemon[@]}" --duration 101ms)
	played=$(in_container repro kvmstall repro --profile minimal)
	reported=$(in_container report kvmstall report -q /captures/devices.kvs)
	jq -r --arg what "$what" --arg caps "$caps" --arg pids "$pids" --arg rest "$check | $traced | $exported | $played | $reported" '
		"| \($what) | \(if $caps == "" then "none" else $caps end) | \($pids) | \(.backend // "none") | \(
		if .backend == null or .backend == "none" then "all" else (.facts_missing // [] | if length == 0 then "nothing" else join(", ") end) end) | \($rest) |"' "$work/check"
	[ -z "${VERBOSE-}" ] || cat "$work"/*.errors >&2
}

# The DaemonSet's own arguments and capabilities.
daemonset=$here/contrib/kubernetes/daemonset.yaml
mapfile -t daemon < <(sed -n 's/^ *args: \[\(.*\)\]$/\1/p' "$daemonset" | tr -d '"' | sed 's/, */\n/g')
attach='BPF PERFMON SYS_ADMIN SYSLOG'
added=$(sed -n 's/^ *add: \[\(.*\)\]$/\1/p' "$daemonset" | tr -d ,)
if [ "${daemon[0]-}" != export ] || [ -z "$added" ]; then
	echo "cannot read $daemonset" >&2
	exit 1
fi

# blob DIGEST: its file.
blob()
{
	echo "$folder/blobs/${1/://}"
}

# What the DaemonSet takes for granted of the image: it has no command of its own, so its arguments follow the
# entrypoint, which is a program of the image; the user, the folder of its volume and the version are the same.
manifest=$(blob "$(jq -r --arg tag "$tag" '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $tag).digest' "$folder/index.json")")
image=$(blob "$(jq -r .config.digest "$manifest")")
mapfile -t entrypoint < <(jq -r '.config.Entrypoint[]' "$image")
differs()
{
	echo "the image and $daemonset differ: $*" >&2
	exit 1
}
! grep -qE '^ *command:' "$daemonset" || differs "it has a command"
[ -x "$work/bundle/rootfs${entrypoint[0]}" ] || differs "no program '${entrypoint[0]}'"
[ "$(jq -r .config.User "$image")" = "$(sed -n 's/^ *runAsUser: //p' "$daemonset")" ] || differs "user"
while read -r dir; do
	[ -d "$work/bundle/rootfs$dir" ] || differs "no folder '$dir' to mount"
done < <(sed -n 's/.*mountPath: \([^,}]*\).*/\1/p' "$daemonset")
[ "$(sed -n 's/^ *image: .*://p' "$daemonset")" = "$tag" ] || differs "version"
grep -q 'readOnlyRootFilesystem: true' "$daemonset" || differs "it may write"

cat <<END
Made by \`scripts/oci-check.sh\`, Linux $(uname -r), $(runc --version | sed -n 1p), $(date -u +%Y-%m-%d). Numbers are exit statuses.

| | capabilities | PIDs | backend | facts missing | check | trace | export | repro | report |
|---|---|---|---|---|--:|--:|--:|--:|--:|
END
row 'as runtimes start it' 'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE NET_RAW SETFCAP SETGID SETPCAP SETUID SYS_CHROOT' own ''
row 'no capability, /dev/kvm' '' own kvm
row 'without SYS_ADMIN, SYSLOG' 'BPF PERFMON' host ''
row 'without SYSLOG' 'BPF PERFMON SYS_ADMIN' host ''
row 'without SYS_ADMIN' 'BPF PERFMON SYSLOG' host ''
row 'without BPF' 'PERFMON SYS_ADMIN SYSLOG' host ''
row 'those of the unit' "$attach" host ''
row 'the same, own PIDs' "$attach" own ''
row 'the DaemonSet' "$added" host ''
row 'the DaemonSet without SETPCAP' "${added/ SETPCAP/}" host ''
row 'the DaemonSet, /dev/kvm' "$added" host kvm
