#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# In a VM, for "deferral" of run.sh: a daemon on a kernel where call_srcu() is seen, scraped once a second, in text and
# for native histograms, under a load of VMs and for as long after it as the rules look back. /out has the scrapes in
# their order, and a recording of the load.
set -eu

url=http://127.0.0.1:9879
n=100

scrape()
{
	n=$((n + 1))
	wget -q -O "/out/scrapes/$n.text" $url/metrics
	wget -q -O "/out/scrapes/$n.protobuf" --header \
		'Accept: application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited' $url/metrics
	sleep 1
}

# scrapes COUNT
scrapes()
{
	i=0
	while [ $i -lt "$1" ]; do
		scrape
		i=$((i + 1))
	done
}

mkdir /out/scrapes
uname -r >/out/release
kvmstall repro --profile qemu --rounds 3 >/dev/null # the first time all is slow here
kvmstall export --listen 127.0.0.1:9879 --user 65534 2>/out/daemon &
until wget -q -O /dev/null $url/healthz; do
	kill -0 $! || { cat /out/daemon; exit 1; }
	sleep 0.2
done
kvmstall record -v -o /out/capture 2>/out/recorder &
recorder=$!
until grep -q recording /out/recorder; do
	kill -0 $recorder || { cat /out/recorder; exit 1; }
	sleep 0.2
done
scrapes 3
while [ ! -e /run/enough ]; do
	kvmstall repro --profile qemu --rounds 3 >/dev/null
done &
load=$!
scrapes 23
: >/run/enough
wait $load
scrapes 3 # what was delayed has come
kill -INT $recorder
wait $recorder
scrapes 71
