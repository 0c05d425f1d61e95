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
	*:kvmstall | help:help) words="trace top record report diff export repro check" ;;
	trace:--pid | trace:-p) words="$(kvmstall --dump-values pid 2>/dev/null)" ;;
	trace:--vm) words="$(kvmstall --dump-values vm 2>/dev/null)" ;;
	trace:--comm | trace:-n) words="$(kvmstall --dump-values comm 2>/dev/null)" ;;
	trace:--min | trace:-m) return ;;
	trace:--duration | trace:-d) return ;;
	trace:--stuck | trace:-s) return ;;
	trace:--dump) return ;;
	trace:--interval) return ;;
	trace:--output | trace:-o) return ;;
	trace:--format | trace:-f) words="text json perfetto" ;;
	trace:--backend | trace:-b) words="fentry kprobe tracepoint" ;;
	trace:--ring) return ;;
	trace:*) words="--pid --vm --comm --min --duration --stuck --dump --interval --output --format --json --json-schema --all --timeline --backend --ring --verbose --quiet --help" ;;
	top:--pid | top:-p) words="$(kvmstall --dump-values pid 2>/dev/null)" ;;
	top:--vm) words="$(kvmstall --dump-values vm 2>/dev/null)" ;;
	top:--comm) words="$(kvmstall --dump-values comm 2>/dev/null)" ;;
	top:--iterations | top:-n) return ;;
	top:--delay | top:-d) return ;;
	top:--sort | top:-s) words="lost stalls worst now last name" ;;
	top:--min | top:-m) return ;;
	top:--speed) return ;;
	top:--output | top:-o) return ;;
	top:--duration) return ;;
	top:--backend) words="fentry kprobe tracepoint" ;;
	top:--ring) return ;;
	top:*) words="--pid --vm --comm --batch --iterations --delay --sort --open --min --speed --output --duration --backend --ring --quiet --help" ;;
	record:--output | record:-o) return ;;
	record:--flight | record:-f) return ;;
	record:--stop-on) return ;;
	record:--duration | record:-d) return ;;
	record:--stuck | record:-s) return ;;
	record:--tee | record:-t) words="no text json" ;;
	record:--min | record:-m) return ;;
	record:--backend | record:-b) words="fentry kprobe tracepoint" ;;
	record:--ring) return ;;
	record:*) words="--output --flight --stop-on --anonymous --duration --stuck --tee --min --backend --ring --verbose --quiet --help" ;;
	report:--pid | report:-p) return ;;
	report:--vm) return ;;
	report:--comm | report:-n) return ;;
	report:--min | report:-m) return ;;
	report:--stuck | report:-s) return ;;
	report:--since) return ;;
	report:--until) return ;;
	report:--around) return ;;
	report:--output | report:-o) return ;;
	report:--by) words="stall vm call cause phase culprit timer part deferral start" ;;
	report:--format | report:-f) words="text json csv perfetto html lkml" ;;
	report:--from) words="auto strace perf-trace perf stacks function-graph" ;;
	report:*) words="--pid --vm --comm --min --stuck --since --until --around --output --by --format --from --all --facts --timeline --verbose --quiet --help" ;;
	diff:--min-effect | diff:-e) return ;;
	diff:--min | diff:-m) return ;;
	diff:--alpha | diff:-a) return ;;
	diff:--since) return ;;
	diff:--until) return ;;
	diff:--output | diff:-o) return ;;
	diff:--format | diff:-f) words="text json markdown lkml junit html" ;;
	diff:--prometheus) return ;;
	diff:--base) return ;;
	diff:--new) return ;;
	diff:--over) return ;;
	diff:--header) return ;;
	diff:--timeout) return ;;
	diff:--save) return ;;
	diff:*) words="--min-effect --min --alpha --since --until --output --format --prometheus --base --new --over --header --timeout --save --help" ;;
	export:--listen | export:-l) return ;;
	export:--textfile | export:-t) return ;;
	export:--interval) return ;;
	export:--duration | export:-d) return ;;
	export:--vm-limit) return ;;
	export:--min | export:-m) return ;;
	export:--comm | export:-n) return ;;
	export:--user | export:-u) mapfile -t COMPREPLY < <(compgen -u -- "$cur") && return ;;
	export:--backend | export:-b) words="fentry kprobe tracepoint" ;;
	export:--ring) return ;;
	export:*) words="--listen --textfile --interval --once --duration --vm-limit --min --comm --user --all --cost --backend --ring --list --verbose --quiet --help" ;;
	repro:--profile | repro:-p) words="firecracker qemu crosvm minimal arm64" ;;
	repro:--from | repro:-f) return ;;
	repro:--scenario | repro:-s) words="all memslot-create memslot-delete memslot-move bus-unregister qemu-probe coalesced-mmio irq-routing irqfd-resample irqfd-deassign pit pit-close pmu-filter msr-filter hyperv-eventfd vm-destroy-barrier vcpu-create vgic-first-run fdtable device-close vcpu-hop cgroup many-vms-close many-vms-exit" ;;
	repro:--inject | repro:-i) words="reader lock kworker normal-gp mmu-notifier none hang notifier-reader invalidation mmap-lock rcu-holdout rcu-callbacks rcu-fdtable" ;;
	repro:--hold) return ;;
	repro:--order | repro:-o) words="devices-first memslots-first FILE" ;;
	repro:--emit | repro:-e) return ;;
	repro:--gaps) words="as-is none Nx" ;;
	repro:--min | repro:-m) return ;;
	repro:--gap | repro:-g) return ;;
	repro:--life) return ;;
	repro:--fail-above) return ;;
	repro:--rounds | repro:-r) return ;;
	repro:--vms | repro:-n) return ;;
	repro:--vcpus) return ;;
	repro:--devices) return ;;
	repro:--memslots) return ;;
	repro:*) words="--profile --from --scenario --list --inject --hold --order --suggest --emit --gaps --min --gap --life --fail-above --tap --rounds --vms --vcpus --devices --memslots --json --verbose --help" ;;
	check:--output | check:-o) return ;;
	check:--ring) return ;;
	check:*) words="--output --json --ring --help" ;;
	*) return ;;
	esac
	[ "$COMP_CWORD" != 1 ] || words="$words help --help --version"
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -o default -F _kvmstall kvmstall
