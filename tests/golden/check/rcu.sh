# What RCU's and KVM's settings mean, of files that are not this host's.
command -v jq >/dev/null || { echo 'no jq' >&2; exit 77; }
unshare -rm true 2>/dev/null || { echo 'no namespaces of mounts' >&2; exit 77; }
[ -d /sys/module ] || { echo 'no /sys' >&2; exit 77; }
# shellcheck disable=SC2016 # bash -c expands it
unshare -rm bash -c '
	mount -t tmpfs none /sys/module && cd /sys/module && mkdir -p kvm/parameters rcutree/parameters || exit
	settings()
	{
		for one; do echo "${one#*=}" >"${one%%=*}"; done
		kvmstall check --json | jq -r ".findings[] | select(.section == \"rcu\" and .name != \"favordynmods\"
			and .name != \"nx-huge-pages\") | (.text | sub(\"[0-9.]+-[0-9.]+ ms\"; \"N-M ms\")) as \$text
			| \"\(.severity) \(.name): \(\$text)\", if .remedy then \" -> \(.remedy)\" else empty end"
		echo
	}
	settings {rcutree/parameters/jiffies_till_first_fqs,rcutree/parameters/rcu_normal_wake_from_gp}=1 \
		rcutree/parameters/enable_rcu_lazy=N kvm/parameters/tdp_mmu=N kvm/parameters/enable_virt_at_load=Y
	settings rcutree/parameters/{jiffies_till_first_fqs,rcu_normal_wake_from_gp}=0 \
		rcutree/parameters/enable_rcu_lazy=Y kvm/parameters/tdp_mmu=Y kvm/parameters/enable_virt_at_load=N'
