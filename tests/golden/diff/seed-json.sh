# The same for a program, laid out for people.
kvmstall diff -f json x86-before.strace x86-after.strace | jq .
exit "${PIPESTATUS[0]}"
