# function_graph with other options, and as trace-cmd reports it: from a VM of 6.18.
echo '== abstime, proc, args, tail: of several waits the longest is known'
kvmstall report -va - <<'LOG'
# tracer: function_graph
#
#     TIME        CPU  TASK/PID         DURATION                  FUNCTION CALLS
   36.089963 |   0)  kvmstal-203   | # 1736.533 us |  kvm_dev_ioctl [kvm](filp=0xffff8d608412ef00, ioctl=0xae01, arg=0x0);
   36.092091 |   0)  kvmstal-203   |               |  kvm_vm_ioctl [kvm](filp=0xffff8d608412e480, ioctl=0xae60, arg=0x0) {
   36.092107 |   0)  kvmstal-203   | + 25.057 us   |    kvm_io_bus_register_dev [kvm](kvm=0xffff8d6084324000, bus_idx=1);
   36.092224 |   0)  kvmstal-203   | ! 142.261 us  |    synchronize_srcu_expedited(ssp=0xffff8d6084325b10); /* ret=0x0 */
   36.092379 |   0)  kvmstal-203   | ! 287.938 us  |  } /* kvm_vm_ioctl [kvm] ret=0x0 */
   36.100565 |   0)  kvmstal-203   |               |  kvm_vm_release [kvm](inode=0xffff8d60814435a8, filp=0xffff8d608412e480) {
   36.101573 |   0)  kvmstal-203   | # 5150.701 us |    synchronize_srcu_expedited(ssp=0xffff8d6084325af8);
   36.106740 |   0)  kvmstal-203   |               |    synchronize_srcu_expedited(ssp=0xffff8d6084325af8) {
   36.127111 |   1)  kvmstal-203   | ! 127.530 us  |    synchronize_srcu(ssp=0xffffffffaddbace0);
   36.147638 |   1)  kvmstal-203   | * 47065.40 us |  } /* kvm_vm_release [kvm] */
LOG
echo '== no CPU'
kvmstall report -a - <<'LOG'
   42.811501 |   kvmstal-215   | # 3886.831 us |  kvm_vm_ioctl [kvm](filp=0xffff8d6083469b10);
LOG
echo '== no durations'
kvmstall report -a - <<'LOG'
   48.205187 |   0)  kvmstal-221   | kvm_vm_ioctl [kvm](filp=0xffff8d608412e840, ioctl=0x4040ae77, arg=0x7ffe6480bd10) {
   48.227594 |   0)  kvmstal-221   |   kvm_io_bus_register_dev [kvm](kvm=0xffff8d6084324000, bus_idx=1);
   48.239594 |   0)  kvmstal-221   | }
LOG
echo '== trace-cmd'
kvmstall report -va - <<'LOG'
cpus=2
        kvmstall-243   [001]    76.759946: funcgraph_entry:      + 32.819 us  |  kvm_vm_ioctl();
        kvmstall-243   [001]    76.759988: funcgraph_entry:                   |  kvm_vm_ioctl() {
        kvmstall-243   [001]    76.760257: funcgraph_entry:      # 6502.090 us |    synchronize_srcu_expedited();
        kvmstall-243   [001]    76.766783: funcgraph_exit:       # 6794.886 us |  }
LOG
echo '== the function tracer'
kvmstall report -a - <<'LOG'
        kvmstall-227     [000] .....    52.722348: kvm_io_bus_register_dev <-kvm_create_pit
        kvmstall-227     [000] .....    52.722376: kvm_vm_ioctl <-__x64_sys_ioctl
LOG
