#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# mirror.sh - print the Debian archive to fetch packages from: KVMSTALL_MIRROR, or the one that this machine's apt uses, so
# that local mirrors are respected. Nothing where apt knows none, as on Ubuntu.
set -u

[ -z "${KVMSTALL_MIRROR-}" ] || { printf '%s\n' "$KVMSTALL_MIRROR"; exit; }
# shellcheck disable=SC2016 # apt expands these
apt-get indextargets --format '$(REPO_URI) $(COMPONENT)' 'Identifier: Packages' 2>/dev/null |
	sed -n 's,^\(.*/debian/*\) main$,\1,p' | sed -n 1p
