# kprobe_events with names of its maker's: a pair of a known function.
kvmstall report -a 17-kprobe-events.txt
