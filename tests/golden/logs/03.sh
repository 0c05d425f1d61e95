# strace -tt without -T: named, and what to add. The VMM's own output is in between.
kvmstall report -a 03-firecracker-tt.txt
