# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# shellcheck disable=SC2154 # of lib/suite.sh
#
# lib.sh - reading back what the pictures' formats have, to be sourced after lib/suite.sh.
#
#     reads_perfetto TRACE JSON       with what protoc makes of trackevent.proto; skips where there is no protoc
#     reads_published TRACE JSON      with the schema that Perfetto publishes (PyPI's "perfetto"); skips without it

# python_with MODULE: a Python that has it. One of the distribution's packages is not always the first in PATH.
python_with()
{
	local python

	for python in python3 /usr/bin/python3; do
		! "$python" -c "import $1" 2>/dev/null || { echo "$python"; return; }
	done
	return 1
}

reads_perfetto()
{
	local python

	command -v protoc >/dev/null || skip "no protoc"
	python=$(python_with google.protobuf) || skip "no Python with protobuf"
	mkdir -p "$work/schema"
	[ -e "$work/schema/trackevent_pb2.py" ] ||
		protoc -I "$here/tests/pictures" --python_out="$work/schema" trackevent.proto
	PYTHONPATH=$work/schema "$python" "$here/tests/pictures/read_perfetto.py" trackevent_pb2 "$@"
}

# The package, in a place of its own that lasts; it is a test's need, and never the program's.
published()
{
	local venv=${KVMSTALL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kvmstall}/perfetto-schema

	if ! "$venv/bin/python" -c 'import perfetto' 2>/dev/null; then
		rm -rf "$venv"
		python3 -m venv "$venv" >&2 || return
		"$venv/bin/pip" install -q --disable-pip-version-check perfetto >&2 || return
	fi
	echo "$venv/bin/python"
}

reads_published()
{
	local python

	python=$(published) || skip "pip cannot install the package 'perfetto'"
	"$python" "$here/tests/pictures/read_perfetto.py" perfetto.protos.perfetto.trace.perfetto_trace_pb2 "$@"
}
