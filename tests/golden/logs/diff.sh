# Logs are compared as they are reported: files of strace -ff as one run; what has no duration is not comparable.
status()
{
	"$@"
	echo "-- $?"
}

echo '== -ff'
files=v19-ff.main.txt,v19-ff.other.txt,v19-ff.vcpu.txt
status kvmstall diff $files $files
echo '== one call did not end'
status kvmstall diff v08-close.txt v09-stuck.txt
echo '== no durations at all'
status kvmstall diff 01-enarx-T-f.txt 03-firecracker-tt.txt
status kvmstall diff -f json 04-firecracker-f-o.txt 01-enarx-T-f.txt
