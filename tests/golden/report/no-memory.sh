# A line that there is no memory for is missing as a whole, and that is an error: here no string grows
# to 2048 bytes, so lines of 1024 and more are the ones.
command -v cc >/dev/null || { echo "no cc" >&2; exit 77; }
grep -q ld-linux "$(command -v kvmstall)" || { echo "a static program has no LD_PRELOAD" >&2; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cc -shared -fPIC -o "$work/full.so" -xc - <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>

void *realloc(void *ptr, size_t size)
{
	void *(*real)(void *, size_t) = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");

	return size == 2048 ? NULL : real(ptr, size);
}
C
kvmstall report -f json --all qemu.cap | awk 'length($0) < 1023' >"$work/short"
LD_PRELOAD=$work/full.so kvmstall report -f json --all qemu.cap >"$work/out"
echo "-- $?"
cmp "$work/short" "$work/out" && grep -c . "$work/out"
LD_PRELOAD=$work/full.so kvmstall report -f json --facts qemu.cap >"$work/out"
echo "-- $?"
