#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
#
# picture.py TITLE PAGE [TITLE PAGE...] - the set-up of a VM in each PAGE (report --all -f html), one below the other on
# one scale of time: calls, grace periods of kvm->srcu, jiffies. Of several VMs it is the one that was set up in the least
# time, which nothing but the kernel held up. An SVG that reads on light and dark.
import html
import json
import re
import sys

WIDTH, LEFT, ROW, PANEL, CHARACTER = 860, 160, 30, 150, 8
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1b1f24 } .soft { fill: #57606a } .title { font-weight: 600 }
.axis { stroke: #d0d7de } .frame { fill: #d0d7de; stroke: #57606a } .lost { fill: #cf222e } .work { fill: #1a7f37 }
.label { paint-order: stroke; stroke: #ffffff; stroke-width: 3px; stroke-linejoin: round }
.arrow { stroke: #cf222e; stroke-width: 2; fill: none } .paper { fill: #ffffff }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .soft { fill: #9ea7b3 } .axis { stroke: #30363d } .frame { fill: #30363d; stroke: #9ea7b3 }
.lost { fill: #ff7b72 } .work { fill: #56d364 } .label { stroke: #0d1117 } .arrow { stroke: #ff7b72 } .paper { fill: #0d1117 } }
"""


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.loads(re.search(r'id="data">(.*?)</script>', file.read(), re.S).group(1))


def end_of(call):
    return call["begin"] + call["ns"]


def quickest(calls):
    starts = {}
    for call in calls:
        starts.setdefault(call["vm"], []).append(call)
    return min(starts.values(), key=lambda start: max(map(end_of, start)) - start[0]["begin"])


class Panel:
    def __init__(self, title, data):
        self.title, self.data = title, data
        text = data["strings"]
        self.calls = [{"vm": c[0], "name": text[c[3]], "begin": c[4], "ns": c[5], "stall": c[6], "cause": data["causes"][c[8]][0],
                       "culprit": c[14], "segments": c[12], "is_stall": c[9] & 1} for c in data["calls"]]
        self.calls = quickest([c for c in self.calls if c["name"] not in ("KVM_CREATE_VM", "close")])
        self.start = self.calls[0]["begin"]
        domains = [i for i, domain in enumerate(data["domains"]) if text[domain[1]] == "kvm.srcu" and domain[0] == self.calls[0]["vm"]]
        self.end = max(map(end_of, self.calls)) - self.start
        self.gps = [gp for gp in data["gps"] if gp[0] in domains and self.start <= gp[2] < self.start + self.end]
        self.hz = data["files"][0][0]


def milliseconds(ns):
    return f"{ns / 1e6:.2f} ms" if ns >= 1e6 else f"{ns / 1e3:.0f} µs"


def first_that_fits(texts, room):
    return next((words for words in texts if len(words) * CHARACTER <= room), "")


# The longest, as many as there is room for, in order of time.
def list_of(calls, room):
    longest = sorted(calls, key=lambda call: -call["ns"])
    return first_that_fits([", ".join(f"{call['name']} {milliseconds(call['ns'])}" for call in calls if call in longest[:cnt])
                            for cnt in range(len(calls), 0, -1)], room)


def draw(panel, top, scale, out):
    def x(ns):
        return LEFT + (ns - panel.start) * scale

    def add(shape):
        out.append(shape)

    def bar(style, begin, ns, y, height):
        add(f'<rect class="{style}" x="{x(begin):.1f}" y="{y}" width="{max(1.5, ns * scale):.1f}" height="{height}"/>')

    def label(at, y, words, style="label"):
        add(f'<text class="{style}" x="{at:.1f}" y="{y}">{html.escape(words)}</text>')

    jiffy = 1e9 / panel.hz
    label(8, top + 16, panel.title, "title")
    label(LEFT, top + 16, f"set up in {milliseconds(panel.end)}; a line each jiffy of {jiffy / 1e6:.0f} ms", "soft")
    at = 0
    while LEFT + at * scale < WIDTH:
        add(f'<line class="axis" x1="{LEFT + at * scale:.1f}" x2="{LEFT + at * scale:.1f}" y1="{top + 26}" y2="{top + PANEL - 20}"/>')
        at += jiffy
    label(8, top + 50, "calls", "soft")
    label(8, top + 50 + 2 * ROW, "grace periods", "soft")
    for i, call in enumerate(panel.calls):
        bar("frame", call["begin"], call["ns"], top + 34, ROW - 6)
        begin = call["begin"]
        for cause, ns in zip(call["segments"][0::5], call["segments"][1::5]):
            if panel.data["causes"][cause][0] in ("gp-timer", "cb-timer"):
                bar("lost", begin, ns, top + 38, ROW - 14)
            begin += ns
    for gp in panel.gps:
        bar("frame", gp[2], gp[3], top + 34 + 2 * ROW, ROW - 6)
        for state, begin, ns in zip(gp[6][0::3], gp[6][1::3], gp[6][2::3]):
            bar("lost" if panel.data["parts"][state] == "timer" else "work", gp[2] + begin, ns, top + 38 + 2 * ROW, ROW - 14)
        timer = sum(ns for state, ns in zip(gp[6][0::3], gp[6][2::3]) if panel.data["parts"][state] == "timer")
        if timer * scale > 60:
            label(x(gp[2]) + 6, top + 54 + 2 * ROW, f"GP {gp[1]}: its timer")
    long = [call for call in panel.calls if call["ns"] * scale > 100]
    for call, after in zip(long, long[1:] + [None]):
        at, ns = x(call["begin"]) + 6, milliseconds(call["ns"])
        label(at, top + 50, first_that_fits([f"{call['name']}: {ns}, {call['cause']}", f"{call['name']}: {ns}", ns],
                                            (x(after["begin"]) if after else WIDTH) - at))
        is_other = call["culprit"] and call["culprit"][10] == 1 # whose doing is known, and not its own
        gp = next((gp for gp in panel.gps if is_other and gp[1] == call["culprit"][7]), None)
        if gp:
            end = min(x(gp[2] + gp[3]), WIDTH - 8)
            add(f'<path class="arrow" d="M{x(gp[2]):.1f},{top + 28 + ROW} V{top + 34 + 2 * ROW} M{end:.1f},{top + 34 + 2 * ROW} '
                f'V{top + 30 + ROW} m-4,7 l4,-7 l4,7"/>')
            label(x(gp[2]) + 8, top + 50 + ROW - 5, f"{panel.data['strings'][call['culprit'][2]]} starts it, and the call waits for its end")
    if not long:
        at = x(panel.start + panel.end) + 10
        label(at, top + 50, list_of(panel.calls, WIDTH - at))


def main():
    panels = [Panel(title, read(page)) for title, page in zip(sys.argv[1::2], sys.argv[2::2])]
    scale = (WIDTH - LEFT - 20) / max(max(panel.end for panel in panels),
                                      max(gp[2] + gp[3] - panel.start for panel in panels for gp in panel.gps[:2]))
    height = PANEL * len(panels)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">',
           "<title>" + html.escape("; ".join(f"{panel.title}: set up in {milliseconds(panel.end)}" for panel in panels)) + "</title>",
           f"<style>{STYLE}</style>", f'<rect class="paper" width="{WIDTH}" height="{height}"/>']
    for i, panel in enumerate(panels):
        draw(panel, i * PANEL, scale, out)
    print("\n".join(out + ["</svg>"]))


if __name__ == "__main__":
    main()
