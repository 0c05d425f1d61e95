// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/ioctls.h"

#include <linux/kvm.h>

#include "unit.h"

static void calls_have_the_names_and_numbers_of_the_kernels_header(void **state)
{
#define CASE(kind, cmd)                                                                            \
	{                                                                                          \
		kind, (uint32_t)(cmd), #cmd                                                        \
	}
	static const struct {
		enum ks_call_kind kind;
		uint32_t cmd;
		const char *name;
	} cases[] = {
		CASE(KS_KIND_DEV, KVM_CREATE_VM),
		CASE(KS_KIND_VM, KVM_CREATE_VCPU),
		CASE(KS_KIND_VM, KVM_SET_USER_MEMORY_REGION),
		CASE(KS_KIND_VM, KVM_CREATE_IRQCHIP),
		CASE(KS_KIND_VM, KVM_REGISTER_COALESCED_MMIO),
		CASE(KS_KIND_VM, KVM_UNREGISTER_COALESCED_MMIO),
		CASE(KS_KIND_VM, KVM_SET_GSI_ROUTING),
		CASE(KS_KIND_VM, KVM_REINJECT_CONTROL),
		CASE(KS_KIND_VM, KVM_IRQFD),
		CASE(KS_KIND_VM, KVM_CREATE_PIT2),
		CASE(KS_KIND_VM, KVM_IOEVENTFD),
		CASE(KS_KIND_VM, KVM_ENABLE_CAP),
		CASE(KS_KIND_VM, KVM_CREATE_DEVICE),
		CASE(KS_KIND_VM, KVM_SET_DEVICE_ATTR),
		CASE(KS_KIND_DEVICE, KVM_SET_DEVICE_ATTR),
		CASE(KS_KIND_VM, KVM_SET_TSS_ADDR),
		CASE(KS_KIND_VM, KVM_GET_DIRTY_LOG),
		CASE(KS_KIND_VM, KVM_SET_NR_MMU_PAGES),
		CASE(KS_KIND_VM, KVM_MEMORY_ENCRYPT_OP),
		CASE(KS_KIND_VM, KVM_MEMORY_ENCRYPT_REG_REGION),
		CASE(KS_KIND_VM, KVM_MEMORY_ENCRYPT_UNREG_REGION),
		CASE(KS_KIND_VM, KVM_CLEAR_DIRTY_LOG),
		CASE(KS_KIND_VM, KVM_RESET_DIRTY_RINGS),
		CASE(KS_KIND_VM, KVM_GET_STATS_FD),
		CASE(KS_KIND_VM, KVM_SET_IDENTITY_MAP_ADDR),
	};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++)
		assert_string_equal(call_name(call_of(cases[i].kind, cases[i].cmd)), cases[i].name);
}

static void a_system_call_has_its_architectures_number(void **state)
{
	static const struct {
		uint32_t x86, i386, generic;
		uint64_t arg;
		const char *name;
	} cases[] = {
		{290, 328, 19, 0, "eventfd2"},
		{0, 3, 63, 0, "read"},
		{3, 6, 57, 0, "close"},
		{32, 41, 23, 0, "dup"},
		{9, 192, 222, 0, "mmap"},
		{231, 252, 94, 0, "exit_group"},
		{16, 54, 29, KVM_RUN, "KVM_RUN"},
		{16, 54, 29, KVM_CREATE_VCPU, "KVM_CREATE_VCPU"},
		{16, 54, 29, 0xaf01, "VHOST_SET_OWNER"},
		{16, 54, 29, 0x5401, "ioctl"},
		{435, 435, 435, 0, "clone3"},
		{39, 20, 172, 0, "getpid"},
		{324, 375, 283, 0, "membarrier"},
		{1001, 1001, 1001, 0, "system call"},
		{426, 426, 426, 0, "io_uring_enter"},
		{74, 118, 82, 0, "fsync"},
		{KS_SYSCALL_NONE, KS_SYSCALL_NONE, KS_SYSCALL_NONE, 0, "page fault"},
		{KS_SYSCALL_USER, KS_SYSCALL_USER, KS_SYSCALL_USER, 0, "user code"},
	};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		enum call_id x86 = call_of_syscall(KS_SYSCALL_X86 | cases[i].x86, cases[i].arg);
		enum call_id i386 = call_of_syscall(KS_SYSCALL_I386 | cases[i].i386, cases[i].arg);
		enum call_id arm64 =
			call_of_syscall(KS_SYSCALL_GENERIC | cases[i].generic, cases[i].arg);

		assert_string_equal(call_name(x86), cases[i].name);
		assert_string_equal(call_name(i386), cases[i].name);
		assert_string_equal(call_name(arm64), cases[i].name);
	}
	/* a number that means nothing here has no name, and is no other's */
	for (uint32_t nr = 0; nr < 1024; nr++)
		assert_int_equal(call_of_syscall(KS_SYSCALL_ARM | nr, 0), CALL_SYSTEM_CALL);
	/* eventfd is x86's alone: nothing of arm64 has that name */
	for (uint32_t nr = 0; nr < 1024; nr++)
		assert_int_not_equal(call_of_syscall(KS_SYSCALL_GENERIC | nr, 0), CALL_SYS_EVENTFD);
	assert_null(ioctl_find(KS_KIND_SYSCALL, KS_SYSCALL_X86 | 0x41));
}

static void a_number_means_nothing_on_another_file(void **state)
{
	(void)state;
	assert_null(ioctl_find(KS_KIND_DEV, KVM_CREATE_VCPU));
	assert_null(ioctl_find(KS_KIND_VCPU, KVM_CREATE_VCPU));
	assert_null(ioctl_find(KS_KIND_VM, KVM_CREATE_VM));
	assert_null(ioctl_find(KS_KIND_NONE, KVM_CREATE_VM));
	assert_null(ioctl_find(KS_KIND_VCPU, KVM_RUN));
	assert_null(ioctl_find((enum ks_call_kind)255, KVM_CREATE_VM));
	assert_int_equal(call_of(KS_KIND_VCPU, KVM_RUN), CALL_UNKNOWN);
	assert_int_equal(call_of(KS_KIND_VM, 0), CALL_UNKNOWN);
	assert_int_equal(call_of(KS_KIND_CLOSE, 0), CALL_CLOSE);
	assert_int_equal(call_of(KS_KIND_EXIT, 0), CALL_CLOSE);
	assert_int_equal(call_of((enum ks_call_kind)255, 0x41), CALL_UNKNOWN);
}

/* A new call is put at its place in the table, or it shadows another. */
static void each_number_is_there_once_on_each_file(void **state)
{
	uint8_t wanted[256];

	(void)state;
	memset(wanted, 0xff, sizeof(wanted));
	ioctl_wanted(wanted);
	for (int nr = 0; nr < 256; nr++)
		for (int kind = 0; kind <= KS_KIND_EXIT; kind++)
			assert_int_equal(!!(wanted[nr] & 1 << kind),
					 ioctl_find(kind, 0xae00 | nr) != NULL);
	/* the hot ones must not be there, on any file */
	assert_int_equal(wanted[_IOC_NR(KVM_RUN)], 0);
	assert_int_equal(wanted[_IOC_NR(KVM_IRQ_LINE)], 0);
	assert_int_equal(wanted[_IOC_NR(KVM_SIGNAL_MSI)], 0);
	assert_int_equal(wanted[_IOC_NR(KVM_CREATE_VM)], 1 << KS_KIND_DEV);
	assert_int_equal(wanted[_IOC_NR(KVM_CREATE_DEVICE)], 1 << KS_KIND_VM | KS_WANTED_READS);
	/* the same number twice: the direction tells them apart */
	assert_null(ioctl_find(KS_KIND_VM, KVM_IRQ_LINE_STATUS));
	assert_non_null(ioctl_find(KS_KIND_VM, KVM_REGISTER_COALESCED_MMIO));
	assert_non_null(ioctl_find(KS_KIND_VM, KVM_CREATE_DEVICE));
	assert_int_equal(wanted[_IOC_NR(KVM_SET_DEVICE_ATTR)],
			 1 << KS_KIND_DEVICE | 1 << KS_KIND_VM);
}

static struct ks_call make_call(uint32_t cmd, const void *args, size_t size)
{
	struct ks_call call = {.kind = KS_KIND_VM, .cmd = cmd, .flags = KS_CALL_HAS_ARG};

	assert_true(size <= sizeof(call.args));
	memcpy(call.args, args, size);
	return call;
}

static void arguments_are_read_as_the_kernels_structures_have_them(void **state)
{
	const struct kvm_userspace_memory_region region = {
		.slot = 3, .guest_phys_addr = 0x100000, .memory_size = 0x8000000};
	const struct kvm_userspace_memory_region logged = {.slot = 0x10001,
							   .flags = KVM_MEM_LOG_DIRTY_PAGES};
	const struct kvm_ioeventfd event = {.addr = 0xfe003000, .len = 4, .fd = 17, .flags = 4};
	const struct kvm_irqfd irqfd = {.fd = 9, .gsi = 24};
	const struct kvm_coalesced_mmio_zone zone = {.addr = 0xa0000, .size = 0x20000};
	const struct kvm_create_device device = {.type = KVM_DEV_TYPE_VFIO, .fd = 5};
	const struct kvm_device_attr attr = {.group = 4, .attr = 2};
	const int32_t minus_one = -1;
	struct ks_call call;
	char buf[128];

	(void)state;
#define FORMAT(cmd, args)                                                                          \
	(call = make_call(cmd, &(args), sizeof(args)), ioctl_format_args(&call, buf, sizeof(buf)))
	assert_string_equal(FORMAT(KVM_SET_USER_MEMORY_REGION, region),
			    "slot=3 gpa=0x100000 size=0x8000000");
	assert_string_equal(FORMAT(KVM_SET_USER_MEMORY_REGION, logged),
			    "slot=65537 flags=1 gpa=0x0 size=0x0");
	call = make_call(KVM_IOEVENTFD, &event, sizeof(call.args));
	assert_string_equal(ioctl_format_args(&call, buf, sizeof(buf)),
			    "addr=0xfe003000 len=4 fd=17 flags=4");
	assert_string_equal(FORMAT(KVM_IRQFD, irqfd), "fd=9 gsi=24");
	assert_string_equal(FORMAT(KVM_IRQFD, minus_one), "fd=-1 gsi=0");
	assert_string_equal(FORMAT(KVM_REGISTER_COALESCED_MMIO, zone), "addr=0xa0000 size=131072");
	assert_string_equal(FORMAT(KVM_CREATE_DEVICE, device), "type=4");
	assert_string_equal(FORMAT(KVM_SET_DEVICE_ATTR, attr), "group=4 attr=2");
	assert_string_equal(FORMAT(KVM_CREATE_IRQCHIP, minus_one), "");
}

/* What the ioctl's argument is itself needs no reading. */
static void values_are_known_though_memory_could_not_be_read(void **state)
{
	struct ks_call call = {.kind = KS_KIND_VM, .cmd = KVM_CREATE_VCPU, .arg = 2};
	uint64_t value;
	char buf[128];

	(void)state;
	assert_string_equal(ioctl_format_args(&call, buf, sizeof(buf)), "id=2");
	call.cmd = KVM_SET_TSS_ADDR;
	call.arg = 0xfffbd000;
	assert_string_equal(ioctl_format_args(&call, buf, sizeof(buf)), "addr=0xfffbd000");
	call.cmd = KVM_SET_USER_MEMORY_REGION;
	assert_string_equal(ioctl_format_args(&call, buf, sizeof(buf)), "");
	assert_false(ioctl_arg_value(&call, &ioctl_find(KS_KIND_VM, call.cmd)->args[0], &value));
	call.kind = KS_KIND_CLOSE;
	call.cmd = 0;
	assert_string_equal(ioctl_format_args(&call, buf, sizeof(buf)), "");
}

static void text_of_arguments_is_cut_to_the_buffer(void **state)
{
	const struct kvm_userspace_memory_region region = {.slot = 3, .memory_size = 0x8000000};
	const char whole[] = "slot=3 gpa=0x0 size=0x8000000";
	struct ks_call call = make_call(KVM_SET_USER_MEMORY_REGION, &region, sizeof(region));

	(void)state;
	for (size_t size = 1; size <= sizeof(whole) + 3; size++) {
		char *buf = malloc(size);

		assert_ptr_equal(ioctl_format_args(&call, buf, size), buf);
		assert_true(strlen(buf) < size);
		assert_memory_equal(buf, whole, strlen(buf));
		if (size >= sizeof(whole))
			assert_string_equal(buf, whole);
		free(buf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_have_the_names_and_numbers_of_the_kernels_header),
		cmocka_unit_test(a_system_call_has_its_architectures_number),
		cmocka_unit_test(a_number_means_nothing_on_another_file),
		cmocka_unit_test(each_number_is_there_once_on_each_file),
		cmocka_unit_test(arguments_are_read_as_the_kernels_structures_have_them),
		cmocka_unit_test(values_are_known_though_memory_could_not_be_read),
		cmocka_unit_test(text_of_arguments_is_cut_to_the_buffer),
	};

	return cmocka_run_group_tests_name("calls", tests, NULL, NULL);
}
