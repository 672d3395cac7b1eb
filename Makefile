# Two commands: `make demo` shows a whole day, `make test` proves it. Each sets itself up.
SHELL := /bin/bash
VENV := .venv
PY := $(VENV)/bin/python
SYSTEM_PACKAGES := dovecot-imapd tesseract-ocr tesseract-ocr-tur fonts-dejavu-core fonts-dejavu-extra fonts-liberation python3-venv systemd
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 /usr/bin/python3; do \
	command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$p && break; done)

.PHONY: demo test drill lint setup system browser lock clean

demo: setup
	$(VENV)/bin/nes-intake demo

test: setup lint browser
	$(PY) -m pytest -n 2 --dist loadgroup -q

# The long drill, most of an hour; its short form is a test.
drill: setup
	$(PY) -m drill

lint: setup
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

setup: $(VENV)/.done

# Debian's own packages: a real IMAP server for the tests, OCR with Turkish data for both commands.
system:
	@missing=$$(for p in $(SYSTEM_PACKAGES); do \
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

$(VENV)/.done: requirements.lock pyproject.toml | system
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: apt-get install python3"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# Only for the maintainers: write the lock anew (versions and hashes, no addresses).
lock:
	uv pip compile --generate-hashes --no-header --no-annotate --universal --python-version 3.11 \
		pyproject.toml --group dev -o requirements.lock

clean:
	rm -rf $(VENV) demo-output
