#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the documents name exists: files by their path from the top or from src/, and the files that the way
# of a record passes. Names in capitals stand for others.
# shellcheck disable=SC2016 # backquotes are Markdown's
set -eu

bad=0
for page in README.md DESIGN.md CONTRIBUTING.md; do
	while read -r path; do
		[ -e "$path" ] || [ -e "src/$path" ] || {
			echo "$page: no such file: $path"
			bad=1
		}
	done < <(grep -oE '`[a-z_]+/[a-zA-Z0-9_./-]+\.(c|h|sh|jq|md|py|yml|json)`' "$page" | tr -d '`' | grep -vE '^(kernel|arch|virt)/|/[A-Z]|_NAME' | sort -u)
	while read -r name; do
		[ -n "$(find src include bpf tests scripts -name "$name" -print -quit)" ] || {
			echo "$page: no file of this name: $name"
			bad=1
		}
	done < <(grep -oE '`[a-z_]+\.(bpf\.)?[ch]`' "$page" | tr -d '`' | sort -u)
done
exit $bad
