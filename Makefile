# SPDX-License-Identifier: GPL-2.0-or-later
# smtpwire - one Makefile, not recursive.  `make help` lists the targets.
#
# Objects lie in $(BUILD)/$(MODE).  MODE: release, debug, asan, cover, fuzz.
# CFLAGS, CPPFLAGS and LDFLAGS of the caller are added to, never replaced.

VERSION := 0.2.0
SOVERSION := 0

CC ?= cc
AR ?= ar
PKG_CONFIG ?= pkg-config
CFLAGS ?= -O2 -g
CPPFLAGS ?=
LDFLAGS ?=
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
DATADIR ?= $(PREFIX)/share/smtpwire
PKGCONFIGDIR ?= $(LIBDIR)/pkgconfig
DESTDIR ?=
BUILD ?= build
MODE ?= release
O := $(BUILD)/$(MODE)

all: lib smtpwire

# --- sources, from the ground up (DESIGN: a folder uses what is below it)

SRC_BASE := $(wildcard src/base/*.c)
SRC_CAPTURE := $(wildcard src/capture/*.c)
SRC_NET := $(wildcard src/net/*.c)
SRC_TCP := $(wildcard src/tcp/*.c)
SRC_TRANSCRIPT := $(wildcard src/transcript/*.c)
SRC_SMTP := $(wildcard src/smtp/*.c)
SRC_LOGS := $(wildcard src/logs/*.c)
SRC_EMIT := $(wildcard src/emit/*.c)
SRC_PIPELINE := $(wildcard src/pipeline/*.c)
SRC_API := $(wildcard src/api/*.c)
SRC_LIB := $(SRC_BASE) $(SRC_CAPTURE) $(SRC_NET) $(SRC_TCP) \
	$(SRC_TRANSCRIPT) $(SRC_SMTP) $(SRC_LOGS) $(SRC_EMIT) \
	$(SRC_PIPELINE) $(SRC_API)
SRC_CLI := $(wildcard src/cli/*.c)
SRC_UNIT := $(wildcard tests/unit/t_*.c)

# --- flags

LIBS_PC := libpcap libcrypto gmime-3.0 libarchive jansson
PC_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(LIBS_PC) 2>/dev/null)
PC_LIBS := $(shell $(PKG_CONFIG) --libs $(LIBS_PC) 2>/dev/null)
CMOCKA_CFLAGS := $(shell $(PKG_CONFIG) --cflags cmocka 2>/dev/null)
CMOCKA_LIBS := $(shell $(PKG_CONFIG) --libs cmocka 2>/dev/null)

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wwrite-strings \
	-Wundef -Wvla -Wformat=2 -Wswitch -Wconversion
ifeq ($(WERROR),1)
WARN += -Werror
endif

SAN := -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
MODE_CFLAGS_release := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
MODE_CFLAGS_debug := -O0 -g3
MODE_CFLAGS_asan := -O1 -g $(SAN)
MODE_CFLAGS_cover := -O0 -g --coverage
MODE_CFLAGS_fuzz := -O1 -g $(SAN) -fsanitize=fuzzer-no-link
MODE_LDFLAGS_asan := $(SAN)
MODE_LDFLAGS_cover := --coverage
MODE_LDFLAGS_fuzz := $(SAN)

ALL_CPPFLAGS = -Iinclude -Isrc -DSW_VERSION='"$(VERSION)"' $(CPPFLAGS)
ALL_CFLAGS = -std=c11 -D_DEFAULT_SOURCE $(WARN) -fvisibility=hidden \
	-fstack-protector-strong -fPIC $(CFLAGS) $(MODE_CFLAGS_$(MODE)) \
	$(PC_CFLAGS)
ALL_LDFLAGS = -Wl,-z,relro,-z,now $(MODE_LDFLAGS_$(MODE)) $(LDFLAGS)

V ?= 0
ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-7s %s\n'
endif

# --- objects, library, command

obj = $(patsubst %.c,$(O)/%.o,$(1))
OBJ_LIB := $(call obj,$(SRC_LIB))
OBJ_CLI := $(call obj,$(SRC_CLI))
UNIT := $(patsubst %.c,$(O)/%,$(SRC_UNIT))
LIB_A := $(O)/libsmtpwire.a
LIB_SO := $(O)/libsmtpwire.so.$(VERSION)
SONAME := libsmtpwire.so.$(SOVERSION)

lib: $(LIB_A)
smtpwire: $(if $(SRC_CLI),$(O)/smtpwire)

# The flags that objects were made with: another compiler or other flags
# make them anew.
FLAGS_NOW = $(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS)
$(O)/.flags: FORCE
	@mkdir -p $(O)
	@printf '%s\n' '$(subst ','\'',$(FLAGS_NOW))' | cmp -s - $@ || \
		printf '%s\n' '$(subst ','\'',$(FLAGS_NOW))' >$@

$(O)/src/%.o: src/%.c $(O)/.flags
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(O)/tests/%.o: tests/%.c $(O)/.flags
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(CMOCKA_CFLAGS) -MMD -MP \
		-c -o $@ $<

$(LIB_A): $(OBJ_LIB)
	$(say) AR $@
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $(OBJ_LIB)

$(O)/smtpwire: $(OBJ_CLI) $(LIB_A)
	$(say) LD $@
	$(Q)$(CC) $(ALL_CFLAGS) -pie $(ALL_LDFLAGS) -o $@ $(OBJ_CLI) \
		$(LIB_A) $(PC_LIBS)

$(UNIT): $(O)/%: $(O)/%.o $(LIB_A)
	$(say) LD $@
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(LIB_A) \
		$(PC_LIBS) $(CMOCKA_LIBS)

# --- tests

check-unit: $(UNIT)
	@bad=0; for t in $(UNIT); do $$t >$$t.log 2>&1 || \
		{ bad=1; cat $$t.log; }; done; exit $$bad

clean:
	rm -rf $(BUILD)

FORCE:
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all lib smtpwire check-unit clean FORCE

-include $(OBJ_LIB:.o=.d) $(OBJ_CLI:.o=.d) $(UNIT:=.d)
