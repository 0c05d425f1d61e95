# No such file; no file at all.
kvmstall report /nonexistent/file
echo "exit status $?"
kvmstall report
