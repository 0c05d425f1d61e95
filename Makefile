# SPDX-License-Identifier: GPL-2.0-only
#
# make                 build/kvmstall               make check     every test; one sum line at the end
# make install         PREFIX= DESTDIR=, uninstall  make demo      see it work
#
# V=1 shows commands; DEVELOPER=1 makes warnings errors; STATIC=1 links statically (for VMs);
# O=DIR builds there; ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- builds for another machine, statically
# (STATIC=: with that machine's libraries).

VERSION := $(shell cat VERSION)

# Where Debian keeps bpftool, for users who do not have it in their PATH.
export PATH := $(PATH):/usr/sbin:/sbin

# ---- where and for what ------------------------------------------------------------------------

HOST_ARCH := $(patsubst x86_64,x86,$(patsubst aarch64,arm64,$(shell uname -m)))
ARCH      ?= $(HOST_ARCH)
O         ?= build$(if $(filter-out $(HOST_ARCH),$(ARCH)),-$(ARCH))
# However it is said: the same folder has the same flags, and is not built again.
override O := $(patsubst $(CURDIR)/%,%,$(abspath $O))
STATIC    ?= $(if $(CROSS_COMPILE),1)
PREFIX    ?= /usr/local
MANDIR    ?= $(PREFIX)/share/man
COMPDIR   ?= $(PREFIX)/share/bash-completion/completions
ZCOMPDIR  ?= $(PREFIX)/share/zsh/site-functions
FCOMPDIR  ?= $(PREFIX)/share/fish/vendor_completions.d
UNITDIR   ?= $(PREFIX)/lib/systemd/system

ifneq ($(filter default undefined,$(origin CC)),)
CC = $(CROSS_COMPILE)gcc
endif
ifneq ($(filter default undefined,$(origin AR)),)
AR = $(CROSS_COMPILE)ar
endif
CLANG        ?= clang
CLANG_TIDY   ?= clang-tidy
# The one whose format this is: Debian 12's.
FORMAT_MAJOR  = 14
CLANG_FORMAT ?= $(or $(shell command -v clang-format-$(FORMAT_MAJOR)),clang-format)
# Ubuntu's bpftool is a wrapper that refuses kernels it has no tools package for.
BPFTOOL ?= $(or $(shell bpftool version >/dev/null 2>&1 && echo bpftool),$(lastword \
	$(sort $(wildcard /usr/lib/linux-tools/*/bpftool /usr/lib/linux-tools-*/bpftool))),bpftool)

# A cross build must not find this machine's libraries: scripts/deps.sh cross puts others here.
TRIPLET    := $(or $(CROSS_COMPILE:%-=%),$(shell $(CC) -print-multiarch 2>/dev/null))
CACHE      ?= $(or $(KVMSTALL_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/kvmstall)
SYSROOT    ?= $(if $(CROSS_COMPILE),$(wildcard $(CACHE)/sysroot-$(TRIPLET)))
PKG_CONFIG ?= pkg-config
PKG_ENV     = $(if $(CROSS_COMPILE),PKG_CONFIG_LIBDIR=$(SYSROOT)/usr/lib/$(TRIPLET)/pkgconfig)
# The daemon is for hosts: test VMs, whose kvmstall is static, have no use for it, and no
# distribution has all that libmicrohttpd wants as static libraries.
EXPORT     ?= $(if $(STATIC),,1)
# diff --prometheus: of hosts that have libcurl, and no distribution has all that it wants as static libraries. Without
# it, that option says so.
ifeq ($(origin CURL),undefined)
CURL       := $(if $(STATIC),,$(shell $(PKG_CONFIG) --exists libcurl 2>/dev/null && echo 1))
endif
LIBS        = libbpf libelf zlib jansson libzstd liblzma libcap libseccomp ncursesw $(if $(EXPORT),libmicrohttpd) \
	      $(if $(CURL),libcurl)
PKG_CFLAGS := $(shell $(PKG_ENV) $(PKG_CONFIG) --cflags $(LIBS) 2>/dev/null) \
	      $(SYSROOT:%=-isystem %/usr/include)
PKG_LIBS   := $(SYSROOT:%=-L%/usr/lib/$(TRIPLET)) $(or $(shell $(PKG_ENV) $(PKG_CONFIG) \
	      $(if $(STATIC),--static) --libs $(filter-out $(if $(STATIC),libmicrohttpd),$(LIBS)) 2>/dev/null),-lbpf -lelf -lz -ljansson -lzstd -llzma \
	      -lcap -lseccomp -lncursesw -ltinfo $(if $(EXPORT),-lmicrohttpd) $(if $(CURL),-lcurl)) -lm

# ---- flags -------------------------------------------------------------------------------------

CFLAGS ?= -O2 -g
# Two builds in two folders give the same bytes: no folder's name is in them.
MAPPED  = -ffile-prefix-map='$(CURDIR)'=. $(if $(filter /%,$O),-ffile-prefix-map='$O'=build)
WARN    = -Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes -Wshadow -Wvla -Wundef \
	  -Wwrite-strings -Wno-missing-field-initializers
CPPFLAGS_ALL = -D_GNU_SOURCE $(if $(EXPORT),-DHAVE_EXPORT) $(if $(CURL),-DHAVE_CURL) -Iinclude -Isrc -I$O $(PKG_CFLAGS) $(CPPFLAGS)
CFLAGS_ALL   = -std=gnu11 -fno-common -pthread $(MAPPED) $(WARN) $(CFLAGS) $(if $(DEVELOPER),-Werror)
LDFLAGS_ALL  = -pthread $(if $(STATIC),-static) $(LDFLAGS)
DEPFLAGS     = -MMD -MP
ASAN         = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

# BPF_PROG() expands a ctx that most programs do not use; programs are called by the kernel alone.
# BPF_DEFINES: of a build for a benchmark (bpf/timing.bpf.h).
BPF_CFLAGS = -target bpf -mcpu=v3 -O2 -g -std=gnu11 $(MAPPED) -D__TARGET_ARCH_$(ARCH) $(BPF_DEFINES) $(WARN) \
	     -Wno-unused-parameter -Wno-missing-prototypes $(if $(DEVELOPER),-Werror) -Iinclude -Ivmlinux/$(ARCH) -Ivmlinux \
	     -Ibpf $(PKG_CFLAGS) $(TRIPLET:%=-idirafter /usr/include/%) \
	     $(TRIPLET:%=-idirafter /usr/%/include)

ifeq ($V,)
say = @printf '  %-7s %s\n' '$1' '$2';
MAKEFLAGS += --no-print-directory
endif

# ---- what is built from what -------------------------------------------------------------------

# The floors of src/, the lowest first (DESIGN.md, Layers). core.a is the pure ones: a test that links it
# alone proves that they are.
PURE     = base host ledger output metrics capture view import diff dump script
ARCHIVED = core kern live cmd
unwanted = $(if $(EXPORT),,src/cmd/export.c src/cmd/export/%)
dirs     = $(if $(filter core,$1),$(PURE),$1)
sources  = $(filter-out $(unwanted),$(sort $(foreach dir,$(call dirs,$1),$(wildcard src/$(dir)/*.c src/$(dir)/*/*.c))))
objects  = $(patsubst src/%.c,$O/%.o,$(call sources,$1))
ARCHIVES = $(patsubst %,$O/%.a,cmd live kern core) # as the linker wants them: users first
SKELS    = $(patsubst bpf/%.bpf.c,$O/%.skel.h,$(sort $(wildcard bpf/*.bpf.c)))
TESTED   = $(sort $(shell find tests/unit -name 'test_*.c'))
UNITS    = $(patsubst %.c,$O/tests/%,$(notdir $(TESTED)))
BINARIES = $(UNITS) $(if $(EXPORT),$O/tests/test_daemon)
PAGES    = $(sort $(wildcard man/*.[1-8]))
FORMATS  = $(shell find src include bpf tests -name '*.[ch]' ! -name vmlinux.h)

all: $O/kvmstall

$O/kvmstall: $O/main.o $(ARCHIVES) $(if $(STATIC),$(EXPORT:1=$O/no_tls.o)) $O/flags
	$(call say,LINK,$@)$(CC) $(LDFLAGS_ALL) -o $@ $(filter-out %/flags %/no_tls.o,$^) $(PKG_LIBS) \
		$(if $(STATIC),$(EXPORT:1=-lmicrohttpd $O/no_tls.o))

# The daemon speaks no TLS, and no distribution has all that libmicrohttpd's TLS wants as static libraries: what it
# would call of gnutls does nothing here.
$O/no_tls.c: $O/flags
	$(call say,GEN,$@)nm -u $$($(CC) $(SYSROOT:%=-L%/usr/lib/$(TRIPLET)) -print-file-name=libmicrohttpd.a | grep / || \
		echo $(SYSROOT)/usr/lib/$(TRIPLET)/libmicrohttpd.a) 2>/dev/null | awk '$$2 ~ /^gnutls_/ { print $$2 }' | LC_ALL=C sort -u | \
		sed 's/.*/int &(void);\nint &(void) { return 0; }/' >$@

$O/no_tls.o: $O/no_tls.c
	$(call say,CC,$@)$(CC) $(CFLAGS_ALL) -c -o $@ $<

define archive
$O/$1.a: $(call objects,$1) $O/members-$1
	$$(call say,AR,$$@)mkdir -p $$(@D) && rm -f $$@ && $$(AR) rcsD $$@ $$(filter %.o,$$^)
$O/asan/$1.a: $(patsubst $O/%,$O/asan/%,$(call objects,$1)) $O/members-$1
	$$(call say,AR,$$@)mkdir -p $$(@D) && rm -f $$@ && $$(AR) rcsD $$@ $$(filter %.o,$$^)
endef
$(foreach a,$(ARCHIVED),$(eval $(call archive,$(a))))

# A target may have its whole path.
$(CURDIR)/$O/%: $O/%
	@:

$O/%.o: src/%.c $O/flags
	$(call say,CC,$@)mkdir -p $(@D) && $(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(DEPFLAGS) -c -o $@ $<

$O/asan/%.o: src/%.c $O/flags
	$(call say,CC,$@)mkdir -p $(@D) && $(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(ASAN) $(DEPFLAGS) -c -o $@ $<

# Order only: once an object is built, its .d file knows which skeletons it includes.
$(call objects,kern) $(call objects,live): | $(SKELS) $O/kvmstall.types.h
$O/main.o $O/cmd/version.o $O/asan/cmd/version.o: | $O/version.h
$O/output/html.o $O/asan/output/html.o $O/fuzz/output/html.o: $O/page_assets.h

# gen object drops DWARF and keeps BTF: tens of KB in the skeleton instead of hundreds.
$O/bpf/%.bpf.o: bpf/%.bpf.c $O/flags
	$(call say,BPF,$@)mkdir -p $(@D) && $(CLANG) $(BPF_CFLAGS) $(DEPFLAGS) -MT $@ \
		-MF $(@:.o=.d) -c -o $(@:.o=.tmp.o) $< && $(BPFTOOL) gen object $@ $(@:.o=.tmp.o)

$O/%.skel.h: $O/bpf/%.bpf.o
	$(call say,SKEL,$@)$(BPFTOOL) gen skeleton $< name $(subst -,_,$*)_bpf >$@

# What the programs may ask the kernel's types for, without what libbpf takes as a flavour, in strcmp()'s order.
$O/%.types.h: $O/bpf/%.bpf.o
	$(call say,GEN,$@)$(BPFTOOL) btf dump file $< format raw | \
		sed -n "s/^\[[0-9]*\] \(STRUCT\|UNION\) '\([a-z_0-9]*\)' .*/\2/p" | sed 's/___.*//; /^$$/d' | LC_ALL=C sort -u | \
		sed 's/.*/"&",/' >$@

# A page's style and script: files of the tree, in the program.
$O/page_assets.h: scripts/embed.sh src/output/page.css src/output/page.js
	$(call say,GEN,$@)mkdir -p $(@D) && scripts/embed.sh $(filter-out %.sh,$^) >$@

# Unit tests: always with the sanitizers, and linked with nothing that can see a kernel.
$(UNITS): $O/tests/%: $O/tests/%.o $O/asan/core.a
	$(call say,LINK,$@)$(CC) -pthread $(LDFLAGS) $(ASAN) -o $@ $(filter %.o,$^) $(filter %.a,$^) -ljansson -lzstd -lm -lcmocka $(UNIT_LIBS)

# The ring is a file to it, so a test's file will do.
$O/tests/test_ring: $O/asan/kern/ring.o

# A folder of the test's stands for the host.
$O/tests/test_host_settings: $O/asan/kern/host_settings.o $O/asan/kern/proc.o
$O/tests/test_host_settings: UNIT_LIBS = -lz

$O/tests/test_play_table: $O/asan/cmd/repro/play_table.o

# What is refused is, in a process that is confined as report is.
$O/tests/test_sandbox: $O/asan/cmd/sandbox.o
$O/tests/test_sandbox: UNIT_LIBS = -lseccomp

vpath test_%.c $(sort $(dir $(TESTED))) tests/export
$(BINARIES:=.o): $O/tests/%.o: %.c $O/flags
	$(call say,CC,$@)mkdir -p $(@D) && $(CC) $(CPPFLAGS_ALL) -Itests/unit $(CFLAGS_ALL) $(ASAN) \
		$(DEPFLAGS) -c -o $@ $<

# The daemon without a kernel: what sees one, and the clock, are the test's.
$O/tests/test_daemon: $O/tests/test_daemon.o $(patsubst %,$O/asan/%.o,cmd/export/daemon cmd/export/gzip cmd/export/http cmd/export/listen cmd/export/notify cmd/export/textfile live/signals) $O/asan/core.a
	$(call say,LINK,$@)$(CC) -pthread $(LDFLAGS) $(ASAN) -Wl,--wrap=clock_now_ns -o $@ $(filter-out %/flags,$^) \
		$(PKG_LIBS) -lcmocka

# Fuzzing: clang's, with coverage and both sanitizers in all of core.a and in the printer.
FUZZ_CFLAGS = -std=gnu11 -pthread $(WARN) -O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=all \
	      -fsanitize=fuzzer-no-link,address,undefined
FUZZERS     = $(patsubst tests/fuzz/%.c,$O/fuzz/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
# The printer is cmd's, and yet all that it is given comes from files.
SINK_OBJS   = $O/fuzz/tests/sink.o $O/fuzz/tests/sink_metrics.o $O/fuzz/tests/sink_view.o $O/fuzz/cmd/printer.o $O/fuzz/cmd/charset.o
FUZZ_OBJS   = $(patsubst $O/%,$O/fuzz/%,$(call objects,core))

fuzzers: $(FUZZERS) $O/fuzz/seed

$(FUZZERS): $O/fuzz/%: $O/fuzz/tests/%.o $(SINK_OBJS) $(FUZZ_OBJS)
	$(call say,LINK,$@)$(CLANG) -pthread $(LDFLAGS) -fsanitize=fuzzer,address,undefined -o $@ \
		$(filter %.o,$^) -ljansson -lzstd -lm

$O/fuzz/seed: $O/fuzz/tests/seed.o $(FUZZ_OBJS)
	$(call say,LINK,$@)$(CLANG) -pthread $(LDFLAGS) -fsanitize=address,undefined -o $@ $(filter %.o,$^) \
		-ljansson -lzstd -lm

$O/fuzz/tests/%.o: tests/fuzz/%.c $O/flags
	$(call say,CLANG,$@)mkdir -p $(@D) && $(CLANG) $(CPPFLAGS_ALL) -Itests/fuzz $(FUZZ_CFLAGS) $(DEPFLAGS) -c -o $@ $<

$O/fuzz/%.o: src/%.c $O/flags
	$(call say,CLANG,$@)mkdir -p $(@D) && $(CLANG) $(CPPFLAGS_ALL) $(FUZZ_CFLAGS) $(DEPFLAGS) -c -o $@ $<

# Benchmarks: as the product is built, linked with core alone.
$O/bench/%: tests/bench/%.c $O/core.a $O/flags
	$(call say,LINK,$@)mkdir -p $(@D) && $(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ \
		$(filter-out %/flags,$^) -ljansson -lzstd -lm

# Files that change only when what they hold changes: what depends on them is rebuilt just then.
quoted = '$(subst ','\'',$1)'
update = @mkdir -p $(@D); echo $(quoted) | cmp -s - $@ || echo $(quoted) >$@

$O/flags: FORCE
	$(call update,$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(LDFLAGS_ALL) $(PKG_LIBS) $(CLANG) $(BPF_CFLAGS))

$O/members-%: FORCE
	$(call update,$(call objects,$*))

# 1.2-3-gabc with tags, VERSION+gabc before the first one, VERSION without git.
GIT_VERSION = $(or $(patsubst v%,%,$(shell git describe --tags --abbrev=12 --match 'v*' --dirty 2>/dev/null)),$(addprefix \
	$(VERSION)+g,$(shell git describe --always --abbrev=12 --exclude '*' --dirty 2>/dev/null)),$(VERSION))

$O/version.h: FORCE
	$(call update,#define KVMSTALL_VERSION "$(GIT_VERSION)")

dep_files = $(patsubst %.o,%.d,$O/main.o $(foreach a,$(ARCHIVED),$(call objects,$(a)) \
	$(patsubst $O/%,$O/asan/%,$(call objects,$(a)))) $(BINARIES:=.o) $(FUZZ_OBJS) $(wildcard $O/fuzz/tests/*.o) $O/fuzz/cmd/printer.o $O/fuzz/cmd/charset.o $(SKELS:$O/%.skel.h=$O/bpf/%.bpf.o))
-include $(wildcard $(dep_files))

# ---- install, clean, format --------------------------------------------------------------------

# What is installed, as mode:file:where to. Nothing else is: uninstall removes just these.
INSTALLED = 755:$O/kvmstall:$(PREFIX)/bin/kvmstall \
	$(foreach page,$(PAGES),644:$(page):$(MANDIR)/man$(patsubst .%,%,$(suffix $(page)))/$(notdir $(page))) \
	644:contrib/completion/kvmstall.bash:$(COMPDIR)/kvmstall \
	644:contrib/completion/_kvmstall:$(ZCOMPDIR)/_kvmstall \
	644:contrib/completion/kvmstall.fish:$(FCOMPDIR)/kvmstall.fish \
	644:contrib/systemd/kvmstall.socket:$(UNITDIR)/kvmstall.socket \
	644:contrib/systemd/kvmstall.service:$(UNITDIR)/kvmstall.service

# DESTDIR may have anything in its name.
install: all
	for it in $(INSTALLED); do to=$${it##*:} file=$${it#*:} && \
		install -D -m $${it%%:*} "$${file%:*}" '$(DESTDIR)'"$$to" || exit 1; done
	sed -i 's|^ExecStart=/usr/bin/|ExecStart=$(PREFIX)/bin/|' '$(DESTDIR)$(UNITDIR)/kvmstall.service'

# Folders that are empty now go too; on a host not those that it has anyway.
uninstall:
	for it in $(INSTALLED); do rm -f '$(DESTDIR)'"$${it##*:}" || exit 1; done
	for dir in $(if $(DESTDIR),$(sort $(foreach it,$(INSTALLED),$(dir $(lastword $(subst :, ,$(it)))))),$(COMPDIR) \
		$(ZCOMPDIR) $(FCOMPDIR)); do \
		while dir=$${dir%/} && [ -n "$$dir" ] && [ "$$dir" != '$(PREFIX)' ] && \
			rmdir '$(DESTDIR)'"$$dir" 2>/dev/null; do dir=$${dir%/*}; done; done
	$(if $(DESTDIR),dir='$(PREFIX)'; while [ -n "$$dir" ] && rmdir '$(DESTDIR)'"$$dir" 2>/dev/null; do \
		dir=$${dir%/*}; done)

clean:
	rm -rf $O

# ---- packages ----------------------------------------------------------------------------------

# What it is made of, for those who have to know.
$O/kvmstall.spdx.json: scripts/sbom.sh VERSION FORCE
	$(call say,SBOM,$@)mkdir -p $(@D) && $(PKG_ENV) PKG_CONFIG='$(PKG_CONFIG)' scripts/sbom.sh $(GIT_VERSION) $(LIBS) >$@

# Packages are made of what is committed, in a folder of its own.
$O/kvmstall-$(VERSION).tar.gz: FORCE
	@mkdir -p $O && git archive --format=tar --prefix=kvmstall-$(VERSION)/ HEAD | gzip -9n >$@

deb: $O/kvmstall-$(VERSION).tar.gz
	rm -rf $O/deb && mkdir -p $O/deb && tar -C $O/deb -xf $<
	cd $O/deb/kvmstall-$(VERSION) && unset MAKEFLAGS MFLAGS MAKELEVEL && \
		SOURCE_DATE_EPOCH=$$(dpkg-parsechangelog -S Timestamp) dpkg-buildpackage -b -us -uc $(DEB_OPTIONS)
	@ls $O/deb/*.deb

# One program without libraries, for hosts that no package is for; ARCH=arm64 CROSS_COMPILE=... for others.
tarball:
	@$(MAKE) STATIC=1 EXPORT=1 O=$O/tarball-$(ARCH) GIT_VERSION=$(VERSION) all $O/tarball-$(ARCH)/kvmstall.spdx.json
	@$(MAKE) STATIC=1 EXPORT=1 O=$O/tarball-$(ARCH) GIT_VERSION=$(VERSION) PREFIX=/usr/local \
		DESTDIR=$O/tarball-$(ARCH)/kvmstall-$(VERSION)-$(ARCH) install
	cp LICENSE README.md SECURITY.md CHANGELOG.md $O/tarball-$(ARCH)/kvmstall.spdx.json $O/tarball-$(ARCH)/kvmstall-$(VERSION)-$(ARCH)/
	tar -C $O/tarball-$(ARCH) --sort=name --mode=u=rwX,go=rX --owner=0 --group=0 --numeric-owner --mtime=@$$(git log -1 --format=%ct) \
		-c kvmstall-$(VERSION)-$(ARCH) | gzip -9n >$O/kvmstall-$(VERSION)-$(ARCH).static.tar.gz

# A source package holds the folder that it was made in, and a package made with it its checksum: so one after the
# other. On other systems than the package's own: --nodeps, with the paths that those systems have.
RPM_OPTIONS ?= $(if $(shell command -v dpkg),--nodeps --define '_unitdir /usr/lib/systemd/system')
rpm: $O/kvmstall-$(VERSION).tar.gz
	rm -rf $O/rpm && mkdir -p $O/rpm/SOURCES && install -m 644 $< $O/rpm/SOURCES/
	unset MAKEFLAGS MFLAGS MAKELEVEL; for what in -bb -bs; do \
		rpmbuild $$what --define '_buildhost localhost' --define '_topdir $(abspath $O)/rpm' $(RPM_OPTIONS) \
			contrib/rpm/kvmstall.spec || exit 1; done
	@find $O/rpm -name '*.rpm'

# An image of the package, made without a daemon; needs umoci, as root.
.PHONY: oci check-oci
oci: deb
	rm -rf $O/oci && scripts/oci-image.sh $O/deb/kvmstall_*.deb $O/oci

# What works in a container of it: docs/container.md has the table. Needs runc, too.
check-oci: oci
	@scripts/oci-check.sh $O/oci

format-version:
	@version=$$($(CLANG_FORMAT) --version 2>/dev/null | sed -n 's/.*version \([0-9]*\).*/\1/p'); \
		[ "$$version" = $(FORMAT_MAJOR) ] || { \
		echo "the format is that of clang-format $(FORMAT_MAJOR), and $${version:-none} is here"; exit 1; }

format: format-version
	$(CLANG_FORMAT) -i $(FORMATS)

format-check: format-version
	$(CLANG_FORMAT) --dry-run --Werror $(FORMATS)

# What the manual pages and the README show of output, printed anew from captures.
examples: all
	@KVMSTALL=$O/kvmstall scripts/examples.sh
	@scripts/formats.sh >$O/formats.man
	@sed -i -e '/^\.\\" FORMATS:/,/^\.\\" END OF FORMATS/{/^\.\\"/!d}' -e '/^\.\\" FORMATS:/r $O/formats.man' man/kvmstall-report.8

completion: all
	scripts/completion.sh $O/kvmstall bash >contrib/completion/kvmstall.bash
	scripts/completion.sh $O/kvmstall zsh >contrib/completion/_kvmstall
	scripts/completion.sh $O/kvmstall fish >contrib/completion/kvmstall.fish

# ---- what a fresh machine needs ----------------------------------------------------------------

deps:
	scripts/deps.sh build

deps-test: deps
	scripts/deps.sh test

# For make ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-.
deps-cross: deps
	scripts/deps.sh cross

JOBS = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

# Dependencies first, then another make: this one looked for the libraries before they were there.
demo: deps
	@$(MAKE) $(JOBS) all
	@KVMSTALL=$O/kvmstall scripts/demo.sh

# ---- tests -------------------------------------------------------------------------------------

# Every suite ends with "N passed, N failed, N skipped"; tests/run.sh adds them up.
STATICS = KVMSTALL_STATIC=$(abspath $O/static/kvmstall) KVMSTALL_STATIC_ARM64=$(abspath $O/static-arm64/kvmstall)
RUN = KVMSTALL=$(abspath $O/kvmstall) $(STATICS) O=$(abspath $O) SERIES='$(SERIES)' MAKE='$(MAKE)' tests/run.sh

# Test tools that cannot be had are the suites' to skip, with a reason.
check:
	@scripts/deps.sh build || { echo '0 passed, 1 failed, 0 skipped'; exit 1; }
	@scripts/deps.sh test || echo 'some test dependencies are missing' >&2
	@$(MAKE) $(JOBS) all unit-tests static || { echo '0 passed, 1 failed, 0 skipped'; exit 1; }
	@$(MAKE) $(JOBS) program-arm64
	@$(RUN) unit golden docs install pictures --beside=fuzz,lint live kvm vm+vhost+arm64+export

unit-tests: $(BINARIES)

# What the pages say: their commands, options, exit statuses, JSON. check runs what needs no kernel.
check-docs: all
	@WHOLE=1 V=1 $(RUN) docs

# What make install puts where, that make uninstall takes it away, and completion in each shell.
check-installed: all
	@$(RUN) install

check-unit asan: unit-tests
	@$(RUN) unit

# make fuzz TIME=60: so many seconds, over all targets; what it finds is in $O/fuzz/findings.
fuzz:
	@TIME=$(or $(TIME),60) O=$(abspath $O) MAKE='$(MAKE)' bash tests/fuzz/run.sh

check-fuzz:
	@$(RUN) fuzz

check-golden check-live check-export: check-%: all
	@$(RUN) $*

# What is for the eye, with what takes more than the distribution's small packages. check runs the rest.
.PHONY: check-pictures
check-pictures: all
	@scripts/deps.sh pictures || true
	@WHOLE=1 V=1 $(RUN) pictures

# Rules, alerts and dashboard in real Prometheus servers, a quarter of an hour. The table is $O/monitoring.md, which
# docs/monitoring.md is a copy of. Not a part of check.
check-monitoring: all
	@$(MAKE) STATIC=1 EXPORT=1 O=$O/static-export all || echo 'no static program with export' >&2
	@KVMSTALL_STATIC_EXPORT=$(abspath $O/static-export/kvmstall) TABLE=$(abspath $O/monitoring.md) $(RUN) monitoring

# Ten daemons in network namespaces, each with VMs of its own, and a real Prometheus: diff --prometheus, and the alert of
# a roll-out; five minutes, root. Not a part of check.
check-fleet: all
	@KVMSTALL=$(abspath $O/kvmstall) bash tests/monitoring/fleet.sh

# Logs of other tools, beside a trace of the same run; in a VM, a kernel's own dump of a hang, and trace-cmd. Not a
# part of check: four minutes.
check-logs: all static program-arm64
	@KVMSTALL=$(abspath $O/kvmstall) bash tests/live/logs.sh
	@KVMSTALL=$(abspath $O/kvmstall) $(STATICS) SERIES='$(SERIES)' tests/vm/logs.sh
	@$(STATICS) SERIES='$(SERIES)' tests/vm/dump.sh

# What each command does when one thing fails: docs/faults.md has the rows of $O/faults.md.
check-faults: all
	@rm -f $O/faults.md
	@KVMSTALL=$(abspath $O/kvmstall) TABLE=$(abspath $O/faults.md) tests/faults/run.sh

# Many forks, overflows of the ring, lockdown in a VM, kill -9 at 101 moments of each command: docs/edges.md is $O/edges.md. Twenty minutes.
check-edges: all static
	@KVMSTALL=$(abspath $O/kvmstall) $(STATICS) TABLE=$(abspath $O/edges.md) tests/edges/run.sh

# An hour of VMs and tracers beside export: docs/soak.csv and docs/soak.svg are what it makes in $O.
soak: all
	@KVMSTALL=$(abspath $O/kvmstall) SAMPLES=$(abspath $O/soak.csv) CURVES=$(abspath $O/soak.svg) tests/edges/soak.sh

# ThreadSanitizer over all that has threads, and that the rest has one.
check-tsan: all
	@$(MAKE) $(JOBS) O=$O/tsan CFLAGS='-O1 -g -fsanitize=thread' LDFLAGS='-fsanitize=thread' all
	@KVMSTALL=$(abspath $O/tsan/kvmstall) PLAIN=$(abspath $O/kvmstall) tests/tsan/run.sh

# All of KVM's own selftests, where check runs some.
check-kvm: all
	@PROGRAMS=all $(RUN) kvm

# What tracing costs what is traced, beside bpftrace, perf trace and strace: a table, ten minutes of a machine at rest.
.PHONY: bench
bench: all
	@scripts/deps.sh bench || true
	@KVMSTALL=$(abspath $O/kvmstall) bash tests/bench/bench.sh

# Hosts that drain a hundred VMs at once, and two hundred; a minute.
check-drain: all
	@VMMS=101 IRQFDS=9 bash tests/live/drain.sh
	@VMMS=211 IRQFDS=3 bash tests/live/drain.sh

# Each cause that can be made on purpose, 31 times: docs/injections.md is TABLE.
check-injections: all static
	@KVMSTALL=$(abspath $O/kvmstall) TABLE='$(abspath $(TABLE))' ROWS='$(abspath $(ROWS))' bash tests/live/injections.sh
	@$(STATICS) SERIES='$(SERIES)' tests/vm/locks.sh

# Waits for plain RCU in VMs, and its grace periods against RCU's own functions: docs/rcu.md has the table. Minutes; not a part of check.
check-rcu: all static
	@O=$(abspath $O) $(STATICS) SERIES='$(SERIES)' TABLE='$(abspath $(TABLE))' tests/vm/rcu.sh

# Why timers of SRCU and of RCU's kthread took as long as they did: docs/timers.md is TABLE. A minute or two; not a part of check.
check-timers: all
	@KVMSTALL=$(abspath $O/kvmstall) TABLE='$(abspath $(TABLE))' bash tests/live/timers.sh

check-vm: all static program-arm64
	@$(RUN) vm vhost arm64

# 'git bisect run' with contrib/kselftest over kernels in VMs, a boot a step, and the mail about it: docs/patch.md. Not a part of check.
check-bisect: all static
	@KVMSTALL=$(abspath $O/kvmstall) $(STATICS) SERIES='$(SERIES)' tests/vm/bisect.sh

# Where arm64's libraries cannot be had, what needs them is skipped, by name.
program-arm64:
	@scripts/deps.sh cross && $(MAKE) static-arm64 || echo 'no program for arm64' >&2

# Every kernel that the archive has, both architectures, every backend. The table is $O/matrix.md, which
# docs/matrix.md is a copy of; docs/verifier.md: tests/bench/verifier.sh $O/verifier.txt.
check-matrix: all static program-arm64
	@$(STATICS) SERIES='$(SERIES)' TABLE=$(abspath $O/matrix.md) INSNS=$(abspath $O/verifier.txt) tests/vm/matrix.sh

# Clean Debian systems, as root: what a newcomer installs, builds and runs. Not a part of check.
check-distros:
	@scripts/deps.sh distros || true
	@tests/distros/run.sh $(RELEASES)

# Packages on the same systems: built, installed, upgraded, used, purged; root.
check-install:
	@scripts/deps.sh distros || true
	@TASK=install tests/distros/run.sh $(RELEASES)

# HEAD, built in two folders: program, BPF objects, tarballs and packages have the same bytes.
.PHONY: check-reproducible
check-reproducible:
	@tests/reproducible/run.sh

# Kernels of our own, and docs/lab.md and docs/validation.md from what they do: hours, but it goes on where it was.
lab: all static program-arm64
	@KVMSTALL=$(abspath $O/static/kvmstall) KVMSTALL_ARM64=$(abspath $O/static-arm64/kvmstall) scripts/lab/run.sh

lint: all
	@$(RUN) lint

# VMs boot an initramfs without libraries. arm64 needs "make deps-cross" first.
static:
	@$(MAKE) STATIC=1 O=$O/static all

static-arm64:
	@$(MAKE) STATIC=1 O=$O/static-arm64 ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- all

# Every header compiles alone, so include order never matters; the contract for BPF as well.
headers: $(SKELS) $O/version.h $O/page_assets.h
	@for h in $$(find include src tests -name '*.h'); do echo "#include \"$$PWD/$$h\"" | \
		$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -Werror -fsyntax-only -xc - || exit 1; done
	@for h in $$(find include bpf -name '*.h'); do echo "#include \"$$PWD/$$h\"" | \
		$(CLANG) $(BPF_CFLAGS) -Werror -fsyntax-only -xc - || exit 1; done

# gcc's analyzer understands the cleanup attribute; clang 14's and cppcheck report leaks in it.
analyze:
	@$(MAKE) O=$O/analyze DEVELOPER=1 CFLAGS='-O1 -g -fanalyzer' archives

archives: $(ARCHIVES) $O/main.o

# Another pair of eyes, a minute: not a part of check.
.PHONY: tidy
tidy: $(SKELS) $O/version.h
	@printf '%s\n' $(sort $(foreach a,$(ARCHIVED),$(call sources,$(a)))) src/main.c | \
		xargs -P$$(nproc) -I{} $(CLANG_TIDY) --quiet {} -- -std=gnu11 -pthread $(CPPFLAGS_ALL) 2>/dev/null

.PHONY: all deb rpm tarball fuzz fuzzers check-fuzz install uninstall clean format format-version format-check completion examples deps deps-test deps-cross demo check unit-tests asan \
	check-unit check-golden check-docs check-installed check-live check-export check-monitoring check-fleet check-logs check-faults check-edges check-tsan soak check-kvm check-timers check-rcu check-injections check-vm check-bisect check-matrix check-distros check-install lab lint static static-arm64 program-arm64 headers analyze archives FORCE
.DELETE_ON_ERROR: # no half-written skeletons
.SECONDARY:       # keep .bpf.o for bpftool and veristat
