# What is wrong is named, with what was expected. Nothing is attached, nobody need be root.
for options in '--listen nowhere' '--listen localhost:9879' '--once --listen 127.0.0.1:1' '--user no-such-user' \
	'--interval 0' '--ring 3000' operand; do
	# shellcheck disable=SC2086 # words
	kvmstall export $options
	echo "$options: exit status $?"
done
