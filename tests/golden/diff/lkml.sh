# For a mail: two and three kernels side by side, none of it wider than 72 columns; for a CI the same.
logs=$PWD/log.awk
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit
awk -v SEED=1 -v TIMER=0 -f "$logs" >A.log
awk -v SEED=2 -v TIMER=4000 -f "$logs" >B.log
awk -v SEED=3 -v TIMER=0 -f "$logs" >C.log
kvmstall diff -f lkml A.log B.log C.log
echo "-- $?"
kvmstall diff -f lkml A.log B.log C.log | awk 'length($0) > 72 { print "too wide: " $0 }'
kvmstall diff -f junit A.log B.log C.log
echo "-- $?"
kvmstall diff A.log C.log B.log | grep -c '^BASE  A.log'
kvmstall diff A.log C.log C.log C.log C.log C.log C.log C.log
echo "-- $?"
