"$KVMSTALL" export --listen nowhere
"$KVMSTALL" export --once --listen 127.0.0.1:1
"$KVMSTALL" export --user no-such-user-here
"$KVMSTALL" export operand
