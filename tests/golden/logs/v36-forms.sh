# What editors, mails and other systems do to a log changes nothing: a BOM, CRLF, quotes of quotes, zstd.
kvmstall report -q v36-quoted.txt >/dev/null || exit
first=$(kvmstall report -q -a v36-quoted.txt)
same()
{
	[ "$(kvmstall report -q -a -)" = "$first" ] && echo "$1: the same"
}
sed '1s/^/\xef\xbb\xbf/' v36-quoted.txt | same BOM
sed 's/$/\r/' v36-quoted.txt | same CRLF
sed 's/^/>/' v36-quoted.txt | same 'quoted twice'
zstd -q <v36-quoted.txt | same zstd
zcat v20.gz | same bare
gzip <v36-quoted.txt | head -c 120 | kvmstall report - || exit
