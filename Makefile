# `make help` lists the targets.

SHELL := bash
.NOTPARALLEL:
.PHONY: build run test tidy clean help check format-check clippy minimal rustdoc deny pins static image deb sbom

build: ## Build the program, as target/release/heroku-cost-exporter
	cargo build --release --locked

# `.env.local` is parsed, not executed, so values are literal. It overrides the environment.
run: ## Run from source, with the settings in .env.local if it exists
	@set -euo pipefail; \
	if [[ -f .env.local ]]; then \
		__number=0; \
		while IFS= read -r __line || [[ -n $$__line ]]; do \
			__number=$$((__number + 1)); \
			__line=$${__line%$$'\r'}; \
			if [[ $$__line =~ ^[[:space:]]*(#.*)?$$ ]]; then continue; fi; \
			if [[ ! $$__line =~ ^[[:space:]]*(export[[:space:]]+)?([A-Za-z_][A-Za-z0-9_]*)=[[:space:]]*(.*)$$ ]]; then \
				echo ".env.local, line $$__number: expected NAME=VALUE or a # comment" >&2; \
				exit 2; \
			fi; \
			__name=$${BASH_REMATCH[2]}; \
			__value=$${BASH_REMATCH[3]}; \
			if [[ $$__value =~ ^\"([^\"]*)\"[[:space:]]*(#.*)?$$ || $$__value =~ ^\'([^\']*)\'[[:space:]]*(#.*)?$$ ]]; then \
				__value=$${BASH_REMATCH[1]}; \
			else \
				__value=$${__value%%[[:space:]]#*}; \
				__value=$${__value%"$${__value##*[![:space:]]}"}; \
			fi; \
			export "$$__name=$$__value"; \
		done < .env.local; \
	fi; \
	exec cargo run --release --locked --bin heroku-cost-exporter

test: ## Run all tests
	cargo test --workspace

tidy: ## Format the code and update Cargo.lock
	cargo fmt --all
	cargo metadata --format-version 1 > /dev/null
	cargo metadata --format-version 1 --manifest-path fuzz/Cargo.toml > /dev/null

clean: ## Remove build artifacts
	cargo clean

check: format-check fuzz-lock clippy rustdoc deny pins minimal static test ## Run all of CI

format-check:
	cargo fmt --all --check

# fuzz is a workspace of its own, which the other targets do not build.
fuzz-lock:
	cargo metadata --format-version 1 --locked --manifest-path fuzz/Cargo.toml > /dev/null

clippy:
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo clippy --no-default-features --all-targets --locked -- -D warnings

# The program without the simulator.
minimal:
	cargo build --locked --no-default-features

rustdoc:
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items --locked

# Without `advisories`, whose result depends on a database that changes.
deny:
	@cargo deny --version > /dev/null 2>&1 || { echo "cargo-deny is missing: cargo install --locked cargo-deny" >&2; exit 1; }
	cargo deny --locked check licenses bans sources

# Checks that the image is built with the tested toolchain.
pins:
	@channel=$$(sed -n 's/^channel = "\(.*\)"$$/\1/p' rust-toolchain.toml); \
	grep -qx "ARG RUST_VERSION=$$channel" Dockerfile || \
		{ echo "Dockerfile: RUST_VERSION is not $$channel, the channel in rust-toolchain.toml" >&2; exit 1; }

static: ## Build the static program of the image, for the tests and the benchmark
	tests/deploy/build-static

IMAGE ?= heroku-cost-exporter
# In bytes.
LARGEST_IMAGE := 12500000

image: ## Build the container image IMAGE
	docker build --tag $(IMAGE) \
		--build-arg REVISION="$$(git rev-parse --short=12 HEAD)" \
		--build-arg VERSION="$$(sed -n 's/^version = "\(.*\)"$$/\1/p' Cargo.toml)" .
	@size=$$(docker image inspect --format '{{.Size}}' $(IMAGE)); \
	echo "$(IMAGE): $$size bytes"; \
	[[ $$size -lt $(LARGEST_IMAGE) ]] || { echo "the limit is $(LARGEST_IMAGE) bytes" >&2; exit 1; }

DEB_TARGET ?= $(shell uname -m)-unknown-linux-musl

deb: ## Build the Debian package for DEB_TARGET
	RUSTFLAGS="-C target-feature=+crt-static" \
		cargo build --profile dist --locked --bin heroku-cost-exporter --target $(DEB_TARGET)
	deploy/debian/build $(TARGET_DIR)/$(DEB_TARGET)/dist/heroku-cost-exporter \
		$(patsubst aarch64,arm64,$(patsubst x86_64,amd64,$(firstword $(subst -, ,$(DEB_TARGET))))) $(TARGET_DIR)/debian

# Covers the released programs of all targets.
sbom: ## Write the bill of materials to target/sbom.cdx.json
	@cargo cyclonedx --version > /dev/null 2>&1 || { echo "cargo-cyclonedx is missing: cargo install --locked cargo-cyclonedx" >&2; exit 1; }
	cargo cyclonedx --format json --target all --no-build-deps --override-filename sbom.cdx
	mkdir -p $(TARGET_DIR)
	mv sbom.cdx.json $(TARGET_DIR)/
	rm -f {crates,tools}/*/sbom.cdx.json

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# Targets that take longer than the tests or need more than a stable toolchain.

TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)

FUZZ_TARGETS := $(patsubst fuzz/targets/%.rs,%,$(wildcard fuzz/targets/*.rs))
FUZZ_SECONDS ?= 600

SOAK_SCRAPES ?= 1000000
SOAK_POLLS ?= 10000
SOAK_SEED ?= 1
SOAK_SPEED ?= 300

.PHONY: fuzz fuzz-tools $(addprefix fuzz-,$(FUZZ_TARGETS)) soak soak-document

# All targets; `make fuzz-usage` runs one.
fuzz: $(addprefix fuzz-,$(FUZZ_TARGETS)) ## Fuzz the parsers of untrusted input, each for FUZZ_SECONDS

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

# `make soak-document` also writes the result into docs/RELIABILITY.md.
soak: SOAK_FLAGS :=
soak-document: SOAK_FLAGS := --document docs/RELIABILITY.md
soak: ## Verify a million scrapes during injected faults, with an accelerated clock
soak soak-document:
	cargo build --release --package heroku-cost-exporter --package soak
	$(TARGET_DIR)/release/soak --exporter $(TARGET_DIR)/release/heroku-cost-exporter \
		--scrapes $(SOAK_SCRAPES) --polls $(SOAK_POLLS) --seed $(SOAK_SEED) --speed $(SOAK_SPEED) $(SOAK_FLAGS)

.PHONY: page-screenshot

# Requires Debian's packages chromium, chromium-driver and fonts-inter.
page-screenshot: ## Update docs/images/page.png, the screenshot of the demo
	cargo test --test page -- --ignored update_screenshot

BENCH_PAIRS ?= 7
BENCH_SECONDS ?= 3
BENCH_ROUNDS ?= 31
BENCH_BUILD_ROUNDS ?= 3
# The baseline of build times.
BENCH_BUILD_BASELINE ?= 8b15cd3

.PHONY: bench bench-document bench-build bench-build-document bench-storage bench-storage-document bench-tool

bench-tool:
	tools/bench/install
	cargo build --profile bench-tool --locked --package bench

# The published binary is built alone, because feature unification with other packages could add
# features to it. `bench-document` and `bench-build-document` also write the results into
# docs/PERFORMANCE.md.
bench: BENCH_FLAGS :=
bench-document: BENCH_FLAGS := --document docs/PERFORMANCE.md
bench: ## Measure speed, memory and size against the goals
bench bench-document: bench-tool static
	$(TARGET_DIR)/bench-tool/bench run --exporter $(TARGET_DIR)/static/heroku-cost-exporter \
		--pairs $(BENCH_PAIRS) --seconds $(BENCH_SECONDS) --rounds $(BENCH_ROUNDS) $(BENCH_FLAGS)

bench-build: BENCH_FLAGS :=
bench-build-document: BENCH_FLAGS := --document docs/PERFORMANCE.md
bench-build: ## Measure the time of a clean build against the baseline commit
bench-build bench-build-document: bench-tool
	$(TARGET_DIR)/bench-tool/bench build --baseline $(BENCH_BUILD_BASELINE) \
		--rounds $(BENCH_BUILD_ROUNDS) $(BENCH_FLAGS)

bench-storage: BENCH_FLAGS :=
bench-storage-document: BENCH_FLAGS := --document docs/PERFORMANCE.md
bench-storage: ## Measure the bytes written to the database, for more than an hour
bench-storage bench-storage-document: bench-tool static
	$(TARGET_DIR)/bench-tool/bench storage --exporter $(TARGET_DIR)/static/heroku-cost-exporter $(BENCH_FLAGS)
