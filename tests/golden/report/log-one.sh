# A log of one call: it is one call, and not "1 calls".
grep -m 1 KVM_CREATE_VCPU ../diff/x86-after.strace | kvmstall report --by call -
