# Without a terminal the message names -b; and what makes no sense.
for options in "../report/qemu.cap" "-b --delay 1ms" "-b -n 0" "-b --vm=" "-b a b" "-b --ring 8K ../report/qemu.cap" \
	"-b --speed 0 x" "-b --sort size" "-b x --open"; do
	# shellcheck disable=SC2086 # words
	kvmstall top $options
	echo "exit status $?"
done
