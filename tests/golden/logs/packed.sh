# xz, in one stream and in several, cut and damaged.
kvmstall report -qa v20.xz
cat v20.xz v20.xz | kvmstall report -qa - | tail -n 1
head -c 100 v20.xz | kvmstall report -qa - >/dev/null
{ head -c 60 v20.xz; head -c 60 v20.xz; tail -c +121 v20.xz; } | kvmstall report -qa - >/dev/null
