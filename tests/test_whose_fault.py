"""Whatever a library throws at the reader over a whole file, its sender never hears that it is at fault.

The calls are found by watching the reader, and every kind of exception is thrown at each of them.
"""

from __future__ import annotations

import builtins
import gc
import io
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

import olefile
import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from mailbox_fixtures.expect import demo_policy, fixtures
from pipeline.domain import Arrival, Consequence, Submission, Transcript
from pipeline.mail.unpack import unpack
from pipeline.papers.clues import Clues
from pipeline.sandbox.scanner import second_engine, tesseract, warm
from pipeline.sandbox.scanner.scan import transcribe
from tests import e_dekont, wrappings
from tests import odd_workbooks as odd
from tests.library_calls import Call, calls_of, kinds_for, struck
from tests.people import PEOPLE
from tests.receipt_damage import picture_bytes, rasterised
from tests.receipt_material import ReceiptFacts
from tests.workbooks import entry, official, packed, tnef, xls, xlsx

POLICY = demo_policy()
# Without the banks' layouts, whose search calls nothing of others and takes most of the time.
CLUES = Clues(rails=POLICY.clues.rails)
# What a sender hears about a file, as a fault of theirs or of the file.
TOLD = frozenset(
    problem
    for rule in POLICY.rules
    if rule.path.startswith("file/") and rule.consequence is Consequence.RETURN
    for problem in rule.wants
)
# Where a library says by its own kind of exception what it alone knows, and what that is.
SAID = {
    ("msoffcrypto.", "FileFormatError"): "password_protected",
    ("PIL.Image.open", "DecompressionBombError"): "too_large",
}
LIST = official(entry(PEOPLE[0]))


def slip() -> bytes:
    stream = io.BytesIO()
    page = Canvas(stream, pagesize=(300, 120))
    for at, line in enumerate(("DEKONT TARIH 01.02.2024", "TUTAR 780,00 TL ALICI", "TCKN 10000000146")):
        page.drawString(10, 100 - 20 * at, line)
    page.save()
    return stream.getvalue()


FILES: dict[str, Callable[[], bytes]] = {
    "csv": lambda: odd.csv_file(LIST, "windows-1254"),
    "docx": lambda: odd.docx(LIST),
    "e-dekont": lambda: e_dekont.xml(ReceiptFacts()),
    "eyp": lambda: wrappings.official_package({"FORM.xlsx": xlsx(LIST)}),
    "html": lambda: odd.html_file(LIST, "utf-8"),
    "msg": lambda: wrappings.outlook_item("Ektedir.", {"FORM.xlsx": xlsx(LIST)}),
    "ods": lambda: odd.ods(LIST),
    "pdf": slip,
    "photograph": lambda: picture_bytes(rasterised(slip(), 100), "JPEG"),
    "png": lambda: picture_bytes(rasterised(slip(), 100), "PNG"),
    "signed": lambda: wrappings.signed(xlsx(LIST)),
    "winmail": lambda: tnef("FORM.xls", xls(LIST)),
    "xls": lambda: xls(LIST),
    "xls-locked": lambda: odd.xls_with_password(xls(LIST), "VelvetSweatshop"),
    "xlsb": lambda: odd.xlsb(LIST),
    "xlsx": lambda: xlsx(LIST),
    "xlsx-strict": lambda: odd.strict_xlsx(LIST),
    "zip": lambda: packed({"FORM.xlsx": xlsx(LIST)}),
}


class Unheard(Exception):
    """Of a kind that nobody has heard of."""


class Panic(BaseException):
    """As a library in Rust panics."""


@pytest.fixture
def _leftovers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Has what a blow left half made and open go here, silently, rather than amid another test."""
    monkeypatch.delattr(olefile.OleFileIO, "__del__")
    yield
    gc.collect()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.usefixtures("_leftovers")
@pytest.mark.parametrize("name", FILES)
def test_no_exception_over_a_whole_file_is_told_to_its_sender(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = FILES[name]()
    remember_the_looks(monkeypatch, is_forked=name == "png")

    def read() -> Transcript:
        return transcribe(data, CLUES)

    whole = read()
    assert whole.problem not in TOLD
    calls = calls_of(read)
    assert calls
    wrongs = []
    for call in calls:
        for kind in kinds_for(call, kinds_of(*sorted({c.callee.partition(".")[0] for c in calls}))):
            # A worker tells what it has not read as "raised", which nobody but an official hears.
            if (found := outcome(read, call, kind)) is not None and is_told(whole, found, call, kind):
                wrongs.append((call.where, kind.__name__, sorted(problems(found))))
    assert wrongs == []


def test_no_exception_over_a_mail_changes_the_files_that_came_with_it() -> None:
    raw = next(f for f in fixtures() if f.name == "accepted/ordinary-single-list").mails[0].read_bytes()
    arrival = Arrival("0", raw, datetime(2024, 6, 14, tzinfo=UTC))

    def take_apart() -> Submission:
        return unpack(arrival)

    whole = take_apart()
    assert whole.attachments
    wrongs = []
    for call in calls_of(take_apart, by_path=True):
        kinds = (k for k in kinds_of("email", "mailparser", "binascii") if issubclass(k, Exception))
        for kind in kinds_for(call, tuple(kinds)):
            try:
                taken = struck(take_apart, call, made(kind))
            # What is raised has the mail set aside, for a person.
            except Exception:
                continue
            files = [file.data for file in taken.attachments]
            # Bytes that were not encoded as the mail says may be what it says they are.
            is_said = "get_payload" in call.callee and issubclass(kind, ValueError | LookupError)
            if files != [file.data for file in whole.attachments] and not is_said:
                wrongs.append((call.where, kind.__name__))
    assert wrongs == []


def is_told(whole: Transcript, found: Transcript, call: Call, kind: type[BaseException]) -> bool:
    """Tells whether a sender hears something else of a file over which a call failed, but for an official."""
    new = problems(found) - problems(whole)
    if new:
        said = {
            p
            for (callee, named), p in SAID.items()
            if call.callee.startswith(callee) and kind.__name__ == named
        }
        return bool(new & TOLD - said)
    # A page whose text cannot be had is looked at, and read as a picture is. What else is there less must be
    # missed by somebody.
    is_seen = looks(found) != looks(whole)
    return content(found) != content(whole) and not is_seen and not notes(found) - notes(whole)


def outcome(read: Callable[[], object], call: Call, kind: type[BaseException]) -> Transcript | None:
    try:
        found = struck(read, call, made(kind))
    except AssertionError:
        raise
    except BaseException:
        return None
    assert isinstance(found, Transcript)
    return found


def made(kind: type[BaseException]) -> BaseException:
    if kind is UnicodeDecodeError:
        return UnicodeDecodeError("utf-8", b"", 0, 1, "a mistake of ours")
    if kind is UnicodeEncodeError:
        return UnicodeEncodeError("utf-8", "", 0, 1, "a mistake of ours")
    try:
        return kind("a mistake of ours")
    except TypeError:
        return kind.__new__(kind)


@cache
def kinds_of(*libraries: str) -> tuple[type[BaseException], ...]:
    """Lists every kind of exception of the language and of some libraries, those that nobody knows first."""
    found: dict[type[BaseException], None] = {Unheard: None, Panic: None}
    waiting: list[type[BaseException]] = [BaseException]
    while waiting:
        for kind in waiting.pop().__subclasses__():
            if kind not in found and not issubclass(kind, Warning | GeneratorExit | AssertionError):
                waiting.append(kind)
                if kind.__module__.partition(".")[0] in {*libraries, builtins.__name__}:
                    found[kind] = None
    return tuple(found)


def remember_the_looks(monkeypatch: pytest.MonkeyPatch, *, is_forked: bool) -> None:
    """Has each look of tesseract's taken once, or none where a picture is only taken as far as its fork."""
    if is_forked:
        monkeypatch.setattr(tesseract, "_LIBRARY", "libforgotten.so.5")
        return
    for module in (tesseract, second_engine, sys.modules["pipeline.sandbox.scanner.codes"]):
        monkeypatch.setattr(module, "answer_of", remembering(module.answer_of))


def remembering(look: Callable[..., bytes | None]) -> Callable[..., bytes | None]:
    known: dict[object, bytes | None] = {}

    def answer_of(work: Callable[[], bytes], _seconds: float) -> bytes | None:
        seen = work.__code__, tuple(plain(cell.cell_contents) for cell in work.__closure__ or ())
        if seen not in known:
            watching = sys.getprofile()
            sys.setprofile(None)
            known[seen] = look(work, 60.0)
            sys.setprofile(watching)
        return known[seen]

    return answer_of


def plain(value: Any) -> object:
    if isinstance(value, Image.Image):
        return value.size, value.tobytes()
    return tuple(map(plain, value)) if isinstance(value, list) else value


def tree(transcript: Transcript) -> Iterator[Transcript]:
    yield transcript
    for _, inner in transcript.inner:
        yield from tree(inner)


def problems(transcript: Transcript) -> set[str]:
    return {file.problem for file in tree(transcript) if file.problem}


def notes(transcript: Transcript) -> set[str]:
    return {note for file in tree(transcript) for note in file.notes}


def looks(transcript: Transcript) -> list[str]:
    return [page.read_by for file in tree(transcript) for page in file.pages]


def content(transcript: Transcript) -> object:
    return [(f.sheets, [page.words for page in f.pages], f.codes, f.said) for f in tree(transcript)]


assert warm
