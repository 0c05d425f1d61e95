# SPDX-License-Identifier: GPL-2.0-only
# The parts of docs/lab.md, from all cells: those that were measured, and {..., missing} for the others. In us.

def names: {"1": "7.3 as is", "0": "7.3 waiting as before 6.18", "2": "7.3 waiting until vCPUs exist", "3": "7.3 with call_srcu_expedited"};
def name: if .how == "debian" then (if .series == "7.3" then "7.3, Debian's" else .series end) else names[.how] // .series end;
def vmm: {minimal: "a device, then memory", crosvm: "crosvm", qemu: "qemu", firecracker: "firecracker", arm64: "firecracker (arm64)"}[.profile];
def order: ["firecracker", "arm64", "qemu", "crosvm", "minimal"] as $all | .profile as $one | $all | index($one);
def rank: .how as $how | [.series, (["debian", "1", "0", "2", "3", "built"] | index($how))];
def us: if . == null then "-" else . / 1000 | round | tostring end;
def signed: if . == null then "-" else . / 1000 | round | if . > 0 then "+\(.)" else tostring end end;
def machine: {amd64: "x86", arm64: "arm64"}[.arch];
# What an order takes together is the sum of its calls' medians.
def p50: .typical // .p50;
def row: "| " + join(" | ") + " |";

def causes: .causes | to_entries | map("\(.key) \(.value)") | join(", ");
def next_call: if .victim.call == null then "none" else "\(.victim.call)\(if .victim.nth > 1 then ", no. \(.victim.nth)" else "" end)" end;

def measured: [vmm, name, (.register.p50 | us), (.registers | p50 | us), (.running | p50 | us), next_call, (.sync.p50 | us), (.sync.p99 | us),
	(.said | causes | if . == "" then "-" else . end), (.setup | p50 | us), (.setup.p99 | us)] | row;

# What a whole boot lacks is one row.
def rows: group_by([order, rank]) | map(.[0]) as $cells
	| ($cells | group_by(rank) | map(select(all(.[]; .missing) and (map(.missing) | unique | length) == 1))) as $gone
	| ($gone | map(.[0] | rank)) as $ranks
	| ($cells[] | rank as $mine | select(any($ranks[]; . == $mine) | not)
		| if .missing then "| \(vmm) | \(name) | missing: \(.missing) | | | | | | | | |" else measured end),
	($gone[] | .[0] | "| all | \(name) | missing: \(.missing) | | | | | | | | |");

def tables: group_by([.arch, -.hz])[] | . as $all
	| "\n### \($all[0] | machine), HZ=\($all[0].hz)\n",
	"| set up as | kernel | registration, p50 | all of a VM's | those while it runs | next wait | p50 | p99 | causes | set-up, p50 | p99 |",
	"|---|---|--:|--:|--:|---|--:|--:|---|--:|--:|",
	($all | rows);

# Against 7.3 as is, built alike.
def others: ["0", "2", "3"];
def change($from; $to; $what): if $from.missing or $to.missing then "missing"
	else (($to[$what] | p50) - ($from[$what] | p50)) as $by
		| "\($by | signed)\(if ($from[$what] | p50) > 0 then " (\($by * 100 / ($from[$what] | p50) | round | if . > 0 then "+\(.)" else tostring end) %)" else "" end)" end;
def gains($what): map(select(.how | IN("0", "1", "2", "3"))) | group_by([.arch, -.hz, order])[]
	| (map({key: .how, value: .}) | from_entries) as $by | $by["1"] as $is | select($is)
	| if $is.missing then [($is | machine), ($is.hz | tostring), ($is | vmm), "missing: \($is.missing)", "", "", ""] | row else
	[($is | machine), ($is.hz | tostring), ($is | vmm), ($is[$what] | p50 | us), (others[] as $how | change($is; $by[$how] // {missing: true}; $what))] | row end;

# The distribution's kernels side by side.
def series: ["6.17", "6.18", "7.3"];
def beside: map(select(.how == "debian")) | group_by([.arch, order])[] | . as $all | ($all[0]) as $one
	| ("register", "registers", "running", "sync", "setup") as $what
	| [series[] as $series | $all[] | select(.series == $series) | if .missing then "missing" else .[$what] | p50 | us end] as $row
	| select(any($row[]; . != "missing" and . != "-" and . != "0"))
	| [($one | machine), ($one | vmm), {register: "a registration", registers: "all registrations of a VM", running: "those while it runs",
		sync: "next wait", setup: "set-up"}[$what]] + $row | row;

def pick($arch; $hz; $how; $profile): map(select(.arch == $arch and .hz == $hz and .how == $how and .profile == $profile and (.missing | not)))[0];
def by_how($arch; $hz; $profile): [("1", "0", "2", "3") as $how | pick($arch; $hz; $how; $profile)];

# Who needs it, who pays: a line for each architecture and tick rate that has all four.
def whole($profile): . as $all | [("amd64", "arm64") as $arch | (100, 250, 1000) as $hz | $all | by_how($arch; $hz; $profile)
	| select(length == 4 and all(.[]; .))];
def line($what): "\(.[0] | machine), HZ=\(.[0].hz): " + ([.[] | .[$what] | p50 | us] | "\(.[0]) as is, \(.[1]) as before 6.18, \(.[2]) waiting until vCPUs exist, \(.[3]) with call_srcu_expedited");
def debians($profile; $what): . as $all | ("amd64", "arm64") as $arch
	| [("6.17", "6.18", "7.3") as $series | $all[] | select(.arch == $arch and .series == $series and .how == "debian" and .profile == $profile)]
	| select(any(.[]; .missing | not)) | "* \(.[0] | machine), HZ=250, Debian's kernels: " + (map("\(if .missing then "missing" else .[$what] | p50 | us end) with \(.series)") | join(", "));
def sides($profile; $what): (whole($profile) | if length == 0 then "* missing: no tick rate has all four ways of 7.3 yet" else .[] | "* " + line($what) end),
	debians($profile; $what);
def needs: sides("crosvm"; "running");
def pays: sides("minimal"; "sync");

# The least set-up, or within a tenth of it.
def good($profile): whole($profile)[] | . as $four | ($four | map(.setup | p50) | min) as $least
	| [$four[] | select((.setup | p50) <= $least * 1.1)];
def wins: . as $all | [("firecracker", "arm64", "qemu", "crosvm", "minimal") as $profile | $all | good($profile)] as $cells
	| if ($cells | length) == 0 then "* missing" else (("1", "0", "2", "3") as $how
		| "* \(names[$how]): \([$cells[][] | select(.how == $how)] | length) of \($cells | length)") end;

# Native and emulated: the same series, tick rate and profile.
def distortion($native): . as $all | $native | sort_by(order)[] | . as $here
	| ($all | map(select(.arch == $here.arch and .series == $here.series and .hz == $here.hz and .profile == $here.profile and (.missing | not)))[0]) as $there
	| ("register", "registers", "sync", "setup", "close") as $what | select($here[$what].cnt > 0)
	| [($here | vmm), {register: "a registration", registers: "all of a VM's", sync: "next wait", setup: "set-up", close: "close"}[$what],
		($here[$what] | (p50 | us), (.p99 | us)),
		(if $there then ($there[$what] | (p50 | us), (.p99 | us)) else "missing", "" end),
		(if $there and ($here[$what] | p50 // 0) > 0 and ($there[$what] | p50) then ($there[$what] | p50) / ($here[$what] | p50) | . * 10 | round / 10 | tostring else "-" end)] | row;
