# What only a recording has is refused of a log, and not left out; a filter that nothing passes is named.
for option in '--facts' '--format lkml' '--by start' '--by deferral' '--vm other'; do
	echo "== $option"
	# shellcheck disable=SC2086
	kvmstall report $option v08-close.txt 2>&1
	echo "($?)"
done
