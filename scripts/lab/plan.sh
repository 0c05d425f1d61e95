# shellcheck shell=bash
# Sourced by run.sh and table.sh: which kernels and cells the lab has. apt.sh of tests/vm is there.

# The series whose source is edited (edit.sh).
LAB_SERIES=7.3

lab_dir()
{
	printf '%s/lab\n' "$(vm_cache)"
}

# lab_kernels: "ARCH SERIES HZ", in the order in which they are built: those that are edited first.
lab_kernels()
{
	local arch hz series

	for arch in ${LAB_ARCH:-amd64 arm64}; do
		for hz in ${LAB_HZ:-250 1000 100}; do
			echo "$arch $LAB_SERIES $hz"
		done
	done
	for series in 6.18 6.17; do
		for arch in ${LAB_ARCH:-amd64 arm64}; do
			for hz in ${LAB_HZ:-1000 100}; do
				[ "$hz" = 250 ] || echo "$arch $series $hz"
			done
		done
	done
}

# lab_hows SERIES: how registration is to behave in a kernel that was built.
lab_hows()
{
	[ "$1" = "$LAB_SERIES" ] && echo "${LAB_HOW:-1 0 2 3}" || echo built
}

# lab_like SERIES: the way of LAB_SERIES that registers as it does.
lab_like()
{
	case $1 in
	6.17) echo "$LAB_SERIES waiting as before 6.18" ;;
	6.18) echo "$LAB_SERIES as is" ;;
	esac
}

# lab_boots: "ARCH SERIES HZ HOW", a boot each. HOW is a value of kvm.lab_register, "debian" for a kernel of
# Debian's, which all have HZ=250, or "built" for one of the series' source as it is.
lab_boots()
{
	local arch series hz how

	for series in 6.17 6.18 7.3; do
		for arch in ${LAB_ARCH:-amd64 arm64}; do
			[ -z "${LAB_HZ-}" ] || [[ " $LAB_HZ " == *" 250 "* ]] || continue
			echo "$arch $series 250 debian"
		done
	done
	lab_kernels | while read -r arch series hz; do
		for how in $(lab_hows "$series"); do
			echo "$arch $series $hz $how"
		done
	done
}

# lab_profiles ARCH: what guest.sh plays there.
lab_profiles()
{
	case $1 in
	amd64) echo firecracker qemu crosvm minimal ;;
	arm64) echo arm64 crosvm minimal ;;
	esac
}

# lab_wanted ARCH: of these, those that are to be measured now.
lab_wanted()
{
	local profile

	for profile in $(lab_profiles "$1"); do
		[[ -n ${LAB_VMM-} && " $LAB_VMM " != *" $profile "* ]] || echo "$profile"
	done
}

# lab_results ARCH SERIES HZ HOW: where a boot's cells are: PROFILE.json, with what it was made of; "reason": why
# there are none.
lab_results()
{
	printf '%s/results/%s-%s-%s-%s\n' "$(lab_dir)" "$@"
}
