# SPDX-License-Identifier: GPL-2.0-or-later
# smtpwire - one Makefile, not recursive.  `make help` lists the targets.
#
# Objects lie in $(BUILD)/$(MODE).  MODE: release, debug, asan, tsan, cover,
# fuzz.
# CFLAGS, CPPFLAGS and LDFLAGS of the caller are added to, never replaced.

VERSION := 0.1.0
SOVERSION := 0

CC ?= cc
AR ?= ar
OBJCOPY ?= objcopy
PKG_CONFIG ?= pkg-config
CFLAGS ?= -O3 -g
CPPFLAGS ?=
LDFLAGS ?=
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
DATADIR ?= $(PREFIX)/share/smtpwire
UNITDIR ?= $(PREFIX)/lib/systemd/system
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d
PKGCONFIGDIR ?= $(LIBDIR)/pkgconfig
DESTDIR ?=
BUILD ?= build
MODE ?= release
O := $(BUILD)/$(MODE)

all: lib smtpwire ## the library and the command (default)

# --- sources, from the ground up (DESIGN: a folder uses what is below it)

# sources, buffers, escapes, clock, account
SRC_BASE := $(addprefix src/base/, \
	account.c arena.c buffer.c clock.c decompress.c \
	decompress_stream.c error.c escape.c \
	folder.c library.c members.c part.c scratch.c secret.c slice.c source.c \
	source_block.c source_open.c source_random.c source_store.c)

# capture files -> frames
SRC_CAPTURE := $(addprefix src/capture/, \
	capture.c erf.c interfaces.c keeper.c live.c live_counters.c \
	live_filter.c netmon.c \
	netmon_frame.c netmon_media.c netmon_side.c netmon_walk.c netxray.c \
	pcap.c pcap_open.c pcap_search.c \
	pcapng.c pcapng_block.c pcapng_time.c records.c sniffer.c \
	snoop.c)

# frames -> TCP segments
SRC_NET := $(addprefix src/net/, \
	filter.c fragments.c ip.c link.c mpls.c net.c segment.c tunnel.c \
	usual.c wireless.c wrapper.c)

# segments -> one causal sequence of octets
SRC_TCP := $(addprefix src/tcp/, \
	arrival.c causal.c closed.c flow.c flows.c handshake.c history.c native.c \
	nids.c nids_library.c receive.c stretches.c timer.c usual.c)

# the model: built, named, stored
SRC_TRANSCRIPT := $(addprefix src/transcript/, \
	auth.c auth_prompt.c commands.c content.c envelope.c events.c fields.c \
	header.c message.c names.c notes.c observe.c outcome.c queue_id.c replies.c \
	reply.c secrets.c session.c store_json.c store_json_events.c \
	store_read.c store_write.c transaction.c verbs.c)

# octets of two directions -> the model
SRC_SMTP := $(addprefix src/smtp/, \
	body.c body_scan.c chunk.c client.c commands.c consequences.c \
	content.c dialogue.c guess.c late.c line.c outstanding.c server.c start.c \
	tls.c tls_ciphers.c tls_handshake.c tls_phase.c)

# lines of logs -> the model
SRC_LOGS := $(addprefix src/logs/, \
	dialogue.c lines.c logs.c sessions.c talk.c text.c when.c \
	dialogue_auth.c dialogue_queue.c ends.c session_keys.c session_source.c \
	held.c iis_find.c iis_rows.c iis_values.c odbc.c odbc_name.c \
	odbc_query.c quote.c strangers.c syslog.c trace.c waiting.c \
	follow.c \
	apple_mail.c \
	communigate.c \
	curl.c \
	curl_trace.c \
	domino.c \
	exchange_connector.c connector_rows.c connector_talk.c \
	exchange_ims.c ims_content.c ims_dates.c ims_io.c ims_sessions.c \
	ims_talk.c \
	exim.c exim_rows.c \
	fakesmtp.c \
	fetchmail.c \
	haraka.c haraka_rows.c \
	hmailserver.c \
	icewarp.c icewarp_rows.c \
	iis_native.c \
	iis_ncsa.c \
	iis_odbc.c iis_dump.c \
	iis_w3c.c \
	javamail.c \
	mailenable.c \
	mailkit.c \
	mdaemon.c \
	msmtp.c \
	net_smtp.c \
	netmon_text.c netmon_text_rows.c \
	opensmtpd.c \
	outlook_express.c outlook_rows.c \
	postfix.c postfix_rows.c \
	postfix_notice.c \
	roundcube.c \
	sendmail.c \
	sendmail_syslog.c \
	sendmail_verbose.c \
	smartermail.c \
	smtplib.c \
	swaks.c)

# the model -> outputs
SRC_EMIT := $(addprefix src/emit/, \
	eml.c eml_body.c eml_settle.c jsonl.c jsonl_event.c mbox.c mbox_file.c \
	mbox_message.c page.c page_rows.c page_write.c \
	pen.c pile.c \
	report_json.c report_text.c text.c text_event.c text_line.c words.c)
# the HTML page's own text, and its program in this order
PAGE_JS := $(addprefix src/emit/page/, \
	text.js data.js time.js filter.js overview.js timeline.js table.js \
	events.js transcript.js ladder.js elsewhere.js session.js main.js)
PAGE_CSS := src/emit/page/page.css
PAGE_HTML := src/emit/page/page.html

# two records held against each other
SRC_CHECK := $(addprefix src/check/, \
	align.c clocks.c compare_command.c compare_extensions.c \
	compare_hidden.c compare_lacking.c compare_message.c \
	compare_reply.c compare_text.c compare_turns.c match.c \
	match_assign.c match_candidates.c match_order.c match_vote.c \
	match_weigh.c names.c pair.c side.c verdict.c window.c)

# where the sides meet
SRC_PIPELINE := $(addprefix src/pipeline/, \
	address.c ahead.c batch.c connection.c crew.c finished.c ids.c \
	input.c input_archive.c kept.c remarks.c saved.c shard.c wire.c \
	wire_files.c wire_frames.c)

# include/smtpwire/
SRC_API := $(addprefix src/api/, \
	about.c account.c check.c explain.c filter.c formats.c live.c \
	options.c printer.c reader.c report.c \
	spill.c tee.c watch.c)

SRC_LIB := $(SRC_BASE) $(SRC_CAPTURE) $(SRC_NET) $(SRC_TCP) \
	$(SRC_TRANSCRIPT) $(SRC_SMTP) $(SRC_LOGS) $(SRC_EMIT) \
	$(SRC_PIPELINE) $(SRC_CHECK) $(SRC_API)

# the command, a client of include/ alone
SRC_CLI := $(addprefix src/cli/, \
	check.c confine.c explain.c formats.c heap.c live.c main.c \
	options.c options_help.c options_places.c options_table.c output.c \
	read.c reading.c rights.c terminal.c values.c)

SRC_UNIT := $(wildcard tests/unit/t_*.c)
SRC_FUZZ := $(wildcard tests/fuzz/fuzz_*.c)

# --- flags

# Databases can be left out: ODBC=no, or no unixODBC to be found.
ifndef ODBC
ODBC := $(shell $(PKG_CONFIG) --exists odbc 2>/dev/null && echo yes)
endif
# So can the second TCP engine: NIDS=no, or no libnids, which has no .pc.
ifndef NIDS
NIDS := $(shell printf '\043include <nids.h>\n' | $(CC) $(CPPFLAGS) -fsyntax-only \
	-x c - 2>/dev/null && echo yes)
endif
LIBS_PC := libpcap libcrypto gmime-3.0 libarchive zlib liblzma libzstd jansson \
	$(if $(filter yes,$(ODBC)),odbc)
PC_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(LIBS_PC) 2>/dev/null)
# Some libraries are loaded when they are needed, see src/base/library.c.
LIBS_LATE := gmime-3.0 libarchive liblzma libzstd libpcap
PC_LIBS := $(shell $(PKG_CONFIG) --libs $(filter-out $(LIBS_LATE),$(LIBS_PC)) \
	2>/dev/null)
CMOCKA_CFLAGS := $(shell $(PKG_CONFIG) --cflags cmocka 2>/dev/null)
CMOCKA_LIBS := $(shell $(PKG_CONFIG) --libs cmocka libarchive 2>/dev/null)

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wwrite-strings \
	-Wundef -Wvla -Wformat=2 -Wswitch -Wconversion
ifeq ($(WERROR),1)
WARN += -Werror
endif

# Sanitizers and coverage do what src/cli/confine.c forbids.
SAN := -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer -DSW_UNCONFINED
MODE_CFLAGS_release := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
MODE_CFLAGS_debug := -O0 -g3
MODE_CFLAGS_asan := -O1 -g $(SAN)
MODE_CFLAGS_tsan := -O1 -g -fsanitize=thread -DSW_UNCONFINED
MODE_CFLAGS_cover := -O0 -g --coverage -DSW_UNCONFINED
# Limits that small inputs reach, see src/base/limits.h.
MODE_CFLAGS_fuzz := -O1 -g $(SAN) -fsanitize=fuzzer-no-link -DSW_SMALL_LIMITS
MODE_LDFLAGS_asan := $(SAN)
MODE_LDFLAGS_tsan := -fsanitize=thread
MODE_LDFLAGS_cover := --coverage
MODE_LDFLAGS_fuzz := $(SAN)
MODE_CFLAGS_afl := $(MODE_CFLAGS_asan)
MODE_LDFLAGS_afl := $(SAN)

# What each octet of a capture goes through is optimized as a whole where the
# compiler can make objects that serve without that as well (gcc).  LTO=no:
# never, for a quicker build.  In the command alone: for the library it would
# double the time again.
ifeq ($(MODE),release)
ifndef LTO
LTO := $(shell echo 'int main(void) { return 0; }' | $(CC) -Werror \
	-flto=auto -ffat-lto-objects -x c -o /dev/null - 2>/dev/null && \
	command -v $(OBJCOPY) >/dev/null && echo yes)
endif
endif
LTO_CFLAGS := $(if $(filter yes,$(LTO)),-flto=auto -ffat-lto-objects)
LTO_LDFLAGS := $(if $(filter yes,$(LTO)),-flto=auto)
NO_LTO_LDFLAGS := $(if $(filter yes,$(LTO)),-fno-lto)
# Of the logs those that grow largest, and what they all go through.
SRC_LOGS_WHOLE := $(filter $(addprefix src/logs/, connector_%.c dialogue.c \
	dialogue_%.c \
	exchange_%.c iis_%.c ims_%.c lines.c logs.c sessions.c session_%.c \
	talk.c text.c when.c),$(SRC_LOGS))
OBJ_WHOLE := $(patsubst %.c,$(O)/%.o,$(SRC_BASE) $(SRC_CAPTURE) $(SRC_NET) \
	$(SRC_TCP) $(SRC_TRANSCRIPT) $(SRC_SMTP) $(SRC_LOGS_WHOLE) $(SRC_EMIT) \
	$(SRC_PIPELINE))
$(OBJ_WHOLE): LTO_NOW := $(LTO_CFLAGS)

# gcc on x86 clears and copies structs of some hundred octets by rep stos and
# rep movs, whose start alone takes longer than the stores do.
ifeq ($(MODE),release)
STRINGS := unrolled_loop:640:noalign,libcall:-1:noalign
STRINGS_CFLAGS := -mmemset-strategy=$(STRINGS) -mmemcpy-strategy=$(STRINGS)
STRINGS_CFLAGS := $(shell echo 'int main(void) { return 0; }' | $(CC) \
	-Werror $(STRINGS_CFLAGS) -x c -c -o /dev/null - 2>/dev/null && \
	echo '$(STRINGS_CFLAGS)')
endif

ALL_CPPFLAGS = -Iinclude -Isrc -I$(O)/gen -DSW_VERSION='"$(VERSION)"' \
	$(if $(filter yes,$(ODBC)),-DSW_ODBC) \
	$(if $(filter yes,$(NIDS)),-DSW_NIDS) $(CPPFLAGS)
ALL_CFLAGS = -std=c11 -D_DEFAULT_SOURCE $(WARN) -fvisibility=hidden \
	-fstack-protector-strong -fPIC $(CFLAGS) $(STRINGS_CFLAGS) \
	$(MODE_CFLAGS_$(MODE)) $(PC_CFLAGS)
ALL_LDFLAGS = -Wl,-z,relro,-z,now $(MODE_LDFLAGS_$(MODE)) $(LDFLAGS)

V ?= 0
Q := $(if $(filter 1,$(V)),,@)
# Silent also under make -s, whose letter is in the first word of MAKEFLAGS.
SILENT := $(findstring s,$(firstword -$(filter-out --%,$(MAKEFLAGS))))
say = @$(if $(SILENT)$(filter 1,$(V)),:,printf '  %-7s %s\n')

# --- objects, library, command

obj = $(patsubst %.c,$(O)/%.o,$(1))
, := ,
OBJ_LIB := $(call obj,$(SRC_LIB))
OBJ_CLI := $(call obj,$(SRC_CLI))
UNIT := $(patsubst %.c,$(O)/%,$(SRC_UNIT))
FUZZ_ENTRIES := $(patsubst tests/fuzz/fuzz_%.c,%,$(SRC_FUZZ))
REPLAY := $(patsubst %,$(O)/tests/fuzz/replay_%,$(FUZZ_ENTRIES))
FUZZERS := $(patsubst %,$(O)/tests/fuzz/fuzz_%,$(FUZZ_ENTRIES))
LIB_A := $(O)/libsmtpwire.a
LIB_ONE := $(O)/libsmtpwire.o
TESTED_A := $(O)/tests/libsmtpwire.a
LIB_SO := $(O)/libsmtpwire.so.$(VERSION)
SONAME := libsmtpwire.so.$(SOVERSION)
MAP := src/api/smtpwire.map

lib: $(LIB_A) $(LIB_SO) $(O)/smtpwire.pc ## the library, static and shared
smtpwire: $(O)/smtpwire ## the command

# The flags that objects were made with: another compiler or other flags
# make them anew, another way to say the same folder does not.  Says what is
# missing before the compiler does.
FLAGS_NOW = $(filter-out -Werror -I$(O)/gen,$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) \
	$(LTO_CFLAGS) $(ALL_LDFLAGS))
$(O)/.flags: FORCE
	@$(PKG_CONFIG) --exists $(LIBS_PC) || { \
		$(PKG_CONFIG) --print-errors --exists $(LIBS_PC); \
		echo 'Libraries are missing: run "make deps"' >&2; exit 1; }
	@mkdir -p $(O)
	@printf '%s\n' '$(subst ','\'',$(FLAGS_NOW))' | cmp -s - $@ || \
		printf '%s\n' '$(subst ','\'',$(FLAGS_NOW))' >$@

$(O)/src/%.o: src/%.c $(O)/.flags
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(LTO_NOW) -MMD -MP -c \
		-o $@ $<

# The page's text as arrays, since no compiler here includes files as such.
PAGE_TEXT := $(O)/gen/emit/page_text.h
octets = printf 'static const unsigned char page_text_$(1)[] = {\n'; \
	cat $(2) | od -An -v -tu1 | sed 's/[0-9][0-9]*/&,/g'; echo '};'
$(PAGE_TEXT): $(PAGE_HTML) $(PAGE_CSS) $(PAGE_JS) Makefile
	@mkdir -p $(@D)
	$(say) GEN $@
	$(Q){ $(call octets,html,$(PAGE_HTML)); \
		$(call octets,css,$(PAGE_CSS)); \
		$(call octets,js,$(PAGE_JS)); } >$@
$(O)/src/emit/page_write.o $(O)/tidy/src/emit/page_write.c \
	$(O)/scan/src/emit/page_write.c: $(PAGE_TEXT)

$(O)/tests/%.o: tests/%.c $(O)/.flags
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(ALL_CPPFLAGS) -Itests $(ALL_CFLAGS) $(CMOCKA_CFLAGS) \
		-MMD -MP -c -o $@ $<

# Who links with it has perhaps another compiler: it holds machine code alone.
# It is one object, so that what its files share is no name of the program's.
$(LIB_A): $(OBJ_LIB)
	$(say) AR $@
	$(Q)rm -f $@
	$(Q)$(CC) $(NO_LTO_LDFLAGS) -r -nostdlib -o $(LIB_ONE) $(OBJ_LIB)
	$(Q)$(OBJCOPY) --wildcard -G 'sw_*' $(if $(LTO_CFLAGS),\
		-R '.gnu.lto_*' -R '.gnu.debuglto_*' -N __gnu_lto_v1) $(LIB_ONE)
	$(Q)$(AR) rcs $@ $(LIB_ONE)

# The same for the tests, which look inside.
$(TESTED_A): $(OBJ_LIB)
	@mkdir -p $(@D)
	$(say) AR $@
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $(OBJ_LIB)

$(LIB_SO): $(OBJ_LIB) $(MAP)
	$(say) LD $@
	$(Q)$(CC) $(ALL_CFLAGS) $(NO_LTO_LDFLAGS) -shared -Wl,-soname,$(SONAME) \
		-Wl,--version-script=$(MAP) $(ALL_LDFLAGS) -o $@ \
		$(OBJ_LIB) $(PC_LIBS)
	$(Q)ln -sf $(@F) $(O)/$(SONAME)
	$(Q)ln -sf $(@F) $(O)/libsmtpwire.so

$(O)/smtpwire: $(OBJ_CLI) $(OBJ_LIB)
	$(say) LD $@
	$(Q)$(CC) $(ALL_CFLAGS) $(LTO_LDFLAGS) -pie $(ALL_LDFLAGS) -o $@ \
		$(OBJ_CLI) $(OBJ_LIB) $(PC_LIBS)

# Its folders may differ from those of the last call, and from those of another
# make at the same time: what is installed is made where it is installed.
pc = sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' \
	-e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' -e 's|@VERSION@|$(VERSION)|' \
	-e 's|@LIBS_PC@|$(LIBS_PC)|' src/api/smtpwire.pc.in
$(O)/smtpwire.pc: src/api/smtpwire.pc.in $(O)/.flags FORCE
	@$(pc) >$@.$$$$ && if cmp -s $@.$$$$ $@; then rm $@.$$$$; else \
		mv $@.$$$$ $@; fi

# --- set-up

deps: ## install what is missing to build
	@sh tests/setup.sh build

demo: ## set up, build, read a capture, write its messages
	@sh tests/setup.sh build
	@$(SUB) all
	@sh tests/demo.sh $(O)/smtpwire $(BUILD)/demo

# --- tests

SUB = $(MAKE) --no-print-directory
RUN = tests/run $(RUNFLAGS) $(O)
GOLDEN := $(if $(wildcard tests/golden/CASES),golden)
E2E := $(wildcard tests/e2e/*.sh)
ifneq ($(filter asan cover,$(MODE)),)
# They build things anew, or look at what was written, and would test no more
# than in the plain build.
E2E := $(filter-out $(wildcard tests/e2e/build_*.sh) tests/e2e/browser.sh, \
	$(E2E))
endif
DIFF := $(wildcard tests/diff/*.sh)
ifeq ($(MODE),asan)
# What tshark says does not depend on how smtpwire was built.
DIFF := $(filter-out tests/diff/tshark.sh tests/diff/links.sh,$(DIFF))
endif
FAULT := $(filter-out %/lib.sh,$(wildcard tests/fault/*.sh))
CASES := $(wildcard tests/cases/run.sh)
CORPUS := $(wildcard tests/corpus/run.sh)
PROGRAMS = $(UNIT) $(REPLAY)
# They need a linker's --wrap and LD_PRELOAD.
FAULT_PROGRAMS := $(addprefix $(O)/tests/fault/,alloc alloc_check \
	alloc_live odbc)
FAULT_LIBS := $(patsubst %,$(O)/tests/fault/%.so,preload preload_alloc \
	escape)
TESTS = $(GOLDEN) $(CASES) $(PROGRAMS) $(DIFF) $(FAULT_PROGRAMS) $(FAULT) \
	$(CORPUS) \
	$(E2E)

$(UNIT): $(O)/%: $(O)/%.o $(TESTED_A)
	$(say) LD $@
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) \
		$(TESTED_A) $(PC_LIBS) $(CMOCKA_LIBS)
# Parts of the command, which are not in the library.
$(O)/tests/unit/t_cli_values: $(O)/src/cli/values.o
$(O)/tests/unit/t_confine: $(O)/src/cli/confine.o

$(REPLAY): $(O)/tests/fuzz/replay_%: $(O)/tests/fuzz/fuzz_%.o \
		$(O)/tests/fuzz/onefile.o $(TESTED_A)
	$(say) LD $@
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(FUZZ_WRAPS) -o $@ \
		$(filter %.o,$^) $(TESTED_A) $(PC_LIBS)
$(addprefix $(O)/tests/fuzz/,replay_options fuzz_options): \
	$(addprefix $(O)/src/cli/,options.o options_table.o values.o)

# Calls of unixODBC that may fail.
SQL_CALLS := AllocHandle SetEnvAttr SetConnectAttr SetStmtAttr DriverConnect \
	GetInfo GetDiagRec Tables NumResultCols DescribeCol ColAttribute \
	BindCol Fetch ExecDirect

# What it decides itself: the time.
$(addprefix $(O)/tests/fuzz/,replay_watch fuzz_watch): \
	FUZZ_WRAPPED := clock_gettime
# ... and libpcap, and what an interface counts itself.
$(addprefix $(O)/tests/fuzz/,replay_live fuzz_live): \
	FUZZ_WRAPPED := clock_gettime poll library_load live_counters_open
# ... or a database's driver.
$(addprefix $(O)/tests/fuzz/,replay_odbc fuzz_odbc): \
	FUZZ_WRAPPED := $(addprefix SQL,$(SQL_CALLS) FreeHandle FreeStmt \
	Disconnect)
# What is optimized as a whole calls its own functions, wrapped or not.
FUZZ_WRAPS = $(FUZZ_WRAPPED:%=-Wl$(,)--wrap=%) \
	$(if $(FUZZ_WRAPPED),$(NO_LTO_LDFLAGS))

WRAPPED := malloc calloc realloc strdup strndup posix_memalign fdopen opendir \
	clock_gettime
$(O)/tests/fault/odbc: WRAPPED += $(addprefix SQL,$(SQL_CALLS))
$(FAULT_PROGRAMS): $(O)/%: $(O)/%.o $(TESTED_A)
	$(say) LD $@
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) \
		$(WRAPPED:%=-Wl$(,)--wrap=%) -o $@ $< \
		$(TESTED_A) $(PC_LIBS) $(CMOCKA_LIBS)

$(FAULT_LIBS): $(O)/%.so: %.c $(O)/.flags
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) $(ALL_CPPFLAGS) -std=c11 $(WARN) -fPIC -shared $(CFLAGS) \
		$(LDFLAGS) -o $@ $<

tests-build: all $(PROGRAMS) $(FAULT_PROGRAMS) $(FAULT_LIBS)

check: ## set up, build, run all tests
	@sh tests/setup.sh check
	@sh tests/browser.sh $(BUILD)/npm >/dev/null || :
	@$(SUB) tests-build
	@MAKE='$(MAKE)' CC='$(CC)' $(RUN) $(TESTS)

check-unit: $(PROGRAMS) ## unit tests and the fuzzers' corpus
	@$(RUN) $(PROGRAMS)
check-golden: all ## commands whose output is kept, cases of the contract
	@$(RUN) $(GOLDEN) $(CASES)
check-diff: all ## one traffic in several containers, other programs
	@$(RUN) $(DIFF)
SEEDS ?= 100
properties: all ## SEEDS=100: made-up traffic, however it was captured
	@O=$(O) SEEDS=$(SEEDS) sh tests/diff/properties.sh
check-fault: tests-build ## memory and disk that run out; STEP=1: everywhere
	@STEP='$(STEP)' $(RUN) $(FAULT_PROGRAMS) $(FAULT)
check-e2e: all ## the command and its installation from outside
	@MAKE='$(MAKE)' CC='$(CC)' $(RUN) $(E2E)

check-postfix: all ## 2000 sessions of a real Postfix, fetched for it (root)
	@POSTFIX=1 $(RUN) tests/e2e/live_postfix.sh

golden-update: all ## CASE=name or CASE=all: take today's output as right
	@test -n '$(CASE)' || { echo 'say CASE=name or CASE=all'; exit 2; }
	@$(RUN) --update '$(CASE)' $(O) golden
golden-update: RUN = tests/run
readme-update: all ## put the output that README.md shows anew
	@SMTPWIRE='$(abspath $(O))/smtpwire' \
		python3 tests/e2e/examples.py --update

asan: ## all tests with ASan and UBSan, gcc and clang
	@$(SUB) MODE=asan CC=gcc BUILD=$(BUILD)/gcc check
	@$(SUB) MODE=asan CC=clang BUILD=$(BUILD)/clang check

tsan: ## what threads share, with ThreadSanitizer
	@$(SUB) MODE=tsan all $(BUILD)/tsan/tests/unit/t_crew
	@$(RUN_TSAN) tests/e2e/threads.sh $(BUILD)/tsan/tests/unit/t_crew
RUN_TSAN = tests/run $(RUNFLAGS) $(BUILD)/tsan

VALGRIND = valgrind -q --error-exitcode=99 --leak-check=full
valgrind: tests-build ## unit and golden tests, fuzzers' corpus, under memcheck
	@TEST_SECONDS=7200 tests/run --wrap '$(VALGRIND)' $(O) $(GOLDEN) \
		$(PROGRAMS)

# live needs root, and goes on as another user, who has to write there what was
# reached; what is not optimized takes its time.
cover: ## which lines the tests reach; parsers: 95 %, or a reason
	@$(SUB) MODE=cover CC=gcc tests-build
	@find $(BUILD)/cover -name '*.gcda' -exec rm {} +
	@chmod -R a+rwX $(BUILD)/cover/src
	-@umask 0; TEST_SECONDS=7200 $(SUB) MODE=cover CC=gcc check
	@python3 tests/lint/cover.py $(BUILD)/cover

SECS ?= 60
FUZZFLAGS = -max_total_time=$(SECS) -timeout=10 -rss_limit_mb=2048 \
	-print_final_stats=0 -verbosity=0 $(FUZZMORE)
# A fuzzer writes what it finds into BUILD, never into the kept corpus.
fuzz: ## T=smtp SECS=60: one fuzzer
	@test -n '$(T)' || { echo 'T= is one of: $(FUZZ_ENTRIES)'; exit 2; }
	@$(SUB) MODE=fuzz CC=clang fuzz-one T=$(T) SECS=$(SECS)
fuzz-one: $(O)/tests/fuzz/fuzz_$(T)
	@mkdir -p $(O)/corpus/$(T) $(O)/crashes
	$< $(FUZZFLAGS) -artifact_prefix=$(O)/crashes/$(T)- \
		$(patsubst %,-dict=%,$(wildcard tests/fuzz/$(T).dict)) \
		$(O)/corpus/$(T) $(wildcard tests/fuzz/corpus/$(T) \
		tests/fuzz/crashes/$(T))
fuzz-all: ## SECS=60: every fuzzer, SECS each
	@set -e; for t in $(FUZZ_ENTRIES); do \
		$(SUB) fuzz T=$$t SECS=$(SECS); done
# The same inputs each time: what is new is for `make fuzz` to find, and so is
# what is slow, on a machine that has nothing else to do.
fuzz-smoke: ## every fuzzer, 1000 inputs, at most SECS in all
	@$(SUB) MODE=fuzz CC=clang fuzzers
	@set -e; each=$$(( $(SECS) / $(words $(FUZZ_ENTRIES)) )); \
	for t in $(FUZZ_ENTRIES); do \
		$(SUB) fuzz T=$$t SECS=$$(( each > 0 ? each : 1 )) \
		FUZZMORE='-seed=1 -runs=1000 -timeout=60'; done
fuzz-afl: ## SECS=3600: the command under AFL++, one process
	@if command -v afl-fuzz && command -v afl-clang-fast; then \
		$(SUB) MODE=afl CC=afl-clang-fast smtpwire && \
		sh tests/fuzz/afl.sh $(BUILD)/afl $(SECS); \
	else echo 'skip fuzz-afl: afl-fuzz is not installed'; fi
fuzz-afl: SECS = 3600

fuzzers: $(FUZZERS)
$(FUZZERS): $(O)/tests/fuzz/fuzz_%: $(O)/tests/fuzz/fuzz_%.o $(TESTED_A)
	$(say) LD $@
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(FUZZ_WRAPS) \
		-fsanitize=fuzzer -o $@ $(filter %.o,$^) $(TESTED_A) $(PC_LIBS)

bench: all ## speed beside other programs
	@sh tests/bench/bench.sh $(O)/smtpwire $(BUILD)/bench
bench-scale: all ## small captures and 50 GiB, 10 and 100 000 sessions at once
	@sh tests/bench/scale.sh $(O)/smtpwire $(BUILD)/bench
bench-check: all ## instructions per MB against tests/bench/baseline
	@sh tests/bench/counts.sh $(O)/smtpwire $(BUILD)/bench
bench-baseline: all ## record them anew
	@sh tests/bench/counts.sh $(O)/smtpwire $(BUILD)/bench --record

compare-engines: all ## what each TCP engine recovers, as a table
	@sh tests/bench/engines.sh $(O)/smtpwire $(BUILD)/bench

DIR ?= ../shared/captures
corpus: all ## DIR=folder: read all captures there, compare with facts.jsonl
	@DIR='$(DIR)' SMTPWIRE='$(abspath $(O))/smtpwire' \
		sh tests/corpus/run.sh

# --- lint

SRC_ALL := $(SRC_LIB) $(SRC_CLI)
HEADERS := $(wildcard include/smtpwire/*.h src/*/*.h)
C_TESTS := $(wildcard tests/*/*.c)
C_ALL := $(SRC_ALL) $(HEADERS) $(C_TESTS) $(wildcard tests/*/*.h)
SCRIPTS := .ci/run $(wildcard tests/*.sh tests/*/*.sh)
MANS := src/man/smtpwire.1 src/man/smtpwire-transcript.5
CLANG_FORMAT ?= clang-format
CLANG_TIDY ?= clang-tidy

lint: ## all checks of the sources
lint: lint-layers lint-symbols lint-style lint-man shellcheck cppcheck tidy \
	scan format-check

lint-layers: ## a folder includes only what stands below it
	@python3 tests/lint/layers.py
lint-symbols: lib ## only sw_* is exported, names bear their folder
	@sh tests/lint/symbols.sh $(LIB_SO) $(LIB_A) $(O)
lint-style: ## names that are banned, licence lines, source lists, width
	@python3 tests/lint/style.py '$(SRC_ALL)'
lint-man:
	@if command -v mandoc >/dev/null; then \
		mandoc -T lint -W warning $(MANS); \
	else echo 'skip mandoc: not installed'; fi
shellcheck:
	@shellcheck $(SCRIPTS)
cppcheck:
	@cppcheck -q --std=c11 --error-exitcode=1 --inline-suppr -j 2 \
		--enable=warning,performance,portability \
		--suppressions-list=tests/lint/cppcheck.txt \
		-Iinclude -Isrc -D__GNUC__=12 $(SRC_ALL)
tidy: $(patsubst %,$(O)/tidy/%,$(SRC_ALL))
$(O)/tidy/%.c: %.c .clang-tidy $(HEADERS)
	@mkdir -p $(@D)
	$(say) TIDY $<
	$(Q)$(CLANG_TIDY) --quiet --warnings-as-errors='*' $< -- -std=c11 \
		-D_DEFAULT_SOURCE $(ALL_CPPFLAGS) $(PC_CFLAGS) 2>$@.log || \
		{ cat $@.log; exit 1; }
	@touch $@
scan: $(patsubst %,$(O)/scan/%,$(SRC_ALL)) ## clang's path-sensitive analysis
$(O)/scan/%.c: %.c $(HEADERS)
	@mkdir -p $(@D)
	$(say) SCAN $<
	$(Q)clang --analyze --analyzer-output text -Xclang -analyzer-werror \
		-std=c11 -D_DEFAULT_SOURCE $(ALL_CPPFLAGS) $(PC_CFLAGS) \
		-o /dev/null $< 2>$@.log || { cat $@.log; exit 1; }
	@touch $@
format-check:
	@CLANG_FORMAT='$(CLANG_FORMAT)' sh tests/lint/format.sh $(C_ALL)
format: ## rewrite F=files as .clang-format says
	@test -n '$(F)' || { echo 'say F="files"'; exit 2; }
	$(CLANG_FORMAT) -i $(F)

# --- installation

SCHEMAS := $(wildcard src/man/*.schema.json)
UNIT_NAME := smtpwire@.service
UNIT_IN := src/cli/$(UNIT_NAME).in
INSTALL ?= install
D := $(DESTDIR)

# What a shell completes comes from the options that the command knows.
COMPLETION := $(addprefix $(O)/completion/smtpwire.,bash zsh fish)
completion: $(COMPLETION) ## of the command's options, for bash, zsh, fish
$(O)/completion/smtpwire.%: src/cli/completion.sh $(O)/smtpwire
	@mkdir -p $(@D)
	$(say) GEN $@
	$(Q)sh src/cli/completion.sh $* $(O)/smtpwire >$@

install: all completion ## DESTDIR and PREFIX are heeded
	$(say) INSTALL '$(D)$(PREFIX)'
	$(Q)$(INSTALL) -d '$(D)$(BINDIR)' '$(D)$(LIBDIR)' '$(D)$(PKGCONFIGDIR)' \
		'$(D)$(INCLUDEDIR)/smtpwire' '$(D)$(MANDIR)/man1' \
		'$(D)$(MANDIR)/man5' '$(D)$(DATADIR)' '$(D)$(UNITDIR)' \
		'$(D)$(BASHDIR)' '$(D)$(ZSHDIR)' '$(D)$(FISHDIR)'
	$(Q)$(INSTALL) -m 755 $(O)/smtpwire '$(D)$(BINDIR)'
	$(Q)$(INSTALL) -m 644 $(LIB_A) '$(D)$(LIBDIR)'
	$(Q)$(INSTALL) -m 755 $(LIB_SO) '$(D)$(LIBDIR)'
	$(Q)ln -sf $(notdir $(LIB_SO)) '$(D)$(LIBDIR)/$(SONAME)'
	$(Q)ln -sf $(notdir $(LIB_SO)) '$(D)$(LIBDIR)/libsmtpwire.so'
	$(Q)$(pc) >'$(D)$(PKGCONFIGDIR)/smtpwire.pc'
	$(Q)chmod 644 '$(D)$(PKGCONFIGDIR)/smtpwire.pc'
	$(Q)$(INSTALL) -m 644 include/smtpwire/*.h '$(D)$(INCLUDEDIR)/smtpwire'
	$(Q)$(INSTALL) -m 644 $(filter %.1,$(MANS)) '$(D)$(MANDIR)/man1'
	$(Q)$(INSTALL) -m 644 $(filter %.5,$(MANS)) '$(D)$(MANDIR)/man5'
	$(Q)$(if $(SCHEMAS),$(INSTALL) -m 644 $(SCHEMAS) '$(D)$(DATADIR)')
	$(Q)sed 's|@BINDIR@|$(BINDIR)|' $(UNIT_IN) >'$(D)$(UNITDIR)/$(UNIT_NAME)'
	$(Q)chmod 644 '$(D)$(UNITDIR)/$(UNIT_NAME)'
	$(Q)$(INSTALL) -m 644 $(O)/completion/smtpwire.bash \
		'$(D)$(BASHDIR)/smtpwire'
	$(Q)$(INSTALL) -m 644 $(O)/completion/smtpwire.zsh \
		'$(D)$(ZSHDIR)/_smtpwire'
	$(Q)$(INSTALL) -m 644 $(O)/completion/smtpwire.fish '$(D)$(FISHDIR)'

uninstall: ## what install put there
	$(Q)rm -f '$(D)$(BINDIR)/smtpwire' '$(D)$(LIBDIR)/$(notdir $(LIB_A))' \
		'$(D)$(LIBDIR)/$(notdir $(LIB_SO))' \
		'$(D)$(LIBDIR)/$(SONAME)' '$(D)$(LIBDIR)/libsmtpwire.so' \
		'$(D)$(PKGCONFIGDIR)/smtpwire.pc' '$(D)$(UNITDIR)/$(UNIT_NAME)' \
		'$(D)$(BASHDIR)/smtpwire' '$(D)$(ZSHDIR)/_smtpwire' \
		'$(D)$(FISHDIR)/smtpwire.fish'
	$(Q)rm -f $(patsubst src/man/%,'$(D)$(MANDIR)/man1/%',$(filter %.1,$(MANS))) \
		$(patsubst src/man/%,'$(D)$(MANDIR)/man5/%',$(filter %.5,$(MANS)))
	$(Q)rm -rf '$(D)$(INCLUDEDIR)/smtpwire' '$(D)$(DATADIR)'

# --- distribution

DIST := smtpwire-$(VERSION)

dist: ## build/smtpwire-VERSION.tar.gz
	@mkdir -p $(BUILD)
	@sh tests/dist.sh $(DIST) $(BUILD)/$(DIST).tar.gz
	@echo $(BUILD)/$(DIST).tar.gz

DISTCHECK ?= check
distcheck: dist ## unpack, build, check, install, uninstall, nothing left
	@MAKE='$(MAKE)' sh tests/distcheck.sh $(BUILD)/$(DIST).tar.gz \
		$(DIST) '$(DISTCHECK)'

clean: ## remove what was built
	rm -rf $(BUILD)
distclean: clean ## the same, and what editors leave
	find . -name '*~' -type f -exec rm -f {} +

help: ## this
	@sed -n 's/^\([a-z0-9-]*\):[^#]* ## /\1	/p' Makefile | \
		while IFS='	' read -r t h; do \
			printf '  %-14s %s\n' "$$t" "$$h"; done

FORCE:
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all lib smtpwire completion deps demo tests-build check check-unit \
	check-golden check-diff properties check-fault check-e2e check-postfix \
	golden-update \
	readme-update asan tsan \
	valgrind cover fuzz fuzz-all fuzz-afl fuzz-one fuzz-smoke fuzzers \
	bench bench-scale bench-check bench-baseline compare-engines corpus lint \
	lint-layers lint-symbols lint-style lint-man shellcheck cppcheck tidy \
	scan format-check format install uninstall dist distcheck clean \
	distclean help FORCE

-include $(OBJ_LIB:.o=.d) $(OBJ_CLI:.o=.d) $(wildcard $(O)/tests/*/*.d)
