#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
#
# read_page.py PAGE [JSON] - what "report --format html" or "diff --format html" wrote, without a browser: the policy
# (CSP) has the hashes of what is in the page and allows nothing else; nothing is fetched, no name became HTML; and
# the data are those of "--format json" (JSON). Prints what there was.
import base64
import hashlib
import html.parser
import json
import sys


def fail(what):
    sys.exit(f"read_page.py: {what}")


class Page(html.parser.HTMLParser):
    ATTRIBUTES = {"html": {"lang"}, "meta": {"charset", "http-equiv", "content", "name"}, "script": {"type", "id"},
                  "p": {"id"}, "main": {"id"}}
    TAGS = {"html", "head", "meta", "title", "style", "body", "header", "h1", "p", "main", "noscript", "script"}

    def __init__(self):
        super().__init__()
        self.policy, self.scripts, self.styles, self.data, self.verdict = None, [], [], None, ""
        self.inside = None

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag not in self.TAGS or set(given) - self.ATTRIBUTES.get(tag, set()):
            fail(f"<{tag} {given}> is not of the page's frame")
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"]
        self.inside = tag, given

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, text):
        if not self.inside:
            return
        tag, given = self.inside
        if tag == "style":
            self.styles.append(text)
        elif tag == "script" and given.get("type") == "application/json":
            self.data = text
        elif tag == "script":
            self.scripts.append(text)
        elif given.get("id") == "verdict":
            self.verdict += text


def hash_of(text):
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def check_policy(page):
    if len(page.scripts) != 1 or len(page.styles) != 1:
        fail(f"{len(page.scripts)} scripts, {len(page.styles)} styles")
    wanted = {"default-src": ["'none'"], "script-src": [hash_of(page.scripts[0])], "style-src": [hash_of(page.styles[0])],
              "base-uri": ["'none'"], "form-action": ["'none'"]}
    given = {words[0]: words[1:] for words in (part.split() for part in page.policy.split(";"))}
    if given != wanted:
        fail(f"the policy is {given}, not {wanted}")


def check_colours(page, data):
    """A cause that is new needs one."""
    for i, cause in enumerate(data["causes"]):
        if f".c{i} {{" not in page.styles[0]:
            fail(f"page.css has no colour for {cause[0]}: .c{i}")


def check_report(data, lines):
    calls = [line for line in lines if line["type"] in ("call", "stall")]
    text = data["strings"]
    if len(calls) != len(data["calls"]):
        fail(f"{len(data['calls'])} calls, and the report has {len(calls)}")
    for call, line in zip(sorted(data["calls"], key=lambda c: (c[4], c[1])), sorted(calls, key=lambda c: (c["ts_ns"], c["tid"]))):
        cause = data["causes"][call[8]][0]
        have = (text[call[3]], call[1], call[5], call[6], call[7], cause, text[call[10]])
        want = (line["call"], line["tid"], line["latency_ns"], line["stall_ns"], line["without_ns"], line["cause"], line["phase"])
        if have != want:
            fail(f"{have}, and the report has {want}")
        if sum(call[12][1::5]) != line["latency_ns"] or len(call[12]) != 5 * len(line["segments"]):
            fail(f"the segments of {have} are others")
        if len(call[13]) != 7 * len(line["waits"]):
            fail(f"the waits of {have} are others")
        culprit = line["culprit"]
        if culprit and (text[call[14][1]], text[call[14][2]], call[14][3]) != (culprit["function"], culprit["call"], culprit["tid"]):
            fail(f"the culprit of {have} is another")
    summary = [line for line in lines if line["type"] == "summary"][0]
    if data["stalls"] != summary["stalls"] or sum(data["ns_by_cause"]) != sum(summary["ns_by_cause"].values()):
        fail("the sums are others")


def main():
    page = Page()
    with open(sys.argv[1], encoding="utf-8", newline="") as file:
        page.feed(file.read())
    check_policy(page)
    data = json.loads(page.data)
    if data["kind"] == "report":
        check_colours(page, data)
    if any(character in page.data for character in "<>&"):
        fail("the data have what HTML reads")
    if len(sys.argv) > 2:
        with open(sys.argv[2], encoding="utf-8") as file:
            lines = list(map(json.loads, file))
        if data["kind"] == "report":
            check_report(data, lines)
        elif data["diff"] != lines[0] or len(data["samples"]) != len(lines[0]["changes"]):
            fail("it is another comparison")
    print(page.verdict)
    if data["kind"] == "report":
        print(f"{len(data['vms'])} VMs, {len(data['calls'])} calls, {len(data['gps'])} grace periods")


if __name__ == "__main__":
    main()
