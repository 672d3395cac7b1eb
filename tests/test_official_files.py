"""Every kind of file that an official may edit, broken in every way: the sentence names file and key."""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from mailbox_fixtures.words import lines
from pipeline.commands.cli import run
from pipeline.domain.faults import OperatorFault
from pipeline.domain.official_files import parsed, refuse
from pipeline.office.console import complain, sentence
from pipeline.policy.places import REPORTS, RULES
from pipeline.policy.policy import load_policy
from pipeline.policy.report_words import SHAPE
from pipeline.review.invented_office import OFFICE

# One file of each kind: every file that stands alone, and the first of every folder.
KINDS = sorted(
    {f"{home.name}/{file.name}" for home in (RULES, REPORTS) for file in home.glob("*.toml")}
    | {
        f"rules/{folder.name}/{min(file.name for file in folder.glob('*.toml'))}"
        for folder in RULES.iterdir()
        if folder.is_dir()
    }
)
TEXTS = sorted(
    {
        min(f"reports/{file.relative_to(REPORTS).as_posix()}" for file in folder.glob("*.*t*"))
        for folder in (REPORTS, *(f for f in REPORTS.rglob("*") if f.is_dir()))
    }
    | {"reports/letter.html"}
)
# What is laid out, counted or said in them is proved by nothing of their own.
WITHOUT_EXAMPLES = {
    "rules/completion.toml",
    "rules/nes-list.toml",
    "rules/procedures.toml",
    *(kind for kind in KINDS if kind.startswith("reports/")),
}
# Examples of this and of the other: one that stands on both sides is wrong on one.
SIDES = (("accepts", "rejects"), ("accepts", "doubts"), ("samples", "others"), ("matches", "differs"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A copy of both folders to spoil."""
    shutil.copytree(RULES, tmp_path / "rules")
    shutil.copytree(REPORTS, tmp_path / "reports")
    return tmp_path


def as_toml(value: object) -> str:
    """Writes a value as TOML, tables in one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {as_toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    return (
        json.dumps(value, ensure_ascii=False) if isinstance(value, str | bool | int | float) else str(value)
    )


def rewritten(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    raw = tomllib.loads(file.read_text(encoding="utf-8"))
    change(raw)
    file.write_text("".join(f"{json.dumps(k)} = {as_toml(v)}\n" for k, v in raw.items()), encoding="utf-8")


def told(home: Path) -> list[str]:
    with pytest.raises(OperatorFault) as refused:
        load_policy(home / "rules", home / "reports", OFFICE)
    assert refused.value.exit_code == 78
    return sentence(refused.value).split("\n")


def where(kind: str) -> tuple[str, ...]:
    """Names a key that a file of a kind cannot do without."""
    raw = tomllib.loads((RULES.parent / kind).read_text(encoding="utf-8"))
    first = next(iter(raw))
    # The sections of this file are called what an official likes.
    return (first, "says") if kind == "rules/companions.toml" else (first,)


def holder_of(raw: dict[str, Any], place: tuple[str, ...]) -> dict[str, Any]:
    for part in place[:-1]:
        raw = raw[part]
    return raw


def assert_told(sentences: list[str], kind: str, *words: str) -> None:
    about = [line for line in sentences if line.startswith(kind)]
    assert about, f"{kind}: nothing is said"
    for word in words:
        assert any(word in line for line in about), (kind, word, about)
    for line in about:
        assert line.endswith((".", ")")), line
        assert "değeri uygun değil" not in line
        assert not any(foreign in line for foreign in ("Error", "Layout", "Paper", "_type", "None")), line


def test_a_key_that_nobody_knows_is_named_in_every_file(home: Path) -> None:
    for kind in KINDS:
        file = home / kind
        file.write_text("mistyped_key = 1\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
    sentences = told(home)
    for kind in KINDS:
        assert_told(sentences, kind, "mistyped_key: böyle bir ayar yok")


def test_a_key_that_is_missing_is_named_in_every_file(home: Path) -> None:
    for kind in KINDS:
        place = where(kind)
        rewritten(home / kind, lambda raw, place=place: holder_of(raw, place).pop(place[-1]))  # type: ignore[misc]
    sentences = told(home)
    for kind in KINDS:
        assert_told(sentences, kind, f"{where(kind)[-1]}: yazılmamış")


def test_a_value_of_another_kind_is_named_in_every_file(home: Path) -> None:
    for kind in KINDS:
        place = where(kind)

        def spoil(raw: dict[str, Any], place: tuple[str, ...] = place) -> None:
            section = holder_of(raw, place)
            section[place[-1]] = 3 if isinstance(section[place[-1]], dict) else {"x": 1}

        rewritten(home / kind, spoil)
    sentences = told(home)
    for kind in KINDS:
        assert_told(sentences, kind, where(kind)[-1], "olmalı")


def test_the_line_of_broken_toml_is_named_in_every_file(home: Path) -> None:
    for kind in KINDS:
        file = home / kind
        file.write_text("# bir\nbozuk =\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
    sentences = told(home)
    for kind in KINDS:
        assert_told(sentences, kind, "2. satır: TOML olarak okunamadı")


def test_the_line_of_a_letter_in_another_encoding_is_named_in_every_file(home: Path) -> None:
    for kind in (*KINDS, *TEXTS):
        file = home / kind
        file.write_bytes(file.read_bytes() + "\n# Şubat\n".encode("cp1254"))
    sentences = told(home)
    for kind in (*KINDS, *TEXTS):
        line = (RULES.parent / kind).read_bytes().count(b"\n") + 2
        assert_told(sentences, kind, f"{line}. satır: UTF-8 olmayan bir harf var")


def spoilt_examples(raw: Any) -> Iterator[str]:
    """Puts each example on the other side as well; names the keys that were changed."""
    if isinstance(raw, list):
        for item in raw:
            yield from spoilt_examples(item)
    if not isinstance(raw, dict):
        return
    for one, other in SIDES:
        if one in raw and other in raw:
            raw[other] = [*raw[other], *raw[one]]
            yield other
            return
    if "wants" in raw and "text" in raw:
        raw["wants"]["amount"] = "1.00"
        yield "amount"
    for value in raw.values():
        yield from spoilt_examples(value)


def test_an_example_that_turns_out_otherwise_is_told_in_every_file(home: Path) -> None:
    spoilt: dict[str, list[str]] = {}
    # By words and days that do not hold, no layout and no reminder is tried.
    first = ("rules/calendar.toml", "rules/rails.toml")
    whole = {kind: (home / kind).read_bytes() for kind in first}
    for kind in KINDS:
        rewritten(home / kind, lambda raw, kind=kind: spoilt.update({kind: [*spoilt_examples(raw)]}))  # type: ignore[misc]
    assert {kind for kind in KINDS if not spoilt[kind]} == WITHOUT_EXAMPLES
    sentences = told(home)
    for kind in first:
        assert_told(sentences, kind)
        (home / kind).write_bytes(whole[kind])
    sentences = told(home)
    for kind in KINDS:
        if spoilt[kind] and kind not in first:
            assert_told(sentences, kind)


def test_a_text_that_cannot_be_filled_in_is_told_with_its_file(home: Path) -> None:
    for text in TEXTS:
        (home / text).write_text((home / text).read_text(encoding="utf-8") + "\n{{ x\n", encoding="utf-8")
    sentences = told(home)
    for text in TEXTS:
        assert any(line.startswith(f"{text}: ") and "süslü parantez" in line for line in sentences)


def test_a_word_that_nobody_fills_in_is_told_with_its_key(home: Path) -> None:
    file = home / "reports" / "nightly.toml"
    file.write_text(
        file.read_text("utf-8").replace('"Gece raporu {number}"', '"Gece raporu {numara}"'), "utf-8"
    )
    (line,) = told(home)
    assert line.startswith("reports/nightly.toml: title: {numara}")


def test_faults_in_several_files_are_told_in_one_go(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def unknown(file: str) -> None:
        path = home / "rules" / file
        path.write_text('yanlis = ""\n' + path.read_text(encoding="utf-8"), encoding="utf-8")

    unknown("layouts/ziraat.toml")
    unknown("procedures.toml")
    unknown("receipt/rail.toml")
    amount = home / "rules" / "receipt" / "amount.toml"
    amount.write_text(amount.read_text("utf-8").replace('nes = "780.00"', 'nes = "78O"', 1), "utf-8")
    mail = RULES.parent / "mailbox_fixtures" / "accepted" / "ordinary-single-list.eml"

    assert run(["explain", "--rules", str(home / "rules"), str(mail)]) == 78

    said = capsys.readouterr()
    assert said.out == ""
    assert [line.partition(":")[0] for line in said.err.splitlines()] == [
        "rules/layouts/ziraat.toml",
        "rules/procedures.toml",
        "rules/receipt/rail.toml",
        "rules/receipt/amount.toml, 3. [[wants]]",
    ]


def test_a_folder_that_is_not_whole_is_told_with_what_it_lacks(home: Path) -> None:
    (home / "rules" / "rails.toml").unlink()
    (home / "rules" / "mail.toml").unlink()
    (line,) = told(home)
    assert str(home / "rules") in line
    assert "rules/mail.toml, rules/rails.toml" in line


def test_the_shape_of_the_words_is_that_of_the_files_that_come_with_the_program() -> None:
    """After a new sentence: python mailbox_fixtures/words.py."""
    assert SHAPE.read_text(encoding="utf-8").splitlines() == list(lines())


def test_what_an_official_may_add_to_the_words_or_leave_out(home: Path) -> None:
    def append(file: str, text: str) -> None:
        path = home / "reports" / file
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")

    append("browse.toml", '\n[queries.benim]\ntitle = "Benim sorum"\nsql = "select 1"\n')
    rewritten(home / "reports" / "words.toml", lambda raw: raw["fields"].update(yeni="yeni alan"))

    def fewer_columns(raw: dict[str, Any]) -> None:
        raw["sections"]["batch"]["columns"].popitem()
        raw["sections"]["batch"]["brief"] = []

    rewritten(home / "reports" / "nightly.toml", fewer_columns)
    load_policy(home / "rules", home / "reports", OFFICE)


def test_a_journal_gets_every_line_of_a_complaint_as_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("pipeline.office.console.is_journal", lambda _: True)
    complain("bir\niki")
    assert capsys.readouterr().err == "<3>bir\n<3>iki\n"


def test_a_broken_file_of_sentences_is_at_least_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_name: str) -> Mapping[str, Any]:
        return parsed("reports/terminal.toml", b"[faults\n")

    monkeypatch.setattr("pipeline.office.console.own_words", broken)
    assert sentence(OperatorFault("no_person")) == "reports/terminal.toml: 1"


def test_a_single_fault_stays_itself() -> None:
    fault = OperatorFault("no_person")
    with pytest.raises(OperatorFault) as refused:
        refuse([fault])
    assert refused.value is fault
    refuse([])
