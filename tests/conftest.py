"""Servers for the tests: one Dovecot and one authority per run, a mailbox and an SMTP server per test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from pipeline.sandbox.scanner.scan import PRELOAD
from pipeline.sandbox.workers import WorkerPool
from tests.house import House
from tests.products import WHOLE
from tests.remembering import RememberingPool
from tests.servers import Box, Certificates, Dovecot, RecordingSmtp

# A suite that says no to one commit and yes to the next tells nothing about either, and machines differ in
# speed. `--hypothesis-profile=default` searches further than these same examples.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

# What a test has written goes with it, so that no disk need be waited for, though all is synced as ever. Both
# processes together take some hundred megabytes.
MEMORY = Path("/dev/shm")
if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 2 * 1024**3:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))

# Two processes share the tests by their files, so that what a file's tests have in common is made once. These
# take longest and are begun first: what is begun last is short, and both come to their end together.
LONGEST_FIRST = """
    power_cut drill explain_fixtures scan_pages bombs tricks cluster conversation receipt_words cli breaker
    replay clock texts own_rules settling layouts server_moods desk_pages rules renamed desk_rules office_days
    companions front_door schedule custody release floods deploy demo mailbox crops isolation guides
""".split()
_AS_LISTED = {f"tests/test_{name}.py": place for place, name in enumerate(LONGEST_FIRST)}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Knows `--whole`."""
    parser.addoption("--whole", action="store_true", help="play all of what is otherwise sampled")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what `--whole` alone plays; has the longest files first where several processes work."""
    if not config.getoption(WHOLE):
        left_out = [item for item in items if item.get_closest_marker(WHOLE)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker(WHOLE)]
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: _AS_LISTED.get(item.nodeid.partition("::")[0], len(LONGEST_FIRST)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Has `--dist loadfile` take the files as they come; it would go by the number of their tests."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    config.option.loadscopereorder = False
    return LoadFileScheduling(config, log)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """An authority the tests trust, and certificates for the loopback servers."""
    folder: Path = tmp_path_factory.mktemp("certificates")
    return Certificates(folder)


@pytest.fixture(scope="session")
def dovecot(certificates: Certificates) -> Iterator[Dovecot]:
    """A running Dovecot."""
    with Dovecot(certificates) as server:
        yield server


@pytest.fixture
def box(dovecot: Dovecot) -> Box:
    """A new user with an empty mailbox on the Dovecot."""
    return dovecot.account()


@pytest.fixture
def smtp(certificates: Certificates) -> Iterator[RecordingSmtp]:
    """A recording SMTP server without TLS or log-in."""
    with RecordingSmtp(certificates) as server:
        yield server


@pytest.fixture(scope="session")
def readers() -> Iterator[WorkerPool]:
    """A confined worker to read files with, one for each process of tests; it reads the same bytes once."""
    with RememberingPool(1, preload=PRELOAD) as pool:
        yield pool


@pytest.fixture
def house(tmp_path: Path, box: Box, smtp: RecordingSmtp, readers: WorkerPool) -> House:
    """An office with an empty mailbox and a recording SMTP server, over plain connections."""
    return House(tmp_path, box, smtp, readers)


@pytest.fixture(scope="module")
def lasting_house(
    tmp_path_factory: pytest.TempPathFactory,
    dovecot: Dovecot,
    certificates: Certificates,
    readers: WorkerPool,
) -> Iterator[House]:
    """An office for a module's own fixture to fill, once for all of its tests."""
    with RecordingSmtp(certificates) as smtp:
        yield House(tmp_path_factory.mktemp("lasting"), dovecot.account(), smtp, readers)
