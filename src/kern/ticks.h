/* SPDX-License-Identifier: GPL-2.0-only */
/* HZ, by counting jiffies while other things are done. */
#ifndef KERN_TICKS_H
#define KERN_TICKS_H

struct host;
struct ticks;

/* Start to count. NULL: this kernel does not let us. */
struct ticks *ticks_start(void);

/*
 * Have counted for 60 ms at least, so sleep what is left of them, and set .measured_hz of @host,
 * whose .config_hz is known. Frees @ticks, which may be NULL: nothing is measured then.
 */
void ticks_stop(struct ticks *ticks, struct host *host);

void ticks_free(struct ticks *ticks);

#endif
