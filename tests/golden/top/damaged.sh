# A recording that is cut is shown as far as it goes; what is none is not.
head -c 6000 ../report/qemu.cap | kvmstall top -b -
echo "exit status $?"
kvmstall top -b nothing.cap
echo "exit status $?"
kvmstall top -b ../run.sh
