# shellcheck shell=bash
# Sourced by the others: what they share, and a private apt that leaves the system's alone.
#
# The private apt has its own sources, lists and cache under vm_cache, one set an
# architecture, so it can fetch arm64 packages and other suites' without
# `dpkg --add-architecture` and without changing what the system would upgrade to.
# Signatures are verified with the machine's own Debian archive keyring.

# Exit statuses, shared with the callers (README.md). 0..120 are the guest script's.
# shellcheck disable=SC2034
VM_SKIP=77 VM_DIRTY=121 VM_DIED=122 VM_TIMEOUT=124 VM_TROUBLE=125

VM_KEYRING=${KVMSTALL_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}
VM_SUITES="bookworm trixie trixie-backports"

vm_say()
{
	printf 'vm: %s\n' "$*" >&2
}

# vm_exit STATUS REASON...: one line why, then out.
vm_exit()
{
	local status=$1

	shift
	vm_say "$*"
	exit "$status"
}

vm_cache()
{
	printf '%s\n' "${KVMSTALL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kvmstall}"
}

# vm_apt_write ARCH DIR MIRROR: the private configuration.
vm_apt_write()
{
	local arch=$1 dir=$2 mirror=$3 suite

	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
	: >"$dir/status"
	for suite in $VM_SUITES; do
		printf 'deb [signed-by=%s] %s %s main\n' "$VM_KEYRING" "$mirror" "$suite"
	done >"$dir/sources.list"
	cat >"$dir/apt.conf" <<-EOF
		#clear APT::Architectures;
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
		APT::Architecture "$arch";
		APT::Architectures { "$arch"; };
		APT::Sandbox::User "";
		Dir::Etc::SourceList "$dir/sources.list";
		Dir::Etc::SourceParts "/dev/null";
		Dir::Etc::Preferences "/dev/null";
		Dir::Etc::PreferencesParts "/dev/null";
		Dir::State::Lists "$dir/lists";
		Dir::State::status "$dir/status";
		Dir::Cache "$dir/cache";
		Dir::Cache::pkgcache "pkgcache.bin";
	EOF
}

# vm_apt_update ARCH [now]: bring the lists up to date, at most once a day unless told.
# False when there are none to be had.
vm_apt_update()
{
	local arch=$1 now=${2-} dir stamp mirror

	dir=$(vm_cache)/apt/$arch
	stamp=$dir/updated
	if [ -z "$now" ] && [ -n "$(find "$stamp" -mmin -1440 2>/dev/null)" ]; then
		return 0
	fi
	mirror=$("${BASH_SOURCE[0]%/*}/../../scripts/mirror.sh")
	[ -n "$mirror" ] || return 1
	vm_apt_write "$arch" "$dir" "$mirror"
	apt-get -c "$dir/apt.conf" -qq --error-on=any update >"$dir/log" 2>&1 || return 1
	: >"$stamp"
}

# vm_apt_names ARCH PREFIX: the names that the lists know.
vm_apt_names()
{
	apt-cache -c "$(vm_cache)/apt/$1/apt.conf" pkgnames "$2" 2>/dev/null
}

# vm_apt_unpack ARCH DEST PACKAGE...: fetch and unpack, all of them or nothing; not installed.
vm_apt_unpack()
{
	local arch=$1 dest=$2 dir tmp deb

	shift 2
	dir=$(vm_cache)/apt/$arch
	mkdir -p "$(dirname "$dest")"
	tmp=$(mktemp -d "$(vm_cache)/fetch.XXXXXX")
	if (cd "$tmp" && apt-get -c "$dir/apt.conf" -qq download "$@") >"$dir/log" 2>&1; then
		mkdir "$tmp/root"
		for deb in "$tmp"/*.deb; do
			dpkg-deb -x "$deb" "$tmp/root" || { rm -rf "$tmp"; return 1; }
		done
		mv -T "$tmp/root" "$dest"
		rm -rf "$tmp"
		return 0
	fi
	rm -rf "$tmp"
	return 1
}

# vm_locked COMMAND...: run alone on the cache, which several runs may share.
vm_locked()
{
	local lock

	mkdir -p "$(vm_cache)"
	lock=$(vm_cache)/lock
	(
		flock -w 600 9 || vm_exit "$VM_TROUBLE" "$lock is held by another run"
		"$@" 9>&-
	) 9>"$lock"
}
