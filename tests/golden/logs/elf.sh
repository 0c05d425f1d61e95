# A program, a library or a kernel's image is no core dump, in either byte order; nor does it matter where its first line ends.
named()
{
	echo "== $1"
	shift
	# shellcheck disable=SC2059 # the formats are below
	{ printf '\177ELF'; printf "$@"; head -c 5003 /dev/zero; echo; } | kvmstall report -q - 2>&1
	echo "($?)"
}
named 'a core dump of x86' '\2\1\1\0%08d\4\0' 0
named 'a program of x86' '\2\1\1\0%08d\2\0' 0
named 'a library of x86' '\2\1\1\0%08d\3\0' 0
named 'a core dump of s390' '\2\2\1\0%08d\0\4' 0
named 'a program of s390' '\2\2\1\0%08d\0\3' 0
named 'a program of 32 bits' '\1\1\1\0%08d\2\0' 0
