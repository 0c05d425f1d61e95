# A log as a list; a list as it is read; memory moved. No call is made.
kvmstall repro --from firecracker.strace --list
kvmstall repro --from devices-first.list --list --order memslots-first
kvmstall repro --from devices-first.list --list --gaps none
kvmstall repro --from devices-first.list --list --gaps 3x
gzip -c devices-first.list | kvmstall repro --from - --list
