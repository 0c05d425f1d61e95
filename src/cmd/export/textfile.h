/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file kvmstall.prom in a directory of node_exporter's textfile collector.
 * The directory stays open, so that privileges to enter it are needed once only; it is opened again
 * when another one has its name.
 */
#ifndef CMD_EXPORT_TEXTFILE_H
#define CMD_EXPORT_TEXTFILE_H

struct err;
struct str;
struct textfile;

/* @dir must outlive it. NULL with @err set. */
struct textfile *textfile_open(const char *dir, struct err *err);
void textfile_close(struct textfile *textfile); /* NULL: nothing */

/* Can the file be made there? Returns 0 or a negative errno with @err set. */
int textfile_try(struct textfile *textfile, struct err *err);

/*
 * Replace the file by @text, in one step: a reader sees all of the old text or all of the new.
 * On an error, the old file stays. Returns 0 or a negative errno with @err set.
 */
int textfile_replace(struct textfile *textfile, const struct str *text, struct err *err);

/* At the end: what nobody writes any more would say for ever what was. */
void textfile_remove(struct textfile *textfile);

#endif
