## Sinkwatch: a policy module for the Unbound resolver.
##
##   make demo          set up, then show the whole path running (under a minute after set-up)
##   make test          set up, then run every test; ends with "N passed, N failed"
##
##   make help          these words
##   make setup         Debian packages, and Unbound built with dynlib, into .deps/
##   make all           module and command (the default)
##   make module        build/sinkwatch.so, for the Unbound in UNBOUND_SRC
##   make cli           build/sinkwatch, the command
##   make install       into PREFIX (/usr/local) and SYSCONFDIR (/etc), under DESTDIR, for the Unbound
##                      of your own in UNBOUND_PROGRAM; Debian's lacks dynlib: make deb
##   make deb           Debian packages for the running Debian, into build/deb/: Unbound with dynlib,
##                      the module for it, the command; again after a security update of Unbound
##   make clean         remove build/ (not .deps/)
##
##   make checks        static checks: layers, sizes, documents, exports, ... (seconds)
##   make test-unit     Check programs in tests/unit, headers alone, fuzz corpora
##   make scenarios     labelled timelines of ownership: precision and recall for each anomaly
##   make test-stress   threads against each other, STRESS_SECONDS for each program
##   make model         protocols between threads as models for SPIN, checked whole; each mutation fails
##   make fault         1,000 random histories of writers and faults: index and Redis agree in the end
##   make test-daemon   a real Unbound with the module, driven by tests/daemon
##   make chance        all daemon tests RUNS times in a row, every other time on a busy machine
##   make soak          SOAK_QUESTIONS of every action over every transport, and Unbound's counters after
##   make race          lists that flap under RACE_QUERIES queries: no answer contradicts a list
##   make differential  Unbound alone and with the module, side by side, DIFFERENTIAL_QUERIES
##                      made-up questions: the answers differ only where a list says so
##   make differential-rpz  ROUNDS of random policy zones: Unbound's own RPZ beside imported lists
##   make test-replay   Unbound's own replay scenarios with the module
##   make test-peers    Unbound's scenarios with lists in force: answers of RPZ against ours
##   make test-arm64    unit tests, scenarios and corpora built for arm64, in an emulator, with pages
##                      of 4, 16 and 64 KiB
##   make test-deb      the packages of make deb (SUITE=trixie: of Debian 13) in fresh root folders:
##                      install, enforce, upgrade, remove, purge
##   make bench         benchmarks: a table, and build/bench.jsonl
##   make fuzz          every parser with libFuzzer (clang), FUZZ_SECONDS each
##   make lint          cppcheck and shellcheck, where installed
##   make fmt           format C with clang-format
##
## Variables
##   SANITIZER=address|undefined|thread   instrumented build in build/<sanitizer>; address implies
##                      undefined; the daemon tests then preload the runtime into Unbound
##   V=1                show commands
##   STAY=1             make demo: leave everything running, and print how to query and stop
##   STRICT=1           a skipped test is a failure, but for a package that this Debian does not have
##   SUITE=trixie       make setup: another Debian suite's Unbound, into .deps/unbound-<version>
##   UNBOUND=1.22.0     make setup: this Unbound (1.17.1, 1.22.0), from any suite
##   UNBOUND_SRC=DIR    source tree of your own Unbound, configured --with-dynlibmodule
##   UNBOUND_BUILD=DIR  folder of config.h, if Unbound was built outside the source tree
##   UNBOUND_PROGRAM=unbound   make install: the Unbound that will load the module; empty: not compared
##   TESTS=WORD         only programs (test-unit, test-stress), models, or tests (test-daemon, as
##                      pytest -k) or scenarios (test-replay, test-peers) with this word in the name
##   SCENARIOS=DIR      make scenarios: the timelines of this folder, with every label and document
##                      raised as lines of JSON
##   DECKARD=DIR        make test-peers: the scenarios of a checked-out Deckard as well
##   LONG=1 QUICK=1     the long forms of daemon tests and benchmarks, or the quick forms
##   REDIS_SERVER=valkey-server   test-daemon with this server instead of redis-server
##   KEEP=1             daemon tests leave their folders below TMPDIR behind
##   ORDER=NUMBER       daemon tests in the random order that this number stands for
##   CHOICE=threads|plain SHARE=2/4  of the daemon tests these files (tests/daemon/choices.py)
##   RUNS=10            make chance: how many
##   CC=gcc CFLAGS='-O2 -g' PREFIX=/usr/local DESTDIR= SYSCONFDIR=/etc
##
## Environment of the tests (absolute paths)
##   UNBOUND_BIN UNBOUND_CONTROL UNBOUND_CHECKCONF UNBOUND_ANCHOR   Unbound's programs
##   UNBOUND_VERSION    such as 1.17.1
##   SINKWATCH_SO       the module          SINKWATCH_CLI    the command
##   SINKWATCH_BUILD    the build folder    SINKWATCH_BENCH  file that benchmarks append to
##   SINKWATCH_SANITIZER          address, undefined, thread, or empty
##   SINKWATCH_SANITIZER_RUNTIME  shared libraries for LD_PRELOAD then, separated by spaces
##   SINKWATCH_STRESS_SECONDS     how long a stress program should run
##   SINKWATCH_DATA               yours to set: a folder of real lists, names and databases; without
##                                this variable ../shared/data; without either, a named skip
#
# Build folders: plain parts (without Unbound's headers) compile once per sanitizer into build/ or
# build/<sanitizer>/; parts that include Unbound's headers compile once per Unbound version into
# unbound-<version>/ below. A file of flags in each folder makes a change of flags a rebuild.

UNBOUND_SRC   ?= .deps/unbound
UNBOUND_BUILD ?= $(if $(wildcard $(UNBOUND_SRC)/b/unbound/config.h),$(UNBOUND_SRC)/b/unbound,$(UNBOUND_SRC))
BUILD         ?= build
CC            ?= cc
# A sanitizer's build serves tests alone: lines for reports (-g1), and little optimization (D-211).
CFLAGS        ?= $(if $(SANITIZER),-O1 -g1,-O2 -g) -fstack-protector-strong$(if $(SANITIZER),, -D_FORTIFY_SOURCE=2)
PREFIX        ?= /usr/local
SYSCONFDIR    ?= /etc
MODULEDIR     ?= $(PREFIX)/lib/sinkwatch
UNBOUND_PROGRAM ?= unbound
STRESS_SECONDS ?= 60
FUZZ_SECONDS  ?= 60
RACE_QUERIES  ?= 10000000
SOAK_QUESTIONS ?= 1000000
DIFFERENTIAL_QUERIES ?= 1000000
PYTHON        ?= /usr/bin/python3
PKG_CONFIG    ?= pkg-config
SANITIZER     ?=
SUITE         ?=
UNBOUND       ?=
TESTS         ?=
STRICT        ?=
ORDER         ?=
CHOICE        ?=
SHARE         ?=
RUNS          ?= 10
STAY          ?=
REDIS_SERVER  ?=
# nsd is where an ordinary user's PATH on Debian does not lead.
export PATH  := $(PATH):/usr/sbin:/sbin
Q              = $(if $(V),,@)
say            = $(if $(V),@:,@printf '  %-7s %s\n' '$(1)' '$(2)')

WARN = -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes \
       -Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wformat=2 -Wvla -Werror

# With little optimization the compiler knows fewer values: warnings that follow values are those of
# the build without a sanitizer, which has the same sources (D-211).
VALUES = -Wno-error -Wno-format-truncation -Wno-format-overflow -Wno-maybe-uninitialized -Wno-stringop-overflow \
         -Wno-stringop-truncation -Wno-array-bounds -Wno-restrict

SANITIZE_address   = -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
SANITIZE_undefined = -fsanitize=undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
SANITIZE_thread    = -fsanitize=thread -fno-omit-frame-pointer
ifneq ($(SANITIZER),)
ifeq ($(SANITIZE_$(SANITIZER)),)
$(error SANITIZER=$(SANITIZER) is not known: address, undefined or thread)
endif
endif
SANITIZE = $(SANITIZE_$(SANITIZER))
RUNTIME_address   = libasan.so libubsan.so
RUNTIME_undefined = libubsan.so
RUNTIME_thread    = libtsan.so
sanitizer_runtime = $(foreach l,$(RUNTIME_$(SANITIZER)),$(realpath $(shell $(CC) -print-file-name=$(l))))

OUT       = $(BUILD)$(if $(SANITIZER),/$(SANITIZER))
BASEFLAGS = -std=c11 -D_GNU_SOURCE -fPIC -fvisibility=hidden -Imodule $(WARN) $(if $(SANITIZER),$(VALUES)) $(SANITIZE)
LIBS      = -lxxhash -lhiredis -lssl -lcrypto -lmaxminddb -ljansson -lidn2 -lunistring -lpsl -lz -lzstd -lcurl -lmicrohttpd -lurcu-bp -lresolv -lpthread
CLI_LIBS  = -lunbound -lncursesw -ltinfo
CHECK_LIB = $(shell $(PKG_CONFIG) --cflags --libs check)

# Sources that include Unbound's headers; all other sources are plain.
HOST  = $(wildcard module/host/*.c) $(wildcard module/flow/query.c module/flow/act.c)
PLAIN = $(filter-out $(HOST),$(wildcard $(addprefix module/,$(addsuffix /*.c,base redis index memory memory/intake owner feed journal journal/history flow))))
CLI   = $(wildcard module/formats/*.c module/cli/*.c module/cli/*/*.c)
PLAIN_O = $(PLAIN:%.c=$(OUT)/%.o)
CLI_O   = $(CLI:%.c=$(OUT)/%.o)

UNBOUND_VERSION := $(shell sed -n 's/^.define PACKAGE_VERSION "\(.*\)"/\1/p' $(UNBOUND_BUILD)/config.h 2>/dev/null)
UNBOUND_DYNLIB  := $(shell grep -s '^.define WITH_DYNLIBMODULE' $(UNBOUND_BUILD)/config.h)
UOUT      = $(OUT)/unbound-$(UNBOUND_VERSION)
HOST_O    = $(HOST:%.c=$(UOUT)/%.o)
# config.h has the version as text only; UNBOUND_VERSION_MAJOR belongs to libunbound's header.
UNBOUND_FLAGS = -isystem $(UNBOUND_BUILD) -isystem $(UNBOUND_SRC) \
    -DSW_UNBOUND_MAJOR=$(word 1,$(subst ., ,$(UNBOUND_VERSION))) \
    -DSW_UNBOUND_MINOR=$(word 2,$(subst ., ,$(UNBOUND_VERSION)))

# Tests, benchmarks and fuzz programs: a file of the right name is a registered one.
UNIT_SRC   = $(wildcard tests/unit/test_*.c)
STRESS_SRC = $(wildcard tests/stress/*.c)
FAULT_WRAP = tests/fault/no_memory.c# linked by a daemon test into a module of its own
FAULT_SRC  = $(filter-out $(FAULT_WRAP),$(wildcard tests/fault/*.c))
BENCH_SRC  = $(wildcard tests/bench/bench_*.c)
BENCH_MODULE = tests/bench/floor.c
BENCH_RUN  = $(wildcard tests/bench/bench_*.py tests/bench/bench_*.sh)
RACE_SRC   = $(wildcard tests/race/*.c)
FUZZ_SRC   = $(wildcard tests/fuzz/fuzz_*.c)
MODEL_SRC  = $(wildcard tests/model/*.pml) tests/model/run.py
DAEMON_SRC = $(wildcard tests/daemon/test_*.py)
UNITS   = $(UNIT_SRC:%.c=$(OUT)/%)
PLAY_SCENARIOS = $(OUT)/tests/scenarios/run_scenarios
RACE_LOAD = $(OUT)/tests/race/race_load
AUTHORITY_SRC = $(addprefix tests/differential/,authority.c data.c odd_answers.c records.c message.c world.c)
CLIENT_SRC    = $(addprefix tests/differential/,client.c compare.c world.c)
DIFFERENTIAL  = $(OUT)/tests/differential/authority $(OUT)/tests/differential/client
STRESS  = $(STRESS_SRC:%.c=$(OUT)/%)
FAULTS  = $(FAULT_SRC:%.c=$(OUT)/%)
BENCHES = $(BENCH_SRC:%.c=$(OUT)/%)
CORPORA = $(FUZZ_SRC:tests/fuzz/%.c=$(OUT)/tests/fuzz/%)
FUZZERS = $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/fuzz/%)
# Fuzz objects carry the instrumentation of libFuzzer, hence separate objects; UBSan has to stop.
FUZZFLAGS = -std=c11 -D_GNU_SOURCE -Imodule -g -O1 -fno-omit-frame-pointer $(SANITIZE_address)
FUZZ_O    = $(patsubst %.c,$(BUILD)/fuzz/%.o,$(PLAIN) $(filter-out %/main.c,$(CLI)))
# A fuzz program may include these; the corpus driver is compiled in one go, without a .d file.
FUZZ_DEPS = $(wildcard tests/fuzz/*.h tests/unit/*.h module/flow/query.[ch])

TARGETS = help all module cli demo test test-unit scenarios test-stress model fault test-daemon chance test-replay test-peers race soak \
          differential differential-rpz checks bench fuzz lint fmt install deb test-deb test-arm64 clean setup
.PHONY: $(TARGETS) build-tests build-daemon print-tests need-unbound FORCE
.DELETE_ON_ERROR:
.SECONDARY:
all: module cli

help:
	@sed -n 's/^## \{0,1\}//p' $(firstword $(MAKEFILE_LIST))

setup:
	$(Q)scripts/setup $(if $(SUITE),--suite $(SUITE)) $(if $(UNBOUND),--unbound $(UNBOUND))

# ---- compile and link

$(OUT)/flags: FLAGS_TEXT = $(CC) $(BASEFLAGS) $(CFLAGS) $(CPPFLAGS) $(LDFLAGS)
$(UOUT)/flags: FLAGS_TEXT = $(CC) $(BASEFLAGS) $(CFLAGS) $(CPPFLAGS) $(LDFLAGS) $(realpath $(UNBOUND_SRC) $(UNBOUND_BUILD))
$(sort $(OUT)/flags $(UOUT)/flags): FORCE
	@mkdir -p $(@D)
	@printf '%s\n' "$(FLAGS_TEXT)" | cmp -s - $@ || printf '%s\n' "$(FLAGS_TEXT)" > $@

$(OUT)/module/%.o: module/%.c $(OUT)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(BASEFLAGS) $(CFLAGS) $(CPPFLAGS) -MMD -MP -c -o $@ $<

# Unbound's headers are not clean under our warnings, hence -isystem; -MD notes such headers too.
$(UOUT)/module/%.o: module/%.c $(UOUT)/flags | need-unbound
	@mkdir -p $(@D)
	$(call say,CC,$< (Unbound $(UNBOUND_VERSION)))
	$(Q)$(CC) $(BASEFLAGS) $(CFLAGS) $(CPPFLAGS) $(UNBOUND_FLAGS) -MD -MP -c -o $@ $<

$(UOUT)/sinkwatch.so: $(HOST_O) $(PLAIN_O) module/host/exports.map
	$(call say,LINK,$@)
	$(Q)$(CC) -shared $(SANITIZE) $(CFLAGS) $(LDFLAGS) -Wl,-z,now -Wl,-z,relro -Wl,--as-needed \
	    -Wl,--version-script=module/host/exports.map -o $@ $(HOST_O) $(PLAIN_O) $(LIBS)

# A module that only answers: the least that an answer of any module costs (tests/bench).
$(UOUT)/floor.so: $(BENCH_MODULE) $(HOST_O) $(PLAIN_O) module/host/exports.map $(UOUT)/flags
	$(call say,LINK,$@)
	$(Q)$(CC) $(BASEFLAGS) $(CFLAGS) $(CPPFLAGS) $(UNBOUND_FLAGS) -shared $(LDFLAGS) -Wl,-z,now \
	    -Wl,--as-needed -Wl,--version-script=module/host/exports.map -o $@ $(BENCH_MODULE) \
	    $(filter %/act.o,$(HOST_O)) $(PLAIN_O) $(LIBS)

# An archive, so that a test program links only the needed objects.
$(OUT)/plain.a: $(PLAIN_O) $(filter-out %/main.o,$(CLI_O))
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(OUT)/sinkwatch: $(CLI_O) $(OUT)/plain.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(SANITIZE) $(CFLAGS) $(LDFLAGS) -Wl,--as-needed -o $@ $^ $(LIBS) $(CLI_LIBS)

module: need-unbound $(UOUT)/sinkwatch.so
	$(Q)ln -sfn unbound-$(UNBOUND_VERSION)/sinkwatch.so $(OUT)/sinkwatch.so
cli: $(OUT)/sinkwatch

need-unbound:
ifeq ($(UNBOUND_VERSION),)
	@echo "There is no built Unbound in $(UNBOUND_SRC) (no config.h in $(UNBOUND_BUILD))." >&2
	@echo "Run 'make setup', or name your own: UNBOUND_SRC=DIR [UNBOUND_BUILD=DIR]." >&2
	@false
else ifeq ($(UNBOUND_DYNLIB),)
	@echo "The Unbound $(UNBOUND_VERSION) in $(UNBOUND_BUILD) cannot load modules:" >&2
	@echo "its config.h lacks WITH_DYNLIBMODULE. Configure it --with-dynlibmodule and rebuild," >&2
	@echo "or run 'make setup' and leave UNBOUND_SRC alone." >&2
	@false
else
	@test -f $(UNBOUND_SRC)/util/module.h || { echo "UNBOUND_SRC=$(UNBOUND_SRC) is not Unbound's source tree: no util/module.h" >&2; false; }
endif

# The assembler reads these files, so no compiler notes them.
$(OUT)/module/owner/classtable.o $(BUILD)/fuzz/module/owner/classtable.o: conf/classes.tsv
$(OUT)/module/cli/functions.o $(BUILD)/fuzz/module/cli/functions.o: conf/sinkwatch.lua
$(OUT)/module/cli/web/web_page.o $(BUILD)/fuzz/module/cli/web/web_page.o: $(wildcard module/cli/web/page/*)
$(OUT)/module/cli/memory/clickhouse.o $(BUILD)/fuzz/module/cli/memory/clickhouse.o: conf/clickhouse.sql

# ---- test programs

$(OUT)/tests/unit/%: tests/unit/%.c $(OUT)/plain.a $(OUT)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(BASEFLAGS) $(CFLAGS) $(CPPFLAGS) -MMD -MP -MF $@.d -o $@ $< $(OUT)/plain.a $(CHECK_LIB) $(LIBS)
$(OUT)/tests/scenarios/%: tests/scenarios/%.c $(OUT)/plain.a $(OUT)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(BASEFLAGS) $(CFLAGS) $(CPPFLAGS) -MMD -MP -MF $@.d -o $@ $< $(OUT)/plain.a $(CHECK_LIB) $(LIBS)
$(OUT)/tests/stress/%: tests/stress/%.c $(OUT)/plain.a $(OUT)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(BASEFLAGS) $(CFLAGS) $(CPPFLAGS) -MMD -MP -MF $@.d -o $@ $< $(OUT)/plain.a $(CHECK_LIB) $(LIBS)
$(OUT)/tests/fault/%: tests/fault/%.c $(OUT)/plain.a $(OUT)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(BASEFLAGS) $(CFLAGS) $(CPPFLAGS) -MMD -MP -MF $@.d -o $@ $< $(OUT)/plain.a $(LIBS)
$(OUT)/tests/bench/%: tests/bench/%.c $(OUT)/plain.a $(OUT)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(BASEFLAGS) $(CFLAGS) $(CPPFLAGS) -MMD -MP -MF $@.d -o $@ $< $(OUT)/plain.a $(LIBS)
$(RACE_LOAD): $(RACE_SRC) $(wildcard tests/race/*.h) $(OUT)/flags
	@mkdir -p $(@D)
	$(call say,CC,tests/race)
	$(Q)$(CC) $(BASEFLAGS) $(CFLAGS) $(CPPFLAGS) -o $@ $(RACE_SRC) -lpthread
$(OUT)/tests/differential/authority: $(AUTHORITY_SRC)
$(OUT)/tests/differential/client: $(CLIENT_SRC)
$(DIFFERENTIAL): $(wildcard tests/differential/*.h) $(OUT)/flags
	@mkdir -p $(@D)
	$(call say,CC,tests/differential/$(@F))
	$(Q)$(CC) $(BASEFLAGS) $(CFLAGS) $(CPPFLAGS) -o $@ $(filter %.c,$^) -lcrypto
# With any compiler: the corpus driver runs the inputs that fuzzing has found.
$(OUT)/tests/fuzz/%: tests/fuzz/%.c tests/fuzz/driver.c $(FUZZ_DEPS) $(OUT)/plain.a $(OUT)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(BASEFLAGS) $(CFLAGS) $(CPPFLAGS) -DCORPUS=\"tests/fuzz/corpus/$(<:tests/fuzz/fuzz_%.c=%)\" -o $@ $< tests/fuzz/driver.c $(OUT)/plain.a $(LIBS)
$(BUILD)/fuzz/module/%.o: module/%.c
	@mkdir -p $(@D)
	$(call say,FUZZ,$<)
	$(Q)clang $(FUZZFLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<
$(BUILD)/fuzz/plain.a: $(FUZZ_O)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^
$(BUILD)/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(BUILD)/fuzz/plain.a
	$(call say,FUZZ,$<)
	$(Q)clang $(FUZZFLAGS) -fsanitize=fuzzer -MMD -MP -MF $@.d -o $@ $< $(BUILD)/fuzz/plain.a $(LIBS)

-include $(wildcard $(BUILD)/fuzz/*.d $(BUILD)/fuzz/module/*/*.d $(BUILD)/fuzz/module/*/*/*.d)
-include $(wildcard $(OUT)/module/*/*.d $(OUT)/module/*/*/*.d $(UOUT)/module/*/*.d $(OUT)/tests/*/*.d)

# The list that scripts/checks compares with the files in tests/.
print-tests:
	@printf '%s\n' $(UNIT_SRC) tests/scenarios/run_scenarios.c $(STRESS_SRC) $(FAULT_SRC) $(FAULT_WRAP) $(RACE_SRC) tests/race/race.py tests/peers/peers.py tests/deb/deb.py $(sort $(AUTHORITY_SRC) $(CLIENT_SRC)) tests/differential/differential.py $(BENCH_SRC) $(BENCH_MODULE) $(BENCH_RUN) $(FUZZ_SRC) $(MODEL_SRC) $(DAEMON_SRC)
build-daemon: module cli $(RACE_LOAD) $(DIFFERENTIAL)
build-tests: $(UNITS) $(STRESS) $(FAULTS) $(CORPORA) $(RACE_LOAD) $(DIFFERENTIAL)

# ---- run tests

TEST_ENV = UNBOUND_BIN=$(abspath $(UNBOUND_BUILD)/unbound) \
    UNBOUND_CONTROL=$(abspath $(UNBOUND_BUILD)/unbound-control) \
    UNBOUND_CHECKCONF=$(abspath $(UNBOUND_BUILD)/unbound-checkconf) \
    UNBOUND_ANCHOR=$(abspath $(UNBOUND_BUILD)/unbound-anchor) \
    UNBOUND_VERSION=$(UNBOUND_VERSION) \
    SINKWATCH_SO=$(abspath $(UOUT)/sinkwatch.so) SINKWATCH_CLI=$(abspath $(OUT)/sinkwatch) \
    SINKWATCH_BUILD=$(abspath $(OUT)) SINKWATCH_BENCH=$(abspath $(BUILD)/bench.jsonl) \
    SINKWATCH_SANITIZER=$(SANITIZER) SINKWATCH_SANITIZER_RUNTIME="$(sanitizer_runtime)" \
    SINKWATCH_STRESS_SECONDS=$(STRESS_SECONDS) STRICT=$(STRICT) TESTS="$(TESTS)" ORDER=$(ORDER) REDIS_SERVER=$(REDIS_SERVER) \
    CHOICE=$(CHOICE) SHARE=$(SHARE)

test:
	$(Q)MAKE="$(MAKE)" STRICT=$(STRICT) scripts/run/test $(BUILD)

demo: setup
	$(Q)$(MAKE) --no-print-directory all
	$(Q)$(MAKE) --no-print-directory run-demo
.PHONY: run-demo
run-demo:
	$(Q)$(TEST_ENV) scripts/demo $(if $(STAY),--stay)

test-unit: $(UNITS) $(CORPORA) $(PLAY_SCENARIOS) $(FAULTS)
	$(Q)$(TEST_ENV) CC="$(CC)" FLAGS="$(BASEFLAGS)" UNBOUND_FLAGS="$(if $(UNBOUND_VERSION),$(UNBOUND_FLAGS))" \
	    scripts/run/programs unit $(UNITS) $(CORPORA) $(PLAY_SCENARIOS) $(FAULTS) $(if $(SANITIZER),,tests/headers/run)

scenarios: $(PLAY_SCENARIOS)
	$(Q)SCENARIOS="$(SCENARIOS)" $(PLAY_SCENARIOS)

fault: $(FAULTS)
	$(Q)FAULT_HISTORIES=$${FAULT_HISTORIES:-1000} $(FAULTS)

test-stress: $(STRESS)
	$(Q)$(TEST_ENV) scripts/run/programs stress $(STRESS)

model:
	$(Q)STRICT=$(STRICT) TESTS="$(TESTS)" V=$(V) $(PYTHON) -B tests/model/run.py $(BUILD)/model

test-daemon: build-daemon
	$(Q)$(TEST_ENV) scripts/run/daemon $(PYTHON)

chance: build-daemon
	$(Q)$(TEST_ENV) scripts/run/chance $(PYTHON) $(RUNS)

soak: module cli $(RACE_LOAD)
	$(Q)$(TEST_ENV) SOAK_QUESTIONS=$(SOAK_QUESTIONS) TESTS=test_soak scripts/run/daemon $(PYTHON)

race: module cli $(RACE_LOAD)
	$(Q)$(TEST_ENV) $(PYTHON) -B tests/race/race.py --queries $(RACE_QUERIES)

# SEED, CONFIGURATION, PHASE, .. repeat the case of a report.
differential: module cli $(DIFFERENTIAL)
	$(Q)$(TEST_ENV) $(PYTHON) -B tests/differential/differential.py --queries $(DIFFERENTIAL_QUERIES) \
	    $(if $(SEED),--seed $(SEED)) $(if $(POOL),--pool $(POOL)) $(if $(BLOCK),--block $(BLOCK)) \
	    $(if $(AGAIN),--again $(AGAIN)) $(addprefix --configuration ,$(CONFIGURATION)) $(addprefix --phase ,$(PHASE))

# ROUNDS, SEED: how many random policy zones, and which.
differential-rpz: build-daemon
	$(Q)$(TEST_ENV) ROUNDS=$(or $(ROUNDS),100) SEED=$(SEED) TESTS=test_rpz_differential scripts/run/daemon $(PYTHON)

test-replay: module
	$(Q)$(TEST_ENV) scripts/replay $(abspath $(UNBOUND_SRC)) $(abspath $(UNBOUND_BUILD))

test-peers: module
	$(Q)$(TEST_ENV) UNBOUND_TESTDATA=$(abspath $(UNBOUND_SRC)/testdata) $(PYTHON) -B tests/peers/peers.py

checks:
	$(Q)MAKE="$(MAKE)" SINKWATCH_SO=$(wildcard $(UOUT)/sinkwatch.so) UNBOUND_SRC=$(UNBOUND_SRC) \
	    UNBOUND_BIN=$(UNBOUND_BUILD)/unbound STRICT=$(STRICT) $(PYTHON) -B scripts/checks/run.py

bench: module cli $(UOUT)/floor.so $(BENCHES)
	$(Q)$(TEST_ENV) scripts/run/bench $(PYTHON) $(BENCHES) $(BENCH_RUN)

fuzz:
	$(Q)scripts/run/fuzz --can-build
	$(Q)$(MAKE) --no-print-directory $(FUZZERS)
	$(Q)scripts/run/fuzz $(FUZZ_SECONDS) $(FUZZERS)

lint:
	$(Q)scripts/run/lint

fmt:
	$(Q)find module tests -name '*.[ch]' -print0 | xargs -0 $(PYTHON) -B scripts/checks/dialect.py
	$(Q)find module tests -name '*.[ch]' -print0 | xargs -0 clang-format -i

# ---- install

install: all
	$(Q)scripts/run/match "$(UNBOUND_PROGRAM)" $(UNBOUND_BUILD)
	install -d $(DESTDIR)$(MODULEDIR) $(DESTDIR)$(PREFIX)/bin
	install -m 0755 $(UOUT)/sinkwatch.so $(DESTDIR)$(MODULEDIR)/sinkwatch.so
	install -m 0755 $(OUT)/sinkwatch $(DESTDIR)$(PREFIX)/bin/sinkwatch
	scripts/run/install "$(DESTDIR)$(SYSCONFDIR)/sinkwatch" "$(PREFIX)" "$(DESTDIR)"

deb:
	$(Q)scripts/deb/packages

test-deb:
	$(Q)TESTS="$(TESTS)" $(PYTHON) -B tests/deb/deb.py $(if $(SUITE),--suite $(SUITE))

test-arm64:
	$(Q)MAKE="$(MAKE)" STRICT=$(STRICT) TESTS="$(TESTS)" scripts/run/arm64 $(BUILD)/arm64

clean:
	rm -rf $(BUILD)
