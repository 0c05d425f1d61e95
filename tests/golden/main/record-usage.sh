# What is wrong with an option is named, with what was expected, before anything is opened.
for options in '' '--flight soon' '--flight 0' '--flight 30s,0' '--flight 30s,4K' '--ring 5000' '--quiet --min 3ms' '--min soon'; do
	# shellcheck disable=SC2086 # words
	kvmstall record ${options:+-o unused.cap} $options
	echo "$options: exit status $?"
done
