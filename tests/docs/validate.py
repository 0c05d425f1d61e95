#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""validate.py SCHEMA [SEEN]: each line of standard input is an object of this schema, which has all its fields.

Which part of the schema each was of is appended to the file SEEN, a line each."""
import json
import sys

import jsonschema


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    types = schema["properties"]["type"]["enum"]
    defs = schema["$defs"]
    bad = cnt = 0
    seen = []
    for line in sys.stdin:
        value = json.loads(line)
        cnt += 1
        fits = []
        for option in schema["oneOf"]:
            name = option["$ref"].rsplit("/", 1)[1]
            sub = dict(defs[name], **{"$defs": defs})
            # a schema that lets anything pass proves nothing: fields that it does not know are wrong
            unknown = set(value) - set(sub["properties"]) - {"v"}
            if not unknown and jsonschema.Draft202012Validator(sub).is_valid(value):
                fits.append(name)
        if len(fits) != 1 or value["type"] not in types:
            bad += 1
            print(f"fits {fits or 'nothing'}: {line[:200].rstrip()}")
        seen += fits
    if len(sys.argv) > 2:
        with open(sys.argv[2], "a", encoding="utf-8") as file:
            file.writelines(name + "\n" for name in seen)
    if not cnt:
        print("no line")
    return bad or not cnt


sys.exit(1 if main() else 0)
