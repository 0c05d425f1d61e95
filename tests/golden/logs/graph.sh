# function_graph: a call and the wait inside it, while another task has the CPU.
kvmstall report -v - <<'LOG'
# tracer: function_graph
 0)               |  kvm_vm_ioctl [kvm]() {
 0)   0.060 us    |    mutex_lock();
 0)               |    synchronize_srcu_expedited() {
 ------------------------------------------
 0)   fc-123     =>    idle-0
 ------------------------------------------
 0)   1.000 us    |  tick_nohz_idle_enter();
 ------------------------------------------
 0)    idle-0    =>   fc-123
 ------------------------------------------
 0)               |  kvm_vm_ioctl [kvm]() {
 0)               |    kvm_set_memory_region [kvm]() {
 0)               |      synchronize_srcu_expedited() {
 0) # 9500.100 us |      }
 0) # 9600.000 us |    }
 0) # 9700.000 us |  }
LOG
