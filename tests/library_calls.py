"""Every call of the reader's into a library, found by watching it read, and a fault thrown at any of them.

A call counts by the line that makes it, what it calls, and which `except` of ours would hear of it. Two kinds
of exception that the same of these would catch come to the same: of each such group one is thrown.
"""

from __future__ import annotations

import ast
import gc
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

OURS = str(Path(__file__).resolve().parent.parent / "pipeline")
# Words of the language, and sums, which have no opinion of a file.
_LANGUAGE = frozenset(
    "builtins re enum _abc abc dataclasses functools contextlib collections typing warnings _warnings types "
    "weakref math datetime _strptime decimal itertools operator _operator unicodedata posixpath string "
    "logging stdnum".split()
)
_Handler = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Call:
    """One call into a library: the code and line that make it, what is called, and what would catch there.

    `path` is on whose behalf it is made, our functions with their lines, where that makes a difference.
    """

    code: CodeType
    line: int
    callee: str
    handlers: tuple[tuple[type[BaseException], ...], ...]
    path: tuple[tuple[CodeType, int], ...] = ()

    @property
    def where(self) -> str:
        """Names the place for a person."""
        return f"{Path(self.code.co_filename).name}:{self.line} {self.callee}"


def calls_of(read: Callable[[], object], *, by_path: bool = False) -> tuple[Call, ...]:
    """Lists the calls into libraries that a piece of work makes; `by_path` each for whoever it is made."""
    found: dict[Call, None] = {}
    seen: set[tuple[object, ...]] = set()

    def watch(frame: FrameType, event: str, arg: Any) -> None:
        made = _made(frame, event, arg)
        if made is None:
            return
        caller, callee = made
        path = _path(caller)
        if (path, callee) not in seen:
            seen.add((path, callee))
            handlers = tuple(h for f in _ours(caller) for h in _handlers_at(f))
            found[Call(caller.f_code, caller.f_lineno, callee, handlers, path if by_path else ())] = None

    with _watched_by(watch):
        read()
    return tuple(found)


def struck(read: Callable[[], object], call: Call, fault: BaseException) -> object:
    """Does a piece of work in which one call raises, the first time that it is made."""
    thrown = False

    def strike(frame: FrameType, event: str, arg: Any) -> None:
        nonlocal thrown
        caller = frame if event == "c_call" else frame.f_back if event == "call" else None
        if caller is None or caller.f_code is not call.code or caller.f_lineno != call.line:
            return
        made = _made(frame, event, arg)
        if made is not None and made[1] == call.callee and not thrown:
            handlers = tuple(h for f in _ours(caller) for h in _handlers_at(f))
            if handlers == call.handlers and (not call.path or call.path == _path(caller)):
                thrown = True
                raise fault

    try:
        with _watched_by(strike):
            return read()
    finally:
        assert thrown, call.where


def kinds_for(call: Call, kinds: Sequence[type[BaseException]]) -> Iterator[type[BaseException]]:
    """Chooses one of each group of kinds that the same handlers around a call would catch."""
    groups: dict[tuple[bool, ...], type[BaseException]] = {}
    for kind in kinds:
        groups.setdefault(tuple(issubclass(kind, caught) for caught in call.handlers), kind)
    yield from groups.values()


@contextmanager
def _watched_by(watch: Callable[[FrameType, str, Any], None]) -> Iterator[None]:
    """Has each call told, without the collector, which calls others of its own wherever it may run."""
    was_on = gc.isenabled()
    gc.disable()
    sys.setprofile(watch)
    try:
        yield
    finally:
        sys.setprofile(None)
        if was_on:
            gc.enable()


def _made(frame: FrameType, event: str, arg: Any) -> tuple[FrameType, str] | None:
    """Tells who calls what, where it is one of us who calls a library."""
    if event == "c_call":
        if not frame.f_code.co_filename.startswith(OURS):
            return None
        owner = getattr(arg, "__self__", None)
        module = arg.__module__ or type(owner).__module__
        if module in _LANGUAGE:
            return None
        return frame, f"{module}.{arg.__qualname__}"
    if event == "call":
        caller, file = frame.f_back, frame.f_code.co_filename
        if caller is None or file.startswith((OURS, "<")) or not caller.f_code.co_filename.startswith(OURS):
            return None
        module = frame.f_globals.get("__name__", "")
        # Python alone calls `__del__`, and hears nothing of what it raises.
        if module.partition(".")[0] in _LANGUAGE or frame.f_code.co_name == "__del__":
            return None
        return caller, f"{module}.{frame.f_code.co_qualname}"
    return None


def _path(caller: FrameType) -> tuple[tuple[CodeType, int], ...]:
    return tuple((frame.f_code, frame.f_lineno) for frame in _ours(caller))


def _ours(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        if frame.f_code.co_filename.startswith(OURS):
            yield frame
        frame = frame.f_back


def _handlers_at(frame: FrameType) -> Iterator[tuple[type[BaseException], ...]]:
    """Gives what is caught around the line at which a function of ours stands, the innermost first."""
    for source in _sources(frame.f_code.co_filename, frame.f_lineno):
        caught = eval(source, frame.f_globals, frame.f_locals)
        yield caught if isinstance(caught, tuple) else (caught,)


@cache
def _sources(file: str, line: int) -> tuple[CodeType, ...]:
    found: list[tuple[int, CodeType]] = []
    for first, last, source in _caught_in(file):
        if first <= line <= last:
            found.append((last - first, source))
    return tuple(source for _, source in sorted(found, key=lambda pair: pair[0]))


def _suppressed(context: ast.expr) -> Sequence[ast.expr]:
    is_it = isinstance(context, ast.Call) and isinstance(context.func, ast.Name)
    return context.args if is_it and context.func.id == "suppress" else ()  # type: ignore[attr-defined]


@cache
def _caught_in(file: str) -> tuple[tuple[int, int, CodeType], ...]:
    """Lists the lines that stand under an `except` or a `suppress`, with what it names."""
    found: list[tuple[int, int, CodeType]] = []
    for node in ast.walk(ast.parse(Path(file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Try):
            first, last = node.body[0].lineno, node.body[-1].end_lineno or 0
            named = [h.type for h in node.handlers if h.type]
        elif isinstance(node, ast.With):
            first, last = node.body[0].lineno, node.body[-1].end_lineno or 0
            named = [kind for item in node.items for kind in _suppressed(item.context_expr)]
        else:
            continue
        found += [(first, last, compile(ast.Expression(n), file, "eval")) for n in named]
    return tuple(found)
