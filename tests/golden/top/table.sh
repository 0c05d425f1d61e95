# The table at widths from a sentence's to a wall's: what is least important goes first.
for cols in 20 40 60 80 120 200; do
	COLUMNS=$cols kvmstall top -b ../report/qemu.cap
done
COLUMNS=7 kvmstall top -b ../report/reader.cap # too few to be meant
COLUMNS=many kvmstall top -b ../report/stop.cap
