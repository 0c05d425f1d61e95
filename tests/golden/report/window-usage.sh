# What is no time, and what cannot be read twice.
for options in '--since 25:00' '--since 12:60' '--until 12:00:60' '--since 30s' '--until +soon' '--around 0' \
	'--around 1,soon' '--around 1001' '--by deferral --since +1s'; do
	# shellcheck disable=SC2086 # words
	kvmstall report $options qemu.cap
	echo "$options: exit status $?"
done
kvmstall report --since +1s - <qemu.cap
kvmstall report --around 1 qemu.cap stop.cap
kvmstall report qemu.cap --since +1s
kvmstall diff qemu.cap qemu.cap --since +1s
kvmstall report --around 2 --min 16.3ms qemu.cap
