# shellcheck shell=bash
# put_page PAGE FILE: a page that was made whole, in its place; FILE "": on standard output.
put_page()
{
	if [ -n "$2" ]; then
		cp "$1" "$2"
	else
		cat "$1"
	fi
}
