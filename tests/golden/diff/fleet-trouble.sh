# What a server, or who stands before it, may answer instead: one sentence, and 2. Options that make no sense, too.
compare()
{
	kvmstall diff --prometheus <(awk "$@" -f fleet.awk) 2>&1 | sed 's,/dev/fd/[0-9]*,FILE,'
	echo "-- ${PIPESTATUS[0]}"
}
try()
{
	kvmstall diff "$@"
	echo "-- $?"
}

say() { compare -v LAST=stalls -v STATUS="$1" -v TYPE="$2" -v BODY="$3"; }

say 200 text/html '<html><title>Log in</title>'
say 200 application/json ' <!doctype html>'
say 200 application/json ''
say 200 application/json '{"status":"succ'
say 200 application/json '[1, 2]'
say 200 application/json '{"status":"success","data":{"resultType":"matrix","result":[]}}'
say 200 application/json '{"status":"up"}'
say 200 application/json '{"status":"error","errorType":"execution","error":"query timed out in expression evaluation"}'
say 422 application/json '{"status":"error","errorType":"execution","error":"too many samples"}'
say 301 text/html '<a href="https://login.example.net/">Moved</a>'
say 401 text/plain 'Unauthorized'
say 403 text/plain 'no'
say 404 text/plain '404 page not found'
say 405 text/plain 'no POST'
say 429 text/plain 'slow down'
say 503 text/html '<h1>Service Unavailable</h1>'
say 418 text/plain 'a teapot'
say 200 application/json '{"status":"success","data":{"resultType":"vector","result":[]}}'
try --prometheus <(head -c 1000 <(awk -f fleet.awk)) 2>&1 | sed 's,/dev/fd/[0-9]*,FILE,'
try --prometheus fleet.awk
try --prometheus nowhere
try --prometheus ftp://host --base 'a="b"' --new 'a="c"'
try --prometheus http://127.0.0.1:9 --base 'kernel="6.12.9"'
for matchers in 'kernel' 'kernel=6' 'kernel="6' '{kernel="6"}' 'kernel="6"} or up{a="b"' 'kernel="6";' 'kernel=="6"' '9="6"' "kernel=\"a\\"; do
	try --prometheus http://127.0.0.1:9 --base "$matchers" --new 'kernel="6"'
done
try --prometheus http://127.0.0.1:9 --base 'a="b"' --new 'a="c"' --over 1ms
try --prometheus http://127.0.0.1:9 --base 'a="b"' --new 'a="c"' --timeout 0
try --prometheus http://127.0.0.1:9 --base 'a="b"' --new 'a="c"' --since -1h
try --prometheus http://127.0.0.1:9 --base 'a="b"' --new 'a="c"' --until +1h
try --prometheus http://127.0.0.1:9 --base 'a="b"' --new 'a="c"' -f html
try --prometheus http://127.0.0.1:9 --base 'a="b"' --new 'a="c"' x86-before.strace
try --prometheus fleet.awk --base 'a="b"'
try --base 'a="b"' x86-before.strace x86-after.strace
