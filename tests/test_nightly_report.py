"""The nightly report as its readers get it: mail, workbook and page, from mails in to letters out."""

from __future__ import annotations

import io
import re
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email.message import EmailMessage
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest
from markupsafe import escape
from PIL import Image

from pipeline.domain import Decision, Letter, Outcome
from pipeline.domain.cases import mail_number
from pipeline.night import closing
from pipeline.night.announce import announce
from pipeline.night.charts import Bar, Chart, Label, Series, draw, svg
from pipeline.night.material import Heard, ReportMaterial
from pipeline.night.painter import paint
from pipeline.night.report import ON_PAGE, Line, Told, settings_of, shown
from pipeline.night.report import section as section_of
from pipeline.night.report_letter import charts_of, report_of
from pipeline.night.report_sections import told_of
from pipeline.night.report_workbook import write_report
from pipeline.policy import texts
from pipeline.policy.list_days import Selection
from pipeline.policy.places import REPORTS
from pipeline.sandbox.workers import WorkerPool
from tests.house import IT_UNIT, NIGHT, House, body, night_of
from tests.in_order import AYSE, POLICY, TODAY, judged, open_case, row, slip
from tests.servers import Certificates, Dovecot, RecordingSmtp

NOW = datetime(2024, 5, 13, 20, 45, tzinfo=UTC)
WORDS = tomllib.loads((REPORTS / "nightly.toml").read_text(encoding="utf-8"))
MAILS = (
    "accepted/ordinary-single-list",
    "accepted/four-mails-to-the-end/1-list",
    "accepted/four-mails-to-the-end/2-corrected",
    "accepted/four-mails-to-the-end/3-wrong-rail",
    "accepted/four-mails-to-the-end/4-receipt",
    "returned/bad-identity-number",
    "held/foreigner-99",
    "held/receipt-before-list",
    "guided/pin-blocked",
    "ignored/newsletter",
    "ignored/delivery-failure",
)


@pytest.fixture(scope="module")
def office_smtp(certificates: Certificates) -> Iterator[RecordingSmtp]:
    with RecordingSmtp(certificates, "none") as server:
        yield server


def a_house(folder: Path, dovecot: Dovecot, smtp: RecordingSmtp, readers: WorkerPool) -> House:
    return House(folder, dovecot.account(), smtp, readers)


@pytest.fixture(scope="module")
def office(
    tmp_path_factory: pytest.TempPathFactory,
    dovecot: Dovecot,
    office_smtp: RecordingSmtp,
    readers: WorkerPool,
) -> House:
    """An office after a full day, and after a night that was missed."""
    house = a_house(tmp_path_factory.mktemp("nightly"), dovecot, office_smtp, readers)
    house.deliver(*MAILS)
    house.poll()
    house.nightly(NIGHT)
    house.nightly(night_of(date(2024, 6, 16)))
    return house


def reports_of(house: House) -> list[EmailMessage]:
    return [m for m in house.letters() if m["To"] == IT_UNIT and m["X-NES-Intake"] == "nightly"]


@pytest.fixture(scope="module")
def letter(office: House) -> EmailMessage:
    return reports_of(office)[0]


def html_of(letter: EmailMessage) -> str:
    part = letter.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def enclosed(letter: EmailMessage, beginning: str, ending: str) -> bytes:
    names = re.compile(f"{beginning}.*{re.escape(ending)}")
    (part,) = (p for p in letter.iter_attachments() if names.fullmatch(str(p.get_filename())))
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    return data


def workbook_of(letter: EmailMessage) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(enclosed(letter, "gece-raporu", ".xlsx")))


def material(**changes: Any) -> ReportMaterial:
    """A night on which nothing happened, but for the changes."""
    quiet = ReportMaterial(
        day=TODAY,
        number=7,
        since=NOW - timedelta(days=1),
        until=NOW,
        balance={**dict.fromkeys(map(str, Outcome), 0), "duplicates": 0, "undecided": 0, "heard": 0},
        heard=[],
        open_holds=[],
        batches=(),
        selection=Selection(why_none="nothing"),
        open_cases=[],
        letters=[],
        unfetched=[],
    )
    return replace(quiet, **changes)


def written(work: ReportMaterial) -> Letter:
    report = report_of(work, POLICY)
    *_, letter = announce(work, report, dict.fromkeys(charts_of(report), b""), POLICY)
    return letter


class Tags(HTMLParser):
    """Lists what an HTML file refers to, and whether every element is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.refers: list[str] = []
        self.ids: set[str] = set()
        self.alts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "img", "br", "wbr"):
            self.open.append(tag)
        found = dict(attrs)
        self.refers += [found[a] or "" for a in ("src", "href", "srcset", "data", "action") if a in found]
        self.ids |= {found.get("id") or ""} - {""}
        self.alts += [found.get("alt") or ""] if tag == "img" else []
        assert tag not in ("script", "link", "iframe", "object", "form", "base")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def tags_of(html: str) -> Tags:
    tags = Tags()
    tags.feed(html)
    tags.close()
    assert tags.open == []
    return tags


# --- the mail ----------------------------------------------------------------------------------


def test_the_mail_says_first_how_many_and_then_what_needs_a_person(
    letter: EmailMessage, office: House
) -> None:
    text = " ".join(body(letter).split())
    # A receipt that waits for nothing but its list waits for no person.
    early = {
        str(n) for (n,) in office.ask("SELECT number FROM decision WHERE body LIKE '%receipt/has-case%'")
    }
    ((held,),) = office.ask("SELECT count(*) FROM hold WHERE state='open'")
    assert len(early) == 1
    held = int(str(held)) - len(early)
    assert WORDS["sections"]["awaiting"]["title"] in text
    subject = f"Gece raporu 1 – 14.06.2024 Cuma: {len(MAILS)} ileti, 2 kişi listede, {held} bekleyen"
    assert str(letter["Subject"]) == subject
    counts = {"heard": len(MAILS), "listed": 2, "held": held, "returned": 3, "matched": 1}
    for name, count in counts.items():
        assert f"- {count} {WORDS['headlines'][name]}" in text
    assert text.index("gelen ileti") < text.index(WORDS["sections"]["held"]["title"])
    for number, outcome in office.ask("SELECT number, outcome FROM decision"):
        accept = f'nes-intake settle {number} kabul --by ADINIZ --because "…"'
        is_a_persons = outcome == "held" and number not in early
        assert (accept in text) == (is_a_persons and accept_follows(office, str(number)))
        # Whoever only asked is answered, and not sent back.
        answer = accept.replace("kabul", 'yanitlandi --text "…"')
        assert (accept.replace("kabul", "iade") in text or answer in text) == is_a_persons
    assert "Kabul edilirse listeye girer: Elvin Rzazadeh." in text


def accept_follows(house: House, number: str) -> bool:
    ((body,),) = house.ask("SELECT body FROM decision WHERE number=?", number)
    return '"withheld":[]' not in str(body)


def test_every_section_is_there_or_named_as_empty(letter: EmailMessage) -> None:
    text = " ".join(body(letter).split())
    for name, section in WORDS["sections"].items():
        assert section["title"] in text or not section.get("named", True), name
    order = [
        WORDS["sections"][n]["title"]
        for n in ("held", "awaiting", "batch", "returned", "matched", "originals", "balance", "nights")
    ]
    places = [text.index(title) for title in order]
    assert places == sorted(places)


def test_the_balance_adds_up(letter: EmailMessage) -> None:
    found = re.search(r"Gelen (\d+) = ([^()]*) \(tutuyor\)", " ".join(body(letter).split()))
    assert found
    assert int(found[1]) == sum(map(int, re.findall(r"\d+", found[2]))) == len(MAILS)


def test_pictures_lie_in_the_mail_and_every_one_is_shown_and_described(letter: EmailMessage) -> None:
    parts = {
        str(part["Content-ID"]).strip("<>"): part for part in letter.walk() if part["Content-ID"] is not None
    }
    tags = tags_of(html_of(letter))
    assert {f"cid:{name}" for name in parts} == set(tags.refers)
    assert {"nights.png@nes-intake", "open_cases.png@nes-intake", "waits.png@nes-intake"} < set(parts)
    # Of the receipt that waits for its list a person sees what could not be matched.
    assert any(name.startswith("kesit-") for name in parts)
    assert all(tags.alts)
    for part in parts.values():
        assert part.get_content_disposition() == "inline"
        with Image.open(io.BytesIO(part.get_payload(decode=True))) as picture:  # type: ignore[arg-type]
            picture.load()
            assert picture.format == "PNG"
    assert len(letter.as_bytes()) < 1_000_000


def test_outlook_is_given_nothing_that_it_does_not_know(letter: EmailMessage) -> None:
    html = html_of(letter)
    assert not re.search(r"display:\s*(flex|grid)|<svg|position:|url\(|@import", html)
    assert "<table" in html


# --- what is enclosed --------------------------------------------------------------------------


def test_the_workbook_has_a_sheet_for_every_section_with_filters_frozen_headings_and_charts(
    letter: EmailMessage,
) -> None:
    book = workbook_of(letter)
    named = [s["sheet"] for s in WORDS["sections"].values() if s.get("named", True)]
    assert sorted(book.sheetnames) == sorted([WORDS["summary_sheet"], *named, WORDS["data_sheet"]])
    for sheet in book.worksheets[:-1]:
        assert sheet.auto_filter.ref
        assert sheet.freeze_panes == "A5"
        assert sheet.cell(4, 1).value
    charts = {sheet.title: len(sheet._charts) for sheet in book.worksheets if sheet._charts}
    assert charts == {WORDS["sections"][name]["sheet"]: 1 for name in ("nights", "open_cases", "waits")}
    (held,) = (s for s in book.worksheets if s.title == WORDS["sections"]["held"]["sheet"])
    assert held.max_row == 4 + len(set(re.findall(r"settle (G-\w{8})", body(letter))))
    days = [cell.value for cell in book[WORDS["sections"]["matched"]["sheet"]][5]]
    assert any(hasattr(value, "year") for value in days), "days are days, to be sorted and filtered"


def test_the_page_needs_nothing_but_itself(letter: EmailMessage) -> None:
    page = enclosed(letter, "gece-raporu", ".html").decode("utf-8")
    tags = tags_of(page)
    assert page.count("<svg") == 6, "each chart for a screen and for a phone"
    for reference in tags.refers:
        assert reference.startswith("data:image/png;base64,") or reference[1:] in tags.ids
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org/2000/svg\")", page)
    assert "@media print" in page
    assert 'name="viewport"' in page


def test_no_identity_number_stands_anywhere_but_on_the_list(office: House) -> None:
    numbers = {str(n) for (n,) in office.ask("SELECT identity_number FROM entry")}
    assert len(numbers) >= 2
    for letter in reports_of(office):
        page = enclosed(letter, "gece-raporu", ".html").decode("utf-8")
        with zipfile.ZipFile(io.BytesIO(enclosed(letter, "gece-raporu", ".xlsx"))) as book:
            sheets = "".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())
        for number in numbers:
            assert number not in body(letter) + html_of(letter) + page + sheets
        assert f"{min(numbers)[:3]}******{min(numbers)[-2:]}" in page


# --- every night -------------------------------------------------------------------------------


def test_a_report_comes_after_a_missed_night_and_says_so(office: House) -> None:
    first, second = reports_of(office)
    text = " ".join(body(second).split())
    assert str(second["Subject"]).startswith("Gece raporu 2 – 16.06.2024 Pazar: 0 ileti")
    assert "son rapor 14.06.2024 gecesine aitti; arada 1 gece kapanmadı" in text
    assert "gecesine aitti" not in body(first)
    # What waits is told again, and older by the days that went by.
    assert re.search(r"G-\w{8}, \S+, [^,]*, 2 ", text)


def test_a_report_comes_on_a_day_without_mail(
    tmp_path: Path, dovecot: Dovecot, certificates: Certificates, readers: WorkerPool
) -> None:
    with RecordingSmtp(certificates, "none") as smtp:
        house = a_house(tmp_path, dovecot, smtp, readers)
        house.nightly()
        (letter,) = reports_of(house)
    text = " ".join(body(letter).split())
    assert "Bugün bir görevlinin bakması gereken ileti yok." in text
    assert "Gelen 0 = 0 kabul" in text
    assert workbook_of(letter).sheetnames[0] == WORDS["summary_sheet"]
    tags_of(enclosed(letter, "gece-raporu", ".html").decode("utf-8"))


def test_the_same_night_is_the_same_bytes(
    office: House,
    tmp_path: Path,
    dovecot: Dovecot,
    certificates: Certificates,
    readers: WorkerPool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The audit code is keyed; a home draws its key by chance.
    key = (office.home / "key").read_bytes()
    monkeypatch.setattr("pipeline.ledger.home.secrets", SimpleNamespace(token_bytes=lambda _size: key))
    with RecordingSmtp(certificates, "none") as smtp:
        again = a_house(tmp_path, dovecot, smtp, readers)
        again.deliver(*MAILS)
        again.poll()
        again.nightly(NIGHT)
        (other,) = reports_of(again)
    assert other.as_bytes() == reports_of(office)[0].as_bytes()


def test_a_picture_that_cannot_be_had_costs_no_night_its_report(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> tuple[()]:
        raise ValueError("the very words of a mail")

    monkeypatch.setattr(closing, "exhibits_of", fails)
    house.deliver("held/receipt-before-list")
    house.poll()
    assert house.nightly() is not None
    (letter,) = reports_of(house)
    assert WORDS["sections"]["awaiting"]["title"] in " ".join(body(letter).split())
    assert "kesit-" not in html_of(letter)
    assert "very words" not in letter.as_string()


# --- much, and strange -------------------------------------------------------------------------


def test_equal_values_of_two_kinds_are_each_written_in_their_own_way() -> None:
    told = section_of(
        Told("held", [Line(dict.fromkeys(WORDS["sections"]["held"]["columns"], v)) for v in MIXED]), WORDS
    )
    (setting,) = settings_of(replace(report_of(material(), POLICY), sections=(told,)), ON_PAGE)
    assert [row.cells[0].text for row in setting.rows] == [shown(value, WORDS) for value in MIXED]
    assert [row.cells[0].is_number for row in setting.rows] == [type(v) in (int, Decimal) for v in MIXED]
    # What is set once for both is one and the same.
    assert setting.rows[0].cells[0] is setting.rows[1].cells[0]
    book = openpyxl.load_workbook(
        io.BytesIO(write_report(replace(report_of(material(), POLICY), sections=(told,))))
    )
    sheet = book[WORDS["sections"]["held"]["sheet"]]
    found = [(sheet.cell(5 + at, 1).value, sheet.cell(5 + at, 1).number_format) for at in range(len(MIXED))]
    assert found == [
        *[("x", "@")] * 2,
        *((1, "#,##0"), (1, '#,##0.00" TL"')) * 2,
        (datetime(2024, 6, 14), "DD.MM.YYYY"),
        (datetime(2024, 6, 14), "DD.MM.YYYY HH:MM"),
    ]


MIXED = ("x", "x", 1, Decimal(1), 1, Decimal("1.00"), date(2024, 6, 14), datetime(2024, 6, 14))


@pytest.mark.parametrize(
    "text",
    [
        *("AYŞE KURGU", "14.06.2024", "", "a b\u00a0c", "a & b", "<b>", "x > y", "O'Nil", '"x"', "a\nb"),
        *("N-0000000A", "N-0000000A G-0000000B", "xN-0000000A", "https://a.invalid/b", "http", "a - b"),
        *("see http://a.invalid.", "HTTP://A.INVALID"),
    ],
)
def test_a_cell_with_nothing_telling_in_it_is_set_as_any_other(text: str) -> None:
    assert texts._in_cell(text) == texts._linked(text)


@pytest.mark.parametrize(
    "text", ["AYŞE", "<b>", "{}", "N-0000000A", "N-0000000A\n", "ayse@a.example", "http://a.invalid"]
)
def test_a_row_is_set_as_its_cells_are_each_in_the_tag_of_its_kind(text: str) -> None:
    cells = [("Ad & {}", text, False, False), ("<i>", text, True, True), ("Gün", text, False, True)]
    asked = "{{ cells | in_tags('<td a=\"{}\">', '<td a=\"{}\" b>', '<td a=\"{}\" c>') }}"
    assert POLICY.texts.html.from_string(asked).render(cells=cells) == "".join(
        f'<td a="{escape(heading)}"{kind}>{texts._in_cell(text)}</td>'
        for (heading, *_), kind in zip(cells, ("", " b", " c"), strict=True)
    )


def test_five_thousand_mails_fit_and_the_mail_stays_short() -> None:
    returned = judged(row(kind="3"))
    assert returned.outcome is Outcome.RETURNED
    heard = [
        Heard(f"{i:064x}", f"a{i}@x.invalid", "=1+1", "", returned, NOW - timedelta(days=3), "G-0000000H")
        for i in range(5000)
    ]
    cases = [open_case(AYSE) for _ in range(5000)]
    letter = written(material(heard=heard, open_holds=heard, open_cases=cases))
    assert len(letter.html) < 150_000
    assert len(letter.text) < 60_000
    sheet = WORDS["sections"]["held"]["sheet"]
    assert f"… ve 4.985 tane daha, çalışma kitabının “{sheet}” sayfasında." in letter.html
    book, page = letter.enclosures
    assert len(page.data) < 3_000_000
    assert len(book.data) < 3_000_000
    rows = list(openpyxl.load_workbook(io.BytesIO(book.data), read_only=True)[sheet].iter_rows(min_row=5))
    assert len(rows) == 5000
    subject = rows[0][2]
    assert (subject.value, subject.data_type) == ("'=1+1", "s")


def test_every_section_has_its_words_and_every_word_its_section() -> None:
    told = [t.name for t in told_of(material(), POLICY)]
    assert sorted(told) == sorted(WORDS["sections"])
    assert len(set(told)) == len(told)
    titles = [s["sheet"] for s in WORDS["sections"].values()]
    assert len(set(titles)) == len(titles)
    assert all(len(title) <= 31 for title in titles), "Excel takes no longer names of sheets"


# --- charts ------------------------------------------------------------------------------------


def chart(values: tuple[float, ...], is_stacked: bool = True) -> Chart:
    names = tuple(f"{i:02}.06" for i in range(1, len(values) + 1))
    return Chart(
        "nights",
        "Başlık",
        names,
        (Series("accepted", "kabul", values), Series("held", "bekletilen", values)),
        is_stacked,
    )


def test_columns_are_as_high_as_their_numbers() -> None:
    bars = [s for s in draw(chart((1, 4, 0)), 480).shapes if isinstance(s, Bar) and s.says]
    assert [bar.says for bar in bars] == [
        "01.06: kabul 1",
        "01.06: bekletilen 1",
        "02.06: kabul 4",
        "02.06: bekletilen 4",
    ]
    assert bars[2].height == pytest.approx(4 * bars[0].height)
    # Stacked: the second stands on the first.
    assert bars[3].y + bars[3].height == pytest.approx(bars[2].y)
    overlaid = [
        s for s in draw(chart((1, 4, 0), is_stacked=False), 480).shapes if isinstance(s, Bar) and s.says
    ]
    assert overlaid[3].y == pytest.approx(overlaid[2].y)


@pytest.mark.parametrize("values", [(), (0.0,), (1.0,), (5.0,) * 30, (123_456.0,) * 30])
@pytest.mark.parametrize("width", [340.0, 480.0, 840.0])
def test_nothing_of_a_chart_lies_outside_it_and_no_names_meet(
    values: tuple[float, ...], width: float
) -> None:
    drawing = draw(chart(values), width)
    for shape in drawing.shapes:
        assert -0.01 <= shape.x <= width
        assert 0 <= shape.y <= drawing.height
        if isinstance(shape, Bar):
            assert shape.x + shape.width <= width + 0.01
            assert shape.y + shape.height <= drawing.height
    names = [s for s in drawing.shapes if isinstance(s, Label) and s.anchor == "middle"]
    assert all(b.x - a.x > 30 for a, b in pairwise(names))
    assert bool(names) == bool(values)


def test_a_chart_is_the_same_picture_each_time() -> None:
    drawing = draw(chart((3.0, 2.0)), 480)
    assert paint(drawing) == paint(drawing)
    with Image.open(io.BytesIO(paint(drawing))) as picture:
        assert picture.size == (960, round(drawing.height * 2))
        # Every colour of the legend is there, and letters are.
        colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 20) or ()}
        assert {(0x2F, 0x7D, 0x5B), (0x1A, 0x52, 0x76)} <= colours
    assert str(svg(drawing)).count("<rect") == sum(isinstance(s, Bar) for s in drawing.shapes)


# --- what needs a person, and what nobody ------------------------------------------------------


def _told(name: str, work: ReportMaterial) -> Any:
    return next(section for section in report_of(work, POLICY).sections if section.name == name)


def _mail(decision: Decision, shunt: str = "", days: int = 0, sender: str = "a@hastane1.example") -> Heard:
    sha = f"{days:02x}" * 32
    return Heard(sha, sender, "Konu", shunt, decision, NOW - timedelta(days=days), mail_number(sha))


def test_a_receipt_that_waits_for_its_list_waits_for_nobody_but_not_for_ever() -> None:
    early = judged(slip())
    assert {finding.rule for finding in early.findings} == {POLICY.awaits_list}
    mails = [_mail(early, days=n) for n in (0, 10, 11)] + [_mail(early, days=3, sender=AYSE.work_email)]
    work = material(open_holds=mails, open_cases=[open_case()])

    waits, held = _told("awaiting", work).lines, _told("held", work).lines
    assert [line.values["days"] for line in waits] == [0, 10]
    assert not any(line.commands for line in waits)
    # Too long, and somebody whose own list has come: what is wrong there a person has to find out.
    assert [line.values["days"] for line in held] == [11, 3]


def test_nobody_is_sent_back_for_a_question_by_a_ready_command() -> None:
    (line,) = _told("held", material(open_holds=[_mail(judged())])).lines
    assert line.commands
    assert not any(" iade " in command for command in line.commands.values())


def test_what_needs_a_person_comes_first_and_is_counted_with_a_link_to_the_desk() -> None:
    shunted = replace(judged(), outcome=Outcome.SHUNTED)
    work = material(
        open_holds=[_mail(judged(row(kind="3"), slip()))],
        heard=[_mail(shunted, "too_deep", 1)],
        unfetched=[{"account": "posta", "folder": "INBOX", "uid": 7, "why": "dropped"}],
        desk="https://masa.hastane1.example",
    )
    report = report_of(work, POLICY)
    names = [section.name for section in report.sections if section.lines]
    assert names[:3] == ["held", "shunted", "unfetched"]
    assert report.opening[0] == WORDS["held"].format(count=3)
    for name in ("held", "shunted"):
        (line,) = _told(name, work).lines
        assert line.link == f"https://masa.hastane1.example/ileti/{line.values['number']}"
        assert line.commands
        assert line.link in written(work).html
        assert line.link in written(work).text
