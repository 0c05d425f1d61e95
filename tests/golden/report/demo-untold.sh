# An act whose stall did not come out is told as it came out, and the demo does not fail for it.
recordings=$(mktemp -d)
cp ../../../docs/demo/* "$recordings"
for kind in kvs vmm; do cp "$recordings/memslots.$kind" "$recordings/devices.$kind"; done
DEMO_RECORDING=1 DEMO_RECORDINGS=$recordings KVMSTALL=$(command -v kvmstall) sh ../../../scripts/demo.sh
status=$?
rm -r "$recordings"
exit $status
