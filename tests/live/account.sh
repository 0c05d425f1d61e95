# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016,SC2094,SC2154 # jq programs have $; work and names are of other parts
# Does every nanosecond have exactly one cause?

# shellcheck disable=SC2046 # file names without blanks
test_balance()
{
	none "segments that do not add up" 'select((is_call or is_stuck) and is_off_balance)' $(all_traces)
	note "$(value 'map(select(is_call)) | "\(length) calls, \(map(.segments | length) | add) segments"' $(all_traces))"
}

# Whether or not its own record says so: what a VM's close has a kworker do is teardown.
test_irqfd_phase()
{
	# shellcheck disable=SC2016 # the inner shell's
	"$KVMSTALL" trace -a -j -- sh -c '"$0" repro --profile qemu --devices 23 --rounds 3 >repro' "$KVMSTALL" >trace
	some "irqfds that are shut down" 'select(.call == "irqfd_shutdown" and .type != "storm")' trace
	none "a phase that is not the close's" 'select(.call == "irqfd_shutdown" and .type != "storm" and .phase != "teardown") | .phase' trace
}

test_summary()
{
	local trace

	for trace in $(all_traces); do
		# Every capture has --all, so all that was counted is there; what never slept is not counted.
		value '. as $all | .[] | select(.type == "summary")
			| .calls == ([$all[] | select(is_stall)] | length)
			and (.ns_by_cause | with_entries(select(.value > 0))) == ($all | map(select(is_stall)) | causes)
			and .latency_ns == ([$all[] | select(is_stall) | .latency_ns] | add)
			and ([.ns_by_cause[]] | add) == .latency_ns
			and .vms == ([$all[] | select(.type == "vm" and .event != "gone")] | length)' "$trace" >verdict
		[ "$(cat verdict)" = true ] || fail "${trace##*/}: the summary and the sum of its objects differ:" \
			"$(value '. as $all | .[] | select(.type == "summary") | tojson, ($all | map(select(is_stall)) | causes | tojson),
				"vms: \([$all[] | select(.type == "vm" and .event != "gone")] | length)"' "$trace")"
	done
}

# Of all stalled time, over all that repro can do.
test_unexplained()
{
	local parts stalled

	# shellcheck disable=SC2046 # file names without blanks
	read -r parts stalled < <(value 'map(select(is_stall)) | [(map(ns_by("unexplained")) | add),
		(map(.stall_ns) | add)] | "\(.[0]) \(.[1])"' $(all_traces))
	note "unexplained: $(awk "BEGIN { printf \"%.3f %% of %.1f ms\", 100 * $parts / $stalled, $stalled / 1e6 }") stalled"
	for name in $profiles $others; do
		value "map(select(.type == \"stall\")) | {profile: \"$name\", unexplained: (map(ns_by(\"unexplained\")) | add // 0),
			stalled: (map(.stall_ns) | add // 0)} | select(.unexplained * 100 > .stalled) | tojson" "$work/captures/$name.trace"
	done
	[ $((parts * 100)) -le "$stalled" ]
}

# Room for a few dozen records and a hundred times as many: what is lost is counted, and said where
# it matters; what is left still adds up.
test_tiny_ring()
{
	# shellcheck disable=SC2016 # the inner shell's
	"$KVMSTALL" trace --json --all --ring 4096 -- \
		sh -c '"$0" repro --profile qemu --rounds 23 --vms 3 >repro' "$KVMSTALL" >trace
	some "lost objects" 'select(.type == "lost" and .where == "ring" and .count > 0)' trace
	[ "$(value '(map(select(.type == "lost").count) | add) == (.[] | select(.type == "summary").lost)' trace)" = true ] ||
		fail "the lost objects and the summary differ"
	none "segments that do not add up" 'select(is_call and is_off_balance)' trace
	# A hole is a hole: what has one says so.
	none "unexplained, but complete" 'select(is_call and .complete and ns_by("unexplained") * 20 > .latency_ns
		and .latency_ns > 1000000)' trace
	some "incomplete stalls" 'select(is_call and .complete == false)' trace
	note "$(value 'map(select(.type == "summary"))[0] | "\(.lost) of \(.records + .lost) records lost, \(.incomplete) of \(.stalls) stalls incomplete"' trace)"
}

# So many short calls are one line, and its sum is theirs, whatever they took.
test_storm()
{
	local cnt=4006 lines

	updates $cnt >list
	"$KVMSTALL" trace -j --all -o storm -- "$KVMSTALL" repro --from list >played
	value "(map(select(.type == \"storm\" and .over and .call == \"KVM_SET_USER_MEMORY_REGION\")) | map([.calls, .latency_ns, .max_ns])) ==
		[map(select(is_call and .call == \"KVM_SET_USER_MEMORY_REGION\").latency_ns) | [length, add, max]]
		and all(.[] | select(.type == \"storm\"); ([.ns_by_cause[]] | add) == .latency_ns)
		and (map(select(is_call and .call == \"KVM_SET_USER_MEMORY_REGION\" and .culprit and (.culprit.self | not))) | max_by(.latency_ns)
			| if . then .culprit + {latency_ns} | [.kind, .call, .tid, .comm, .latency_ns] else null end) ==
			(map(select(.type == \"storm\" and .over and .call == \"KVM_SET_USER_MEMORY_REGION\"))[0].culprit
			| if . then [.kind, .call, .tid, .comm, .latency_ns] else null end)
		and (map(select(is_call and .call == \"KVM_SET_USER_MEMORY_REGION\")) | length) == $cnt" storm >verdict
	[ "$(cat verdict)" = true ] || fail "a storm and its calls differ:" "$(jq -c 'select(.type == "storm")' storm)"
	"$KVMSTALL" trace -o lines -- "$KVMSTALL" repro --from list >played
	grep -q 'x KVM_SET_USER_MEMORY_REGION .* storm of ' lines || fail "no line for the storm:" "$(head -n 7 lines)"
	lines=$(grep -c KVM_SET_USER_MEMORY_REGION lines)
	note "$lines lines for $cnt calls"
	[ $((lines * 19)) -lt $cnt ] || fail "$lines lines"
}

# What only ran is there from --min on, as --all has it in another trace of the same calls. Which took how long,
# each trace finds for itself: so only those of twice as much must be in both. Who loses its CPU between the programs
# of the two, has taken long for one of them alone.
test_min_runs()
{
	${CC:-cc} -O1 -o runs "$here/tests/live/runs.c" || return
	repeat 3 min_runs
}

min_runs()
{
	local made

	"$KVMSTALL" trace -j -a -o all -- "$KVMSTALL" trace -j --min 53us -o min -- ./runs 2>err || fail "$(cat err)"
	value 'map(select(is_call and .call == "KVM_SET_GSI_ROUTING" and .latency_ns >= 106000) | .args.nr) | .[]' all | sort >made
	value 'map(select(is_call and .call == "KVM_SET_GSI_ROUTING") | .args.nr) | .[]' min | sort >seen
	comm -23 made seen >missing
	[ ! -s missing ] || fail "$(wc -l <missing) of $(wc -l <made) calls are not there: nr=$(tr '\n' ' ' <missing)"
	none "too short" 'select(is_call and .latency_ns < 53000)' min
	made=$(value 'map(select(is_call and .call == "KVM_SET_GSI_ROUTING" and .latency_ns >= 106000
		and .latency_ns < 1000000)) | length' all)
	note "$made calls under a millisecond that only ran"
	[ "$made" -gt 0 ] || skip "each call took a millisecond, or none a tenth of it"
}

# Who spins for a mutex waits for its holder, though it is on a CPU.
test_spinning()
{
	${CC:-cc} -O1 -pthread -o spin "$here/tests/live/spin.c" || return
	repeat 3 spinning
}

spinning()
{
	"$KVMSTALL" trace -j -a -o trace -- ./spin 31
	never "off balance" 'select(is_call and is_off_balance)' trace
	some "spinning" 'select(.call == "KVM_SET_USER_MEMORY_REGION" and .culprit.kind == "holder" and .culprit.function == "kvm->slots_lock"
		and .culprit.tid != .tid and .culprit.call == .call and any(.segments[]; .cause == "lock" and (.function | not)))' trace
	note "$(value '[.[] | select(is_call) | .segments[] | select(.cause == "lock" and (.function | not)) | .ns]
		| "\(length) spins, \(add / 1e6 * 10 | floor / 10) ms"' trace)"
}

# Nobody sleeps for a spinlock, and the kernel does not keep who has it.
test_mmu_lock()
{
	can_make invalidation
	[ "$(nproc)" -gt 1 ] || skip "one CPU only"
	${CC:-cc} -O1 -pthread -o mmulock "$here/tests/live/mmulock.c" || return
	repeat 3 mmu_lock
}

mmu_lock()
{
	"$KVMSTALL" trace -j -a -o trace -- ./mmulock 101
	never "off balance" 'select(is_call and is_off_balance)' trace
	some "kvm->mmu_lock" 'select(.call == "KVM_CLEAR_DIRTY_LOG" and .cause == "lock" and .culprit == null
		and .lock == {kind: "spinlock", name: "kvm->mmu_lock", held_by: "unnamed"})' trace
	none "run, where it spun" 'select(.call == "KVM_CLEAR_DIRTY_LOG" and .latency_ns > 1e6 and .cause == "run")
		| {latency_ns, segments}' trace
	note "$(value '[.[] | select(is_call and .call == "KVM_CLEAR_DIRTY_LOG")] | "\(length) calls, \(map(.latency_ns) | add / 1e6 | floor
		) ms, lock \(map(ns_by("lock")) | add / 1e6 | floor) ms"' trace)"
}

# Of who reads, an rwsem keeps no list: nobody is named then.
test_mmap_readers()
{
	${CC:-cc} -O1 -pthread -o populate "$here/tests/live/populate.c" || return
	repeat 3 mmap_readers
}

mmap_readers()
{
	"$KVMSTALL" trace -j -a -o trace -- ./populate 23
	never "off balance" 'select(is_call and is_off_balance)' trace
	some "held by readers" 'select(.call == "KVM_CREATE_VM" and .cause == "lock" and .culprit == null
		and .lock == {kind: "rwsem", name: "mmap_lock", held_by: "readers"})' trace
	never "a reader by name" 'select(.lock and .lock.held_by != "task" and .culprit)' trace
}

# Three calls, two locks: the last names the first, while they wait and when it is over.
test_lock_chain()
{
	${CC:-cc} -O1 -pthread -o chain "$here/tests/live/chain.c" || return
	repeat 3 lock_chain
}

lock_chain()
{
	local first

	"$KVMSTALL" trace -j -a --stuck 307ms -o trace -- ./chain 2003 2>err || {
		grep -q 'KVM_CREATE_PIT2\|userfaultfd' err && skip "not on this kernel: $(cat err)"
		fail "$(cat err)"
	}
	first=$(value 'map(select(.call == "KVM_GET_DIRTY_LOG" and .comm == "chain-first"))[0].tid' trace)
	for stuck in true false; do
		some "the second, stuck: $stuck" 'select(.call == "KVM_CREATE_PIT2" and .stuck == '"$stuck"' and .cause == "lock"
			and .culprit.function == "kvm->slots_lock" and .culprit.tid == '"$first"' and (.culprit | has("root") | not))' trace
		some "the third, stuck: $stuck" 'select(.call == "KVM_CREATE_VCPU" and .stuck == '"$stuck"' and .cause == "lock"
			and .culprit.function == "kvm->lock" and .culprit.comm == "chain-second" and .culprit.cause == "lock"
			and .culprit.root.tid == '"$first"' and .culprit.root.links == 1 and .culprit.root.call == "KVM_GET_DIRTY_LOG"
			and (.culprit.root.deadlock | not))' trace
	done
	none "a lock without its holder" 'select(.type == "stall" and .cause == "lock" and .culprit == null and .lock == null)' trace
	never "off balance" 'select((is_call or is_stuck) and is_off_balance)' trace
}

# KVM_CREATE_VM locks all mappings of its process: whoever has a page fault in one of them is waited for, and named.
test_vma_lock()
{
	grep -qw vma_mark_detached /proc/kallsyms || skip "this kernel's VMAs have no number of readers (Linux 6.15)"
	${CC:-cc} -O1 -pthread -o vmafault "$here/tests/live/vmafault.c" || return
	repeat 3 vma_lock
}

vma_lock()
{
	"$KVMSTALL" trace -j -a -o trace -- ./vmafault 211
	never "off balance" 'select(is_call and is_off_balance)' trace
	some "the reader of a mapping" 'select(.call == "KVM_CREATE_VM" and .cause == "lock" and .culprit.kind == "holder"
		and .culprit.comm == "vma-reader" and .lock == {kind: "vma", name: null, held_by: "task"}
		and any(.segments[]; .cause == "lock" and (.function // "" | startswith("__vma_start_"))))' trace
	never "a wait for a mapping that has no name" 'select(is_call) | .segments[] | select(.cause == "other-sleep"
		and ((.function // "") | test("vma_start_write|vma_mark_detached|vma_start_exclude_readers")))' trace
	note "$(value 'map(select(is_call and .lock.kind == "vma")) | "\(length) of 211 waited for one, \(
		map(select(.culprit.comm == "vma-reader")) | length) name vma-reader"' trace)"
}

# A mutex of a VM has its name, and the thread that has it another call.
test_resampler_lock()
{
	${CC:-cc} -O1 -pthread -o resample "$here/tests/live/resample.c" || return
	repeat 3 resampler_lock
}

resampler_lock()
{
	"$KVMSTALL" trace -j -a -o trace -- ./resample 607
	never "off balance" 'select(is_call and is_off_balance)' trace
	some "the other thread's" 'select(.call == "KVM_IRQFD" and .cause == "lock" and .culprit.kind == "holder" and .culprit.tid != .tid
		and .culprit.function == "kvm->irqfds.resampler_lock" and .culprit.call == "KVM_IRQFD" and .culprit.comm == "resample")' trace
	never "itself" 'select(is_call and .cause == "lock" and .culprit.tid == .tid)' trace
}
