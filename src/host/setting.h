/* SPDX-License-Identifier: GPL-2.0-only */
/* Settings of plain RCU, of cgroups and of KVM: what each value means for calls that wait for RCU.
 */
#ifndef HOST_SETTING_H
#define HOST_SETTING_H

struct findings;
struct host;

/* Those that apply to @host, to the end of @findings. */
void settings_add(const struct host *host, struct findings *findings);

#endif
