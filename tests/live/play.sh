# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016,SC2154 # jq programs have $; work and here are of lib/suite.sh
# repro --from: the calls that are made again are those of the file, whatever wrote it.

# The calls that a run of repro's made on KVM, from its JSON lines.
made()
{
	jq -r 'select(.type == "call" and .round == 0 and .call != "close" and .call != "exit") | .call' "$@"
}

# The same, of a list.
listed()
{
	awk '$1 ~ /^[+@]/ && $3 ~ /^KVM_/ { print $3 }' "$@"
}

# Recorded by us, by us as JSON, and by strace: repro's own calls come out, no more and no fewer, in their order.
test_play_reads_back()
{
	"$KVMSTALL" record -q -o back.cap -- sh -c '"$0" repro -p firecracker --json >back.truth' "$KVMSTALL" 2>err ||
		fail "record:" "$(cat err)"
	made back.truth >truth.calls
	[ "$(wc -l <truth.calls)" = 28 ] || fail "repro made other calls:" "$(cat truth.calls)"
	"$KVMSTALL" report --all -f json back.cap >back.json
	for file in back.cap back.json; do
		"$KVMSTALL" repro --from "$file" --list >list || fail "$file is not read"
		diff -u <(grep -v KVM_RUN truth.calls) <(listed list) || fail "$file has other calls than were made"
	done
	command -v strace >/dev/null || return 0
	strace -f -ttt -T -y -o back.strace -e trace=ioctl,close,clone,clone3,dup,dup3,eventfd2,socket \
		"$KVMSTALL" repro -p firecracker >/dev/null 2>&1 || skip "strace cannot trace"
	"$KVMSTALL" repro --from back.strace --list >list || fail "the log is not read"
	diff -u truth.calls <(listed list) || fail "the log has other calls than were made"
}

# What is played is what is listed: no call more, each of them on the thread that it was on.
test_play_makes_the_list()
{
	local name

	for name in devices-first.list firecracker.strace; do
		"$KVMSTALL" repro --from "$here/tests/golden/repro/$name" --rounds 3 --gaps none --json >played 2>err ||
			fail "$name is not played:" "$(cat err)"
		"$KVMSTALL" repro --from "$here/tests/golden/repro/$name" --list >list
		diff -u <(listed list | sort) <(made played | sort) || fail "other calls were made than $name lists"
		[ "$(jq -c 'select(.type == "replay") | [.start.n, .exit.n, .refused]' played)" = '[3,3,0]' ] ||
			fail "$name: not 3 lives, or something was refused" "$(tail -n 1 played)"
		[ "$(jq 'select(.type == "call" and .call == "KVM_RUN") | .tid == .pid' played | sort -u)" = false ] ||
			fail "$name: KVM_RUN was made on the first thread"
	done
}

# The other order is played as often, and has the same calls.
test_play_orders()
{
	"$KVMSTALL" repro --from "$here/tests/golden/repro/devices-first.list" --order memslots-first --rounds 3 --json >played ||
		fail "not played"
	jq -e 'select(.type == "replay") | .start_other.n == 3 and (.calls | all(.n == 3 and .other.n == 3))' played >/dev/null ||
		fail "not 3 lives of both orders:" "$(tail -n 1 played)"
	"$KVMSTALL" repro --from "$here/tests/golden/repro/devices-first.list" --vms 3 --rounds 2 --json >played
	jq -e 'select(.type == "replay") | .start.n == 6' played >/dev/null || fail "not 3 VMs, twice"
}

tests="$tests play-reads-back play-makes-the-list play-orders"
