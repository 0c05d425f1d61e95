# bash completion for kvmstall. Made by scripts/completion.sh from the option tables: do not edit.
_kvmstall()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words i

	COMPREPLY=()
	# "--backend=fentry" arrives as three words.
	[ "$cur" != = ] || cur=
	[ "$prev" != = ] || prev=${COMP_WORDS[COMP_CWORD - 2]}
	for ((i = 2; i < COMP_CWORD; i++)); do
		# What follows "--" is somebody else's command line.
		[ "${COMP_WORDS[i]}" != -- ] || return
	done

	case ${COMP_WORDS[1]}:$prev in
	*:kvmstall | help:help) words="trace repro check" ;;
	trace:--backend | trace:-b) words="fentry kprobe tracepoint" ;;
	trace:--pid | trace:-p) return ;;
	trace:--vm) return ;;
	trace:--comm | trace:-n) return ;;
	trace:--min | trace:-m) return ;;
	trace:--duration | trace:-d) return ;;
	trace:--stuck | trace:-s) return ;;
	trace:--ring) return ;;
	trace:*) words="--pid --vm --comm --min --duration --stuck --json --json-schema --all --backend --ring --verbose --quiet --help" ;;
	repro:--profile | repro:-p) words="firecracker qemu crosvm minimal arm64" ;;
	repro:--inject | repro:-i) words="reader lock kworker normal-gp mmu-notifier none" ;;
	repro:--order | repro:-o) words="devices-first memslots-first" ;;
	repro:--scenario | repro:-s) return ;;
	repro:--hold) return ;;
	repro:--gap | repro:-g) return ;;
	repro:--rounds | repro:-r) return ;;
	repro:--vms | repro:-n) return ;;
	repro:--vcpus) return ;;
	repro:--devices) return ;;
	repro:--memslots) return ;;
	repro:*) words="--profile --scenario --list --inject --hold --order --gap --rounds --vms --vcpus --devices --memslots --json --verbose --help" ;;
	check:*) words="--json --help" ;;
	*) return ;;
	esac
	[ "$COMP_CWORD" != 1 ] || words="$words help --help --version"
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -o default -F _kvmstall kvmstall
