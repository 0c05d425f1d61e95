# make demo where there is no KVM: the story from the recordings in docs/demo.
DEMO_RECORDING=1 KVMSTALL=$(command -v kvmstall) sh ../../../scripts/demo.sh
