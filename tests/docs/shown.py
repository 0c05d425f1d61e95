#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""shown.py FILE...: every command that these pages show, one a line: the file, a tab, the command.

In manual pages that is what stands in examples (after a prompt, if there is one), and what a bold macro has of
kvmstall with options; in Markdown what is indented by four, or stands in backticks. What a command printed is
none: in examples with prompts only lines with one are commands. A name alone ("kvmstall trace") is a reference.
"""
import re
import sys

PROGRAMS = r"(?:kvmstall|curl|promtool|prometheus|strace|perf|ssh|for|make|sudo|systemctl|tests/[\w/.-]+\.sh|scripts/[\w/.-]+\.sh)"
COMMAND = re.compile(rf"{PROGRAMS}(?: .*)?$")
REFERENCE = re.compile(r"(?:kvmstall(?: [a-z]+)?|strace(?: -[a-z]+)?|curl|promtool|prometheus|perf(?: [a-z]+)?|make|ssh|for|.*/suite\.sh|.*[A-Z]\.sh)$")


def joined(lines):
    """Lines that end in a pipe, or are followed by an indented one, go on."""
    out = []
    for line in lines:
        if out and (out[-1].endswith("|") or line.startswith("    ") and out[-1] != ""):
            out[-1] += " " + line.strip()
        else:
            out.append(line)
    return out


def of_block(lines):
    has_prompt = any(re.match(r"[#$] ", line) for line in lines)
    for line in joined(lines):
        if has_prompt and not re.match(r"[#$] ", line):
            continue
        line = re.sub(r"^[#$] ", "", line)
        if COMMAND.match(line):
            yield line


def plain(text):
    return re.sub(r"\\f[A-Z]", "", text).replace("\\-", "-").replace("\\&", "").replace("\\e", "\\")


def words_of_macro(line):
    """.B takes its words as one, .BR and .BI in turn: the first alone is bold."""
    macro, _, rest = line.partition(" ")
    if macro == ".B":
        return plain(rest.strip('"'))
    match = re.match(r'"([^"]*)"|(\S+)', rest)
    return plain(match.group(1) or match.group(2)) if match else ""


def of_man(text):
    block = None
    in_example = in_synopsis = False
    for line in text.splitlines():
        if line.startswith(".SH"):
            in_synopsis = "SYNOPSIS" in line
        if re.match(r'\.\\" EXAMPLE: ', line):
            in_example = True
        elif line == '.\\" END':
            in_example = False
        elif line in (".nf", ".EX"):
            block = []
        elif line in (".fi", ".EE"):
            yield from of_block(block)
            block = None
        elif block is not None and not in_example and not re.match(r"\.[A-Z]", line):
            block.append(plain(line))
        elif block is None and not in_synopsis and re.match(r"\.(B|BR|BI) \"?kvmstall ", line):
            command = words_of_macro(line)
            if not REFERENCE.match(command):
                yield command


def of_markdown(text):
    # A command over two lines of a paragraph is one.
    for command in re.findall(r"`([^`]+)`", re.sub(r"<!--.*?-->", "", text, flags=re.S)):
        command = " ".join(command.split())
        if COMMAND.match(command) and not REFERENCE.match(command):
            yield command
    for line in text.splitlines():
        if line.startswith("    "):
            line = re.sub(r"^[#$] ", "", line[4:])
            line = re.split(r"  +", line)[0]
            if COMMAND.match(line):
                yield line


def main():
    seen = set()
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for command in of_markdown(text) if path.endswith(".md") else of_man(text):
            if (path, command) not in seen:
                seen.add((path, command))
                print(path, command, sep="\t")


main()
