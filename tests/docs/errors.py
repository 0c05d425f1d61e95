#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""errors.py LIST FILE.c...: the texts of all errors in these files, one a line, and the family of each by LIST.

A line is the family (? for none), the file, the kind and the format, by tabs.

That is what err_set(), err_usage(), err_cannot() and err_wrap() are given, string literals joined.
"""
import re
import sys

CALL = re.compile(r"\berr_(set|usage|cannot|wrap)\(")
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')


def arguments(text, at):
    """From after the parenthesis to its partner."""
    depth, start, quoted = 1, at, False
    while depth:
        char = text[at]
        if char == "\\":
            at += 1
        elif char == '"':
            quoted = not quoted
        elif not quoted:
            depth += {"(": 1, ")": -1}.get(char, 0)
        at += 1
    return text[start : at - 1]


def texts(path):
    with open(path, encoding="utf-8") as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    text = re.sub(r"PRI[dux]\d\d", '"d"', text)
    for match in CALL.finditer(text):
        inside = arguments(text, match.end())
        first = STRING.search(inside)
        if first:
            # Literals that follow each other are one.
            whole = re.match(r'(?:\s*"(?:[^"\\]|\\.)*")+', inside[first.start() :])
            yield "\t".join((path, match.group(1), "".join(STRING.findall(whole.group(0)))))


def families(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            if not line.startswith("#"):
                name, _, pattern = line.rstrip("\n").partition("\t")
                yield name, re.compile(pattern)


def main():
    known = list(families(sys.argv[1]))
    for text in sorted({text for path in sys.argv[2:] for text in texts(path)}):
        print(next((name for name, pattern in known if pattern.search(text)), "?"), text, sep="\t")


main()
