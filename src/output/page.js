// SPDX-License-Identifier: GPL-2.0-only
//
// What "kvmstall report --format html" and "kvmstall diff --format html" show, from the JSON in the page.
// Texts get in by textContent alone. Nothing is loaded, and nothing is stored.
"use strict";

const SVG = "http://www.w3.org/2000/svg";
const main = document.getElementById("main");
const data = JSON.parse(document.getElementById("data").textContent);

// Lists of the data, as output/page.c writes them.
const VM = { id: 0, name: 1, pid: 2, file: 3, born: 4, gone: 5 };
const CALL = { vm: 0, tid: 1, comm: 2, call: 3, begin: 4, ns: 5, stall: 6, without: 7, cause: 8, flags: 9, phase: 10,
	args: 11, segments: 12, waits: 13, culprit: 14, advice: 15, file: 16 };
const CULPRIT = { kind: 0, func: 1, call: 2, tid: 3, comm: 4, vm: 5, age: 6, gp: 7, domain: 8, segment: 9, flags: 10 };
const GP = { domain: 0, number: 1, begin: 2, ns: 3, flags: 4, starter: 5, parts: 6 };
const STARTER = { tid: 0, comm: 1, call: 2, func: 3, at: 4, vm: 5 };
const CB = { domain: 0, cpu: 1, begin: 2, ns: 3, state: 4, callbacks: 5 };
const IS_STALL = 1, IS_STUCK = 2, IS_INCOMPLETE = 4, IS_INFERRED = 8;
const VMS_AT_ONCE = 50, SHAPES_MAX = 3000;

// ---- words ----

function duration(ns) {
	const sign = ns < 0 ? "-" : "", abs = Math.abs(ns);
	if (abs < 1e3) return sign + Math.round(abs) + "ns";
	if (abs < 1e6) return sign + (abs / 1e3).toPrecision(3) + "us";
	if (abs < 1e9) return sign + (abs / 1e6).toFixed(2) + "ms";
	return sign + (abs / 1e9).toFixed(2) + "s";
}

const text = (index) => data.strings[index] || "";
const percent = (part, whole) => whole ? (100 * part / whole).toFixed(1) + "%" : "-";
const vm_name = (index) => index < 0 ? "no VM" : text(data.vms[index][VM.name]);
const sum = (list) => list.reduce((a, b) => a + b, 0);

// ---- elements ----

function element(parent, name, attributes, words) {
	const made = document.createElement(name);
	for (const key in attributes || {})
		made.setAttribute(key, attributes[key]);
	if (words !== undefined)
		made.textContent = words;
	if (parent)
		parent.appendChild(made);
	return made;
}

function shape(parent, name, attributes, words) {
	const made = document.createElementNS(SVG, name);
	for (const key in attributes || {})
		made.setAttribute(key, attributes[key]);
	if (words !== undefined)
		made.textContent = words;
	parent.appendChild(made);
	return made;
}

let sections = 0;

function section(title) {
	const made = element(main, "section", { "aria-labelledby": "section-" + ++sections });
	element(made, "h2", { id: "section-" + sections }, title);
	return made;
}

// Rows of cells: strings, numbers of ns as {ns}, counts, or functions that fill the cell.
function table(parent, caption, columns, rows) {
	const box = element(parent, "div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption });
	const made = element(box, "table");
	element(made, "caption", {}, caption);
	const head = element(element(made, "thead"), "tr");
	for (const column of columns)
		element(head, "th", { scope: "col", class: column.num ? "num" : "" }, column.title);
	const body = element(made, "tbody");
	for (const row of rows)
		add_row(body, columns, row);
	return body;
}

function add_row(body, columns, row) {
	const line = element(body, "tr");
	row.forEach((cell, i) => {
		const made = element(line, i ? "td" : "th", i ? {} : { scope: "row" });
		if (columns[i].num)
			made.className = "num";
		if (typeof cell === "function")
			cell(made);
		else
			made.textContent = cell;
	});
	return line;
}

// ---- calls ----

function culprit_words(call) {
	const culprit = call[CALL.culprit];
	if (!culprit)
		return "";
	const kind = text(culprit[CULPRIT.kind]), is_known = culprit[CULPRIT.flags] & 1;
	const who = `${text(culprit[CULPRIT.comm])}[${culprit[CULPRIT.tid]}]`;
	const gp = culprit[CULPRIT.gp] >= 0 ? `GP ${culprit[CULPRIT.gp]}` : "";
	const func = text(culprit[CULPRIT.func]), name = text(culprit[CULPRIT.call]);
	const deed = [func, name && (func ? "in " : "") + name].filter((word) => word).join(" ");
	if (!is_known)
		return gp + (kind === "reader" ? " held by a reader that was not seen" : " already in flight");
	if (culprit[CULPRIT.flags] & 2)
		return `${gp} started by this call`;
	if (kind === "starter") {
		const age = culprit[CULPRIT.age] ? ` ${duration(culprit[CULPRIT.age])} before` : " meanwhile";
		return `${gp} started by ${deed ? deed + " of " : ""}${who}${age}`;
	}
	return `${gp}${gp ? " " : ""}held by ${who}${deed ? " in " + deed : ""}`;
}

function headline(call) {
	const cause = data.causes[call[CALL.cause]][0], why = culprit_words(call);
	return (call[CALL.flags] & IS_STUCK ? "STUCK " : "") + cause +
		(call[CALL.flags] & IS_INFERRED ? " (inferred)" : "") + (why ? ": " + why : "") +
		(call[CALL.flags] & IS_INCOMPLETE ? " (incomplete)" : "");
}

function segments(call) {
	const list = call[CALL.segments], found = [];
	for (let i = 0, at = call[CALL.begin]; i < list.length; i += 5) {
		found.push({ cause: list[i], begin: at, ns: list[i + 1], gp: list[i + 2], domain: text(list[i + 3]),
			func: text(list[i + 4]) });
		at += list[i + 1];
	}
	return found;
}

function waits(call) {
	const list = call[CALL.waits], found = [];
	for (let i = 0; i < list.length; i += 7)
		found.push({ begin: call[CALL.begin] + list[i], ns: list[i + 1], api: text(list[i + 2]), site: text(list[i + 3]),
			domain: text(list[i + 4]), first: list[i + 5], needed: list[i + 6] });
	return found;
}

// As -v of the text, but for stacks.
function account(call) {
	const hz = data.files[call[CALL.file]][0], lines = [];
	lines.push(`${vm_name(call[CALL.vm])}  ${text(call[CALL.comm])}[${call[CALL.tid]}]  ${text(call[CALL.call])} ` +
		`${text(call[CALL.args])}`);
	lines.push(`${duration(call[CALL.ns])}, of it stalled ${duration(call[CALL.stall])}; ${text(call[CALL.phase])}`);
	lines.push(headline(call));
	for (const wait of waits(call)) {
		lines.push(`  wait ${duration(wait.ns)}  ${wait.api}(${wait.domain || "?"})${wait.site ? " in " + wait.site : ""}`);
		if (wait.first >= 0 || wait.needed >= 0)
			lines.push("      " + [wait.first >= 0 && `GP ${wait.first} was in flight`,
				wait.needed >= 0 && `waited until GP ${wait.needed} had ended`].filter((word) => word).join("; "));
	}
	for (const seg of segments(call).filter((part) => part.ns >= call[CALL.ns] / 100)) {
		const cause = data.causes[seg.cause][0];
		lines.push(`  ${cause.padEnd(13)} ${duration(seg.ns).padStart(9)} ${percent(seg.ns, call[CALL.ns]).padStart(6)}` +
			(seg.domain ? `  ${seg.domain}` : "") + (seg.gp >= 0 ? ` GP ${seg.gp}` : "") +
			(hz && /timer|backoff/.test(cause) ? `, ${(seg.ns * hz / 1e9).toFixed(1)} jiffies` : "") +
			(seg.func ? `  ${seg.func}` : ""));
	}
	if (call[CALL.without] !== call[CALL.ns])
		lines.push(`  without the outstanding grace period: ${duration(call[CALL.without])} instead of ${duration(call[CALL.ns])}`);
	if (call[CALL.advice])
		lines.push(`  advice: ${text(call[CALL.advice])}`);
	return lines.join("\n");
}

// ---- distributions ----

// Log-scaled, four bins a doubling; @sets: {name, values} drawn side by side.
function histogram(parent, title, sets, hz) {
	const all = sets.flatMap((set) => set.values).filter((ns) => ns > 0);
	if (!all.length)
		return;
	const bin = (ns) => Math.floor(4 * Math.log2(ns));
	let low = Infinity, high = -Infinity;
	for (const ns of all) {
		low = Math.min(low, bin(ns));
		high = Math.max(high, bin(ns));
	}
	low -= 2;
	high += 3;
	const counts = sets.map((set) => {
		const list = new Array(high - low).fill(0);
		for (const ns of set.values)
			if (ns > 0)
				list[bin(ns) - low]++;
		return list;
	});
	const most = Math.max(...counts.flat());
	const figure = element(parent, "figure");
	const sorted = sets.map((set) => set.values.slice().sort((a, b) => a - b));
	const rank = (list, p) => list.length ? list[Math.max(0, Math.ceil(p * list.length) - 1)] : 0;
	const words = sets.map((set, i) => `${set.name ? set.name + ": " : ""}${sorted[i].length} calls, median ` +
		`${duration(rank(sorted[i], .5))}, p99 ${duration(rank(sorted[i], .99))}, most ${duration(rank(sorted[i], 1))}`);
	const width = 360, height = 120;
	const svg = shape(figure, "svg", { viewBox: `0 0 ${width} ${height + 20}`, width: "100%", role: "img",
		"aria-label": `${title}: ${words.join("; ")}` });
	const x = (ns) => width * (4 * Math.log2(ns) - low) / (high - low);
	for (let jiffies = 1; hz && jiffies <= 3; jiffies++) {
		const at = x(jiffies * 1e9 / hz);
		if (at > 0 && at < width) {
			shape(svg, "line", { class: "jiffy", x1: at, x2: at, y1: 0, y2: height });
			shape(svg, "text", { class: "soft", x: at + 2, y: 10 }, `${jiffies}j`);
		}
	}
	counts.forEach((list, i) => list.forEach((count, at) => {
		const wide = width / (high - low);
		if (count)
			shape(svg, "rect", { class: sets[i].style || "c7", x: at * wide + i * wide / sets.length,
				width: Math.max(1, wide / sets.length - .5), y: height - (height - 14) * count / most,
				height: (height - 14) * count / most });
	}));
	shape(svg, "line", { class: "grid", x1: 0, x2: width, y1: height, y2: height });
	for (let decade = 0; decade < 12; decade++) {
		const at = x(10 ** decade);
		if (at >= 0 && at < width - 40)
			shape(svg, "text", { class: "soft", x: at, y: height + 15 }, duration(10 ** decade).replace(".00", ""));
	}
	element(figure, "figcaption", {}, `${title}: ${words.join("; ")}`);
}

function legend(parent, items) {
	const list = element(parent, "ul", { class: "legend" });
	for (const item of items) {
		const line = element(list, "li");
		const box = shape(line, "svg", { width: 14, height: 14, "aria-hidden": "true" });
		shape(box, "rect", { class: item.style, width: 14, height: 14 });
		line.append(item.name);
	}
}

// ---- the timeline of a VM ----

const LEFT = 190, ROW = 34, TOP = 22;

class Timeline {
	constructor(parent, vm, show) {
		this.vm = vm;
		this.show = show;
		this.file = data.vms[vm][VM.file];
		this.hz = data.files[this.file][0];
		this.calls = calls_of_vm.get(vm) || [];
		this.find_rows();
		this.find_span();
		this.build(parent);
		this.zoom_to(this.first, this.last);
	}

	// Threads with calls, then domains with grace periods, then callbacks.
	find_rows() {
		const rows = new Map(), add = (key, name, kind) => {
			if (!rows.has(key))
				rows.set(key, { name, kind, items: [] });
			return rows.get(key);
		};
		const seen = new Set();
		for (const call of this.calls) {
			if (call[CALL.culprit])
				seen.add(call[CALL.culprit][CULPRIT.domain]);
			add("t" + call[CALL.tid], `${text(call[CALL.comm])} ${call[CALL.tid]}`, "calls").items.push(call);
		}
		data.domains.forEach((domain, i) => {
			if (domain[0] === this.vm || (domain[0] < 0 && seen.has(i)))
				for (const gp of gps_of_domain.get(i) || [])
					add("g" + i, `GPs of ${text(domain[1])}`, "gps").items.push(gp);
		});
		data.domains.forEach((domain, i) => {
			if (domain[0] === this.vm)
				for (const cb of callbacks_of_domain.get(i) || [])
					add("b" + i, `callbacks, ${text(domain[1])}`, "callbacks").items.push(cb);
		});
		this.rows = [...rows.values()];
		this.row_of_domain = new Map([...rows.keys()].map((key, i) => [key, i]));
	}

	find_span() {
		this.first = Infinity;
		this.last = -Infinity;
		for (const row of this.rows)
			for (const item of row.items) {
				const at = row.kind === "calls" ? CALL : row.kind === "gps" ? GP : CB;
				this.first = Math.min(this.first, item[at.begin]);
				this.last = Math.max(this.last, item[at.begin] + item[at.ns]);
			}
		if (this.first === Infinity)
			[this.first, this.last] = [0, 1e6];
		const margin = Math.max(1e3, (this.last - this.first) / 50);
		this.first -= margin;
		this.last += margin;
	}

	build(parent) {
		const tools = element(parent, "div", { class: "tools", role: "toolbar", "aria-label": "zoom and pan" });
		const button = (words, name, act) =>
			element(tools, "button", { type: "button", "aria-label": name }, words).addEventListener("click", act);
		button("+", "zoom in", () => this.zoom(.5));
		button("−", "zoom out", () => this.zoom(2));
		button("←", "earlier", () => this.pan(-.3));
		button("→", "later", () => this.pan(.3));
		button("whole", "the whole VM", () => this.zoom_to(this.first, this.last));
		element(tools, "span", { class: "soft noprint" }, "in the picture: wheel or + − zoom, drag or Shift+arrows pan, arrows go " +
			"from call to call, Enter zooms to one, 0 shows all");
		this.height = TOP + this.rows.length * ROW + 18;
		this.svg = shape(parent, "svg", { class: "timeline", height: this.height, role: "group",
			"aria-label": `timeline of ${vm_name(this.vm)}: ${this.calls.length} calls` });
		this.account = element(parent, "div", { class: "account", "aria-live": "polite", id: "account" });
		element(this.account, "pre", {}, "Choose a call for its account.");
		this.svg.addEventListener("wheel", (event) => this.on_wheel(event), { passive: false });
		this.svg.addEventListener("keydown", (event) => this.on_key(event));
		this.svg.addEventListener("pointerdown", (event) => this.on_down(event));
		this.svg.addEventListener("pointermove", (event) => this.on_move(event));
		this.svg.addEventListener("pointerup", () => { this.drag = null; });
		this.svg.addEventListener("pointercancel", () => { this.drag = null; });
		this.chosen = this.calls.reduce((worst, call) => worst && worst[CALL.stall] >= call[CALL.stall] ? worst : call, null);
		if (this.chosen)
			this.tell(this.chosen);
	}

	width() {
		return Math.max(320, this.svg.clientWidth || 900);
	}

	x(ns) {
		return LEFT + (ns - this.from) / (this.to - this.from) * (this.width() - LEFT - 4);
	}

	zoom_to(from, to) {
		const least = 200;
		if (to - from < least) {
			from = (from + to - least) / 2;
			to = from + least;
		}
		this.from = Math.max(this.first, from);
		this.to = Math.min(this.last, Math.max(to, this.from + least));
		this.draw();
	}

	zoom(factor, at) {
		const middle = at === undefined ? (this.from + this.to) / 2 : at;
		this.zoom_to(middle - (middle - this.from) * factor, middle + (this.to - middle) * factor);
	}

	pan(share) {
		let by = (this.to - this.from) * share;
		by = Math.min(this.last - this.to, Math.max(this.first - this.from, by));
		this.zoom_to(this.from + by, this.to + by);
	}

	on_wheel(event) {
		if (!event.deltaY || (!event.ctrlKey && event.shiftKey))
			return;
		event.preventDefault();
		const box = this.svg.getBoundingClientRect();
		const share = (event.clientX - box.left - LEFT) / (this.width() - LEFT);
		this.zoom(event.deltaY < 0 ? .7 : 1 / .7, this.from + (this.to - this.from) * Math.min(1, Math.max(0, share)));
	}

	on_down(event) {
		this.drag = { x: event.clientX, from: this.from, to: this.to };
	}

	on_move(event) {
		if (!this.drag || !event.buttons || Math.abs(event.clientX - this.drag.x) < 4)
			return;
		const by = (this.drag.x - event.clientX) / (this.width() - LEFT) * (this.drag.to - this.drag.from);
		const kept = Math.min(this.last - this.drag.to, Math.max(this.first - this.drag.from, by));
		this.zoom_to(this.drag.from + kept, this.drag.to + kept);
	}

	on_key(event) {
		const at = this.calls.indexOf(this.chosen);
		const acts = {
			"+": () => this.zoom(.5), "=": () => this.zoom(.5), "-": () => this.zoom(2),
			"0": () => this.zoom_to(this.first, this.last),
			"ArrowRight": () => event.shiftKey ? this.pan(.3) : this.choose(this.calls[at + 1], true),
			"ArrowLeft": () => event.shiftKey ? this.pan(-.3) : this.choose(this.calls[at - 1], true),
			"Home": () => this.choose(this.calls[0], true),
			"End": () => this.choose(this.calls[this.calls.length - 1], true),
			"Enter": () => this.zoom_to_call(this.chosen), " ": () => this.zoom_to_call(this.chosen),
		};
		if (!acts[event.key] || event.ctrlKey || event.altKey || event.metaKey)
			return;
		event.preventDefault();
		acts[event.key]();
		this.focus();
	}

	zoom_to_call(call) {
		if (!call)
			return;
		// From the start of the grace period that it waited for, so that the arrow is seen.
		const culprit = call[CALL.culprit];
		const gp = culprit && this.find_gp(culprit);
		const from = Math.min(call[CALL.begin], gp ? gp[GP.begin] : Infinity), to = call[CALL.begin] + call[CALL.ns];
		this.zoom_to(from - (to - from) * .1, to + (to - from) * .1);
	}

	find_gp(culprit) {
		return (gps_of_domain.get(culprit[CULPRIT.domain]) || []).find((gp) => gp[GP.number] === culprit[CULPRIT.gp]);
	}

	choose(call, is_into_view) {
		if (!call)
			return;
		this.chosen = call;
		if (is_into_view && (call[CALL.begin] > this.to || call[CALL.begin] + call[CALL.ns] < this.from)) {
			const half = (this.to - this.from) / 2, middle = call[CALL.begin] + call[CALL.ns] / 2;
			this.zoom_to(middle - half, middle + half);
		} else {
			this.draw();
		}
		this.tell(call);
	}

	focus() {
		const made = this.svg.querySelector(".chosen");
		if (made)
			made.focus();
	}

	tell(call) {
		this.account.replaceChildren();
		element(this.account, "pre", {}, account(call));
		const index = call.index;
		element(this.account, "a", { href: "#stall-" + index, class: "noprint" }, "link to this call");
	}

	draw() {
		const focused = this.svg.contains(document.activeElement);
		this.svg.replaceChildren();
		this.svg.setAttribute("viewBox", `0 0 ${this.width()} ${this.height}`);
		this.svg.dataset.from = this.from;
		this.svg.dataset.to = this.to;
		this.draw_grid();
		this.shapes = 0;
		this.rows.forEach((row, i) => {
			const y = TOP + i * ROW;
			for (const item of row.items)
				this.draw_item(row.kind, item, y);
			shape(this.svg, "rect", { x: 0, y, width: LEFT - 2, height: ROW - 2, fill: "var(--panel)", class: "label" });
			shape(this.svg, "text", { x: 4, y: y + 19, class: "label" }, row.name.slice(0, 28));
		});
		this.draw_arrow();
		if (focused)
			this.focus();
	}

	draw_grid() {
		const jiffy = this.hz ? 1e9 / this.hz : 0;
		if (jiffy && (this.to - this.from) / jiffy <= 120)
			for (let at = Math.ceil(this.from / jiffy) * jiffy; at <= this.to; at += jiffy)
				shape(this.svg, "line", { class: "grid", x1: this.x(at), x2: this.x(at), y1: TOP - 4, y2: this.height - 18 });
		const unit = 10 ** Math.floor(Math.log10((this.to - this.from) / 3));
		for (let at = Math.ceil(this.from / unit) * unit, cnt = 0; at <= this.to && cnt < 40; at += unit * Math.ceil((this.to - this.from) / unit / 8), cnt++)
			shape(this.svg, "text", { class: "soft", x: this.x(at), y: 14 }, duration(at));
		shape(this.svg, "text", { class: "soft", x: LEFT, y: this.height - 4 }, jiffy ?
			`since the recording's start; a line each jiffy of ${duration(jiffy)}` : "since the log's start");
	}

	bar(parent, style, begin, ns, y, height) {
		const from = Math.max(LEFT, this.x(begin)), to = Math.min(this.width(), this.x(begin + ns));
		if (to < LEFT || from > this.width() || this.shapes++ > SHAPES_MAX)
			return null;
		return shape(parent, "rect", { class: style, x: from, width: Math.max(.7, to - from), y, height });
	}

	draw_item(kind, item, y) {
		if (kind === "calls") {
			this.draw_call(item, y);
		} else if (kind === "gps") {
			const bar = this.bar(this.svg, "frame", item[GP.begin], item[GP.ns], y + 2, ROW - 8);
			if (!bar)
				return;
			const starter = item[GP.starter];
			shape(bar, "title", {}, `GP ${item[GP.number]}, ${item[GP.flags] & 1 ? "normal" : "expedited"}, ${duration(item[GP.ns])}` +
				(starter ? `, started by ${[text(starter[STARTER.func]), text(starter[STARTER.call])].filter((word) => word).join(" in ")} ` +
				`of ${text(starter[STARTER.comm])}[${starter[STARTER.tid]}]` : ""));
			for (let i = 0; i < item[GP.parts].length; i += 3)
				this.bar(this.svg, "p" + item[GP.parts][i] + " label", item[GP.begin] + item[GP.parts][i + 1],
					item[GP.parts][i + 2], y + 6, ROW - 16);
			if (this.x(item[GP.begin] + item[GP.ns]) - this.x(item[GP.begin]) > 50)
				shape(this.svg, "text", { class: "label", x: Math.max(LEFT, this.x(item[GP.begin])) + 3, y: y + 21 }, "GP " + item[GP.number]);
		} else {
			this.bar(this.svg, "b" + item[CB.state], item[CB.begin], item[CB.ns], y + 8, ROW - 20);
		}
	}

	draw_call(call, y) {
		const is_stall = call[CALL.flags] & IS_STALL, is_chosen = call === this.chosen;
		const from = this.x(call[CALL.begin]), to = this.x(call[CALL.begin] + call[CALL.ns]);
		if ((to < LEFT || from > this.width() || this.shapes > SHAPES_MAX) && !is_chosen)
			return;
		const group = shape(this.svg, "g", { class: "call" + (is_stall ? " stalled" : "") + (is_chosen ? " chosen" : ""),
			tabindex: is_chosen ? 0 : -1, role: "button", "data-call": call.index,
			"aria-label": `${text(call[CALL.call])}, ${duration(call[CALL.ns])}, ${headline(call)}` });
		this.bar(group, "frame", call[CALL.begin], call[CALL.ns], y + 2, ROW - 8);
		for (const seg of segments(call))
			if (this.x(seg.begin + seg.ns) - this.x(seg.begin) >= .5)
				this.bar(group, "c" + seg.cause, seg.begin, seg.ns, y + 6, ROW - 16);
		shape(group, "title", {}, account(call));
		if (to - from > 90)
			shape(group, "text", { class: "label", x: Math.max(LEFT, from) + 3, y: y + 21 }, text(call[CALL.call]).replace("KVM_", "").slice(0, (to - from) / 8));
		group.addEventListener("pointerenter", () => this.tell(call));
		group.addEventListener("focus", () => this.tell(call));
		group.addEventListener("click", () => { this.choose(call); this.focus(); });
	}

	// From who started the grace period, by way of it, to the time that was lost.
	draw_arrow() {
		const call = this.chosen, culprit = call && call[CALL.culprit];
		if (!culprit || culprit[CULPRIT.segment] < 0 || culprit[CULPRIT.flags] !== 1)
			return;
		const row = (key) => this.row_of_domain.has(key) ? TOP + this.row_of_domain.get(key) * ROW : -1;
		const gp = this.find_gp(culprit), gp_y = row("g" + culprit[CULPRIT.domain]);
		const victim = segments(call)[culprit[CULPRIT.segment]], victim_y = row("t" + call[CALL.tid]);
		const culprit_y = row("t" + culprit[CULPRIT.tid]), points = [];
		if (gp && gp_y >= 0) {
			if (culprit_y >= 0)
				points.push([this.x(gp[GP.starter] ? gp[GP.starter][STARTER.at] : gp[GP.begin]), culprit_y + ROW - 8]);
			points.push([this.x(gp[GP.begin]), gp_y + ROW / 2], [this.x(gp[GP.begin] + gp[GP.ns]), gp_y + ROW / 2]);
			points.push([this.x(victim.begin + victim.ns), victim_y + ROW - 8]);
		} else if (culprit_y >= 0) {
			points.push([this.x(victim.begin), culprit_y + ROW / 2], [this.x(victim.begin) + 14, victim_y + ROW / 2]);
		}
		if (points.length < 2)
			return;
		const bound = points.map(([x, y]) => [Math.min(this.width() - 4, Math.max(LEFT, x)), y]);
		shape(this.svg, "polyline", { class: "arrow", points: bound.map((point) => point.join(",")).join(" "), "data-gp": culprit[CULPRIT.gp] });
		const [x, y] = bound[bound.length - 1], before = bound[bound.length - 2][1];
		const down = before > y ? 8 : -8;
		shape(this.svg, "path", { class: "arrowhead", d: `M${x},${y} l-5,${down} l10,0 z` });
	}
}

// ---- the page of report ----

const calls_of_vm = new Map(), gps_of_domain = new Map(), callbacks_of_domain = new Map();

function put(map, key, value) {
	const list = map.get(key);
	if (list)
		list.push(value);
	else
		map.set(key, [value]);
}

// What the page has no room for, which is the least bad.
function left_out() {
	const [calls, stalls, lost] = data.calls_left_out, [gps, , ns] = data.gps_left_out, said = [];
	if (calls)
		said.push(`${calls} calls (stalls: ${stalls}), none of which lost more than ${duration(lost)}`);
	if (gps)
		said.push(`${gps} grace periods, none longer than ${duration(ns)}`);
	return said.join("; ");
}

function notes(parent) {
	const said = [];
	if (data.lost)
		said.push(`Records were lost: ${data.lost}. Calls may be missing, and accounts may have holes.`);
	if (data.incomplete)
		said.push(`Accounts with holes: ${data.incomplete}.`);
	if (left_out())
		said.push(`Not in this page, which would be too large: ${left_out()}.`);
	if (data.inferred)
		said.push("From a log, which has no causes: these are inferred.");
	const sources = data.files.map(([hz, backend]) => `${text(backend)}${hz ? `, HZ=${hz}` : ""}`);
	said.push(`Recorded by ${[...new Set(sources)].join("; ")}.`);
	element(parent, "p", { class: "soft" }, said.join(" "));
}

function show_causes() {
	const part = section("What the time was lost to");
	const lost = sum(data.ns_by_cause.slice(1));
	const rows = data.causes.map((cause, i) => ({ i, cause, ns: data.ns_by_cause[i] }))
		.filter((row) => row.i && row.ns).sort((a, b) => b.ns - a.ns);
	const bar = (row) => (cell) => {
		const svg = shape(cell, "svg", { width: 120, height: 14, "aria-hidden": "true" });
		shape(svg, "rect", { class: "c" + row.i, width: Math.max(1, 120 * row.ns / lost), height: 14 });
	};
	table(part, "Time lost by cause, over all calls", [{ title: "cause" }, { title: "" }, { title: "lost", num: true },
		{ title: "share", num: true }, { title: "stalls", num: true }, { title: "what it says" }, { title: "what to do" }],
		rows.map((row) => [row.cause[0], bar(row), duration(row.ns), percent(row.ns, lost), data.stalls_by_cause[row.i],
			row.cause[1], row.cause[2] || ""]));
}

function show_distributions() {
	const part = section("How long each call took");
	element(part, "p", { class: "soft" }, "Of the calls in this page, on a logarithmic scale; dashed lines are one, two and three jiffies.");
	const by_call = new Map();
	for (const call of data.calls)
		put(by_call, call[CALL.call], call);
	const charts = element(part, "div", { class: "charts" });
	const lost = (calls) => sum(calls.map((call) => call[CALL.stall]));
	for (const [name, calls] of [...by_call].sort((a, b) => lost(b[1]) - lost(a[1])).slice(0, 12))
		histogram(charts, text(name), [{ values: calls.map((call) => call[CALL.ns]) }], data.files[calls[0][CALL.file]][0]);
}

function show_starters() {
	const by = new Map();
	const row_of = (func, call) => {
		const key = [text(func), text(call)].filter((word) => word).join(" in ") || "not known";
		if (!by.has(key))
			by.set(key, { name: key, normal: 0, expedited: 0, stalls: 0, lost: 0 });
		return by.get(key);
	};
	for (const gp of data.gps) {
		const row = gp[GP.starter] ? row_of(gp[GP.starter][STARTER.func], gp[GP.starter][STARTER.call]) : row_of(0, 0);
		row[gp[GP.flags] & 1 ? "normal" : "expedited"]++;
	}
	for (const call of data.calls.filter((one) => one[CALL.flags] & IS_STALL && one[CALL.culprit] && one[CALL.culprit][CULPRIT.flags] === 1)) {
		const row = row_of(call[CALL.culprit][CULPRIT.func], call[CALL.culprit][CULPRIT.call]);
		row.stalls++;
		row.lost += call[CALL.stall];
	}
	if (!by.size)
		return;
	const part = section("Who started what");
	table(part, "Grace periods by who started them, and stalls by whom they waited for", [{ title: "who" }, { title: "normal", num: true },
		{ title: "expedited", num: true }, { title: "stalls", num: true }, { title: "lost in these", num: true }],
		[...by.values()].sort((a, b) => b.lost - a.lost || b.normal - a.normal)
			.map((row) => [row.name, row.normal, row.expedited, row.stalls, duration(row.lost)]));
}

let vm_section, vm_view, timeline_shown;

function open_vm(vm, call) {
	const was_at = document.activeElement;
	vm_view.replaceChildren();
	element(vm_view, "h3", { id: "vm-title", tabindex: "-1" }, `${vm_name(vm)}: VM ${data.vms[vm][VM.id]}, process ${data.vms[vm][VM.pid]}`);
	legend(vm_view, data.causes.map((cause, i) => ({ name: cause[0], style: "c" + i })));
	const timeline = new Timeline(vm_view, vm);
	timeline_shown = timeline;
	const list = timeline.calls.filter((one) => one[CALL.flags] & IS_STALL);
	const columns = [{ title: "stall" }, { title: "after", num: true }, { title: "took", num: true }, { title: "stalled", num: true },
		{ title: "why" }];
	if (list.length)
		table(vm_view, `Stalls of ${vm_name(vm)}`, columns, list.slice(0, 500).map((one) => [(cell) =>
			element(cell, "a", { href: "#stall-" + one.index }, text(one[CALL.call])), duration(one[CALL.begin]),
			duration(one[CALL.ns]), duration(one[CALL.stall]), headline(one)]));
	if (call) {
		timeline.chosen = call;
		timeline.zoom_to_call(call);
		timeline.tell(call);
		timeline.focus();
	} else if (was_at && was_at !== document.body) {
		document.getElementById("vm-title").focus();
	}
	return timeline;
}

function show_vms() {
	const part = section("VMs");
	const rows = data.vms.map((vm, i) => {
		const calls = calls_of_vm.get(i) || [], stalls = calls.filter((call) => call[CALL.flags] & IS_STALL);
		const by_cause = new Map();
		for (const call of stalls)
			by_cause.set(call[CALL.cause], (by_cause.get(call[CALL.cause]) || 0) + call[CALL.stall]);
		const top = [...by_cause].sort((a, b) => b[1] - a[1])[0];
		return { i, name: vm_name(i), calls: calls.length, stalls: stalls.length, lost: sum(calls.map((call) => call[CALL.stall])),
			worst: calls.reduce((worst, call) => Math.max(worst, call[CALL.ns]), 0), cause: top ? data.causes[top[0]][0] : "" };
	}).sort((a, b) => b.lost - a.lost);
	const tools = element(part, "div", { class: "tools" });
	const label = element(tools, "label", {}, "Name: ");
	const search = element(label, "input", { type: "search", id: "search" });
	const columns = [{ title: "VM" }, { title: "calls", num: true }, { title: "stalls", num: true }, { title: "lost", num: true },
		{ title: "longest", num: true }, { title: "mostly" }];
	const body = table(part, `${rows.length} VMs, those that lost most first`, columns, []);
	const more = element(part, "button", { type: "button", class: "noprint" }, "more VMs");
	let shown = VMS_AT_ONCE;
	const fill = () => {
		const wanted = rows.filter((row) => row.name.toLowerCase().includes(search.value.toLowerCase()));
		body.replaceChildren();
		for (const row of wanted.slice(0, shown))
			add_row(body, columns, [(cell) => element(cell, "a", { href: "#vm-" + row.i }, row.name), row.calls, row.stalls,
				duration(row.lost), duration(row.worst), row.cause]);
		more.hidden = wanted.length <= shown;
	};
	search.addEventListener("input", fill);
	more.addEventListener("click", () => { shown += VMS_AT_ONCE * 4; fill(); });
	fill();
	return rows;
}

// "#vm-3", "#stall-12": what somebody linked to.
function follow_link() {
	const found = /^#(vm|stall)-(\d+)$/.exec(location.hash);
	if (!found)
		return false;
	const index = Number(found[2]);
	if (found[1] === "vm" && data.vms[index]) {
		open_vm(index);
	} else if (found[1] === "stall" && data.calls[index] && data.calls[index][CALL.vm] >= 0) {
		open_vm(data.calls[index][CALL.vm], data.calls[index]);
	} else {
		return false;
	}
	vm_section.scrollIntoView();
	return true;
}

function show_report() {
	data.calls.forEach((call, i) => {
		call.index = i;
		put(calls_of_vm, call[CALL.vm], call);
	});
	for (const calls of calls_of_vm.values())
		calls.sort((a, b) => a[CALL.begin] - b[CALL.begin]);
	for (const gp of data.gps)
		put(gps_of_domain, gp[GP.domain], gp);
	for (const cb of data.callbacks)
		put(callbacks_of_domain, cb[CB.domain], cb);
	notes(main);
	show_causes();
	const rows = show_vms();
	vm_section = section("Timeline");
	vm_view = element(vm_section, "div", { id: "vm" });
	if (!follow_link() && rows.length)
		open_vm(rows[0].i);
	show_distributions();
	show_starters();
	window.addEventListener("hashchange", follow_link);
	window.addEventListener("resize", () => timeline_shown && timeline_shown.draw());
}

// ---- the page of diff ----

function show_changes(diff, verdict, changes) {
	const part = section(`${verdict} (${changes.length})`);
	const columns = [{ title: "call" }, { title: "phase" }, { title: "N" }, { title: "base", num: true }, { title: "new", num: true },
		{ title: "change", num: true }, { title: "95% interval" }, { title: "the cause that moved" }];
	const signed = (ns) => (ns > 0 ? "+" : "") + duration(ns);
	const ordinal = (change) => change.occurrence ? ` ${["", "1st", "2nd", "3rd", "4th+"][change.occurrence]}` : "";
	table(part, `Calls that are: ${verdict}`, columns, changes.map((change) => [change.call + ordinal(change),
		(change.base || change.new).phase, `${change.base ? change.base.samples : 0}/${change.new ? change.new.samples : 0}`,
		change.base ? duration(change.base.median_ns) : "-", change.new ? duration(change.new.median_ns) : "-",
		change.base && change.new ? signed(change.diff_ns) : "-",
		change.ci_low_ns === null ? "-" : `${signed(change.ci_low_ns)} .. ${signed(change.ci_high_ns)}`,
		change.base && change.new && change.moved.ns ? `${change.moved.cause} ${signed(change.moved.ns)}` +
			(change.moved.function || change.moved.call ? ` because of ${[change.moved.function, change.moved.call]
				.filter((word) => word).join(" in ")}` : "") : "-"]));
	if (verdict !== "worse" && verdict !== "better")
		return;
	const charts = element(part, "div", { class: "charts" });
	for (const change of changes) {
		const index = diff.changes.indexOf(change);
		histogram(charts, change.call + ordinal(change), [{ name: "base", style: "base", values: data.samples[index][0] },
			{ name: "new", style: "new", values: data.samples[index][1] }], data.hz);
	}
}

function show_diff() {
	const diff = data.diff;
	for (const side of ["base", "new"])
		element(main, "p", { class: "soft" }, `${side}: ${diff[side].name}: ${diff[side].vms} VMs, ${diff[side].calls} calls, ` +
			`${diff[side].recordings} recording${diff[side].recordings === 1 ? "" : "s"}`);
	for (const reason of diff.reasons)
		element(main, "p", {}, `Note: ${reason}.`);
	legend(main, [{ name: "base", style: "base" }, { name: "new", style: "new" }]);
	for (const verdict of Object.keys(diff.verdicts)) {
		const changes = diff.changes.filter((change) => change.verdict === verdict);
		if (changes.length)
			show_changes(diff, verdict, changes);
	}
	if (!diff.differences.length)
		return;
	table(section("What differs between the recordings"), "Facts of the hosts", [{ title: "what" }, { title: "base" }, { title: "new" }],
		diff.differences.map((fact) => [fact.key, fact.base || "-", fact.new || "-"]));
}

if (data.kind === "diff")
	show_diff();
else
	show_report();
