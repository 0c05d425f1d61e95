# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Every cause at every site, against what is known otherwise. Each file also runs alone.

# shellcheck disable=SC2154 # here, and what the parts set
# tests is run.sh's: what looks at what is left behind comes last.
for part in inject injections sites counterfactual stuck; do
	# shellcheck source=/dev/null
	. "$here/tests/live/$part.sh"
done
tests=${tests/nothing-left/inject-reader inject-lock inject-kworker inject-normal-gp
	inject-mmu-notifier inject-none inject-notifier-reader inject-invalidation inject-mmap-lock inject-rcu-holdout inject-rcu-fdtable inject-unexplained $site_tests counterfactual
	stuck-reader stuck-unseen stuck-stopped stuck-together stuck-in-flight stuck-attached stuck-killed stuck-invalidation stuck-dump stuck-dump-pool stuck-callbacks stuck-cycle stuck-rcu
	nothing-left}
