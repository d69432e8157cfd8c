# What takes longer than the tests, or more than a stable toolchain.

TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)

FUZZ_TARGETS := $(patsubst fuzz/targets/%.rs,%,$(wildcard fuzz/targets/*.rs))
FUZZ_SECONDS ?= 600

SOAK_SCRAPES ?= 1000000
SOAK_POLLS ?= 10000
SOAK_SEED ?= 1
SOAK_SPEED ?= 300

.PHONY: fuzz fuzz-tools $(addprefix fuzz-,$(FUZZ_TARGETS)) soak soak-document

# Every target, FUZZ_SECONDS each: `make -j2 fuzz` for two at a time, `make fuzz-usage` for one.
fuzz: $(addprefix fuzz-,$(FUZZ_TARGETS))

fuzz-tools:
	@cargo +nightly --version >/dev/null 2>&1 || \
		{ echo 'make fuzz needs a nightly toolchain: rustup toolchain install nightly' >&2; exit 1; }
	@cargo fuzz --version >/dev/null 2>&1 || \
		{ echo 'make fuzz needs cargo-fuzz: cargo install cargo-fuzz' >&2; exit 1; }
	cd fuzz && cargo +nightly fuzz build

$(addprefix fuzz-,$(FUZZ_TARGETS)): fuzz-%: fuzz-tools
	mkdir -p fuzz/corpus/$*
	cd fuzz && cargo +nightly fuzz run $* $(foreach kind,corpus seeds regressions,$(if $(filter corpus,$(kind))$(wildcard fuzz/$(kind)/$*),$(kind)/$*)) -- \
		-max_total_time=$(FUZZ_SECONDS) $(addprefix -dict=,$(patsubst fuzz/%,%,$(wildcard fuzz/dictionaries/$*.dict)))

# The exporter at a compressed clock against a simulated Heroku full of faults, judged by every
# scrape. `make soak-document` also puts the result into docs/RELIABILITY.md.
soak: SOAK_FLAGS :=
soak-document: SOAK_FLAGS := --document docs/RELIABILITY.md
soak soak-document:
	cargo build --release --package heroku-cost-exporter --package soak
	$(TARGET_DIR)/release/soak --exporter $(TARGET_DIR)/release/heroku-cost-exporter \
		--scrapes $(SOAK_SCRAPES) --polls $(SOAK_POLLS) --seed $(SOAK_SEED) --speed $(SOAK_SPEED) $(SOAK_FLAGS)
