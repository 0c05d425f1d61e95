# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016,SC2094,SC2154 # what is typed has $; work and names are of other parts
# top on a terminal: a tmux of our own types, and reads the screen.

tests+=' top-live top-recording top-waits top-writes top-colours top-stops top-killed top-recording-killed top-keeper-killed top-privileges top-refuses'

recordings=$here/tests/golden/report

on_tmux()
{
	TMUX='' tmux -S "$PWD/tmux" "$@"
}

# terminal COLS ROWS: a shell in it. The server is a job of ours, and ends with the test.
terminal()
{
	command -v tmux >/dev/null || skip "no tmux"
	TMUX='' tmux -f /dev/null -S "$PWD/tmux" -D &
	until_true 10 test -S tmux
	until_true 10 on_tmux set -g status off
	on_tmux new-session -d -x "$1" -y "$2" "PS1='ready> ' sh"
	until_true 10 shows '^ready> *$'
}

# shows ERE: a line of the screen is so.
shows()
{
	on_tmux capture-pane -p | grep -qE "$1"
}

hides()
{
	! shows "$1"
}

screen_now()
{
	on_tmux capture-pane -p
}

keys()
{
	on_tmux send-keys "$@"
}

run_line()
{
	on_tmux send-keys -l "$1"
	on_tmux send-keys Enter
}

is_shown()
{
	until_true 20 shows "$1" || fail "the screen is" "$(screen_now)"
}

# The program's two processes: the keeper, and what it keeps.
find_top()
{
	local shell

	shell=$(on_tmux display -p '#{pane_pid}')
	keeper=$(pgrep -P "$shell") && top=$(pgrep -P "$keeper")
}

# The shell's terminal is as it was before: modes, screen, cursor; and it does what is typed.
is_usable()
{
	is_shown '^ready> *$'
	run_line 'stty -g >after; clear; echo us""able'
	is_shown '^usable'
	cmp before after
	[ "$(on_tmux display -p '#{alternate_on} #{cursor_flag} #{keypad_flag}')" = '0 1 0' ]
}

# start OPTION...: top, and its screen is there.
start()
{
	run_line "stty -g >before; KVMSTALL_SECCOMP=kill $KVMSTALL top $*; echo \"status \$?\""
	is_shown '^kvmstall top( by|,)'
	until_true 10 find_top
}

# lines ROWS COLS: the screen has just these, the first filled to its end and the last one its keys.
has_size()
{
	screen_now >now
	awk -v rows="$1" -v cols="$2" 'NR == 1 { first = length($0) } NR == rows { last = $0 }
		END { exit !(first == cols && last ~ /h help/) }' now
}

# writes CNT: the screen is the CNT-th in the file of -o, whole.
writes()
{
	keys w
	until_true 20 eval "[ \"\$(grep -c '^kvmstall top by' screens)\" = $1 ]"
}

test_top_live()
{
	ln -s "$KVMSTALL" topvmm
	terminal 120 61
	start --comm topvmm -d 100ms -o screens
	./topvmm repro --profile minimal --inject reader --hold 31ms >repro
	is_shown '^topvmm\[[0-9]+\] +[1-9]'
	keys Enter
	is_shown '^topvmm\[[0-9]+\].*: [1-9][0-9]* stalls? in'
	is_shown '^stall .*, 1 of the last'
	for nth in 1 2 3 4 5 6 7; do
		writes "$nth" || fail "stall $nth is not written"
		keys n
	done
	grep -q '^kvm.srcu GP .*[TRBKG]' screens
	grep -q '^ *wait .* synchronize_srcu' screens
	for size in 200x50 80x24 41x7 80x24; do
		on_tmux resize-window -x "${size%x*}" -y "${size#*x}"
		[ "$size" = 41x7 ] || until_true 10 has_size "${size#*x}" "${size%x*}" || fail "at $size" "$(cat now)"
	done
	keys Escape
	is_shown 'q quit'
	keys q
	is_shown '^status 0'
	is_usable
}

# For a second, once the last screen is drawn.
is_left_alone()
{
	local switches

	switches=$(grep ctxt "/proc/$top/status")
	sleep 1
	[ "$switches" = "$(grep ctxt "/proc/$top/status")" ]
}

# Played to its end, it waits for keys and for nothing else: it is not woken once.
test_top_recording()
{
	terminal 80 24
	start --speed 4 "$recordings/qemu.cap"
	is_shown 'END 09:14:49'
	is_shown '^kvmstall\[8937\]#3 +[1-9]'
	grep -q '^Seccomp:.2' "/proc/$top/status"
	until_true 10 is_left_alone || fail "woken again and again" "$(grep ctxt "/proc/$top/status")"
	keys j Enter
	is_shown '^kvmstall\[8937\] ended'
	keys h
	is_shown '^any key'
	keys x
	keys Escape /
	keys -l '#3'
	keys Enter
	is_shown "filter: '#3'"
	until_true 10 hides '^kvmstall\[8937\] '
	keys C-c
	is_shown '^status 0'
	is_usable
}

# Of a FIFO nothing comes for now: keys do, and then a recording.
test_top_waits()
{
	terminal 80 24
	mkfifo fifo
	start fifo
	keys h
	is_shown '^any key'
	keys x
	cat "$recordings/qemu.cap" >fifo
	is_shown 'END 09:14:49'
	keys q
	is_shown '^status 0'
	is_usable
}

test_top_writes()
{
	terminal 120 24
	start -o screens "$recordings/stop.cap"
	is_shown '^kvmstall\[13744\] +[1-9]'
	keys w
	is_shown '^written to screens'
	keys w Enter w
	until_true 10 grep -q '^jiffies' screens
	keys q
	is_shown '^status 0'
	[ "$(grep -c '^kvmstall top by' screens)" = 3 ]
	! grep -q "$(printf '[\001\033]')" screens
	run_line clear
	cp screens kept
	start -o kept "$recordings/stop.cap"
	keys q
	is_shown '^status 0'
	cmp screens kept
	[ ! -e kept.part ]
}

# The whole screen of a recording: its last line is drawn last.
draw_stop()
{
	start "$recordings/stop.cap"
	is_shown '^kvmstall\[13744\] +[1-9]'
	keys s
	is_shown 'sort: stalls'
}

# coloured: the screen has a colour, in front or behind.
coloured()
{
	on_tmux capture-pane -pe | grep -q "$(printf '\033')\[[0-9;]*[34][0-7]m"
}

test_top_colours()
{
	terminal 80 24
	draw_stop
	coloured
	keys q
	is_shown '^status 0'
	run_line 'clear; NO_COLOR=; export NO_COLOR'
	draw_stop
	coloured
	keys q
	is_shown '^status 0'
	run_line 'clear; NO_COLOR=1'
	draw_stop
	! coloured
	keys q
}

test_top_stops()
{
	terminal 80 24
	start "$recordings/stop.cap"
	is_shown '^kvmstall\[13744\] +[1-9]'
	keys C-z
	is_shown '^ready> *$'
	run_line 'echo stop""ped'
	is_shown '^stopped'
	run_line fg
	is_shown 'END 18:37:20'
	keys q
	is_usable
}

test_top_killed()
{
	terminal 80 24
	start -d 100ms
	kill -KILL "$top"
	is_shown '^status 137'
	is_usable
}

test_top_recording_killed()
{
	terminal 80 24
	start "$recordings/stop.cap"
	kill -KILL "$top"
	is_shown '^status 137'
	is_usable
}

# Who keeps it is killed: what was kept ends by itself, and in order.
test_top_keeper_killed()
{
	terminal 80 24
	start -d 100ms
	kill -KILL "$keeper"
	until_true 10 test ! -e "/proc/$top"
	keys Enter
	is_usable
}

test_top_privileges()
{
	local ours

	ours=$(capabilities /proc/self/status CapPrm)
	terminal 80 24
	start -d 100ms
	[ "$(capabilities "/proc/$top/status" CapPrm)" = $((ours & 0x80000)) ] || fail "top keeps" "$(grep ^Cap "/proc/$top/status")"
	[ "$(capabilities "/proc/$keeper/status" CapPrm)" = 0 ] || fail "its keeper keeps" "$(grep ^Cap "/proc/$keeper/status")"
	kill -TERM "$keeper"
	is_shown '^status 0'
	is_usable
}

# A sentence that names -b, and the terminal is not touched.
test_top_refuses()
{
	terminal 120 24
	run_line "stty -g >before; TERM= $KVMSTALL top; echo \"status \$?\"; TERM=none-such $KVMSTALL top; echo \"status \$?\""
	is_shown '^kvmstall top: TERM is not set.* -b prints'
	is_shown "^kvmstall top: TERM is 'none-such', .* -b prints"
	[ "$(screen_now | grep -c '^status 2')" = 2 ]
	run_line "$KVMSTALL top | cat; $KVMSTALL top -b -n 2 -d 100ms | grep -c 'top by'"
	is_shown '^kvmstall top: standard output is no terminal: -b'
	is_shown '^2$'
	is_usable
}
