"""The house stands as it is drawn: arrows point one way, and the core never touches the world."""

from __future__ import annotations

import ast
import inspect
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
# Where the core meets the world; everything else is the core.
OUTER = {
    f"pipeline.{name}"
    for name in (
        "browse cli console demo desk doctor emergency exhibits explain followup history nights rebuild "
        "rehearsal releasing replay runs schedule settings shop watch"
    ).split()
}
CORE = sorted(
    name
    for name in MODULES
    if name not in OUTER
    and not name.startswith(("pipeline.adapters", "pipeline.commands"))
    and name != "pipeline"
)
STAGES = [name for name in CORE if name.startswith("pipeline.stages.")]
# Standard and foreign modules by which one reaches a network, a process, a disk, a clock or chance.
WORLD = set(
    "socket ssl select selectors smtplib imaplib poplib ftplib http urllib sqlite3 subprocess "
    "multiprocessing threading asyncio concurrent signal os sys shutil tempfile glob random secrets uuid "
    "time sched imapclient sqlite_utils aiosmtpd pymap apscheduler pdfplumber pypdfium2 PIL xlrd "
    "python_calamine msoffcrypto olefile tnefparse click rich pydantic_settings requests httpx".split()
)
# These read rules/ and reports/, and nothing else.
READERS = {"pipeline.policy", "pipeline.proving", "pipeline.rulebook", "pipeline.texts"}


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


def test_the_modules_are_found() -> None:
    assert len(CORE) > 15
    assert set(STAGES) >= {
        f"pipeline.stages.{s}" for s in ("unpack", "read", "judge", "answer", "consolidate", "announce")
    }


@pytest.mark.parametrize("module", CORE)
def test_the_core_never_touches_the_world(module: str) -> None:
    tops = {name.partition(".")[0] for name in imports(module)}
    assert tops & WORLD == set()
    assert ("pathlib" in tops) <= (module in READERS)
    assert {name for name in ours(module) if name in OUTER or name.startswith("pipeline.adapters")} == set()


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
    assert ours("pipeline.turkish") == set()
    assert ours("pipeline.domain") == {"pipeline.turkish"}


@pytest.mark.parametrize("module", STAGES)
def test_a_stage_is_a_verb(module: str) -> None:
    name = module.rpartition(".")[2]
    arrow = ast.get_docstring(tree(module)) or ""
    assert arrow.startswith(f"{name}: ")
    assert "→" in arrow.partition("\n")[0]
    assert inspect.isfunction(getattr(import_module(module), name))
    # Stages are joined in runs, never to each other.
    assert {other for other in ours(module) if other in STAGES} == set()


def test_what_opens_strangers_files_knows_neither_secrets_nor_books() -> None:
    scanner = {name for name in MODULES if name.startswith("pipeline.adapters.scanner")}
    core = ("domain", "turkish", "evidence_strength", "clues", "layouts", "printed", "faults")
    allowed = scanner | {f"pipeline.{name}" for name in core}
    assert len(scanner) > 5
    assert {(m, other) for m in scanner for other in ours(m) - allowed} == set()
    # ... and pull nothing else in behind their backs.
    assert {(m, other) for m in allowed - scanner for other in ours(m) - allowed} == set()


def test_adapters_know_nothing_of_runs_and_stages() -> None:
    adapters = [name for name in MODULES if name.startswith("pipeline.adapters")]
    wrong = {
        (name, other)
        for name in adapters
        for other in ours(name)
        if other in OUTER or other.startswith("pipeline.stages") or other == "pipeline.policy"
    }
    assert wrong == set()


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


# --- words -----------------------------------------------------------------------------------------

# Turkish that is not said to anybody, or that is there before reports/ can be read.
TURKISH_IN_CODE = {
    "pipeline.turkish": "its subject",
    "pipeline.console": "help of the commands",
    "pipeline.commands.desk": "help of the commands",
    "pipeline.commands.mailroom": "help of the commands",
    "pipeline.commands.office": "help of the commands",
    "pipeline.commands.running": "help of the commands",
    "pipeline.commands.show": "help of the commands",
    "pipeline.demo": "the invented office",
    "pipeline.checks": "letters of a name",
    "pipeline.settings": "names of mailbox folders, to be set otherwise",
    "pipeline.views": "values that a rule compares",
    "pipeline.evidence_strength": "letters that look like digits",
    "pipeline.stages.judge": "names of payment rails, as in rules/rails.toml",
    "pipeline.stages.answer": "the words 'Otomatik yanıt' and 'satır'",
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
