# Raw request numbers: 0xae46 is no memory slot, which passes a structure.
kvmstall report -a 21-ff-o-raw.txt
