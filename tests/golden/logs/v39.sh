# What strace -y says of a descriptor is believed: no VM is made up.
kvmstall report -a v39-vcpu-fd.txt
