# The same for programs: keys and names are a promise.
command -v jq >/dev/null || { echo 'no jq' >&2; exit 77; }
KVMSTALL_DISABLE=btf,ringbuf,tp_btf,fentry,kprobe,iter,contention kvmstall check --json |
	jq '{keys: keys_unsorted, kernel: (.kernel | keys_unsorted), finding: (.findings[0] | keys_unsorted),
		params: (.params | keys_unsorted), type, v, status, backend, facts, facts_missing, features}'
exit "${PIPESTATUS[0]}"
