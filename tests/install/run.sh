#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# make check-installed: what make install puts into a folder, and that make uninstall leaves nothing of it; and what
# bash, zsh and fish complete with the scripts in that folder. No root. TESTS='NAME...' runs only these.
# shellcheck disable=SC2016,SC2154,SC2317 # other shells have $; work and here are suite.sh's; tests are called by name
set -u

# shellcheck source=tests/lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
export O=${O:-$here/build}
unset DESTDIR PREFIX MANDIR COMPDIR ZCOMPDIR FCOMPDIR UNITDIR

tests='built-once install uninstall-host uninstall-others bash zsh fish'

make_it()
{
	"${MAKE:-make}" -s -C "$here" O="$O" "$@" >make.log 2>&1 || fail "make $*:" "$(cat make.log)"
}

# installed: into root/, once, for those who only look.
installed()
{
	[ -d "$work/root" ] || make_it install DESTDIR="$work/root" PREFIX=/usr
}

# The same folder under other names is not built again.
test_built_once()
{
	local name

	make_it all
	for name in "$O" "$O/" "$(realpath --relative-to="$here" "$O")"; do
		"${MAKE:-make}" --no-print-directory -C "$here" all O="$name" >said
		[ ! -s said ] || fail "O=$name:" "$(cat said)"
	done
	make_it "$(realpath "$O")/kvmstall"
}

# A folder with a space in its name; the unit starts what was installed.
test_install()
{
	local prefix

	for prefix in /usr /opt/kvmstall; do
		make_it install DESTDIR="$PWD/a root" PREFIX="$prefix"
		"a root$prefix/bin/kvmstall" --version >version
		cmp "a root$prefix/bin/kvmstall" "$O/kvmstall"
		[ "$(find "a root" -type f | wc -l)" -ge 17 ] || fail "too little:" "$(find "a root" -type f)"
		[ "$(find "a root" -type f -name '*.[1-8]' | wc -l)" = "$(find "$here/man" -name '*.[1-8]' | wc -l)" ] ||
			fail "not every page"
		grep -q "^ExecStart=$prefix/bin/kvmstall " "a root$prefix/lib/systemd/system/kvmstall.service"
		[ -z "$(find "a root" -type f -perm /022)" ] || fail "others may write to" "$(find "a root" -perm /022)"
		make_it uninstall DESTDIR="$PWD/a root" PREFIX="$prefix"
		[ -z "$(find "a root" -mindepth 1)" ] || fail "left behind:" "$(find "a root" -mindepth 1)"
	done
}

# Without DESTDIR the folders that a host has anyway stay, and those of shells that it may not have go.
test_uninstall_host()
{
	make_it install PREFIX="$PWD/local"
	make_it uninstall PREFIX="$PWD/local"
	[ -z "$(find local ! -type d)" ] || fail "left behind:" "$(find local ! -type d)"
	[ -d local/bin ] || fail "bin is gone"
	[ ! -e local/share/fish ] || fail "fish's folder stays"
}

test_uninstall_others()
{
	make_it install DESTDIR="$PWD/root" PREFIX=/usr
	touch root/usr/bin/other root/usr/share/man/man8/other.8
	make_it uninstall DESTDIR="$PWD/root" PREFIX=/usr
	[ "$(find root -type f | sort | tr '\n' ' ')" = 'root/usr/bin/other root/usr/share/man/man8/other.8 ' ] ||
		fail "not what others put there:" "$(find root -type f)"
}

# ---- completion

# Each shell's complete LINE prints what it proposes for LINE, one a line.
bash_complete()
{
	bash --norc --noprofile -c '. "$1"; read -ra COMP_WORDS <<<"$2"; [[ $2 != *" " ]] || COMP_WORDS+=("")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _kvmstall; printf "%s\n" "${COMPREPLY[@]}"' bash \
		"$work/root/usr/share/bash-completion/completions/kvmstall" "$1"
}

fish_complete()
{
	HOME=$PWD fish --no-config -c 'source $argv[1]; complete -C $argv[2]' \
		"$work/root/usr/share/fish/vendor_completions.d/kvmstall.fish" "$1" | cut -f 1
}

zsh_complete()
{
	HOME=$PWD FUNCTIONS=$work/root/usr/share/zsh/site-functions zsh -f "$here/tests/install/complete.zsh" "$1" |
		sed 's/\x1b\[[0-9;?]*[A-Za-z]//g; s/\x1b[78]//g; s/[\x01-\x1f]/ /g' | tr -s ' ' '\n'
}

# proposes SHELL LINE WORD...: all of these; "!WORD": not this.
proposes()
{
	local shell=$1 line=$2 word

	shift 2
	"${shell}_complete" "$line" >proposed
	for word; do
		if [[ $word = !* ]]; then
			! grep -qxF -- "${word#!}" proposed || fail "'$line': ${word#!} is proposed"
		else
			grep -qxF -- "$word" proposed || fail "'$line': no $word:" "$(head -n 40 proposed)"
		fi
	done
}

# What all three do: commands, options, values from the tables, and what runs now.
completes()
{
	local shell=$1 vmm name="prime-$BASHPID"

	command -v "$shell" >/dev/null || skip "no $shell"
	installed
	export PATH=$work/root/usr/bin:$PATH
	mkfifo hold
	bash -c 'exec -a firecracker sh -c "read line" "--id=$1"' bash "$name" <>hold &
	vmm=$!
	until_true 5 grep -q firecracker "/proc/$vmm/cmdline"
	proposes "$shell" 'kvmstall ' trace top record report diff repro check help
	proposes "$shell" 'kvmstall tr' trace !report
	proposes "$shell" 'kvmstall help ' trace check
	proposes "$shell" 'kvmstall trace --s' --stuck
	proposes "$shell" 'kvmstall report --b' --by
	proposes "$shell" 'kvmstall trace --backend ' fentry kprobe tracepoint !report
	proposes "$shell" 'kvmstall repro --profile ' firecracker qemu crosvm
	proposes "$shell" 'kvmstall repro --scenario ' all memslot-create
	proposes "$shell" 'kvmstall report --by ' vm cause culprit
	proposes "$shell" 'kvmstall trace --vm prime-' "$name"
	proposes "$shell" 'kvmstall trace --pid ' "$vmm"
	kill "$vmm"
}

test_bash()
{
	completes bash
}

test_fish()
{
	completes fish
}

test_zsh()
{
	completes zsh
}

for name in ${TESTS:-$tests}; do
	run_test "$name"
done
finish
