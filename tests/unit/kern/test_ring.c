// SPDX-License-Identifier: GPL-2.0-only
/* A file that is laid out as a BPF ring buffer is one, as far as its reader sees. */
#include <errno.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kern/ring.h"

#include "unit.h"

#define RING_BYTES (4u << 20) /* larger than what is mapped of it */

static struct {
	int fd;
	size_t page_bytes;
	unsigned long *consumer, *producer;
	char *data; /* twice, as the kernel maps it */
	struct ring *ring;
	uint32_t next, seen; /* what records say: 0, 1, 2, ... */
	uint64_t seen_bytes;
	uint32_t stop_at;
} world;

static int on_record(void *ctx, const void *record, size_t size)
{
	uint32_t number;

	(void)ctx;
	assert_true(size >= sizeof(number));
	memcpy(&number, record, sizeof(number));
	assert_int_equal(number, world.seen);
	for (size_t i = sizeof(number); i < size; i++)
		assert_int_equal(((const uint8_t *)record)[i], (uint8_t)(number + i));
	world.seen++;
	world.seen_bytes += size;
	return number == world.stop_at ? -ENOMEM : 0;
}

static void put_byte(size_t at, uint8_t byte)
{
	world.data[at % RING_BYTES] = byte;
	world.data[at % RING_BYTES + RING_BYTES] = byte;
}

static void put_head(unsigned long at, uint32_t head)
{
	for (size_t i = 0; i < sizeof(head); i++)
		put_byte(at + i, head >> (8 * i)); /* little endian, as all that KVM runs on here */
}

static unsigned long add(size_t size, uint32_t flags)
{
	unsigned long at = *world.producer;
	size_t whole = (BPF_RINGBUF_HDR_SZ + size + 7) / 8 * 8;

	assert_true(at + whole - *world.consumer <= RING_BYTES);
	put_head(at, size | flags);
	for (size_t i = 0; i < size; i++)
		put_byte(at + BPF_RINGBUF_HDR_SZ + i,
			 i < 4 ? world.next >> (8 * i) : world.next + i);
	if (!(flags & BPF_RINGBUF_DISCARD_BIT))
		world.next++;
	*world.producer = at + whole;
	return at;
}

static int set_up(void **state)
{
	size_t page = sysconf(_SC_PAGESIZE), bytes = 2 * page + 2 * RING_BYTES;
	char *all;

	(void)state;
	memset(&world, 0, sizeof(world));
	world.stop_at = UINT32_MAX;
	world.page_bytes = page;
	world.fd = memfd_create("ring", MFD_CLOEXEC);
	assert_int_equal(ftruncate(world.fd, bytes), 0);
	all = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, world.fd, 0);
	assert_ptr_not_equal(all, MAP_FAILED);
	world.consumer = (unsigned long *)(void *)all;
	world.producer = (unsigned long *)(void *)(all + page);
	world.data = all + 2 * page;
	world.ring = ring_new(world.fd, RING_BYTES, on_record, NULL);
	assert_non_null(world.ring);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	ring_free(world.ring);
	munmap(world.consumer, 2 * world.page_bytes + 2 * RING_BYTES);
	close(world.fd);
	return 0;
}

static void an_empty_ring_has_no_records(void **state)
{
	(void)state;
	assert_int_equal(ring_consume(world.ring), 0);
}

/* Sizes are prime, so that records end everywhere, over every edge of what is mapped. */
static void every_record_is_seen_once_over_many_rounds(void **state)
{
	static const size_t sizes[] = {5, 101, 23, 1009, 7, 4099, 307};
	size_t i = 0;
	uint64_t bytes = 0;

	(void)state;
	while (*world.producer < 7ul * RING_BYTES) {
		int cnt = 0;

		while (*world.producer - *world.consumer < RING_BYTES - 8192) {
			size_t size = sizes[i++ % CNT(sizes)];

			add(size, 0);
			bytes += size;
			cnt++;
		}
		assert_int_equal(ring_consume(world.ring), cnt);
		assert_int_equal(*world.consumer, *world.producer);
	}
	assert_int_equal(world.seen, world.next);
	assert_int_equal(world.seen_bytes, bytes);
}

/* One that is larger than the part that is mapped at once. */
static void a_large_record_is_whole(void **state)
{
	(void)state;
	for (int i = 0; i < 23; i++) {
		add(1048583, 0);
		add(101, 0);
		assert_int_equal(ring_consume(world.ring), 2);
	}
	assert_int_equal(world.seen, 46);
}

static void what_is_thrown_away_is_no_record(void **state)
{
	(void)state;
	add(101, 0);
	add(23, BPF_RINGBUF_DISCARD_BIT);
	add(101, 0);
	assert_int_equal(ring_consume(world.ring), 2);
	assert_int_equal(*world.consumer, *world.producer);
}

static void a_record_that_is_being_written_is_waited_for(void **state)
{
	unsigned long busy;

	(void)state;
	add(101, 0);
	busy = add(23, BPF_RINGBUF_BUSY_BIT);
	add(101, 0);
	assert_int_equal(ring_consume(world.ring), 1);
	assert_int_equal(*world.consumer, busy);
	assert_int_equal(ring_consume(world.ring), 0);
	put_head(busy, 23);
	assert_int_equal(ring_consume(world.ring), 2);
	assert_int_equal(world.seen, 3);
}

/* ... and the record that it was about is not seen again. */
static void what_the_callback_returns_ends_it(void **state)
{
	(void)state;
	for (int i = 0; i < 23; i++)
		add(101, 0);
	world.stop_at = 6;
	assert_int_equal(ring_consume(world.ring), -ENOMEM);
	assert_int_equal(world.seen, 7);
	assert_int_equal(ring_consume(world.ring), 16);
	assert_int_equal(world.seen, 23);
}

static void what_is_no_ring_is_refused(void **state)
{
	(void)state;
	assert_null(ring_new(-1, RING_BYTES, on_record, NULL));
	assert_int_equal(errno, EBADF);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(an_empty_ring_has_no_records),
		TEST(every_record_is_seen_once_over_many_rounds),
		TEST(a_large_record_is_whole),
		TEST(what_is_thrown_away_is_no_record),
		TEST(a_record_that_is_being_written_is_waited_for),
		TEST(what_the_callback_returns_ends_it),
		TEST(what_is_no_ring_is_refused),
	};

	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
