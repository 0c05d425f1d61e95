// SPDX-License-Identifier: GPL-2.0-only
#include "host/identity.h"

#include "base/sanitize.h"
#include "unit.h"

#define ID64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* Arguments with '|' for the NUL that ends each, which is how tables stay readable. */
static void add_args(struct identity *identity, const char *args)
{
	size_t len = strlen(args);
	char *copy = malloc(len + 1); /* exactly as long as it is: the sanitizer watches the end */

	memcpy(copy, args, len + 1);
	for (size_t i = 0; i < len; i++)
		if (copy[i] == '|')
			copy[i] = 0;
	identity_add_cmdline(identity, copy, len);
	free(copy);
}

static void each_vmm_has_its_way_to_name_a_vm(void **state)
{
	static const struct {
		const char *args, *vmm, *name, *uuid;
	} cases[] = {
		{"/usr/bin/firecracker|--id|web-1|--api-sock|/run/fc.sock|", "firecracker", "web-1",
		 ""},
		{"firecracker|--api-sock|/run/vms/web2.socket|", "firecracker", "web2", ""},
		{"/usr/bin/qemu-system-x86_64|-name|guest=db,debug-threads=on|-uuid|"
		 "c7a5fdbd-edaf-9455-926a-d65c16db1809|",
		 "qemu", "db", "c7a5fdbd-edaf-9455-926a-d65c16db1809"},
		{"/usr/libexec/qemu-kvm|-name|db2|", "qemu", "db2", ""},
		{"cloud-hypervisor|--api-socket|path=/run/ch/v7.sock,x=y|--platform|"
		 "num_pci_segments=1,uuid=c7a5fdbd-edaf-9455-926a-d65c16db1809,x=y|",
		 "cloud-hypervisor", "v7", "c7a5fdbd-edaf-9455-926a-d65c16db1809"},
		{"/opt/crosvm|run|--name|v8|bzImage|", "crosvm", "v8", ""},
		{"crosvm|run|--socket=/run/v9.sock|", "crosvm", "v9", ""},
		{"kvmstall|repro|", "", "", ""},
		{"firecracker|--id|cut in the middl", "firecracker", "", ""},
		{"no-end", "", "", ""},
		{"", "", "", ""},
		{"firecracker|--id|", "firecracker", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		struct identity identity = {0};

		add_args(&identity, cases[i].args);
		assert_string_equal(identity.vmm, cases[i].vmm);
		assert_string_equal(identity.name, cases[i].name);
		assert_string_equal(identity.uuid, cases[i].uuid);
	}
}

static void cgroups_tell_machine_pod_and_container(void **state)
{
	static const struct {
		const char *text, *machine, *pod, *container;
	} cases[] = {
		{"0::/machine.slice/machine-qemu\\x2d3\\x2dweb1.scope/libvirt/emulator\n",
		 "qemu-3-web1", "", ""},
		{"0::/kubepods.slice/kubepods-burstable.slice/"
		 "kubepods-burstable-pod11112222_3333_4444_5555_666677778888.slice/"
		 "cri-containerd-" ID64 ".scope\n",
		 "", "11112222-3333-4444-5555-666677778888", ID64},
		{"0::/kubepods/besteffort/pod11112222-3333-4444-5555-666677778888/" ID64 "\n", "",
		 "11112222-3333-4444-5555-666677778888", ID64},
		{"0::/system.slice/docker-" ID64 ".scope\n", "", "", ID64},
		{"12:pids:/x\n1:name=systemd:/machine.slice/machine-a.scope\n0::/\n", "", "", ""},
		{"12:pids:/x\n1:name=systemd:/machine.slice/machine-a.scope\n", "a", "", ""},
		{"0::/\n", "", "", ""},
		{"garbage", "", "", ""},
		{"", "", "", ""},
		{"0::/machine-.scope\n", "", "", ""},
		{"0::/podx/" ID64 "0\n", "", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		struct identity identity = {0};

		identity_add_cgroup(&identity, cases[i].text, strlen(cases[i].text));
		assert_string_equal(identity.machine, cases[i].machine);
		assert_string_equal(identity.pod, cases[i].pod);
		assert_string_equal(identity.container, cases[i].container);
	}
}

/* What has this path joins with cAdvisor's "id": as containerd makes it, with systemd's driver
 * (M11). */
static void a_cgroup_is_whole(void **state)
{
	static const char path[] =
		"/kubepods.slice/kubepods-burstable.slice/"
		"kubepods-burstable-pod3f2a1b4c_5d6e_7f80_9a1b_2c3d4e5f6071.slice/cri-containerd-"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope";
	struct identity identity = {0};
	char text[600];

	(void)state;
	snprintf(text, sizeof(text), "0::%s\n", path);
	identity_add_cgroup(&identity, text, strlen(text));
	assert_string_equal(identity.cgroup, path);
	assert_int_equal(identity.cut, 0);
}

/* A part of a path joins with nothing, or with what is not it. */
static void a_cgroup_that_is_too_long_is_left_out(void **state)
{
	struct identity identity = {0};
	char text[600] = "0::/";

	(void)state;
	memset(text + 4, 'a', 550);
	strcpy(text + 554, "/end\n");
	identity_add_cgroup(&identity, text, strlen(text));
	assert_string_equal(identity.cgroup, "");
	assert_int_equal(identity.cut, 1);
}

static void labels_are_utf8_of_bounded_length(void **state)
{
	static const struct {
		const char *in, *out;
		bool is_cut;
	} cases[] = {
		{"plain", "plain", false},
		{"1234567", "1234567", false},
		{"12345678", "1234567", true},
		{"\xc3\xa9t\xc3\xa9", "\xc3\xa9t\xc3\xa9", false},
		{"12345\xc3\xa9", "12345\xc3\xa9", false},
		{"123456\xc3\xa9", "123456", true},
		{"a\nb\x01\x7f", "a?b??", false},
		{"\xff\xfe", "??", false},
		{"\xc3", "?", false},
		{"\xc0\xaf", "??", false},	/* longer than it need be */
		{"\xed\xa0\x80", "???", false}, /* half of a pair */
		{"\xf0\x9f\x90\xa7", "\xf0\x9f\x90\xa7", false},
		{"\xf5\x80\x80\x80", "????", false},
		{"\"\\", "\"\\", false},
		{"\xe2\x80\xae"
		 "x",
		 "???x", false},		/* U+202E turns what follows */
		{"\xe2\x81\xa6", "???", false}, /* U+2066 */
		{"\xe2\x80\xa6", "\xe2\x80\xa6", false},
		{"", "", false},
	};
	char out[8];

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		assert_int_equal(sanitize(out, sizeof(out), cases[i].in), cases[i].is_cut);
		assert_string_equal(out, cases[i].out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_vmm_has_its_way_to_name_a_vm),
		cmocka_unit_test(cgroups_tell_machine_pod_and_container),
		cmocka_unit_test(a_cgroup_is_whole),
		cmocka_unit_test(a_cgroup_that_is_too_long_is_left_out),
		cmocka_unit_test(labels_are_utf8_of_bounded_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
