#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Includes point down only: base < core < kern < cmd < main. libbpf is kern's business, and
# what is below cmd prints nothing and ends nothing: it returns an err.
set -eu

bad=0

# complain WHAT: its input, if any, is what breaks the rule.
complain()
{
	if grep .; then
		echo "layering: $1"
		bad=1
	fi
}

below=kvmstall
for layer in base core kern cmd; do
	below="$below|$layer"
	complain "src/$layer may include only $below" < <(
		grep -rnE '^#include "[a-z]+/' "src/$layer" | grep -vE "\"($below)/")
done
complain 'only src/kern may see libbpf' < <(
	grep -rnE '#include (<bpf/|"[a-z_]+\.skel\.h")' src | grep -v '^src/kern/')
complain 'bpf/ includes nothing of src/' < <(grep -rnE '#include "(base|core|kern|cmd)/' bpf)
complain 'include/kvmstall includes nothing of ours' < <(
	grep -rnE '#include "' include | grep -v '"kvmstall/')
complain 'src/core and src/kern print nothing; return an err' < <(
	grep -rnE '\b(v?f?printf|f?puts|f?putc|putchar|perror|_?exit|abort)\(' src/core src/kern)
complain 'src/core touches no files and no clock' < <(
	grep -rnE '\b(fopen|open|read|write|time|clock_gettime|gettimeofday|getenv|system)\(' src/core)
exit $bad
