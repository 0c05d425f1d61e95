#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# In the guest, for tests/bench/symptoms.sh: FUNCTION of locks.sh, and what trace prints of it. /test/which has its name.
read -r name </test/which
kvmstall repro --profile minimal --rounds 2 >/dev/null # all is slow the first time
kvmstall trace -v -o /out/printed -- sh /test/locks.sh "$name" >/dev/null
