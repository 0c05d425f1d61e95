// SPDX-License-Identifier: GPL-2.0-only
/* Scripts: what logs, recordings and lists come to, and in which orders they can be played. */
#include "base/err.h"
#include "base/str.h"
#include "script/emit.h"
#include "script/list.h"
#include "script/order.h"
#include "script/source.h"
#include "script/suggest.h"

#include "unit.h"

#include <errno.h>

static struct scripts scripts;
static struct err err;

static int read_text(const char *text)
{
	struct script_source *source = script_source_new(&scripts, ARCH_X86);
	int ret;

	err = (struct err){0};
	ret = script_source_feed(source, text, strlen(text), &err);
	if (!ret)
		ret = script_source_finish(source, &err);
	script_source_free(source);
	return ret;
}

static int forget(void **state)
{
	(void)state;
	scripts_fini(&scripts);
	scripts = (struct scripts){.cnt = 0};
	return 0;
}

/* The script as a list. */
static const char *listed(const struct script *script)
{
	static char text[4096];
	struct str out;

	str_init(&out);
	list_put(script, &out);
	snprintf(text, sizeof(text), "%s", out.text);
	str_fini(&out);
	return text;
}

static const char *played(const struct script *script)
{
	static char text[512];
	struct str out;

	str_init(&out);
	script_say_played(script, &out);
	snprintf(text, sizeof(text), "%s", out.text);
	str_fini(&out);
	return text;
}

#define STRACE_HEAD                                                                                \
	"11  100.000000 ioctl(3</dev/kvm>, KVM_CREATE_VM, 0) = 4<anon_inode:kvm-vm> <0.000300>\n"

static void a_log_becomes_calls_threads_and_gaps(void **state)
{
	(void)state;
	assert_int_equal(
		read_text("11  99.000000 eventfd2(0, EFD_NONBLOCK) = 9<anon_inode:[eventfd]> "
			  "<0.000017>\n" STRACE_HEAD "11  100.000500 ioctl(4<anon_inode:kvm-vm>, "
			  "KVM_CREATE_IRQCHIP, 0) = 0 <0.000100>\n"
			  "11  100.000650 clone3({flags=CLONE_VM|CLONE_THREAD, stack=0x7f}, 88) = "
			  "12 <0.000050>\n"
			  "12  100.000800 ioctl(4<anon_inode:kvm-vm>, KVM_CREATE_VCPU, 1) = "
			  "7<anon_inode:kvm-vcpu:1> <0.000200>\n"
			  "12  100.001100 ioctl(7<anon_inode:kvm-vcpu:1>, KVM_SET_MSRS, 0x7ffc) = "
			  "2 <0.000020>\n"
			  "11  100.002000 ioctl(4<anon_inode:kvm-vm>, KVM_SET_USER_MEMORY_REGION, "
			  "{slot=0, flags=0, guest_phys_addr=0, memory_size=67108864, "
			  "userspace_addr=0x7f7bea600000}) = 0 <0.005000>\n"
			  "12  100.003000 ioctl(7<anon_inode:kvm-vcpu:1>, KVM_RUN, 0) = -1 EINTR "
			  "(Interrupted) <0.000020>\n"
			  "12  100.003100 ioctl(7<anon_inode:kvm-vcpu:1>, KVM_RUN <unfinished "
			  "...>\n"),
		0);
	assert_int_equal(scripts.cnt, 1);
	assert_string_equal(listed(&scripts.vms[0]), "+0us t0 KVM_CREATE_VM <300us>\n"
						     "+200us t0 KVM_CREATE_IRQCHIP <100us>\n"
						     "+50us t0 thread <50us>\n"
						     "+100us t1 KVM_CREATE_VCPU id=1 <200us>\n"
						     "+1000us t0 KVM_SET_USER_MEMORY_REGION slot=0 "
						     "flags=0x0 gpa=0x0 size=0x4000000 <5000us>\n"
						     "@1000us t1 KVM_RUN id=1\n"
						     "exit\n");
	assert_string_equal(played(&scripts.vms[0]),
			    "played 5 of 7 calls; skipped: KVM_RUN 1, KVM_SET_MSRS 1");
	/* up to the start of KVM_RUN, which began while the memory slot waited */
	assert_int_equal(script_recorded_start_ns(&scripts.vms[0]), 3000000);
}

static void what_a_pointer_hides_is_counted(void **state)
{
	(void)state;
	assert_int_equal(read_text(STRACE_HEAD
				   "11  100.001 ioctl(4<anon_inode:kvm-vm>, KVM_IOEVENTFD, 0x7ff) "
				   "= 0 <0.000015>\n"
				   "11  100.002 ioctl(4<anon_inode:kvm-vm>, KVM_IOEVENTFD, 0x7ff) "
				   "= 0 <0.000015>\n"
				   "11  100.003 ioctl(4<anon_inode:kvm-vm>, KVM_IOEVENTFD, 0x7ff) "
				   "= 0 <0.004000>\n"
				   "11  100.008 ioctl(4<anon_inode:kvm-vm>, KVM_IOEVENTFD, 0x7ff) "
				   "= 0 <0.000015>\n"
				   "11  100.009 ioctl(4<anon_inode:kvm-vm>, KVM_IOEVENTFD, 0x7ff) "
				   "= 0 <0.000015>\n"
				   "11  100.010 close(4<anon_inode:kvm-vm>) = 0 <0.000700>\n"),
			 0);
	assert_int_equal(scripts.vms[0].assumed, 5);
	assert_int_equal(scripts.vms[0].guessed, 2);
	assert_false(script_op_has(&scripts.vms[0].ops[2], KEY_FLAGS));
	assert_int_equal(scripts.vms[0].ops[3].values[KEY_FLAGS], 4); /* the long one takes back */
	assert_int_equal(scripts.vms[0].ops[4].values[KEY_FLAGS], 4);
	assert_false(script_op_has(&scripts.vms[0].ops[5], KEY_FLAGS));
	assert_false(scripts.vms[0].ends_by_exit);
}

static void a_capability_is_the_split_irqchip_where_one_is_missing(void **state)
{
	static const char with[] = STRACE_HEAD
		"11  100.001 ioctl(4<anon_inode:kvm-vm>, KVM_ENABLE_CAP, 0x7ff) = 0 <0.000015>\n"
		"11  100.002 ioctl(4<anon_inode:kvm-vm>, KVM_IRQFD, 0x7ff) = 0 <0.000015>\n";
	static const char without[] = STRACE_HEAD
		"11  100.001 ioctl(4<anon_inode:kvm-vm>, KVM_ENABLE_CAP, 0x7ff) = 0 <0.000015>\n";

	assert_int_equal(read_text(with), 0);
	assert_true(scripts.vms[0].is_split);
	assert_int_equal(scripts.vms[0].cnt, 3);
	forget(state);
	assert_int_equal(read_text(without), 0);
	assert_int_equal(scripts.vms[0].cnt, 1);
	assert_int_equal(scripts.vms[0].skipped[CALL_ENABLE_CAP], 1);
}

static void json_of_trace_has_arguments_and_initiators(void **state)
{
	(void)state;
	assert_int_equal(
		read_text(
			"{\"type\":\"stall\",\"v\":1,\"ts_ns\":5000000,\"vm\":{\"id\":1,\"pid\":11}"
			",\"tid\":11,"
			"\"call\":\"KVM_SET_USER_MEMORY_REGION\",\"args\":{\"slot\":0,\"flags\":0,"
			"\"gpa\":0,\"size\":4096},"
			"\"ret\":0,\"latency_ns\":4000000,\"culprit\":{\"kind\":\"starter\","
			"\"call\":\"KVM_CREATE_IRQCHIP\","
			"\"tid\":11,\"age_ns\":700000,\"self\":false,\"vm\":1},\"stuck\":false}\n"),
		0);
	assert_true(scripts.is_partial);
	assert_string_equal(listed(&scripts.vms[0]), "+0us t0 KVM_CREATE_VM\n"
						     "+1000us t0 KVM_CREATE_IRQCHIP\n"
						     "+700us t0 KVM_SET_USER_MEMORY_REGION slot=0 "
						     "flags=0x0 gpa=0x0 size=0x1000 <4000us>\n"
						     "exit\n");
}

/* Where all calls are, the initiator is one of them, whenever the stall says it was. */
static void an_initiator_is_not_there_twice(void **state)
{
	(void)state;
	assert_int_equal(read_text("{\"type\":\"call\",\"ts_ns\":1000000,\"vm\":{\"id\":1},\"tid\":"
				   "11,\"call\":\"KVM_CREATE_VM\",\"latency_ns\":300000}\n"
				   "{\"type\":\"call\",\"ts_ns\":2000000,\"vm\":{\"id\":1},\"tid\":"
				   "11,\"call\":\"KVM_CREATE_IRQCHIP\",\"latency_ns\":90000}\n"
				   "{\"type\":\"stall\",\"ts_ns\":5000000,\"vm\":{\"id\":1},"
				   "\"tid\":11,\"call\":\"KVM_SET_USER_MEMORY_REGION\","
				   "\"latency_ns\":4000000,\"culprit\":{\"call\":\"KVM_CREATE_"
				   "IRQCHIP\",\"tid\":11,\"age_ns\":700000,\"vm\":1}}\n"),
			 0);
	assert_int_equal(scripts.vms[0].cnt, 3);
	assert_false(scripts.is_partial);
}

static void a_list_is_read_as_it_is_written(void **state)
{
	static const char text[] = "+0us t0 KVM_CREATE_VM type=0 <300us>\n"
				   "+200us t0 KVM_CREATE_IRQCHIP <100us>\n"
				   "@50us t7 KVM_IRQFD fd=18446744073709551615 gsi=5 err=22 ?\n"
				   "+0us t0 KVM_SET_USER_MEMORY_REGION slot=last size=0x0\n"
				   "+1000us t0 dup\n"
				   "exit\n";

	(void)state;
	assert_int_equal(read_text(text), 0);
	assert_string_equal(listed(&scripts.vms[0]), text);
}

static void groups_are_there_as_often_as_asked(void **state)
{
	static const char text[] = "KVM_CREATE_VM\n"
				   "[devices\nKVM_IOEVENTFD\nKVM_IRQFD\n/\nKVM_IRQFD gsi=7\n]\n";
	static const struct script_sizes three = {.devices = 3}, one = {.devices = 1};
	struct script script = {.ops = NULL};

	(void)state;
	assert_int_equal(list_parse(text, strlen(text), &three, &script, &err), 0);
	assert_string_equal(listed(&script), "+0us t0 KVM_CREATE_VM\n"
					     "+0us t0 KVM_IOEVENTFD\n+0us t0 KVM_IRQFD\n"
					     "+0us t0 KVM_IRQFD gsi=7\n"
					     "+0us t0 KVM_IOEVENTFD\n+0us t0 KVM_IRQFD\n");
	script_fini(&script);
	assert_int_equal(list_parse(text, strlen(text), &one, &script, &err), 0);
	assert_int_equal(script.cnt, 3);
	script_fini(&script);
}

static void nonsense_is_refused_by_its_line(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{"KVM_CREATE_VM\nKVM_FLY\n", "line 2: 'KVM_FLY' is not understood"},
		{"KVM_CREATE_VM\n+1us\n", "line 2: 'no call' is not understood"},
		{"KVM_CREATE_VM\nKVM_RUN id=x\n", "line 2: 'id=x' is not understood"},
		{"KVM_CREATE_VM\n[devices\nKVM_IRQFD\n", "line 3: the end, and a '[' has no ']'"},
		{"KVM_CREATE_IRQCHIP\n",
		 "the calls on a VM begin with one KVM_CREATE_VM, and these do not"},
		{"hello\n", "this says nothing of which calls were made"},
	};

	for (size_t i = 0; i < CNT(bad); i++) {
		assert_true(read_text(bad[i].text) < 0);
		assert_memory_equal(err.msg, bad[i].says, strlen(bad[i].says));
		forget(state);
	}
}

static void numbers_have_bounds(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{"KVM_CREATE_VM\nKVM_SET_USER_MEMORY_REGION slot=1000000000 gpa=0 size=0x1000\n",
		 "KVM_SET_USER_MEMORY_REGION slot=1000000000: at most 32767 is played"},
		{"KVM_CREATE_VM\nKVM_SET_USER_MEMORY_REGION slot=0 gpa=0 size=0x10000000000\n",
		 "KVM_SET_USER_MEMORY_REGION asks for 1024 GiB: at most 512 are played"},
		{"KVM_CREATE_VM\nKVM_CREATE_VCPU id=1024\n",
		 "KVM_CREATE_VCPU id=1024: at most 1023 is played"},
		{"KVM_CREATE_VM\nKVM_SET_GSI_ROUTING nr=4294967295\n",
		 "KVM_SET_GSI_ROUTING nr=4294967295: at most 4096 is played"},
		{"KVM_CREATE_VM\n+1h KVM_CREATE_IRQCHIP\n",
		 "KVM_CREATE_IRQCHIP: a gap of more than 1s"},
		{"KVM_CREATE_VM\nKVM_SET_USER_MEMORY_REGION slot=0 gpa=0 size=0x4100000000\n"
		 "KVM_SET_USER_MEMORY_REGION slot=1 gpa=0x4100000000 size=0x4100000000\n",
		 "memory slots of 520 GiB: at most 512 are played"},
	};

	for (size_t i = 0; i < CNT(bad); i++) {
		assert_true(read_text(bad[i].text) < 0);
		assert_string_equal(err.msg, bad[i].says);
		forget(state);
	}
}

/* 131072 calls and one. */
static void there_are_not_too_many_calls(void **state)
{
	static const char one[] = "KVM_IRQFD gsi=5\n";
	size_t cnt = SCRIPT_OPS_MAX;
	struct script script = {.ops = NULL};
	static const struct script_sizes sizes = {0};
	char *text = malloc(cnt * strlen(one) + 32), *at = text;

	(void)state;
	at += sprintf(at, "KVM_CREATE_VM\n");
	for (size_t i = 0; i < cnt; i++)
		at = stpcpy(at, one);
	assert_int_equal(list_parse(text, at - text, &sizes, &script, &err), -E2BIG);
	assert_string_equal(err.msg, "line 131073: more than 131072 calls");
	script_fini(&script);
	free(text);
}

/* ---- orders ---- */

static const char start[] = "+0us t0 KVM_CREATE_VM\n"
			    "+5us t0 KVM_CREATE_IRQCHIP\n"
			    "+0us t0 KVM_CREATE_PIT2\n"
			    "+0us t0 KVM_CREATE_VCPU id=0\n"
			    "+7us t0 KVM_SET_USER_MEMORY_REGION slot=0\n"
			    "+0us t0 KVM_IOEVENTFD\n"
			    "+0us t0 KVM_SET_USER_MEMORY_REGION slot=1\n"
			    "+0us t0 KVM_RUN id=0\n"
			    "+0us t0 KVM_SET_USER_MEMORY_REGION slot=2\n";

/* The first letters of what distinguishes them. */
static const char *spell(const struct script *script)
{
	static char text[64];
	size_t i;

	for (i = 0; i < script->cnt && i < sizeof(text) - 1; i++) {
		const struct script_op *op = &script->ops[i];

		text[i] = op->id == CALL_SET_USER_MEMORY_REGION
				  ? (char)('0' + script_op_get(op, KEY_SLOT, 9))
			  : op->id == CALL_CREATE_IRQCHIP ? 'i'
			  : op->id == CALL_CREATE_PIT2	  ? 'p'
			  : op->id == CALL_CREATE_VCPU	  ? 'v'
			  : op->id == CALL_IOEVENTFD	  ? 'd'
			  : op->id == CALL_RUN		  ? 'k'
							  : 'c';
	}
	text[i] = 0;
	return text;
}

static void an_order_moves_what_the_start_has_of_memory(void **state)
{
	static const char *const wanted[] = {"cipvd01k2", "c01ipvdk2", "cipv0d1k2"};

	for (int order = 0; order <= ORDER_OWN; order++) {
		assert_int_equal(read_text(start), 0);
		order_move(&scripts.vms[0], order);
		assert_string_equal(spell(&scripts.vms[0]), wanted[order]);
		forget(state);
	}
}

static void a_gap_goes_where_its_call_goes(void **state)
{
	(void)state;
	assert_int_equal(read_text(start), 0);
	order_move(&scripts.vms[0], ORDER_MEMSLOTS_FIRST);
	assert_int_equal(scripts.vms[0].ops[1].gap_ns, 7000);
	assert_int_equal(scripts.vms[0].ops[3].gap_ns, 5000);
}

static void other_work_follows_each_group_of_devices(void **state)
{
	(void)state;
	assert_int_equal(read_text(start), 0);
	order_add_gaps(&scripts.vms[0], 1000000);
	assert_int_equal(scripts.vms[0].ops[2].gap_ns, 0);
	assert_int_equal(scripts.vms[0].ops[3].gap_ns, 1000000);
	assert_int_equal(scripts.vms[0].ops[6].gap_ns, 1000000);
	assert_int_equal(scripts.vms[0].ops[7].gap_ns, 0);
}

static void a_list_orders_the_calls_that_there_are(void **state)
{
	struct script wanted = {.ops = NULL}, more = {.ops = NULL};
	static const struct script_sizes sizes = {0};
	static const char fewer[] = "KVM_CREATE_VM\nKVM_SET_USER_MEMORY_REGION slot=0\n"
				    "KVM_CREATE_IRQCHIP\n";
	uint32_t left_out;

	(void)state;
	assert_int_equal(read_text(start), 0);
	assert_int_equal(list_parse(fewer, strlen(fewer), &sizes, &wanted, &err), 0);
	assert_int_equal(order_apply(&scripts.vms[0], &wanted, &left_out, &err), 0);
	assert_string_equal(spell(&scripts.vms[0]), "c0i");
	assert_int_equal(left_out, 6);
	assert_int_equal(list_parse(start, strlen(start), &sizes, &more, &err), 0);
	assert_true(order_apply(&scripts.vms[0], &more, &left_out, &err) < 0);
	assert_string_equal(err.msg, "call 3, KVM_CREATE_PIT2: the file has not so many of it");
	script_fini(&wanted);
	script_fini(&more);
}

static void what_kvm_refuses_is_refused_with_its_reason(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{"KVM_CREATE_VM\nKVM_CREATE_VCPU id=0\nKVM_CREATE_IRQCHIP\n",
		 "call 3, KVM_CREATE_IRQCHIP: x86 refuses KVM_CREATE_IRQCHIP once there is a vCPU"},
		{"KVM_CREATE_VM\nKVM_IRQFD\n", "call 2, KVM_IRQFD: irqfds want an irqchip"},
		{"KVM_CREATE_VM\nKVM_CREATE_PIT2\n",
		 "call 2, KVM_CREATE_PIT2: a PIT wants an irqchip, which is made before vCPUs"},
		{"KVM_CREATE_VM\nKVM_RUN\n",
		 "call 2, KVM_RUN: there is no vCPU before KVM_CREATE_VCPU"},
		{"KVM_CREATE_VM\nclose\nKVM_CREATE_VCPU\n",
		 "call 3, KVM_CREATE_VCPU: the VM is closed before"},
		{"KVM_CREATE_VM\nKVM_IOEVENTFD flags=0x4\nKVM_IOEVENTFD\n",
		 "call 2, KVM_IOEVENTFD: the second takes back what the first made"},
	};

	for (size_t i = 0; i < CNT(bad); i++) {
		assert_int_equal(read_text(bad[i].text), 0);
		assert_true(order_check(&scripts.vms[0], ARCH_X86, &err) < 0);
		assert_string_equal(err.msg, bad[i].says);
		forget(state);
	}
	assert_int_equal(read_text(start), 0);
	assert_int_equal(order_check(&scripts.vms[0], ARCH_X86, &err), 0);
}

/* ---- moves ---- */

static void the_moves_are_those_of_the_first_call_that_waits(void **state)
{
	struct suggestion moves[SUGGESTIONS_MAX] = {{.moved = 0}};
	bool stalls[16] = {false};

	(void)state;
	assert_int_equal(read_text(start), 0);
	assert_int_equal(suggest(&scripts.vms[0], stalls, ARCH_X86, moves), 0);
	stalls[4] = true;
	assert_int_equal(suggest(&scripts.vms[0], stalls, ARCH_X86, moves), 3);
	assert_string_equal(moves[0].text,
			    "move KVM_SET_USER_MEMORY_REGION slot=0 before KVM_CREATE_PIT2");
	assert_string_equal(spell(&moves[0].script), "ci0pvd1k2");
	assert_string_equal(moves[1].text,
			    "move KVM_SET_USER_MEMORY_REGION slot=0 before KVM_CREATE_IRQCHIP");
	assert_string_equal(spell(&moves[1].script), "c0ipvd1k2");
	assert_string_equal(
		moves[2].text,
		"move KVM_SET_USER_MEMORY_REGION slot=0 and 1 more before KVM_CREATE_IRQCHIP");
	assert_string_equal(spell(&moves[2].script), "c01ipvdk2");
	for (size_t i = 0; i < SUGGESTIONS_MAX; i++)
		script_fini(&moves[i].script);
}

/* ---- C ---- */

static void c_has_the_calls_and_nothing_of_the_log(void **state)
{
	struct str out;

	(void)state;
	str_init(&out);
	assert_int_equal(
		read_text(STRACE_HEAD
			  "11  100.0010 ioctl(4<anon_inode:kvm-vm>, KVM_CREATE_IRQCHIP, 0) = 0 "
			  "<0.0001>\n"
			  "11  100.0020 ioctl(4<anon_inode:kvm-vm>, KVM_IOEVENTFD, 0x7ffd1234) = 0 "
			  "<0.0001>\n"
			  "11  100.0030 ioctl(4<anon_inode:kvm-vm>, KVM_IOEVENTFD, 0x7ffd1234) = 0 "
			  "<0.0040>\n"
			  "11  100.0080 ioctl(4<anon_inode:kvm-vm>, KVM_SET_USER_MEMORY_REGION, "
			  "{slot=3, flags=KVM_MEM_READONLY, guest_phys_addr=0x1000, "
			  "memory_size=8192, userspace_addr=0x7f7bea600000}) = 0 <0.005>\n"),
		0);
	assert_int_equal(emit_c(&scripts.vms[0], "1.2.3", &out, &err), 0);
	assert_non_null(strstr(out.text, "CALL(0, KVM_CREATE_VM, 0)"));
	assert_non_null(strstr(out.text, "CALL(700, KVM_CREATE_IRQCHIP, 0)"));
	assert_non_null(strstr(out.text, "CALL(900, KVM_IOEVENTFD, 0xd0000050, 4, 0, 1, 0)"));
	assert_non_null(strstr(out.text, "CALL(900, KVM_IOEVENTFD, 0xd0000050, 4, 0, 5, 0)"));
	assert_non_null(
		strstr(out.text, "CALL(1000, KVM_SET_USER_MEMORY_REGION, 3, 2, 0x1000, 0x2000)"));
	assert_null(strstr(out.text, "7ffd"));
	assert_null(strstr(out.text, "KVM_IRQFD"));
	str_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_log_becomes_calls_threads_and_gaps, forget),
		cmocka_unit_test_teardown(what_a_pointer_hides_is_counted, forget),
		cmocka_unit_test_teardown(a_capability_is_the_split_irqchip_where_one_is_missing,
					  forget),
		cmocka_unit_test_teardown(json_of_trace_has_arguments_and_initiators, forget),
		cmocka_unit_test_teardown(an_initiator_is_not_there_twice, forget),
		cmocka_unit_test_teardown(a_list_is_read_as_it_is_written, forget),
		cmocka_unit_test_teardown(groups_are_there_as_often_as_asked, forget),
		cmocka_unit_test_teardown(nonsense_is_refused_by_its_line, forget),
		cmocka_unit_test_teardown(numbers_have_bounds, forget),
		cmocka_unit_test_teardown(there_are_not_too_many_calls, forget),
		cmocka_unit_test_teardown(an_order_moves_what_the_start_has_of_memory, forget),
		cmocka_unit_test_teardown(a_gap_goes_where_its_call_goes, forget),
		cmocka_unit_test_teardown(other_work_follows_each_group_of_devices, forget),
		cmocka_unit_test_teardown(a_list_orders_the_calls_that_there_are, forget),
		cmocka_unit_test_teardown(what_kvm_refuses_is_refused_with_its_reason, forget),
		cmocka_unit_test_teardown(the_moves_are_those_of_the_first_call_that_waits, forget),
		cmocka_unit_test_teardown(c_has_the_calls_and_nothing_of_the_log, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
