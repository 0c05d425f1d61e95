#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
#
# read_perfetto.py SCHEMA TRACE JSON - what "report --format perfetto" wrote, against "report --format json" of
# the same recording with the same options. SCHEMA is the module that reads it: trackevent_pb2, which
# protoc makes of trackevent.proto, or perfetto's own of PyPI's package "perfetto".
#
# Or JSON is what "repro --json" printed while "trace --all --format perfetto" ran: its calls are the truth then.
#
# Slices nest, flows connect, and counts and sums are those of the report. Prints what there was.
import collections
import importlib
import json
import sys

BEGIN, END, INSTANT, COUNTER = 1, 2, 3, 4


def fail(what):
    sys.exit(f"read_perfetto.py: {what}")


def read(schema, path):
    trace = importlib.import_module(schema).Trace()
    with open(path, "rb") as file:
        trace.ParseFromString(file.read())
    return trace.packet


class Slice:
    def __init__(self, packet):
        event = packet.track_event
        self.name = event.name
        self.kind = event.categories[0]
        self.track = event.track_uuid
        self.begin = packet.timestamp
        self.end = None
        self.children = []
        self.flows = list(event.flow_ids)
        self.last_flows = list(event.terminating_flow_ids)
        self.notes = {}
        for note in event.debug_annotations:
            field = next(f for f in ("bool_value", "int_value", "string_value") if note.HasField(f))
            self.notes[note.name] = getattr(note, field)

    def all(self):
        yield self
        for child in self.children:
            yield from child.all()


def nest(events):
    """The outermost slices of each track, and its instants; as the viewer does it."""
    tops, instants, stacks = [], [], collections.defaultdict(list)
    for packet in sorted(events, key=lambda packet: packet.timestamp):
        event = packet.track_event
        stack = stacks[event.track_uuid]
        if event.type == BEGIN:
            new = Slice(packet)
            (stack[-1].children if stack else tops).append(new)
            stack.append(new)
        elif event.type == END:
            if not stack:
                fail(f"a slice of track {event.track_uuid} ends that never began")
            stack.pop().end = packet.timestamp
        elif event.type == INSTANT:
            new = Slice(packet)
            new.parents = list(stack)
            instants.append(new)
    for stack in stacks.values():
        if stack:
            fail(f"'{stack[-1].name}' does not end")
    return tops, instants


INSIDE = {"call": {"wait", "cause"}, "wait": {"cause"}, "gp": {"gp-part"}, "cause": set(), "gp-part": set(),
          "callbacks": set()}


def check_nesting(tops):
    for top in tops:
        if top.kind not in ("call", "gp", "callbacks"):
            fail(f"'{top.name}' ({top.kind}) is in nothing")
        for outer in top.all():
            at = outer.begin
            for inner in outer.children:
                if inner.kind not in INSIDE[outer.kind]:
                    fail(f"{inner.kind} '{inner.name}' in {outer.kind} '{outer.name}'")
                if inner.begin < at or inner.end > outer.end:
                    fail(f"'{inner.name}' is not within '{outer.name}'")
                at = inner.end


def check_calls(tops, lines):
    """Each call of the report is there, with its waits, and the sum of each cause."""
    calls = {(c.begin, c.notes["tid"], c.name): c for c in tops if c.kind == "call"}
    if len(calls) != len(lines):
        fail(f"{len(calls)} calls, and the report has {len(lines)}")
    for line in lines:
        call = calls.get((line["ts_ns"], line["tid"], line["call"]))
        if not call:
            fail(f"{line['call']} at {line['ts_ns']} is missing")
        if call.end - call.begin != line["latency_ns"] or call.notes["cause"] != line["cause"]:
            fail(f"{line['call']} at {line['ts_ns']} is another one")
        waits = [s for s in call.all() if s.kind == "wait"]
        if len(waits) != len(line["waits"]) or \
                sum(s.notes["ns"] for s in waits) != sum(w["ns"] for w in line["waits"]):
            fail(f"the waits of {line['call']} at {line['ts_ns']} are others")
        sums, wanted = collections.Counter(), collections.Counter()
        for part in call.all():
            if part.kind == "cause":
                sums[part.name] += part.end - part.begin
        for segment in line["segments"]:
            wanted[segment["cause"]] += segment["ns"]
        if +sums != +wanted:
            fail(f"the causes of {line['call']} at {line['ts_ns']}: {dict(sums)}, not {dict(wanted)}")
    return calls


def check_gps(tops):
    gps = [s for s in tops if s.kind == "gp"]
    for gp in gps:
        scans = sum(part.name == "scan" for part in gp.children)
        if scans > gp.notes["scans"]:
            fail(f"{gp.name}: {scans} scans, and it counts {gp.notes['scans']}")
        if gp.children and sum(p.end - p.begin for p in gp.children) > gp.end - gp.begin:
            fail(f"the parts of {gp.name} are longer than it")
    return gps


def check_gp(instant, source, culprit, line):
    """The grace period that the call waited for is one of its segments', and was started by its culprit."""
    gps = [parent for parent in instant.parents if parent.kind == "gp"]
    if not gps:
        fail(f"what {line['call']} at {line['ts_ns']} waited for was in no grace period")
    starter = source[gps[0].last_flows[0]]
    if gps[0].notes["gp"] not in [segment["gp"] for segment in line["segments"]]:
        fail(f"{line['call']} at {line['ts_ns']} did not wait for {gps[0].name}")
    if starter.notes["tid"] != culprit["tid"] or starter.notes["comm"] != culprit["comm"]:
        fail(f"{line['call']} at {line['ts_ns']} is led to by {starter.notes}")


def check_flows(tops, instants, calls, lines):
    """From who started it to the grace period, from there to the time that was lost to it."""
    source = {flow: instant for instant in instants for flow in instant.flows}
    ends = [s for top in tops for s in top.all() if s.last_flows]
    for end in ends:
        for flow in end.last_flows:
            if flow not in source:
                fail(f"a flow to '{end.name}' comes from nowhere")
            if source[flow].begin > end.begin:
                fail(f"a flow to '{end.name}' comes from later")
    led = by_gp = 0
    for line in lines:
        culprit = line["culprit"]
        if not culprit or culprit["self"]:
            continue
        call = calls[line["ts_ns"], line["tid"], line["call"]]
        flows = [flow for part in call.all() for flow in part.last_flows]
        if len(flows) != 1:
            fail(f"{len(flows)} flows lead to {line['call']} at {line['ts_ns']}")
        led += 1
        if source[flows[0]].kind != "culprit":
            fail("a flow does not come from the culprit")
        if culprit["kind"] == "starter":
            check_gp(source[flows[0]], source, culprit, line)
            by_gp += 1
    return led, by_gp


def check_counters(packets, names, lines):
    """Each recording has its own two."""
    last, top = {}, collections.Counter()
    for packet in sorted(packets, key=lambda packet: packet.timestamp):
        if packet.track_event.type == COUNTER:
            track = packet.track_event.track_uuid
            last[track] = packet.track_event.counter_value
            if last[track] < 0:
                fail(f"'{names[track]}' falls below 0")
            top[names[track]] = max(top[names[track]], last[track])
    sums = collections.Counter()
    for track, value in last.items():
        sums[names[track]] += value
    ended = [line for line in lines if not line["stuck"]]
    if sums["calls in flight"] != len(lines) - len(ended):
        fail(f"{sums['calls in flight']} calls in flight in the end")
    if sums["time lost"] != sum(line["stall_ns"] for line in ended):
        fail("the time that was lost is not the sum of the stalls'")
    return top["calls in flight"]


def check_truth(tops, instants, lines):
    """Each call lies within one that repro made, and each memslot that it made is there."""
    made = collections.defaultdict(list)
    for line in lines:
        made[line["tid"], line["call"]].append((line["ts_ns"], line["ts_ns"] + line["latency_ns"]))
    found = collections.Counter()
    for call in (top for top in tops if top.kind == "call" and top.notes["tid"] in {key[0] for key in made}):
        key = call.notes["tid"], call.name
        if key not in made:
            continue  # a wait in another system call
        if not any(begin <= call.begin and call.end <= end for begin, end in made[key]):
            fail(f"repro made no {call.name} at {call.begin}")
        found[key] += 1
    for key, calls in made.items():
        if key[1] == "KVM_SET_USER_MEMORY_REGION" and found[key] != len(calls):
            fail(f"{found[key]} of {len(calls)} {key[1]} of {key[0]}")
    starts = {flow for instant in instants if instant.kind == "start" for flow in instant.flows}
    gps = [gp for gp in tops if gp.kind == "gp" and starts.intersection(gp.last_flows)]
    return f"{sum(found.values())} calls; {len(gps)} grace periods that somebody started"


def main():
    packets = read(sys.argv[1], sys.argv[2])
    with open(sys.argv[3]) as file:
        lines = [line for line in map(json.loads, file) if line["type"] in ("call", "stall")]
    is_truth = bool(lines) and "profile" in lines[0]
    names = {p.track_descriptor.uuid: p.track_descriptor.name for p in packets
             if p.HasField("track_descriptor")}
    events = [p for p in packets if p.HasField("track_event")]
    if any(p.track_event.track_uuid not in names for p in events):
        fail("an event is on a track that is not described")
    if any(p.track_descriptor.parent_uuid not in names for p in packets
           if p.HasField("track_descriptor") and p.track_descriptor.HasField("parent_uuid")):
        fail("a track is in a group that is not described")
    tops, instants = nest(events)
    check_nesting(tops)
    if is_truth:
        print(check_truth(tops, instants, lines))
        return
    calls = check_calls(tops, lines)
    gps = check_gps(tops)
    led, by_gp = check_flows(tops, instants, calls, lines)
    most = check_counters(events, names, lines)
    print(f"{len(calls)} calls, {most} at once; {len(gps)} grace periods; {led} led to by a flow, {by_gp} by way of a grace period")


if __name__ == "__main__":
    main()
