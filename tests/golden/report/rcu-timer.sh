# The timer of RCU's kthread is explained as SRCU's are: in the account, in JSON, and summed up. The recording is cut.
kvmstall report -q -v rcu.cap 2>/dev/null | grep -A 2 ' timer.*: armed' | head -n 19
kvmstall report -q -f json rcu.cap 2>/dev/null | grep -o '"timer":{[^}]*},"part":"[^"]*"' | sort | head -n 5
kvmstall report -q --by timer rcu.cap
