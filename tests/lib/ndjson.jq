# SPDX-License-Identifier: GPL-2.0-only
# What tests ask of the objects of kvmstall trace --json and kvmstall repro --json.

# A call that is over. On a busy machine one takes a second, and then trace tells of it while it waits, too.
def is_call: (.type == "call" or .type == "stall") and (.stuck | not);

def is_stall: is_call and .type == "stall";

def is_stuck: .type == "stall" and .stuck == true;

# Records that were lost, but not calls that were there before, nor programs that the kernel did not run: its chance.
def is_loss: .type == "lost" and (.where | IN("no-begin", "missed") | not);

def ns_by(causes): [.segments[] | select(.cause | IN(causes)) | .ns] | add // 0;

def has_cause(cause): any(.segments[]; .cause == cause);

def waits_on(domain): any(.waits[]; .domain == domain);

def end_ns: .ts_ns + .latency_ns;

# When it first slept.
def slept_ns: .ts_ns + (first(.segments | select(.[0].cause == "run") | .[0].ns) // 0);

# Where a trace's call says something that cannot be so.
def is_off_balance: ([.segments[].ns] | add // 0) != .latency_ns
	or ([.segments[] | select(.cause != "run") | .ns] | add // 0) != .stall_ns
	or any(.segments[]; .ns <= 0);

# What a run cannot be blamed with: calls on a vCPU are hot and not watched; how long an exit took
# is the parent's measure, not the call's; and calls that are not a VM's are there if they waited.
def is_watched: .call | IN("KVM_RUN", "KVM_TRANSLATE", "KVM_GET_SREGS", "KVM_SET_SREGS", "KVM_SET_CPUID2",
	"KVM_ARM_VCPU_INIT", "exit", "eventfd2", "write", "close (device)") | not;

# Waited for a CPU for longer than for all else, its own or that of a thread which it waited for: on a busy machine
# that says nothing about timers.
def is_busy: ns_by("wakeup", "kworker", "kthread", "run", "runnable") * 2 > .latency_ns;

# The same, or for longer than for any other one thing.
def waited_for_cpu: is_busy or (.cause | IN("wakeup", "kworker", "kthread", "run", "runnable"));

# Not what a kernel thread waited for (irqfd_shutdown), nor the end of a process.
def is_of_vmm: .call == "close" and .args.via != "exit" or (.call | startswith("KVM_"));

def causes: [.[] | select(is_call) | .segments[]] | group_by(.cause)
	| map({key: .[0].cause, value: ([.[].ns] | add)}) | from_entries;

# Pairs: what repro measured with what trace did, the same call if it lies within.
def pairs($trace; $repro):
	($trace | map(select(is_call)) | group_by([.tid, .call])
		| map({key: "\(.[0].tid) \(.[0].call)", value: .}) | from_entries) as $by
	| $repro[] | select(.type == "call" and is_watched) | . as $mine
	| {repro: $mine, trace: [$by["\(.tid) \(.call)"] // [] | .[]
		| select(.ts_ns >= $mine.ts_ns and end_ns <= ($mine | end_ns))]};

# Those of repro's calls that a trace has not once.
def not_once($trace; $repro): pairs($trace; $repro) | select(.trace | length != 1);

# The first memslot call behind each run of device registrations, and who can have started its
# grace period: calls on one VM, one after another, as repro made them.
def is_registration: (.call | IN("KVM_CREATE_IRQCHIP", "KVM_CREATE_PIT2",
		"KVM_REGISTER_COALESCED_MMIO")) or (.call == "KVM_IOEVENTFD" and .args.flags < 4);

def memslots_behind_devices:
	map(select(.type == "call")) | group_by([.pid, .round])[]
	| foreach .[] as $call ({since: [], hit: null};
		if $call | is_registration then .hit = null | .since += [$call]
		elif $call.call == "KVM_SET_USER_MEMORY_REGION" and (.since | length) > 0
		then .hit = {call: $call, starters: .since} | .since = []
		else .hit = null end;
		.hit | select(.));
