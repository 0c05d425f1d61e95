// SPDX-License-Identifier: GPL-2.0-only
/* Nothing that names a host is left in a record, and what is left says the same. */
#include "capture/anonymize.h"

#include "capture/environment.h"
#include "capture/item.h"
#include "ledger/record_view.h"
#include "ledger/symbols.h"

#include "any_record.h"
#include "unit.h"

#define SECRET	    0xffff9dead5ec0000ULL /* each address is this and a little more */
#define SECRET_USER 0x7fdead5ec123ULL
#define COMM	    "secret-thread" /* long enough for a word of its own */

static void fill_stack(__u64 *stack)
{
	for (size_t i = 0; i < KS_STACK_MAX; i++)
		stack[i] = SECRET + 0x100 + i;
}

static size_t fill_cpu(struct ks_cpu *cpu)
{
	cpu->since_ns = 7;
	cpu->ran_tid = 19;
	strcpy(cpu->comm, COMM);
	strcpy(cpu->ran_comm, COMM);
	strcpy(cpu->waker_comm, COMM);
	return sizeof(*cpu);
}

static size_t fill_task(struct ks_task *rec)
{
	rec->kvm = SECRET;
	rec->ssp = SECRET + 1;
	rec->arg = SECRET_USER;
	rec->frames = KS_STACK_MAX;
	strcpy(rec->comm, COMM);
	fill_stack(rec->stack);
	return sizeof(*rec);
}

static size_t fill(union any_record *rec, uint8_t type)
{
	*rec = (union any_record){.head = {.ts_ns = 11, .tid = 13, .type = type}};
	switch (type) {
	case KS_VM:
		rec->vm.kvm = SECRET;
		rec->vm.srcu.ssp = SECRET + 1;
		rec->vm.irq_srcu.ssp = SECRET + 2;
		strcpy(rec->vm.comm, COMM);
		return sizeof(rec->vm);
	case KS_CALL:
		rec->call.kvm = SECRET;
		rec->call.arg = SECRET_USER;
		rec->call.ret = -17;
		memcpy(rec->call.args + 24, &(uint64_t){SECRET_USER}, sizeof(uint64_t));
		strcpy(rec->call.comm, COMM);
		return sizeof(rec->call);
	case KS_SLEEP:
		rec->sleep.kvm = SECRET;
		rec->sleep.ssp = SECRET + 1;
		rec->sleep.frames = KS_STACK_MAX;
		fill_stack(rec->sleep.stack);
		return sizeof(rec->sleep);
	case KS_START:
	case KS_CALLBACK:
		rec->start.kvm = SECRET;
		rec->start.ssp = SECRET + 1;
		rec->start.func = SECRET + 3;
		rec->start.frames = KS_STACK_MAX;
		strcpy(rec->start.comm, COMM);
		fill_stack(rec->start.stack);
		return sizeof(rec->start);
	case KS_LOCK:
		rec->lock.kvm = SECRET;
		rec->lock.lock = SECRET + 4;
		strcpy(rec->lock.owner_comm, COMM);
		return sizeof(rec->lock);
	case KS_SUSPECT:
	case KS_ASLEEP:
		return fill_task(&rec->task);
	case KS_PREEMPTED:
	case KS_WOKEN:
	case KS_LATE:
	case KS_WANTS:
	case KS_HALTED:
		return fill_cpu(&rec->cpu);
	case KS_RCU_SLEEP:
	case KS_RCU_WAKE:
		rec->rcu.tid = 19;
		strcpy(rec->rcu.comm, COMM);
		return sizeof(rec->rcu);
	case KS_RCU_FIRED:
		rec->timer.armed_ns = 23;
		return sizeof(rec->timer);
	case KS_READERS:
		rec->readers.ssp = SECRET + 1;
		return sizeof(rec->readers);
	case KS_VM_GONE:
	case KS_HELD:
	case KS_DOMAIN:
	case KS_CLOSING:
	case KS_BORN:
	case KS_RUN:
		rec->step.val = SECRET;
		rec->step.ssp = SECRET + 1;
		rec->step.seq = 19;
		return sizeof(rec->step);
	case KS_CB_ARM:
	case KS_CB_QUEUE:
	case KS_CB_BEGIN:
	case KS_CB_END:
		rec->cb.ssp = SECRET + 1;
		rec->cb.val = 23;
		return sizeof(rec->cb);
	default:
		rec->step.ssp = SECRET + 1;
		rec->step.val = 23;
		return sizeof(rec->step);
	}
}

static bool is_secret(uint64_t word)
{
	return (word >= SECRET && word < SECRET + 0x1000) || word == SECRET_USER;
}

/* No secret, nor a part of COMM. */
static bool is_number(uint64_t word)
{
	return !is_secret(word) && memcmp(&word, COMM, sizeof(word)) &&
	       strncmp((const char *)&word, COMM + sizeof(word), sizeof(word));
}

static void test_no_record_holds_a_name_or_an_address(void **state)
{
	struct anonymize *anon = anonymize_new();
	size_t cnt = 0;

	(void)state;
	for (uint8_t type = 1; type < KS_TYPE_CNT; type++) {
		union any_record was, rec;
		const __u64 *words = (const __u64 *)&rec, *old = (const __u64 *)&was;
		size_t size = fill(&rec, type);

		if (!record_fixed_bytes(type))
			continue;
		was = rec;
		anonymize_record(anon, &rec, size);
		for (size_t i = 0; i < size / sizeof(uint64_t); i++) {
			assert_false(is_secret(words[i]));
			if (is_number(old[i]))
				assert_true(words[i] == old[i]);
		}
		for (size_t i = 0; i + 6 <= size; i++)
			assert_true(memcmp((char *)&rec + i, "secret", 6) &&
				    memcmp((char *)&rec + i, "thread", 6));
		cnt++;
	}
	assert_int_equal(cnt, 32);
	assert_int_equal(anonymize_failed(anon), 0);
	anonymize_free(anon);
}

static void test_the_same_is_replaced_by_the_same(void **state)
{
	struct anonymize *anon = anonymize_new();
	union any_record vm, gone, call;
	char one[16], two[16], again[16];

	(void)state;
	anonymize_record(anon, &vm, fill(&vm, KS_VM));
	anonymize_record(anon, &gone, fill(&gone, KS_VM_GONE));
	anonymize_record(anon, &call, fill(&call, KS_CALL));
	assert_true(vm.vm.kvm == gone.step.val && vm.vm.kvm == call.call.kvm);
	assert_true(vm.vm.kvm != vm.vm.srcu.ssp && vm.vm.srcu.ssp != vm.vm.irq_srcu.ssp);
	assert_string_equal(vm.vm.comm, call.call.comm);
	anonymize_vm_name(anon, "web", one, sizeof(one));
	anonymize_vm_name(anon, "db", two, sizeof(two));
	anonymize_vm_name(anon, "web", again, sizeof(again));
	assert_string_equal(one, "vm-1");
	assert_string_equal(two, "vm-2");
	assert_string_equal(again, one);
	anonymize_vm_name(anon, "", again, sizeof(again));
	assert_string_equal(again, "");
	anonymize_free(anon);
}

static void test_a_return_address_stays_in_its_function(void **state)
{
	struct anonymize *anon = anonymize_new();

	(void)state;
	anonymize_symbol(anon, SECRET + 0x123, SECRET + 0x100);
	assert_true(anonymize_address(anon, SECRET + 0x123) ==
		    anonymize_address(anon, SECRET + 0x100) + 0x23);
	assert_true(anonymize_address(anon, 0) == 0);
	anonymize_free(anon);
}

static void assert_function(struct anonymize *anon, uint64_t start, const char *name,
			    const char *expected)
{
	char other[CAPTURE_SYMBOL_MAX + 1];

	anonymize_function(anon, start, name, other, sizeof(other));
	assert_string_equal(other, expected);
}

/* A module from outside of the kernel's tree may be a KVM, whose functions explain stalls. */
static void test_functions_that_somebody_named_lose_their_names(void **state)
{
	struct symbols *foreign = symbols_new();
	struct anonymize *anon = anonymize_new();

	(void)state;
	symbols_add(foreign, SECRET + 0x100, "secret_open");
	symbols_add(foreign, SECRET + 0x200, "kvm_swap_active_memslots");
	symbols_add(foreign, SECRET + 0x300, "secret_close");
	symbols_sort(foreign);
	assert_function(anon, SECRET + 0x100, "secret_open", "secret_open"); /* nobody said so */
	anonymize_foreign(anon, foreign);
	assert_function(anon, SECRET + 0x100, "secret_open", "module_function_1");
	assert_function(anon, SECRET + 0x200, "kvm_swap_active_memslots",
			"kvm_swap_active_memslots");
	assert_function(anon, SECRET + 0x300, "secret_close", "module_function_2");
	assert_function(anon, SECRET + 0x100, "secret_open", "module_function_1");
	assert_function(anon, SECRET + 0x180, "vfs_ioctl", "vfs_ioctl");
	assert_function(anon, SECRET + 0x400, "bpf_prog_6deef7357e7b4530_secret", "bpf_prog_1");
	assert_function(anon, SECRET + 0x400, "bpf_prog_6deef7357e7b4531_secret", "bpf_prog_2");
	anonymize_free(anon);
	symbols_free(foreign);
}

/* Those of the kernel are the same everywhere; a name that only begins like one is somebody's. */
static void test_threads_of_the_kernel_keep_their_names(void **state)
{
	static const char *const kept[] = {"kworker/0:14", "kworker/u9:1H", "rcu_preempt",
					   "rcuop/1",	   "rcuc/0",	    "kvm-pit/4711"};
	static const char *const replaced[] = {"kworker/bank-of", "rcu_preempting",
					       "qemu-system-x86", "kvm-pit/x"};
	struct anonymize *anon = anonymize_new();
	char comm[KS_COMM_LEN];

	(void)state;
	for (size_t i = 0; i < CNT(kept); i++) {
		anonymize_comm(anon, kept[i], KS_COMM_LEN, comm, sizeof(comm));
		assert_string_equal(comm, kept[i]);
	}
	for (size_t i = 0; i < CNT(replaced); i++) {
		anonymize_comm(anon, replaced[i], KS_COMM_LEN, comm, sizeof(comm));
		assert_memory_equal(comm, "comm-", 5);
	}
	anonymize_free(anon);
}

static void test_the_command_line_keeps_what_explains_stalls(void **state)
{
	struct environment facts = {.cnt = 0};

	(void)state;
	environment_set(&facts, "kernel.cmdline",
			"root=UUID=1 rcupdate.rcu_normal=1 quiet nohz_full=1-3");
	environment_set(&facts, "arch", "x86_64");
	assert_int_equal(anonymize_environment(&facts), 0);
	assert_string_equal(environment_get(&facts, "kernel.cmdline"),
			    "rcupdate.rcu_normal=1 nohz_full=1-3");
	assert_string_equal(environment_get(&facts, "arch"), "x86_64");
	environment_set(&facts, "kernel.cmdline", "root=UUID=1");
	assert_int_equal(anonymize_environment(&facts), 0);
	assert_string_equal(environment_get(&facts, "kernel.cmdline"), "(left out)");
	environment_fini(&facts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_record_holds_a_name_or_an_address),
		cmocka_unit_test(test_the_same_is_replaced_by_the_same),
		cmocka_unit_test(test_a_return_address_stays_in_its_function),
		cmocka_unit_test(test_functions_that_somebody_named_lose_their_names),
		cmocka_unit_test(test_threads_of_the_kernel_keep_their_names),
		cmocka_unit_test(test_the_command_line_keeps_what_explains_stalls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
