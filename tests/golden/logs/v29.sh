# Memory slots of a kernel of 2022, and no device: a timer is not inferred.
kvmstall report -a v29-old-kernel-boot.txt
