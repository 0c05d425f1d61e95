/* SPDX-License-Identifier: GPL-2.0-only */
/* clang-format off */
/*
 * A vector that knows the type of its items, oldest first. It grows on demand up to a limit that
 * each push names, then forgets the oldest: the bounded history of something. All zero bytes is
 * empty.
 *
 * VEC_DECL(NAME, TYPE) defines struct NAME and:
 *
 *   size_t NAME_cnt(vec)                  items in it
 *   size_t NAME_cap(vec)                  items that it has memory for
 *   size_t NAME_bytes(vec)                what that is in bytes
 *   TYPE *NAME_at(vec, i)                 the i-th oldest, i < cnt
 *   TYPE *NAME_last(vec)                  the newest; NULL: it is empty
 *   TYPE *NAME_push(vec, max, dropped)    room for one more as the newest, zeroed
 *   size_t NAME_after(vec, is_after, key) how many are not is_after(item, key): all of them come before those
 *                                         that are. Looked for from the newest back
 *   void NAME_drop(vec, cnt)              forget the oldest @cnt, and memory that is far too much then
 *   void NAME_cut(vec, cnt)               forget all but the oldest @cnt
 *   void NAME_keep_last(vec)              forget all but the newest, and all memory but its own
 *   void NAME_fini(vec)                   forget all; it can be used again
 *
 * A push that finds @max of them forgets the oldest few, and so does one for which memory is short;
 * *@dropped (may be NULL) counts them. It returns NULL only when there is no room at all.
 * A pointer to an item is good until the next push, drop, keep_last or fini. At most 65535 items.
 */
/* clang-format on */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* What the types have in common; not for other use. */
struct vec {
	void *items;
	uint16_t cnt;
	uint16_t cap;
};

bool vec_make_room(struct vec *vec, size_t size, size_t max, uint64_t *dropped);
void vec_drop(struct vec *vec, size_t size, size_t cnt);
void vec_keep_last(struct vec *vec, size_t size);
void vec_fini(struct vec *vec);

#define VEC_FUNC static inline __attribute__((unused))

/* clang-format off */
#define VEC_DECL(NAME, TYPE)                                                                         \
	struct NAME { struct vec vec; };                                                             \
	VEC_FUNC size_t NAME##_cnt(const struct NAME *of) { return of->vec.cnt; }                    \
	VEC_FUNC size_t NAME##_cap(const struct NAME *of) { return of->vec.cap; }                    \
	VEC_FUNC size_t NAME##_bytes(const struct NAME *of) { return of->vec.cap * sizeof(TYPE); }   \
	VEC_FUNC TYPE *NAME##_at(const struct NAME *of, size_t i) { return (TYPE *)of->vec.items + i; } \
	VEC_FUNC TYPE *NAME##_last(const struct NAME *of)                                            \
	{ return of->vec.cnt ? NAME##_at(of, of->vec.cnt - 1u) : NULL; }                             \
	VEC_FUNC TYPE *NAME##_push(struct NAME *of, size_t max, uint64_t *dropped)                   \
	{                                                                                            \
		TYPE *item;                                                                          \
		if (of->vec.cnt == of->vec.cap && !vec_make_room(&of->vec, sizeof(TYPE), max, dropped)) \
			return NULL;                                                                 \
		item = NAME##_at(of, of->vec.cnt++);                                                 \
		memset(item, 0, sizeof(*item));                                                      \
		return item;                                                                         \
	}                                                                                            \
	VEC_FUNC size_t NAME##_after(const struct NAME *of,                                          \
				     bool (*is_after)(const TYPE *item, uint64_t key), uint64_t key) \
	{                                                                                            \
		size_t from = 0, to = of->vec.cnt;                                                   \
		for (size_t back = 1; back < of->vec.cnt && !from; back *= 2) {                      \
			size_t i = of->vec.cnt - back;                                               \
			if (is_after(NAME##_at(of, i), key))                                         \
				to = i;                                                              \
			else                                                                         \
				from = i + 1;                                                        \
		}                                                                                    \
		while (from < to) {                                                                  \
			size_t mid = from + (to - from) / 2;                                         \
			if (is_after(NAME##_at(of, mid), key))                                       \
				to = mid;                                                            \
			else                                                                         \
				from = mid + 1;                                                      \
		}                                                                                    \
		return from;                                                                         \
	}                                                                                            \
	VEC_FUNC void NAME##_drop(struct NAME *of, size_t cnt) { vec_drop(&of->vec, sizeof(TYPE), cnt); } \
	VEC_FUNC void NAME##_cut(struct NAME *of, size_t cnt)                                        \
	{ of->vec.cnt = cnt < of->vec.cnt ? (uint16_t)cnt : of->vec.cnt; }                           \
	VEC_FUNC void NAME##_keep_last(struct NAME *of) { vec_keep_last(&of->vec, sizeof(TYPE)); }   \
	VEC_FUNC void NAME##_fini(struct NAME *of) { vec_fini(&of->vec); }                           \
	struct NAME
/* clang-format on */

#endif
