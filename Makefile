# Two commands: `make demo` shows a whole day, `make test` proves it. Each sets itself up. `make setup` is all that a
# server needs; test tools and a mail server come with `make dev` alone.
SHELL := /bin/bash
VENV := .venv
PY := $(VENV)/bin/python
SYSTEM_PACKAGES := tesseract-ocr tesseract-ocr-tur fonts-dejavu-core fonts-dejavu-extra fonts-liberation python3-venv
# A mail server has no business on a host that only runs the program.
DEV_PACKAGES := dovecot-imapd systemd
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 /usr/bin/python3; do \
	command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$p && break; done)

.PHONY: demo desk test drill lint setup dev system browser lock clean

demo: setup
	$(VENV)/bin/nes-intake demo

# The same day, and then the officials' desk on it in your browser, until Ctrl+C.
desk: setup
	$(VENV)/bin/nes-intake demo --desk

test: dev lint browser
	$(PY) -m pytest -n 2 --dist loadfile -q

# The long drill, an hour or more; its short form is a test. Then all of what `test` plays a sample of.
drill: dev
	$(PY) -m drill
	$(PY) -m pytest -n 2 --dist loadfile -q --whole $$(grep -l "^from tests.products import" tests/test_*.py)

lint: dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

# An environment for the tests has the program in it, and stays one.
setup: $(if $(wildcard $(VENV)/.done),$(VENV)/.done,$(VENV)/.runtime)
	@# The service's user may write nothing here, and would compile the program at every start.
	@$(PY) -m compileall -q pipeline

# What the tests need besides: their tools, a real IMAP server, and systemd to read the units.
dev: PACKAGES = $(SYSTEM_PACKAGES) $(DEV_PACKAGES)
dev: system $(VENV)/.done

PACKAGES = $(SYSTEM_PACKAGES)
# Debian's own packages: OCR with Turkish data and fonts for all, and what the tests need for `dev`.
system:
	@missing=$$(for p in $(PACKAGES); do \
		dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'install ok installed' || echo $$p; done); \
	if [ -n "$$missing" ]; then \
		echo "Installing: $$missing"; \
		$(SUDO) apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	fi

# A real browser for the tests of `nes-intake browse`, where the system has one as a package; the demo needs none.
browser:
	@command -v chromium >/dev/null || { echo "Installing: chromium"; \
		$(SUDO) apt-get update -qq; \
		DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends chromium >/dev/null \
		|| echo "No chromium here: the tests in a browser are skipped."; }

$(VENV)/.runtime: LOCK = requirements.lock
$(VENV)/.done: LOCK = requirements-dev.lock
$(VENV)/.runtime $(VENV)/.done: $(VENV)/.%: requirements.lock requirements-dev.lock pyproject.toml | system
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: apt-get install python3"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install -qq --disable-pip-version-check --require-hashes -r $(LOCK)
	$(PY) -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# Only for the maintainers: write both locks anew (versions and hashes, no addresses), the smaller one from the larger.
LOCKED = uv pip compile -q --generate-hashes --no-header --no-annotate --universal --python-version 3.11 \
	pyproject.toml --all-extras --group build
lock:
	$(LOCKED) --group dev -o requirements-dev.lock
	cp requirements-dev.lock requirements.lock
	$(LOCKED) -o requirements.lock

clean:
	rm -rf $(VENV) demo-output
