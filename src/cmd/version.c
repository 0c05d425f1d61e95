// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/version.h"

#include <version.h> /* made by the Makefile; in quotes it would be ours */

const char version_text[] = KVMSTALL_VERSION;
