"""The house stands as it is drawn: rooms in one order, arrows one way, a core that touches no world."""

from __future__ import annotations

import ast
import inspect
import re
from functools import cache
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parent.parent / "pipeline"
MODULES = {
    ".".join(file.relative_to(HOUSE.parent).with_suffix("").parts).removesuffix(".__init__"): file
    for file in sorted(HOUSE.rglob("*.py"))
}
# From the ground up: a room knows those before it, and none behind it.
ROOMS = (
    "domain lists papers mail policy sandbox ledger judging letters office acts intake night review desk "
    "commands"
).split()
# Rooms of the core, and modules of other rooms that belong to it: they never touch the world.
PURE_ROOMS = {"domain", "lists", "papers", "policy", "judging", "letters"}
PURE_MODULES = {
    f"pipeline.{name}"
    for name in (
        "mail.addresses mail.authentication mail.cms mail.headers mail.rendering mail.server_replies "
        "mail.unpack mail.uuencoded ledger.metrics ledger.openmetrics office.clocks "
        "night.announce night.charts "
        "night.consolidate night.material night.report night.report_letter night.report_sections "
        "night.report_workbook night.sheet_rows night.spots review.proving"
    ).split()
}
# What a room of the ground may know at all, where that is less than the rooms before it.
KNOWS = {
    "mail": {"domain"},
    "sandbox": {"domain", "lists", "papers"},
    "lists": {"domain"},
    "papers": {"domain"},
}
# ... and what it may know besides: a signed file is opened by the same code in a mail and in a worker.
ALSO = {"sandbox": {"pipeline.mail.cms"}}
NOUNS = "case decisions evidence files letters mails past_nights office sources".split()
# The stages of a mail's way: a verb each, its arrow in the first line.
VERBS = (
    "mail.unpack judging.read judging.judge letters.answer letters.inform letters.alarm letters.mark "
    "night.consolidate night.announce"
).split()


def room_of(module: str) -> str:
    """Names the room of a module; "" for the tour itself."""
    return module.split(".")[1] if "." in module else ""


CORE = sorted(name for name in MODULES if room_of(name) in PURE_ROOMS or name in PURE_MODULES)

# Standard and foreign modules by which one reaches a network, a process, a disk, a clock or chance.
WORLD = set(
    "socket ssl select selectors smtplib imaplib poplib ftplib http urllib sqlite3 subprocess "
    "multiprocessing threading asyncio concurrent signal os sys shutil tempfile glob random secrets uuid "
    "time sched imapclient sqlite_utils aiosmtpd pymap apscheduler pdfplumber pypdfium2 PIL xlrd "
    "python_calamine msoffcrypto olefile tnefparse click rich pydantic_settings requests httpx".split()
)
# These read rules/ and reports/, and nothing else.
READERS = {
    f"pipeline.{name}"
    for name in (
        "policy.places policy.policy policy.report_words policy.rulebook policy.texts review.proving"
    ).split()
}


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


@cache
def imports(module: str) -> frozenset[str]:
    """Names every module that a module imports, inside functions too; of ours, the exact one."""
    found: set[str] = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            base = node.module or ""
            found |= {f"{base}.{a.name}" if f"{base}.{a.name}" in MODULES else base for a in node.names}
    return frozenset(found)


def ours(module: str) -> set[str]:
    return {name for name in imports(module) if name in MODULES}


def test_every_module_lies_in_a_room() -> None:
    rooms = {room_of(name) for name in MODULES} - {""}
    assert rooms == set(ROOMS)
    assert set(MODULES) >= PURE_MODULES | READERS | {f"pipeline.{verb}" for verb in VERBS}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_knows_those_before_it_and_none_behind_it(room: str) -> None:
    known = KNOWS.get(room, set(ROOMS[: ROOMS.index(room)])) | {room}
    wrong = {
        (name, other)
        for name in MODULES
        if room_of(name) == room
        for other in ours(name) - ALSO.get(room, set())
        if room_of(other) not in known
    }
    assert wrong == set()


@pytest.mark.parametrize("module", CORE)
def test_the_core_never_touches_the_world(module: str) -> None:
    tops = {name.partition(".")[0] for name in imports(module)}
    assert tops & WORLD == set()
    assert ("pathlib" in tops) <= (module in READERS)
    assert ours(module) <= set(CORE)


# How the world gets in without an import.
CLOCKS_AND_DOORS = {
    "now",
    "today",
    "utcnow",
    "open",
    "print",
    "input",
    "eval",
    "exec",
    "__import__",
    "getenv",
    "urandom",
}


@pytest.mark.parametrize("module", CORE)
def test_the_core_asks_no_clock_and_opens_no_door(module: str) -> None:
    called = {
        node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name)
    }
    assert called & CLOCKS_AND_DOORS == set()


def test_the_arrows_point_one_way() -> None:
    # Raises CycleError, which names the circle.
    order = list(TopologicalSorter({name: ours(name) for name in MODULES}).static_order())
    assert set(order) == set(MODULES)


def test_the_nouns_import_nothing_of_ours_but_turkish() -> None:
    assert ours("pipeline.domain.turkish") == set()
    chapters = {f"pipeline.domain.{name}" for name in NOUNS}
    assert ours("pipeline.domain") == chapters
    assert {other for name in chapters for other in ours(name)} <= chapters | {"pipeline.domain.turkish"}


@pytest.mark.parametrize("verb", VERBS)
def test_a_stage_is_a_verb(verb: str) -> None:
    module, name = f"pipeline.{verb}", verb.rpartition(".")[2]
    arrow = ast.get_docstring(tree(module)) or ""
    assert arrow.startswith(f"{name}: ")
    assert "→" in arrow.partition("\n")[0]
    assert inspect.isfunction(getattr(import_module(module), name))
    # Stages are joined in runs, never to each other.
    assert {other for other in ours(module) if other.removeprefix("pipeline.") in VERBS} == set()


def test_what_opens_strangers_files_knows_neither_secrets_nor_books() -> None:
    scanner = {name for name in MODULES if name.startswith("pipeline.sandbox.scanner")}
    known = {name for name in MODULES if room_of(name) in ("domain", "papers")} | ALSO["sandbox"]
    assert len(scanner) > 5
    # ... and pull nothing else in behind their backs.
    assert {(m, other) for m in scanner | known for other in ours(m) - scanner - known} == set()


# A day has no zone; a moment is handed over as it is, or made one of UTC for what is no row.
_SAYS_ITS_ZONE = re.compile(r"\bday\b|today$|_on$|\.date\(\)$|\.astimezone\(UTC\)$")


@pytest.mark.parametrize("module", [name for name in MODULES if room_of(name) == "ledger"])
def test_no_moment_is_written_into_the_ledger_in_a_zone_of_its_own(module: str) -> None:
    written = [
        ast.unparse(node.func.value)
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "isoformat"
    ]
    assert [what for what in written if not _SAYS_ITS_ZONE.search(what)] == []


# How a statement begins, as the ledger's room writes it; a verb alone may be one of IMAP.
_STATEMENT = re.compile(
    r"\s*(SELECT|INSERT|REPLACE|UPDATE|DELETE|WITH|PRAGMA|CREATE|ALTER|DROP|VACUUM|ATTACH|BEGIN|COMMIT|ROLLBACK"
    r"|SAVEPOINT|RELEASE|ANALYZE|REINDEX|EXPLAIN)\s+\S"
)


def sql_in(module: str) -> list[str]:
    """Lists what in a module speaks to a database: statements, and calls that would carry one."""
    calls = [
        node.func.attr
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("query", "execute", "executemany", "executescript")
    ]
    return calls + [text for text in _said(module) if _STATEMENT.match(text)]


def test_sql_stands_in_the_room_of_the_ledger_and_nowhere_else() -> None:
    outside = [name for name in MODULES if room_of(name) != "ledger"]
    assert {name: found for name in outside if (found := sql_in(name))} == {}
    assert {name for name in outside if "sqlite_utils" in imports(name)} == set()
    # The look is not blind: each chapter of the ledger would be found.
    assert all(sql_in(f"pipeline.ledger.{name}") for name in "arrivals cases decisions facts letters".split())


def test_nothing_of_the_tests_is_needed_to_run() -> None:
    strangers = {
        "tests",
        "pytest",
        "hypothesis",
        "xlwt",
        "trustme",
        "mailbox_fixtures",
        "benchmarks",
        "drill",
    }
    assert {(m, i) for m in MODULES for i in imports(m) if i.partition(".")[0] in strangers} == set()


# --- size ------------------------------------------------------------------------------------------

_MOST_LINES, _MOST_PARAMETERS = 45, 5


def _functions(module: str) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(tree(module)) if isinstance(node, functions)]


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Counts what a caller hands over; constructors take what their value has, commands their options."""
    told = {ast.unparse(decorator).partition("(")[0] for decorator in function.decorator_list}
    if function.name == "__init__" or "click.command" in told:
        return 0
    asked = function.args
    names = [arg.arg for arg in (*asked.posonlyargs, *asked.args, *asked.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")])


def test_a_function_is_seen_at_once_and_takes_a_handful() -> None:
    found = [(module, f) for module in MODULES for f in _functions(module)]
    assert len(found) > 1000
    long = [(m, f.name) for m, f in found if (f.end_lineno or 0) - f.lineno >= _MOST_LINES]
    greedy = [(m, f.name) for m, f in found if _parameters(f) > _MOST_PARAMETERS]
    assert (long, greedy) == ([], [])


# --- words -----------------------------------------------------------------------------------------

# Turkish that is not said to anybody, or that is there before reports/ can be read.
TURKISH_IN_CODE = {
    "pipeline.domain.turkish": "its subject",
    "pipeline.commands.cli": "help of the commands",
    "pipeline.commands.options": "help of the commands",
    "pipeline.commands.proof": "help of the commands",
    "pipeline.commands.cluster": "help of the commands",
    "pipeline.commands.custody": "help of the commands",
    "pipeline.commands.installing": "help of the commands",
    "pipeline.commands.desk": "help of the commands",
    "pipeline.commands.mailroom": "help of the commands",
    "pipeline.commands.office": "help of the commands",
    "pipeline.commands.running": "help of the commands",
    "pipeline.commands.sampling": "help of the commands",
    "pipeline.commands.settling": "help of the commands",
    "pipeline.commands.upkeep": "help of the commands",
    "pipeline.commands.show": "help of the commands",
    "pipeline.review.invented_office": "the invented office",
    "pipeline.policy.checks": "letters of a name",
    "pipeline.office.settings": "names of mailbox folders, to be set otherwise",
    "pipeline.policy.views": "values that a rule compares",
    "pipeline.sandbox.scanner.texts": "letters and words by which a charset is told",
    "pipeline.papers.strength": "letters that look like digits",
    "pipeline.commands.frames": "the frames of the help: a start imports no file of words",
    "pipeline.policy.formerly": "names of payment rails, as kept rules of before have them",
    "pipeline.letters.answer": "the words 'Otomatik yanıt' and 'satır'",
}


def _said(module: str) -> list[str]:
    """Lists the string literals of a module, without those that are docstrings."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree(module))
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
    ]


def _is_turkish(text: str) -> bool:
    return bool(set(text) & set("çğıöşüÇĞİÖŞÜ"))


@pytest.mark.parametrize("module", [m for m in MODULES if m not in TURKISH_IN_CODE])
def test_what_is_said_stands_in_reports(module: str) -> None:
    assert [text for text in _said(module) if _is_turkish(text)] == []


def test_the_list_of_exceptions_is_short_and_true() -> None:
    assert {m for m in TURKISH_IN_CODE if m in MODULES and any(map(_is_turkish, _said(m)))} == set(
        TURKISH_IN_CODE
    )


def test_nobody_and_nowhere_real_is_named() -> None:
    for module in MODULES:
        assert not [text for text in _said(module) if "/work/" in text or "C:\\" in text]
