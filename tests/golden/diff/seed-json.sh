# The same for a program, laid out for people. jq 1.7 prints a number as it was written, 1.6 does not: both
# print a sum alike.
kvmstall diff -f json x86-before.strace x86-after.strace | jq 'walk(if type == "number" then . + 0 else . end)'
exit "${PIPESTATUS[0]}"
