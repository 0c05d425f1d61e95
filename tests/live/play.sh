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

# The program that is emitted compiles without a warning, and fails by its own measure alone: every call takes longer
# than 0 ms, and none an hour.
test_play_emits_c()
{
	local name

	command -v gcc >/dev/null || skip "no gcc"
	for name in devices-first.list firecracker.strace; do
		"$KVMSTALL" repro --from "$here/tests/golden/repro/$name" --emit c >calls.c || fail "$name: not emitted"
		[ "$(wc -l <calls.c)" -le 200 ] || fail "$name: $(wc -l <calls.c) lines"
		! grep -E '/srv|/usr|0x7f|[0-9]{10}' calls.c || fail "$name: the log's own"
		gcc -O2 -Wall -Wextra -Werror -o calls calls.c 2>err || fail "$name:" "$(cat err)"
		status 0 ./calls --rounds 3 --fail-above 3600000
		status 1 ./calls --tap --rounds 3 --fail-above 0
		[ "$(head -n 1 out)" = "1..$(grep -cE '^(not )?ok' out)" ] || fail "no TAP:" "$(cat out)"
		grep -q '^not ok [0-9]* - KVM_SET_USER_MEMORY_REGION' out || fail "no call is above 0:" "$(cat out)"
		status 2 ./calls --rounds 0
	done
	for name in firecracker qemu crosvm minimal; do
		"$KVMSTALL" repro -p $name --emit c >calls.c
		gcc -O2 -Wall -Wextra -Werror -o calls calls.c 2>err || fail "$name:" "$(cat err)"
		status 0 ./calls --fail-above 0 --call KVM_NONE
	done
}

# Where nothing of the start can be moved, nothing helps, and nothing is played for it.
test_play_suggests()
{
	"$KVMSTALL" repro -p firecracker --order memslots-first --suggest --rounds 3 --min 1h >out || fail "no suggestion"
	grep -q '^nothing helps: ' out || fail "a start without a stall:" "$(cat out)"
	"$KVMSTALL" repro -p firecracker --suggest --rounds 3 --json >out || fail "no suggestion"
	jq -e 'select(.type == "suggestion" and .helps) | .high_ns < 0' out >/dev/null ||
		[ "$(tail -n 1 out | jq .move)" = null ] || fail "it helps, and does not:" "$(cat out)"
}

tests="$tests play-emits-c play-suggests play-reads-back play-makes-the-list play-orders"
