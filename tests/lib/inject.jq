# SPDX-License-Identifier: GPL-2.0-only
# What repro --inject did, against what trace says of it. An object a round: {round, seen: the victim's
# calls as trace has them, wrong: [what is wrong with them], disturbed}.
include "ndjson";

# The call that repro made as $mine, as trace has it.
def seen($trace; $mine): pairs($trace; [$mine]) | .trace[];

# The same of a call that is not KVM's, of which trace has the wait alone.
def seen_wait($trace; $mine): $trace[] | select(is_call and .tid == $mine.tid and .call == $mine.call
	and .ts_ns >= $mine.ts_ns and end_ns <= ($mine | end_ns));

def injections(name): map(select(.type == "inject" and .injected == name));

def victims(name; $injection):
	.[] | select(.type == "call" and .injected == name and .pid == $injection.pid
		and .round == $injection.round);

def wrong(condition; what): if condition then what else empty end;

# Did what repro made cost the call what it must have? A tenth is for what happens at its edges.
def covers(causes; $until_ns): ns_by(causes) * 10 >= ($until_ns - slept_ns) * 9;

# On a busy machine the call, the work that follows or the waiter may wait for a CPU for longer than all
# else. That is no error, if the injected cause has its due.
def is_disturbed(causes): (.cause | IN("run", "kworker", "wakeup", "runnable")) and (.cause | IN(causes) | not);

# What a wait for plain RCU went to. On a busy machine its kthread may want the CPU that is kept.
def rcu_ns(parts): [.segments[] | select(.cause == "rcu" and (.part | IN(parts))).ns] | add // 0;
# Where it had none all the time, there is no step of it to go by. The culprit is the longest piece's: of its own work,
# who had the CPU that it waited for; nobody, where it was moved from one CPU's queue to another's more than once.
def longest_of_rcu: [.segments[] | select(.cause == "rcu")] | max_by(.ns).part;
def kthread_waits: rcu_ns("work", null) * 2 > ns_by("rcu")
	or (.cause == "rcu" and (.culprit.kind == "cpu" or (.culprit == null and (longest_of_rcu | IN("work", null)))));

# Which is the same thread's doing: it is named for that, too.
def names_hog($injection): .culprit.kind == "cpu" and .culprit.tid == $injection.tid;

# Held by a reader, and nobody is named; or by readers of mmap_lock, as ps and others are that look at a process.
def is_unseen: (.cause | IN("reader", "poll-backoff")) and .culprit == null or .lock.held_by == "readers";

# When the reader was last blamed.
def blamed_until_ns: . as $call | reduce .segments[] as $segment ({now: $call.ts_ns, until: 0};
	.now += $segment.ns | if $segment.cause == "reader" then .until = .now else . end) | .until;

# $left_ns: the reader's own call was over.
def wrong_reader($injection; $left_ns):
	# until the first scan a busy kworker, or a timer that was armed, is what it waits for
	wrong(covers("reader", "poll-backoff", "kworker", "gp-timer"; $injection.ended_ns) | not;
		"reader and poll-backoff are less than what was held"),
	wrong(blamed_until_ns > $left_ns; "a reader that had left is blamed"),
	if is_disturbed("reader", "poll-backoff") then empty else
		wrong(.cause | IN("reader", "poll-backoff") | not; "headline \(.cause)"),
		# who looks for it had no CPU while it was there: see is_unseen
		if .culprit == null then empty else
		wrong(.culprit.kind != "reader"; "culprit is \(.culprit)"),
		wrong(.culprit.tid != $injection.tid; "reader \(.culprit.tid), not \($injection.tid)"),
		wrong(.culprit.function != "handle_userfault"; "reader is in \(.culprit.function)")
		end
	end;

# $holder: trace's object of the holder's own call.
def wrong_lock($injection; $holder):
	# who gets the lock and no CPU, or a CPU before the lock, waits all the same
	wrong(covers("lock", "wakeup", "run", "runnable"; $holder | end_ns) | not; "lock is less than the holder had it"),
	if is_disturbed("lock") then empty else
		wrong(.cause != "lock"; "headline \(.cause)"),
		wrong(.culprit.kind != "holder"; "culprit is \(.culprit)"),
		wrong(.culprit.tid != $injection.tid; "holder \(.culprit.tid), not \($injection.tid)"),
		wrong(.culprit.function != "kvm->slots_lock"; "lock \(.culprit.function)"),
		wrong(.culprit.call != $holder.call; "holder is in \(.culprit.call), not \($holder.call)"),
		wrong(.culprit.cause != $holder.cause;
			"holder waits for \(.culprit.cause), it says itself \($holder.cause)")
	end;

# Whoever else invalidates a VM's memory is a reader of the host-wide domain, too.
def is_strangers_reader($ours): .culprit | . != null and .kind == "reader" and (.tid | IN($ours[]) | not)
	and (.function // "" | startswith("kvm_mmu_notifier_invalidate_range_"));

# Another process's, of the host-wide domain: it comes and goes, so that not all of the wait is its.
def wrong_notifier($injection; $ours):
	wrong([.segments[] | select(.cause | IN("reader", "poll-backoff")) | select(.domain != "mmu_notifier")] != [];
		"held in another domain"),
	if is_disturbed("reader", "poll-backoff") then empty else
		wrong(.cause | IN("reader", "poll-backoff") | not; "headline \(.cause)"),
		if .culprit == null or is_strangers_reader($ours) then empty else
		wrong(.culprit.kind != "reader"; "culprit is \(.culprit)"),
		wrong(.culprit.tid != $injection.tid; "reader \(.culprit.tid), not \($injection.tid)"),
		wrong(.culprit.function | startswith("kvm_mmu_notifier_invalidate_range_") | not;
			"reader is in \(.culprit.function)"),
		wrong(.culprit.call != "madvise"; "reader is in \(.culprit.call)"),
		wrong(.culprit.vm == .vm.id; "the reader's VM is said to be the victim's")
		end
	end;

# Whoever of the two ends last wakes it; each has the same name. Both are readers of kvm->srcu as well while they
# invalidate (kvm_handle_hva_range()): the update waits for that after the invalidations, and now and then for longer.
def is_reader_then: (.cause | IN("reader", "poll-backoff")) and has_cause("invalidation");
def wrong_invalidation($injection):
	wrong(any(.segments[]; .cause == "gp-timer"); "a timer of a grace period"),
	wrong(any(.segments[]; .cause == "invalidation" and .function != "kvm_swap_active_memslots"); "another function"),
	if is_disturbed("invalidation") or is_reader_then then empty else
		wrong(.cause != "invalidation"; "headline \(.cause)"),
		if .culprit == null or .culprit.kind == "cpu" then empty else
		wrong(.culprit.kind != "waker"; "culprit is \(.culprit)"),
		wrong(.culprit.comm != "kvmstall-unmap"; "ended by \(.culprit.comm)")
		end
	end;

# Whoever makes a VM waits for mm_all_locks_mutex as well, which has no name here and is the host's.
def is_strangers_lock($ours): .cause == "lock" and .culprit.kind == "holder" and .culprit.function == null
	and (.culprit.tid | IN($ours[]) | not);

# Held by a thread that is in no call of KVM, or in none that it slept in.
def wrong_mmap_lock($injection; $ours):
	wrong(.complete | not; "incomplete"),
	wrong(ns_by("other-sleep") * 20 > .stall_ns; "other-sleep"),
	if is_disturbed("lock") or is_unseen or is_strangers_lock($ours) then empty else
		wrong(.cause != "lock"; "headline \(.cause)"),
		wrong(.culprit.kind != "holder"; "culprit is \(.culprit)"),
		wrong(.culprit.tid != $injection.tid; "holder \(.culprit.tid), not \($injection.tid)"),
		wrong(.culprit.function != "mmap_lock"; "lock \(.culprit.function)"),
		wrong(.lock != {kind: "rwsem", name: "mmap_lock", held_by: "task"}; "lock is \(.lock)")
	end;

# What others held up of the grace period before, until $injection came to hold out. Where that is the longest, they are
# the culprits.
def others_before_ns($injection): (.segments | map(.task.tid == $injection.tid) | index(true)) as $first
	| [.segments[:$first][] | select(.part == "prev-gp").ns] | add // 0;
def is_others($injection): ([.segments[] | select(.task.tid == $injection.tid).ns] | add // 0) < others_before_ns($injection);

# A CPU that a reader of RCU kept, whose thread did not leave it: of this grace period, or of the one before. Where
# another CPU comes first, that one is named meanwhile; and what others held up of the one before comes before its own.
def wrong_rcu_holdout($injection; $jiffy):
	($injection.detail | capture("CPU (?<cpu>[0-9]+)").cpu | tonumber) as $cpu
	| ([$injection.began_ns, .ts_ns] | max) as $from
	| [.segments[] | select(.cause == "rcu" and .task.tid == $injection.tid)] as $held
	| ($held | map(.ns) | add // 0) as $ns
	| others_before_ns($injection) as $before_ns
	| wrong(.complete | not; "incomplete"),
	wrong(any($held[]; .cpu != $cpu); "CPU \($held[0].cpu), not \($cpu)"),
	wrong(any($held[]; .part | IN("holdout", "prev-gp") | not); "\($held | map(.part)) held it up"),
	wrong($ns > $injection.ended_ns - $from + 3 * $jiffy; "it is blamed for longer than it held"),
	wrong(($ns + rcu_ns("work", null)) * 2 < $injection.ended_ns - $from - $before_ns; "it is blamed for \($ns) ns"),
	if is_disturbed("rcu") or kthread_waits or is_others($injection) then empty else
		wrong(.cause != "rcu"; "headline \(.cause)"),
		wrong(.culprit.kind != "holdout"; "culprit is \(.culprit)"),
		wrong(.culprit.tid != $injection.tid; "\(.culprit.tid) held out, not \($injection.tid)"),
		wrong(any($held[]; .task.in == "kernel") | not; "it is not said to be in the kernel")
	end;

# All but its own work, and the wait for a CPU to do that.
def latency_after_run: .latency_ns - ns_by("run", "runnable");

# The grace period itself took as long as what follows it: on a busy machine, or an emulated one.
def is_slow_gp($callbacks_ns): $callbacks_ns * 2 < ns_by("rcu");

# Who had the CPU that RCU's callbacks were to run on: the thread that was late is one of theirs.
def wrong_rcu_callbacks($injection; $jiffy):
	([$injection.began_ns, .ts_ns] | max) as $from
	| rcu_ns("callbacks") as $ns
	| wrong(.complete | not; "incomplete"),
	wrong(ns_by("rcu", "wakeup") * 10 < ($injection.ended_ns - $from) * 9; "RCU is less than the CPU was kept"),
	wrong($ns > $injection.ended_ns - $from + 3 * $jiffy and (.culprit.late.ns // 0) < $ns - 3 * $jiffy; "they are blamed for \($ns) ns"),
	if is_disturbed("rcu") or is_slow_gp($ns) then empty else
		wrong(.cause != "rcu"; "headline \(.cause)"),
		wrong(.culprit.kind != "cpu"; "culprit is \(.culprit)"),
		wrong(.culprit.tid != $injection.tid or (.culprit.realtime | not); "\(.culprit.tid) had the CPU, not \($injection.tid)"),
		wrong(.culprit.late.comm // "" | test("^rcuo[ps]/") | not; "\(.culprit.late.comm) was late")
	end;

# A table of descriptors that grew, and nothing else: nobody is to blame, unless others kept the CPUs.
def wrong_rcu_fdtable($injection):
	[.waits[] | select(.api == "synchronize_rcu" and (.site | test("^expand_files([.].*)?$")))] as $waits
	| ([.segments[] | select(.cause == "rcu" and (.function | test("^expand_files([.].*)?$"))).ns] | add // 0) as $ns
	| wrong(.complete | not; "incomplete"),
	wrong(($waits | length) != 1; "waits: \(.waits)"),
	wrong($ns != ns_by("rcu"); "other waits for RCU"),
	wrong($ns > $injection.ended_ns - $injection.began_ns; "longer than it took"),
	wrong(($ns + ns_by("wakeup")) * 10 < (latency_after_run * 9); "RCU is \($ns) ns of \(.latency_ns)"),
	if is_disturbed("rcu") then empty else
		wrong(.cause != "rcu"; "headline \(.cause)"),
		wrong(.culprit != null and (.culprit.kind | IN("holdout", "cpu") | not); "culprit is \(.culprit)")
	end;

def wrong_kworker($injection):
	wrong(covers("kworker", "wakeup", "run", "runnable"; $injection.ended_ns) | not; "kworker is less than the CPU was kept"),
	if is_disturbed("kworker") then empty else wrong(.cause != "kworker"; "headline \(.cause)") end;

# A timer of one jiffy takes more than that.
def wrong_normal_gp($injection; $jiffy):
	wrong(ns_by("gp-timer") + slept_ns - $injection.began_ns < $jiffy; "gp-timer is less than a jiffy"),
	if is_disturbed("gp-timer") then empty else
		wrong(.cause != "gp-timer"; "headline \(.cause)"),
		wrong(.culprit.kind != "starter" or .culprit.self; "culprit is \(.culprit)"),
		wrong(.culprit.function != "kvm_io_bus_register_dev"; "started by \(.culprit.function)"),
		wrong(.culprit.call != "KVM_IOEVENTFD"; "started in \(.culprit.call)"),
		wrong(.culprit.tid != $injection.tid; "starter \(.culprit.tid), not \($injection.tid)")
	end;

# A switch of its that the kernel did not report (bpf/away.h) leaves a hole in a call: what was in it is in no record,
# and the call says so. There are no more such calls than switches that were counted as missed, or else the hole is a
# defect.
def has_hole: (.complete | not) and any(.segments[]; .cause == "unexplained" and .domain == null);

def is_missed($trace): has_hole and ([$trace[] | select(is_call and has_hole)] | length)
	<= ([$trace[] | select(.type == "summary").losses.missed] | last // 0);

def round($trace; $injection; $seen; causes; wrongs): {
	round: $injection.round,
	$seen,
	wrong: [wrong(($seen | length) == 0; "the victim's call is not there"),
		($seen[] | select(is_missed($trace) | not) | wrongs)],
	disturbed: any($seen[]; is_missed($trace) or is_disturbed(causes) or is_unseen
		or (if $injection.injected == "rcu-callbacks" then is_slow_gp(rcu_ns("callbacks"))
			else (kthread_waits or ($injection.injected == "rcu-holdout" and is_others($injection)))
				and (names_hog($injection) | not) end)),
};

# A busy machine may let the victim suffer too late, when all was over.
def is_too_late: (.detail | contains("no overlap")) or .victims == []
	or (.victims[0].ts_ns > (.began_ns + .ended_ns) / 2 and (.injected | IN("reader", "kworker", "rcu-holdout", "rcu-callbacks")));

# $repro | rounds: of the injections with one victim. Those that came too late are left out.
def rounds($name; $trace; $jiffy):
	. as $repro | injections($name)[] | . as $injection
	| .victims = [$repro | victims($name; $injection)] | select(is_too_late | not)
	| [.victims[] | if $name | startswith("rcu-") then seen_wait($trace; .) else seen($trace; .) end] as $seen
	| if $name == "reader" then
		[$repro[] | select(.type == "call" and .tid == $injection.tid) | end_ns] as $left
		| round($trace; $injection; $seen; "reader", "poll-backoff"; wrong_reader($injection; $left | max))
	elif $name == "notifier-reader" then
		[$repro[] | .tid, .pid | values] as $ours
		| round($trace; $injection; $seen; "reader", "poll-backoff"; wrong_notifier($injection; $ours))
		| .disturbed |= (. or any($seen[]; is_strangers_reader($ours)))
	elif $name == "invalidation" then round($trace; $injection; $seen; "invalidation"; wrong_invalidation($injection))
	elif $name == "mmap-lock" then
		[$repro[] | .tid, .pid | values] as $ours
		| round($trace; $injection; $seen; "lock"; wrong_mmap_lock($injection; $ours))
		| .disturbed |= (. or any($seen[]; is_strangers_lock($ours)))
	# who is preempted before it sleeps, for as long as RCU takes, does not sleep
	elif $name == "rcu-holdout" then select($seen | length > 0) | round($trace; $injection; $seen; "rcu"; wrong_rcu_holdout($injection; $jiffy))
	elif $name == "rcu-callbacks" then select($seen | length > 0) | round($trace; $injection; $seen; "rcu"; wrong_rcu_callbacks($injection; $jiffy))
	elif $name == "rcu-fdtable" then select($seen | length > 0) | round($trace; $injection; $seen; "rcu"; wrong_rcu_fdtable($injection))
	elif $name == "kworker" then round($trace; $injection; $seen; "kworker"; wrong_kworker($injection))
	elif $name == "normal-gp" then round($trace; $injection; $seen; "gp-timer"; wrong_normal_gp($injection; $jiffy))
	else [$repro | victims("normal-gp"; $injection) | seen($trace; .)] as $holder
		| round($trace; $injection; $seen; "lock"; wrong_lock($injection; $holder[0]))
	end;

# The control: nothing is labelled, so all memslot calls of the round are looked at.
def rounds_none($trace):
	. as $repro | injections("none")[] | . as $injection
	| [$repro[] | select(.type == "call" and .call == "KVM_SET_USER_MEMORY_REGION"
		and .pid == $injection.pid and .round == $injection.round) | seen($trace; .)] as $seen
	| round($trace; $injection; $seen; "run", "kworker", "wakeup", "runnable";
		wrong(has_cause("gp-timer"); "a memslot that saw a grace period's timer"));

# ---- the host-wide domain ----

def mmu_notifier_ns: [.segments[] | select(.domain == "mmu_notifier") | .ns] | add // 0;

# $vms: "pid" -> id of its VM; $fleet: pids.
def wrong_starter($call; $vms; $fleet):
	wrong(.kind != "starter"; "culprit is \(.kind)"),
	wrong(.tid | IN($fleet[]) | not; "starter \(.tid) is none of the fleet"),
	wrong(.tid != $call.tid and .vm != $vms["\(.tid)"];
		"VM \(.vm) of starter \(.tid), not \($vms["\(.tid)"])");

# The domain is the host's: whoever else ends a VM, or what has one, may have started its grace period. Such a one is none
# of ours, nor is its VM.
def is_strangers($vms; $ours): .culprit | . != null and .kind == "starter" and (.tid | IN($ours[]) | not)
	and (.vm == null or (.vm | IN($vms[]) | not));

def wrong_exit($vms; $fleet; $ours):
	. as $call
	# an exit may be slow for what else there is to take apart: then it is not this injection's
	| wrong(mmu_notifier_ns * 2 < .stall_ns and (.cause
		| IN("other-sleep", "kthread", "kworker", "wakeup", "lock", "run", "runnable") | not); "not for the host-wide domain"),
	if (.cause | IN("gp-timer", "cb-timer")) and (is_strangers($vms; $ours) | not) then
		wrong(.culprit == null; "nobody is named for \(.cause)"),
		(.culprit | values | wrong_starter($call; $vms; $fleet))
	else empty end;

# Runs of repro, each a fleet of VMs that end at once with their processes. The slow ones waited for
# each other. Each run ends with its summary.
def rounds_mmu_notifier($trace; $jiffy):
	([$trace[] | select(.type == "vm") | {key: "\(.vm.pid)", value: .vm.id}] | from_entries) as $vms
	| ([$trace[] | select(is_call and .args.via == "exit") | {key: "\(.tid)", value: .}]
		| from_entries) as $exits
	| [.[].pid | values] as $ours
	| reduce .[] as $object ([[]]; if $object.type == "summary" then . + [[]]
		else .[-1] += [$object] end)
	| to_entries[] | {round: .key} as $injection
	| [.value[] | .pid] as $fleet
	| [.value[] | select(.call == "exit" and .latency_ns > 2 * $jiffy)] as $slow
	| select($slow | length > 0)
	| [$slow[] | $exits["\(.tid)"] | values] as $seen
	| round($trace; $injection; $seen; "gp-timer", "cb-timer", "kworker", "wakeup", "run", "runnable"; wrong_exit($vms; $fleet; $ours))
	| .disturbed |= (. or any($seen[]; is_strangers($vms; $ours)))
	# a program that the kernel did not run may have been its
	| .wrong += [wrong(($slow | length) - ($seen | length) > ([$trace[] | select(.type == "summary").losses.missed] | last // 0);
		"an exit is not there")];
