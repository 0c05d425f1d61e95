#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# make lab: the table that the proposals for kvm_io_bus_register_dev() lack. Kernels from before it deferred, since,
# and as proposed, of two architectures and three tick rates (plan.sh), VMs set up on each as four VMMs do (guest.sh);
# what calls took there, and why: docs/lab.md (table.sh), and docs/validation.md once its kernels are there.
#
# Each kernel and each cell is a file in the cache (lab/): what was built or measured is used again, and a run that was
# ended goes on where it was. What cannot be had is named in the table, with the reason.
#
# LAB_ARCH ("amd64 arm64"), LAB_HZ ("250 1000 100"), LAB_HOW ("1 0 2 3"), LAB_VMM ("qemu crosvm") choose; LAB_ROUNDS is how many VMs are measured, 31.
# LAB_DO is what to do, by default "kernels native cells table": build kernels; measure on this machine; measure on the
# kernels that are there; write the page; and "again": make the cells anew from what was measured. LAB_RUN is a command for each
# boot ("flock FILE"), LAB_FOR after how many seconds no boot and no build is started any more, LAB_BUILD a command for builds ("nice -n 19"),
# LAB_JOBS their jobs. KVMSTALL is the program without libraries, KVMSTALL_ARM64 that for arm64.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
root=$(readlink -f "$here/../..")
# shellcheck source=tests/vm/apt.sh
. "$root/tests/vm/apt.sh"
# shellcheck source=scripts/lab/plan.sh
. "$here/plan.sh"
declare -A tools=(
	[amd64]=${KVMSTALL:-$root/build/static/kvmstall}
	[arm64]=${KVMSTALL_ARM64:-$root/build/static-arm64/kvmstall}
)

# missing DIR ARCH: its profiles that have no cell yet.
missing()
{
	local profile

	for profile in $(lab_wanted "$2"); do
		[ -s "$1/$profile.json" ] || echo "$profile"
	done
}

# cells DIR ARCH SERIES HZ HOW PROFILE...: from what the guest left.
cells()
{
	local dir=$1 arch=$2 series=$3 hz=$4 how=$5 profile

	shift 5
	for profile; do
		[ -s "$dir/$profile.trace" ] || continue
		jq -nc -L "$root/tests/lib" --arg arch "$arch" --arg series "$series" --argjson hz "$hz" --arg how "$how" \
			--arg profile "$profile" --rawfile release "$dir/release" --slurpfile load "$dir/load" --slurpfile check "$dir/check" \
			--slurpfile repro "$dir/$profile.repro" --slurpfile traced "$dir/$profile.traced" \
			--slurpfile trace "$dir/$profile.trace" --arg date "$(date -u +%F)" -f "$here/cell.jq" >"$dir/new" &&
			mv "$dir/new" "$dir/$profile.json"
	done
	rm -f "$dir/new"
}

# because DIR STATUS: why it has no cells, from what was said.
because()
{
	local why

	why=$(sed -n 's/^vm: //p' "$1/errors" | tail -n 1)
	why=${why:-exit status $2}
	echo "${why#lab: skipped: }" >"$1/reason"
	sed "s|^|lab: ${1##*/}: |" "$1/reason" >&2
}

# boot ARCH SERIES HZ HOW: what is missing of its cells.
boot()
{
	local arch=$1 series=$2 hz=$3 how=$4 dir kernel status=0 profiles line

	dir=$(lab_results "$@")
	mkdir -p "$dir"
	mapfile -t profiles < <(missing "$dir" "$arch")
	[ ${#profiles[@]} != 0 ] || return 0
	kernel=$series:$arch
	if [ "$how" != debian ]; then
		kernel=$(LAB_IS_BUILT=1 "$here/build.sh" "$arch" "$series" "$hz" 2>"$dir/errors"):$arch || status=$?
		if [ $status != 0 ]; then
			[ -s "$dir/reason" ] || because "$dir" $status
			return 0
		fi
	fi
	echo "lab: ${dir##*/}: ${profiles[*]}" >&2
	line="LAB_ROUNDS=${LAB_ROUNDS-} LAB_PROFILES=$(IFS=,; echo "${profiles[*]}")"
	[[ $how != [0-9] ]] || line+=" kvm.lab_register=$how"
	# shellcheck disable=SC2086 # a command
	OUT=$dir KVMSTALL=${tools[$arch]} KVMSTALL_VM_TIMEOUT=${LAB_TIMEOUT:-540} KVMSTALL_VM_APPEND=$line KVMSTALL_VM_CLOCK=host ${LAB_RUN-} \
		"$root/tests/vm/run.sh" "$kernel" "$here/guest.sh" "$here/crosvm-arm64.list" >"$dir/console" 2>"$dir/errors" ||
		status=$?
	if [ $status = 0 ] || [ $status = "$VM_DIRTY" ]; then
		cut -d ' ' -f 1 /proc/loadavg >"$dir/load"
		cells "$dir" "$@" "${profiles[@]}"
	fi
	[ -n "$(missing "$dir" "$arch")" ] || { rm -f "$dir/reason"; return 0; }
	because "$dir" $status
}

native_cells()
{
	local dir

	dir=$(lab_dir)/results/native
	[ -s "$dir/load" ] || return 0
	# shellcheck disable=SC2046 # words
	cells "$dir" amd64 "$(cut -d . -f 1,2 "$dir/release")" "$(jq .kernel.hz "$dir/check")" native $(lab_profiles amd64)
}

# native: this machine's own kernel and KVM.
native()
{
	local dir profiles

	dir=$(lab_dir)/results/native
	[ -w /dev/kvm ] || { echo "lab: no /dev/kvm: emulation is compared with nothing" >&2; return 0; }
	mapfile -t profiles < <(missing "$dir" amd64)
	[ "$(uname -m)" = x86_64 ] && [ ${#profiles[@]} != 0 ] || return 0
	mkdir -p "$dir" "$dir/bin"
	ln -sf "${tools[amd64]}" "$dir/bin/kvmstall"
	# shellcheck disable=SC2086 # a command
	PATH=$dir/bin:$PATH LAB_OUT=$dir LAB_PROFILES=$(IFS=,; echo "${profiles[*]}") ${LAB_RUN-} "$here/guest.sh"
	cut -d ' ' -f 1 /proc/loadavg >"$dir/load"
	native_cells
}

# kernel ARCH SERIES HZ: built, or why not, for each cell that wants it.
kernel()
{
	local how dir status=0

	echo "lab: kernel $*" >&2
	"$here/build.sh" "$@" >/dev/null 2>"$(lab_dir)/errors" || status=$?
	for how in $(lab_hows "$2"); do
		dir=$(lab_results "$@" "$how")
		rm -f "$dir/reason"
		[ $status != 0 ] || continue
		mkdir -p "$dir"
		cp "$(lab_dir)/errors" "$dir/errors"
		because "$dir" $status
	done
}

is_built()
{
	LAB_IS_BUILT=1 "$here/build.sh" "$@" >/dev/null 2>&1
}

# late ARCH SERIES HZ: there was no time to build it.
late()
{
	local how dir built=0 all=0 arch series hz like

	! is_built "$@" || return 0
	while read -r arch series hz; do
		all=$((all + 1))
		! is_built "$arch" "$series" "$hz" || built=$((built + 1))
	done < <(lab_kernels)
	like=$(lab_like "$2")
	for how in $(lab_hows "$2"); do
		dir=$(lab_results "$@" "$how")
		mkdir -p "$dir"
		echo "not built: $built of $all kernels were when time was up ($(date -u +%F))${like:+; $like registers as it does}" >"$dir/reason"
		rm -f "$dir/errors"
	done
}

kernels()
{
	local kernel

	lab_kernels | while read -r kernel; do
		if [ $SECONDS -lt "${LAB_FOR:-9999999}" ]; then
			# shellcheck disable=SC2086 # words
			kernel $kernel </dev/null
		else
			# shellcheck disable=SC2086 # words
			late $kernel </dev/null
		fi
	done
}

boots()
{
	local boot

	lab_boots | while read -r boot; do
		[ $SECONDS -lt "${LAB_FOR:-9999999}" ] || break
		# shellcheck disable=SC2086 # words
		boot $boot </dev/null
	done
}

# again: all cells from what was measured, because cell.jq has changed.
again()
{
	local boot dir

	native_cells
	lab_boots | while read -r boot; do
		# shellcheck disable=SC2086 # words
		dir=$(lab_results $boot)
		# shellcheck disable=SC2086,SC2046 # words
		[ ! -s "$dir/load" ] || cells "$dir" $boot $(lab_profiles "${boot%% *}")
	done
}

# write PAGE COMMAND...
write()
{
	"${@:2}" >"$root/docs/$1.new" && mv "$root/docs/$1.new" "$root/docs/$1"
}

command -v jq >/dev/null || { echo 'lab: skipped: no jq' >&2; exit 77; }
mkdir -p "$(lab_dir)/results" "$root/docs"
what=${LAB_DO:-kernels native cells table}
[[ " $what " != *" kernels "* ]] || kernels
[[ " $what " != *" native "* ]] || native
[[ " $what " != *" cells "* ]] || boots
[[ " $what " != *" again "* ]] || again
if [[ " $what " == *" table "* ]]; then
	write lab.md "$here/table.sh"
	! "$here/report.sh" --has || write validation.md "$here/report.sh"
fi
