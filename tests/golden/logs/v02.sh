# 0xc008ae67 is KVM_IRQ_LINE_STATUS: no device was registered, so no timer is inferred.
kvmstall report -a v02-raw-irq-line.txt
