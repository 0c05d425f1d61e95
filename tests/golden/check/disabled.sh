# Without any backend: what is missing, what to do, and exit status 3. The same on every kernel,
# whatever else it lacks.
KVMSTALL_DISABLE=btf,ringbuf,tp_btf,fentry,kprobe,iter,contention kvmstall check | sed -n '/^backends$/,/^srcu$/p'
exit "${PIPESTATUS[0]}"
