# For spreadsheets.
kvmstall report --format csv -q qemu.cap
