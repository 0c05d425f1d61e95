// SPDX-License-Identifier: GPL-2.0-only
#include "script/emit_text.h"

const char emit_text_head[] = " *   gcc -O2 -Wall -Wextra -Werror -o calls calls.c\n"
			      " *   ./calls [--tap] [--rounds N] [--fail-above MS] [--call NAME]\n"
			      " * Exit status: 1: in most rounds a call but the VM's end took "
			      "longer than --fail-above; 125: it cannot be\n"
			      " * tried here (git bisect run skips that); else 0.\n"
			      " */\n"
			      "#define _GNU_SOURCE\n"
			      "#include <err.h>\n"
			      "#include <errno.h>\n"
			      "#include <fcntl.h>\n"
			      "#include <linux/kvm.h>\n"
			      "#include <stdio.h>\n"
			      "#include <stdlib.h>\n"
			      "#include <string.h>\n"
			      "#include <sys/eventfd.h>\n"
			      "#include <sys/ioctl.h>\n"
			      "#include <sys/mman.h>\n"
			      "#include <sys/wait.h>\n"
			      "#include <time.h>\n"
			      "#include <unistd.h>\n";

const char emit_text_loop[] =
	"static double now_ms(void)\n"
	"{\n"
	"\tstruct timespec ts;\n"
	"\n"
	"\tclock_gettime(CLOCK_MONOTONIC, &ts);\n"
	"\treturn ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;\n"
	"}\n"
	"\n"
	"/* One life of the VM, in a process of its own. took[CALLS] is when it ends. */\n"
	"static void live(double *took)\n"
	"{\n"
	"\tdouble end;\n"
	"\n"
	"\tprepare();\n"
	"\tend = now_ms();\n"
	"\tfor (size_t i = 0; i < CALLS; i++) {\n"
	"\t\tif (calls[i].gap_us > 60)\n"
	"\t\t\tusleep(calls[i].gap_us - 60);\n"
	"\t\twhile (now_ms() < end + calls[i].gap_us / 1e3)\n"
	"\t\t\t;\n"
	"\t\ttook[i] = now_ms();\n"
	"\t\tif (make(&calls[i]) < 0 && !calls[i].may_fail)\n"
	"\t\t\terr(125, \"%s\", calls[i].name);\n"
	"\t\tend = now_ms();\n"
	"\t\ttook[i] = end - took[i];\n"
	"\t}\n"
	"\ttook[CALLS] = now_ms();\n"
	"\t_exit(0);\n"
	"}\n"
	"\n"
	"static const char *only; /* --call */\n"
	"\n"
	"/* Of one call in all rounds; 1: it is above in most of them, and not the VM's end. */\n"
	"static int tell(double (*took)[CALLS + 1], int rounds, size_t call, double above, int "
	"tap)\n"
	"{\n"
	"\tdouble sum = 0, max = 0;\n"
	"\tint over = 0, failed;\n"
	"\n"
	"\tfor (int i = 0; i < rounds; i++) {\n"
	"\t\tsum += took[i][call];\n"
	"\t\tmax = took[i][call] > max ? took[i][call] : max;\n"
	"\t\tover += took[i][call] > above;\n"
	"\t}\n"
	"\tfailed = 2 * over > rounds && call < CALLS && !calls[call].is_end &&\n"
	"\t\t (!only || !strcmp(only, calls[call].name));\n"
	"\tif (tap)\n"
	"\t\tprintf(\"%s %zu - \", failed ? \"not ok\" : \"ok\", call + 1);\n"
	"\tprintf(\"%-30s %9.3f ms, at most %9.3f, above in %d of %d\\n\",\n"
	"\t       call < CALLS ? calls[call].name : \"exit\", sum / rounds, max, over, rounds);\n"
	"\treturn failed;\n"
	"}\n"
	"\n"
	"int main(int argc, char **argv)\n"
	"{\n"
	"\tint rounds = 1, tap = 0, failed = 0, status, i;\n"
	"\tdouble above = 1e9, (*took)[CALLS + 1];\n"
	"\n"
	"\tfor (i = 1; i < argc; i++) {\n"
	"\t\tif (!strcmp(argv[i], \"--tap\"))\n"
	"\t\t\ttap = 1;\n"
	"\t\telse if (i + 1 < argc && !strcmp(argv[i], \"--rounds\"))\n"
	"\t\t\trounds = atoi(argv[++i]);\n"
	"\t\telse if (i + 1 < argc && !strcmp(argv[i], \"--fail-above\"))\n"
	"\t\t\tabove = atof(argv[++i]);\n"
	"\t\telse if (i + 1 < argc && !strcmp(argv[i], \"--call\"))\n"
	"\t\t\tonly = argv[++i];\n"
	"\t\telse\n"
	"\t\t\trounds = 0;\n"
	"\t}\n"
	"\tif (rounds < 1 || rounds > 1000)\n"
	"\t\terrx(2, \"usage: [--tap] [--rounds N] [--fail-above MS] [--call NAME]\");\n"
	"\ttook = mmap(NULL, rounds * sizeof(*took), PROT_READ | PROT_WRITE,\n"
	"\t\t    MAP_SHARED | MAP_ANONYMOUS, -1, 0);\n"
	"\tfor (i = 0; i < rounds; i++) {\n"
	"\t\tif (!fork())\n"
	"\t\t\tlive(took[i]);\n"
	"\t\tif (wait(&status) < 0 || status)\n"
	"\t\t\treturn dprintf(1, \"Bail out! This cannot be tried here.\\n\"), 125;\n"
	"\t\ttook[i][CALLS] = now_ms() - took[i][CALLS];\n"
	"\t}\n"
	"\tif (tap)\n"
	"\t\tprintf(\"1..%zu\\n\", CALLS + 1);\n"
	"\tfor (size_t call = 0; call <= CALLS; call++)\n"
	"\t\tfailed |= tell(took, rounds, call, above, tap);\n"
	"\treturn failed;\n"
	"}\n";

/* A case of make(), in a file whose script has the call. */
static const struct emit_text_call calls[] = {
	{CALL_CREATE_VM, "\tcase KVM_CREATE_VM:\n"
			 "\t\treturn vm = ioctl(kvm, KVM_CREATE_VM, 0);\n"},
	{CALL_SET_TSS_ADDR, "\tcase KVM_SET_TSS_ADDR: /* address */\n"
			    "\t\treturn ioctl(vm, KVM_SET_TSS_ADDR, a[0]);\n"},
	{CALL_SET_IDENTITY_MAP_ADDR, "\tcase KVM_SET_IDENTITY_MAP_ADDR: /* address */\n"
				     "\t\treturn ioctl(vm, KVM_SET_IDENTITY_MAP_ADDR, a);\n"},
	{CALL_CREATE_IRQCHIP, "\tcase KVM_CREATE_IRQCHIP:\n"
			      "\t\treturn ioctl(vm, KVM_CREATE_IRQCHIP, 0);\n"},
	{CALL_CREATE_PIT2,
	 "\tcase KVM_CREATE_PIT2: /* flags */\n"
	 "\t\treturn ioctl(vm, KVM_CREATE_PIT2, &(struct kvm_pit_config){.flags = a[0]});\n"},
	{CALL_REINJECT_CONTROL,
	 "\tcase KVM_REINJECT_CONTROL: /* reinject */\n"
	 "\t\treturn ioctl(vm, KVM_REINJECT_CONTROL,\n"
	 "\t\t\t     &(struct kvm_reinject_control){.pit_reinject = a[0]});\n"},
	{CALL_ENABLE_CAP,
	 "\tcase KVM_ENABLE_CAP: /* the split irqchip */\n"
	 "\t\treturn ioctl(vm, KVM_ENABLE_CAP,\n"
	 "\t\t\t     &(struct kvm_enable_cap){.cap = KVM_CAP_SPLIT_IRQCHIP, .args = {24}});\n"},
	{CALL_CREATE_VCPU,
	 "\tcase KVM_CREATE_VCPU: /* id, which of ours */\n"
	 "\t\tvcpus[a[1]] = ioctl(vm, KVM_CREATE_VCPU, a[0]);\n"
	 "\t\trun = mmap(NULL, ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE,\n"
	 "\t\t\t   MAP_SHARED, vcpus[a[1]], 0);\n"
	 "\t\trun->immediate_exit = 1; /* KVM_RUN returns before the guest runs */\n"
	 "\t\treturn 0;\n"},
	{CALL_RUN, "\tcase KVM_RUN: /* which of ours */\n"
		   "\t\treturn ioctl(vcpus[a[0]], KVM_RUN, 0) < 0 && errno != EINTR ? -1 : 0;\n"},
	{CALL_SET_USER_MEMORY_REGION,
	 "\tcase KVM_SET_USER_MEMORY_REGION: /* slot, flags, guest address, size */\n"
	 "\t\treturn ioctl(vm, call->request, &(struct kvm_userspace_memory_region){\n"
	 "\t\t\ta[0], a[1], a[2], a[3], (unsigned long)memory});\n"},
	{CALL_IOEVENTFD,
	 "\tcase KVM_IOEVENTFD: /* address, length, value, flags, which eventfd */\n"
	 "\t\treturn ioctl(vm, call->request, &(struct kvm_ioeventfd){\n"
	 "\t\t\t.addr = a[0], .len = a[1], .datamatch = a[2], .flags = a[3], .fd = "
	 "eventfds[a[4]]});\n"},
	{CALL_IRQFD, "\tcase KVM_IRQFD: /* gsi, flags, which eventfd, which to resample by */\n"
		     "\t\treturn ioctl(vm, call->request, &(struct kvm_irqfd){\n"
		     "\t\t\t.gsi = a[0], .flags = a[1], .fd = eventfds[a[2]], .resamplefd = "
		     "eventfds[a[3]]});\n"},
	{CALL_REGISTER_COALESCED_MMIO,
	 "\tcase KVM_REGISTER_COALESCED_MMIO: /* address, size */\n"
	 "\t\treturn ioctl(vm, KVM_REGISTER_COALESCED_MMIO,\n"
	 "\t\t\t     &(struct kvm_coalesced_mmio_zone){.addr = a[0], .size = a[1]});\n"},
	{CALL_UNREGISTER_COALESCED_MMIO,
	 "\tcase KVM_UNREGISTER_COALESCED_MMIO: /* address, size */\n"
	 "\t\treturn ioctl(vm, KVM_UNREGISTER_COALESCED_MMIO,\n"
	 "\t\t\t     &(struct kvm_coalesced_mmio_zone){.addr = a[0], .size = a[1]});\n"},
	{CALL_SET_GSI_ROUTING,
	 "\tcase KVM_SET_GSI_ROUTING: /* how many: all of them MSIs */\n"
	 "\t\trouting = calloc(1, sizeof(*routing) + a[0] * sizeof(routing->entries[0]));\n"
	 "\t\trouting->nr = a[0];\n"
	 "\t\tfor (unsigned int i = 0; i < a[0]; i++) {\n"
	 "\t\t\trouting->entries[i].gsi = i;\n"
	 "\t\t\trouting->entries[i].type = KVM_IRQ_ROUTING_MSI;\n"
	 "\t\t}\n"
	 "\t\treturn ioctl(vm, KVM_SET_GSI_ROUTING, routing);\n"},
	{CALL_SET_PMU_EVENT_FILTER,
	 "\tcase KVM_SET_PMU_EVENT_FILTER:\n"
	 "\t\treturn ioctl(vm, KVM_SET_PMU_EVENT_FILTER,\n"
	 "\t\t\t     &(struct kvm_pmu_event_filter){.action = KVM_PMU_EVENT_DENY});\n"},
	{CALL_X86_SET_MSR_FILTER,
	 "\tcase KVM_X86_SET_MSR_FILTER: /* one MSR may be read */\n"
	 "\t\treturn ioctl(vm, KVM_X86_SET_MSR_FILTER,\n"
	 "\t\t\t     &(struct kvm_msr_filter){.ranges = {{KVM_MSR_FILTER_READ, 1, 0x10,\n"
	 "\t\t\t\t\t\t\t\t  (unsigned char[]){0xff}}}});\n"},
	{CALL_HYPERV_EVENTFD,
	 "\tcase KVM_HYPERV_EVENTFD: /* connection, flags, which eventfd */\n"
	 "\t\treturn ioctl(vm, KVM_HYPERV_EVENTFD,\n"
	 "\t\t\t     &(struct kvm_hyperv_eventfd){.conn_id = a[0], .flags = a[1],\n"
	 "\t\t\t\t\t\t\t  .fd = eventfds[a[2]]});\n"},
};

/* The same of what is no ioctl: a name for the request, and the case. */
static const struct emit_text_act acts[] = {
	{ACT_CLOSE, "CLOSE",
	 "\tcase CLOSE: /* what holds the VM is gone with it */\n"
	 "\t\treturn close(vm);\n"},
	{ACT_CLOSE_VCPU, "CLOSE_VCPU",
	 "\tcase CLOSE_VCPU: /* which of ours */\n"
	 "\t\treturn close(vcpus[a[0]]);\n"},
	{ACT_DUP, "DUP",
	 "\tcase DUP:\n"
	 "\t\treturn dup(kvm);\n"},
	{ACT_SOCKET, "SOCKET",
	 "\tcase SOCKET:\n"
	 "\t\treturn socket(AF_UNIX, SOCK_STREAM, 0);\n"},
	{ACT_THREAD, "THREAD",
	 "\tcase THREAD: /* one that does nothing */\n"
	 "\t\treturn -pthread_create(&(pthread_t){0}, NULL, idle, NULL);\n"},
};

const struct emit_text_call *emit_text_calls(size_t *cnt)
{
	*cnt = sizeof(calls) / sizeof(calls[0]);
	return calls;
}

const struct emit_text_act *emit_text_acts(size_t *cnt)
{
	*cnt = sizeof(acts) / sizeof(acts[0]);
	return acts;
}
