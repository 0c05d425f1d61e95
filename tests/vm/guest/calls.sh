#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# calls.sh - tests/bench/calls.c without a tracer and beside each backend, a line "SIDE ROW MEDIAN ..." each. /calls is
# the program, and /test/rows has its rows.
cat >/test/beside <<'END'
#!/bin/sh
# shellcheck disable=SC2046 # words
exec /calls $(cat /test/rows) >/test/said
END
chmod +x /test/beside
/test/beside && sed 's/^/bare /' /test/said
for backend in fentry kprobe tracepoint; do
	kvmstall trace -q --backend $backend -o /dev/null -- /test/beside && sed "s/^/$backend /" /test/said
done
