# strace -e kvm=vcpu without times.
kvmstall report -a 06-strace-kvm-vcpu.txt
