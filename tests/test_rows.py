"""No row of a list gets lost: whatever stands between, above, below and beside them, people come out.

A generator lays out hundreds of sheets; each row of a person is a holder, or is named for an official, and
nothing that is no person becomes one.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain import Holder, Sheet
from pipeline.lists.columns import compared
from pipeline.lists.sheets import ListReading, read_list
from pipeline.lists.tables import RowKind
from pipeline.papers.clues import Clues
from pipeline.sandbox.scanner.limits import Allowance
from pipeline.sandbox.scanner.scan import transcribe
from pipeline.sandbox.scanner.xlsb import _Styles
from tests.odd_workbooks import _brt, csv_file, ods, xlsb
from tests.people import PEOPLE, Person
from tests.seen_workbooks import Dress, dressed_xls, dressed_xlsx, page_with_note
from tests.test_sheets import AYSE, DAY_ZERO, FORM, HEADINGS, row_of, sheet
from tests.workbook_material import open_document
from tests.workbooks import BARE, OFFICIAL_COLUMNS, Grid, Value, entry, filled, official, xls, xlsx

Rows = list[list[Value]]
WRITERS: Mapping[str, Callable[[Grid], bytes]] = {"xls": xls, "xlsx": xlsx}
WIDTH = len(OFFICIAL_COLUMNS)
PRINTED: list[Value] = [heading for _, heading in OFFICIAL_COLUMNS]


def read(*sheets: Sheet) -> ListReading:
    return read_list("liste.xls", sheets, FORM, DAY_ZERO)


def read_file(data: bytes) -> ListReading:
    transcript = transcribe(data, Clues())
    assert transcript.problem == ""
    return read_list("liste", transcript.sheets, FORM, DAY_ZERO)


def line(**values: Value) -> list[Value]:
    """One row of the official form with nothing but the named fields."""
    return [values.get(field) for field, _ in OFFICIAL_COLUMNS]


def person_line(who: Person, **changes: Value) -> list[Value]:
    return line(**entry(who, **changes))


# --- hundreds of layouts -------------------------------------------------------------------------


@dataclass(frozen=True)
class Layout:
    """A sheet, the rows that are a person's by their number from 1, and the people in them."""

    grid: Grid
    people: Mapping[int, str]


# What stands between people in lists that are in order: nobody is to be asked about any of it.
HONEST: tuple[Callable[[random.Random], Rows], ...] = (
    lambda chance: [[None]] * chance.randint(1, 6),
    lambda _: [["AÇIKLAMALAR"], ["Başvuru Türü: 1- İlk  2- Kayıp/Çalıntı  3- Yenileme  4- Diğer"]],
    lambda _: [line(given_name="Düzenleyen", work_email="Kurum Yetkilisi"), line(given_name="Dr. Ali KAYA")],
    lambda _: [line(given_name="Onaylayan: Başhemşire")],
    lambda _: [line(identity_number="TOPLAM", given_name=2)],
    lambda _: [line(given_name="Toplam 3 kişi")],
    lambda _: [PRINTED],
    lambda _: [line(number=7), line(number=8, kind=2, card_reader=3, term_years=3)],
    lambda _: [line(identity_number="11111111110", given_name="ÖRNEK", family_name="KİŞİ")],
    lambda _: [line(given_name="* Yıldızlı alanlar zorunludur")],
    lambda _: [line(family_name="İmza / Onay"), line(family_name="Veli Kaya"), line(family_name="Başhekim")],
)
# Of what a row has lost: the rest is still somebody.
HALVES: tuple[tuple[str, ...], ...] = (
    ("identity_number",),
    ("identity_number", "given_name", "family_name"),
    ("work_email",),
    ("number", "given_name"),
    ("given_name", "family_name", "born_on"),
    ("given_name", "family_name", "work_email", "workplace"),
    ("born_on",),
)


def laid_out(chance: random.Random, with_halves: bool) -> Layout:
    """People with anything in between, in order or half empty."""
    rows: Rows = [["NİTELİKLİ ELEKTRONİK SERTİFİKA BAŞVURU LİSTESİ"], []] * chance.randint(0, 1)
    rows += [PRINTED]
    people: dict[int, str] = {}
    for number, who in enumerate(chance.sample(PEOPLE[:60], chance.randint(1, 6)), start=1):
        if chance.random() < 0.6:
            rows += chance.choice(HONEST)(chance)
        row = person_line(who, number=number)
        if with_halves and chance.random() < 0.4:
            kept = chance.choice(HALVES)
            row = line(**{f: v for f, v in {**entry(who), "number": number}.items() if f in kept})
        rows.append(row)
        people[len(rows)] = who.identity_number
    if chance.random() < 0.5:
        rows += chance.choice(HONEST)(chance)
    return Layout(Grid("Sayfa1", tuple(tuple(row) for row in rows)), people)


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32), kind=st.sampled_from(sorted(WRITERS)))
def test_every_person_in_a_list_in_order_is_read_and_nobody_else(seed: int, kind: str) -> None:
    layout = laid_out(random.Random(seed), with_halves=False)
    reading = read_file(WRITERS[kind](layout.grid))

    found = {h.row: h.identity_number.digits for h in reading.holders if h.identity_number}
    assert found == layout.people
    assert len(reading.holders) == len(layout.people)
    assert reading.unaccounted == ()
    assert not any(holder.unclear or holder.doubts for holder in compared(reading.holders))


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32), kind=st.sampled_from(sorted(WRITERS)))
def test_every_half_row_is_somebody_or_is_named(seed: int, kind: str) -> None:
    layout = laid_out(random.Random(seed), with_halves=True)
    reading = read_file(WRITERS[kind](layout.grid))

    holders = {holder.row for holder in reading.holders}
    named = {int(row) for row in reading.unaccounted}
    assert layout.people.keys() <= holders | named
    # What is no person's row is at most asked about.
    assert holders <= layout.people.keys()
    whole = {r for r in layout.people if all(layout.grid.rows[r - 1][c] is not None for c in range(1, 7))}
    assert whole <= holders


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(
        st.lists(
            st.none() | st.sampled_from([2, "x", "İmza", "TOPLAM", "Örnek", "AYŞE", "a@b", "12345678"]),
            max_size=9,
        ),
        max_size=6,
    )
)
def test_the_balance_holds_for_any_rows(rows: Rows) -> None:
    reading = read(sheet(HEADINGS, row_of(AYSE), *rows, row_of(PEOPLE[1])))
    (balance,) = reading.balances

    assert balance.seen == {at for at, _ in balance.kinds}
    assert len(balance.rows(RowKind.PERSON)) == len(reading.holders)
    assert {h.identity_number.digits for h in reading.holders if h.identity_number} >= {
        AYSE.identity_number,
        PEOPLE[1].identity_number,
    }


# --- lists beside and below each other -----------------------------------------------------------


def test_lists_below_each_other_are_all_read_each_by_its_own_headings() -> None:
    short: list[Value] = ["TC", "Adı Soyadı", "E-posta"]
    reading = read(
        sheet(
            short,
            [AYSE.identity_number, AYSE.name, AYSE.work_email],
            [PEOPLE[1].identity_number, "Mehmet Şükrü İNANÖZ", PEOPLE[1].work_email],
            [],
            HEADINGS,
            row_of(PEOPLE[2]),
        )
    )
    assert [h.identity_number.digits for h in reading.holders if h.identity_number] == [
        p.identity_number for p in (AYSE, *PEOPLE[1:3])
    ]
    assert [h.workplace for h in reading.holders] == [None, None, PEOPLE[2].workplace]
    # The first list has no such column, and its people are told so.
    assert "Çalıştığı Kurum-Birim" in reading.lacking


@pytest.mark.parametrize("gap", [0, 1, 3])
def test_lists_beside_each_other_are_all_read(gap: int) -> None:
    def beside(left: list[Value], right: list[Value]) -> list[Value]:
        return [*left, *[None] * gap, *right]

    reading = read(
        sheet(
            beside([*HEADINGS], [*HEADINGS]),
            beside(row_of(PEOPLE[0]), row_of(PEOPLE[1])),
            beside(row_of(PEOPLE[2]), [None] * len(HEADINGS)),
        )
    )
    assert {h.identity_number.digits for h in reading.holders if h.identity_number} == {
        p.identity_number for p in PEOPLE[:3]
    }
    assert all(h.work_email and h.workplace and h.term_years for h in reading.holders)


def test_people_on_a_sheet_without_headings_are_named() -> None:
    listed = sheet(HEADINGS, row_of(AYSE), name="Liste")
    other = sheet(row_of(PEOPLE[1]), name="Ek")
    copy = sheet(row_of(AYSE), name="Kopya")

    assert read(listed, other).unaccounted == ("Ek 1",)
    assert read(listed, copy).unaccounted == ()


def test_a_number_outside_of_the_personal_columns_is_named() -> None:
    stray = row_of(PEOPLE[1], identity_number=None, given_name=None, family_name=None, born_on=None)
    stray = [None if v == PEOPLE[1].work_email else v for v in stray]
    stray[-1] = f"{PEOPLE[1].name} {PEOPLE[1].identity_number}"
    assert read(sheet(HEADINGS, row_of(AYSE), stray)).unaccounted == ("3",)


# --- samples, and units called Örnek -------------------------------------------------------------


@pytest.mark.parametrize("number", [None, "1000000014"])
def test_a_unit_in_a_quarter_called_sample_makes_nobody_a_sample(number: Value) -> None:
    row = row_of(PEOPLE[1], identity_number=number, workplace="ÖRNEK MAHALLESİ AİLE SAĞLIĞI MERKEZİ")
    reading = read(sheet(HEADINGS, row_of(AYSE), row))
    assert [h.row for h in reading.holders] == [2, 3]


def test_a_sample_that_holds_somebody_is_named_in_the_letter() -> None:
    marked = row_of(PEOPLE[1], identity_number=None, note="Örnektir")
    assert read(sheet(HEADINGS, row_of(AYSE), marked)).samples == ("3",)


# --- what people see -----------------------------------------------------------------------------

TWO = filled(BARE, [entry(AYSE), entry(PEOPLE[1])])
NAME, BORN = 2, 4
DRESSED = {"xls": dressed_xls, "xlsx": dressed_xlsx}
first = pytest.mark.parametrize("kind", sorted(DRESSED))


def dressed(kind: str, dress: Dress, grid: Grid = TWO) -> tuple[Holder, ...]:
    reading = read_file(DRESSED[kind](grid, dress))
    assert len(reading.holders) == len(grid.rows) - 1
    return reading.holders


@first
def test_a_dress_that_hides_nothing_changes_nothing(kind: str) -> None:
    assert [h.doubts for h in dressed(kind, Dress())] == [{}, {}]
    assert not any(h.is_hidden or h.unclear for h in dressed(kind, Dress()))


@first
@pytest.mark.parametrize(
    ("dress", "doubt"),
    [
        (Dress(struck=frozenset((1, c) for c in range(WIDTH))), "struck"),
        (Dress(struck=frozenset({(1, NAME)})), "struck"),
        (Dress(struck_in_part=frozenset({(1, NAME)})), "struck"),
        (Dress(white=frozenset({(1, 5)})), "unseen"),
        (Dress(tiny=frozenset({(1, 5)})), "unseen"),
        (Dress(formats={(1, NAME): ";;;"}), "unseen"),
        (Dress(formats={(1, NAME): '"VAZGEÇTİ"'}), "unseen"),
        (Dress(formats={(1, NAME): '@" iptal"'}), "unseen"),
        (Dress(formats={(1, NAME): '0;0;0;"-"'}), "unseen"),
        (Dress(formats={(1, NAME): "0;0;0;"}), "unseen"),
        (Dress(formats={(1, 1): '"20000000292"'}), "unseen"),
        (Dress(formats={(1, BORN): '"01.02.1990"'}), "unseen"),
        (Dress(formats={(1, BORN): 'dd.mm.yyyy" vazgeçti"'}), "unseen"),
        (Dress(formats={(1, 1): '[=1]"İPTAL";0'}), "unseen"),
        (Dress(formats={(1, 1): r"0\ \i\p\t\a\l"}), "unseen"),
    ],
)
def test_a_row_that_is_crossed_out_or_cannot_be_seen_is_told(kind: str, dress: Dress, doubt: str) -> None:
    one, two = dressed(kind, dress)
    assert set(one.doubts) == {doubt}
    assert two.doubts == {}


@first
@pytest.mark.parametrize(
    "code",
    [
        *("General", "0", "@", "#,##0.00", "0.00E+00", "0%", "[Red]0;[Blue]-0", "[$-41F]0", "hh:mm"),
        *('0 "TL"', '"0"##########', '0" yıl"', r'#,##0\ "₺"', r"\0###\ ###\ ##\ ##", r"000\ 000"),
        *('_-* #,##0_-;-* #,##0_-;_-* "-"_-;_-@_-', r"[<=9999999]###\-####;\(###\)\ ###\-####"),
        r"[$-F800]dddd\,\ mmmm\ dd\,\ yyyy",
    ],
)
def test_a_format_that_shows_the_value_hides_nothing(kind: str, code: str) -> None:
    assert not any("unseen" in h.doubts for h in dressed(kind, Dress(formats={(1, 8): code})))


@first
def test_a_row_without_height_is_hidden_and_a_column_without_width_unseen(kind: str) -> None:
    assert [h.is_hidden for h in dressed(kind, Dress(flat_rows=(1,)))] == [True, False]
    assert all("unseen" in h.doubts for h in dressed(kind, Dress(flat_columns=(5,))))


@first
@pytest.mark.parametrize(
    ("code", "why"), [("mmm-yy", "no_day"), ("yyyy", "no_day"), ("d mmmm", "no_year"), ("dddd", "no_day")]
)
def test_a_date_that_does_not_show_its_day_is_asked_for(kind: str, code: str, why: str) -> None:
    one, two = dressed(kind, Dress(formats={(1, BORN): code}))
    assert (one.born_on, one.unclear) == (None, {"born_on": why})
    assert two.unclear == {}


@first
def test_a_birth_date_with_a_time_of_day_is_asked_for(kind: str) -> None:
    grid = filled(BARE, [entry(AYSE, born_on=datetime(1980, 1, 31, 22, 0))])
    (holder,) = dressed(kind, Dress(), grid)
    assert (holder.born_on, holder.unclear) == (None, {"born_on": "time_of_day"})


@first
def test_codes_in_cells_that_show_days_are_codes(kind: str) -> None:
    grid = filled(BARE, [entry(AYSE, kind=2, card_reader=3, term_years=3)])
    shows_days = {
        (1, c): "DD.MM.YYYY" for c, (f, _) in enumerate(OFFICIAL_COLUMNS) if f in ("kind", "term_years")
    }
    (holder,) = dressed(kind, Dress(formats=shows_days), grid)
    assert (holder.kind, holder.card_reader, holder.term_years) == ("2", "3", "3")
    assert (holder.born_on, holder.unclear) == (AYSE.born_on, {})


@pytest.mark.parametrize("text", ["31.01.1980 22:00", "1980-01-31T22:00:00", "31/01/1980 22:00:00"])
def test_a_time_of_day_in_a_text_is_asked_for_too(text: str) -> None:
    (holder,) = read(sheet(HEADINGS, row_of(AYSE, born_on=text))).holders
    assert holder.unclear == {"born_on": "time_of_day"}


def test_midnight_is_no_time_of_day() -> None:
    (holder,) = read(sheet(HEADINGS, row_of(AYSE, born_on="31.01.1980 00:00:00"))).holders
    assert holder.born_on == date(1980, 1, 31)


def test_a_cell_merged_over_several_people_is_read_for_all_of_them() -> None:
    rows = [row_of(who, workplace=AYSE.workplace if n == 0 else None) for n, who in enumerate(PEOPLE[:3])]
    at = HEADINGS.index("Çalıştığı Kurum-Birim")
    reading = read(sheet(HEADINGS, *rows, merged=((1, at, 3, at),)))
    assert [h.workplace for h in reading.holders] == [AYSE.workplace] * 3
    # A mark inside of merged cells could not be seen.
    assert {h.cells["workplace"] for h in reading.holders} == {"G2"}
    empty = [row_of(who, workplace=None) for who in PEOPLE[:3]]
    assert {
        h.cells["workplace"] for h in read(sheet(HEADINGS, *empty, merged=((1, at, 3, at),))).holders
    } == {"G2"}


def test_letters_that_nobody_sees_are_taken_out() -> None:
    row = row_of(
        AYSE,
        work_email="ayse\u200b.karaagacli@\u00adhastane1.saglik.example.org\ufeff",
        given_name="AY\u200dŞE",
    )
    (holder,) = read(sheet(HEADINGS, row)).holders
    assert (holder.work_email, holder.given_name) == ("ayse.karaagacli@hastane1.saglik.example.org", "AYŞE")


def test_a_note_in_a_web_page_is_no_part_of_the_name() -> None:
    reading = read_file(page_with_note(TWO, (1, NAME), "Vardiya B"))
    assert [h.given_name for h in reading.holders] == [AYSE.given_name, PEOPLE[1].given_name]


@pytest.mark.parametrize(
    ("cell", "doubts"),
    [
        ("<s>Ayşe</s>", {"struck"}),
        ("Ay<span style='text-decoration: line-through'>şe</span>", {"struck"}),
        ("<span class='xl9'>Ayşe</span>", {"struck"}),
        ("<font color='#FFFFFF'>Ayşe</font>", {"unseen"}),
        ("<span style='font-size: 1.0pt'>Ayşe</span>", {"unseen"}),
        ("<span style='font-size:10.0pt'>Ayşe</span>", set()),
        ("Ayşe<span style='display:none'> Fatma</span>", set()),
        ("Ayşe<a class=msocomanchor>[1]</a>", set()),
        ("<b>Ayşe</b>", set()),
    ],
)
def test_web_pages_are_read_as_they_look(cell: str, doubts: set[str]) -> None:
    headings = "".join(f"<th>{h}</th>" for h in HEADINGS)
    row = "".join(f"<td>{cell if v == 'Ayşe' else '' if v is None else v}</td>" for v in row_of(AYSE))
    style = "<style>.xl9 {color:black; text-decoration:line-through}</style>"
    table = f"<table><tr>{headings}</tr><tr>{row}</tr></table>"
    page = f"<html><head><meta charset=utf-8>{style}</head><body>{table}</body></html>"
    (holder,) = read_file(page.encode()).holders
    assert (holder.given_name, set(holder.doubts)) == ("Ayşe", doubts)


ODS_STYLES = (
    '<style:style style:name="s" style:family="table-cell"><style:text-properties '
    'style:text-line-through-style="solid"/></style:style><style:style style:name="w" '
    'style:family="table-cell"><style:text-properties fo:color="#ffffff"/></style:style>'
    '<style:style style:name="d" style:family="table-cell">'
    '<style:text-properties fo:font-size="1pt"/></style:style>'
    '<style:style style:name="t" style:family="text">'
    '<style:text-properties style:text-line-through-type="single"/></style:style><style:style style:name="r" '
    'style:family="table-row"><style:table-row-properties style:row-height="0cm"/></style:style>'
)


def odf_sheet(cells: str, row: str = "") -> Sheet:
    table = f'<table:table table:name="L"><table:table-row {row}>{cells}</table:table-row></table:table>'
    (found,) = transcribe(open_document(table, styles=ODS_STYLES), Clues()).sheets
    return found


@pytest.mark.parametrize(
    ("cell", "look"),
    [
        ('table:style-name="s"><text:p>Ayşe</text:p>', "struck"),
        ('table:style-name="w"><text:p>Ayşe</text:p>', "unseen"),
        ('table:style-name="d"><text:p>Ayşe</text:p>', "unseen"),
        ('><text:p>Ay<text:span text:style-name="t">şe</text:span></text:p>', "struck"),
        ('office:value-type="date" office:date-value="1980-02-01"><text:p>Şub 80</text:p>', "no_day"),
        ('office:value-type="date" office:date-value="1980-02-01"><text:p>01 Şub</text:p>', "no_year"),
        ('office:value-type="date" office:date-value="1980-02-01"><text:p>01.02.80</text:p>', ""),
        ('><text:p><text:span text:style-name="t"> </text:span>Ayşe</text:p>', ""),
    ],
)
def test_open_documents_are_read_as_they_look(cell: str, look: str) -> None:
    found = odf_sheet(f"<table:table-cell {cell}</table:table-cell>")
    assert [seen.name for seen in found.looks] == ([look] if look else [])


def test_an_open_documents_flat_row_is_hidden_and_a_code_in_a_date_cell_a_code() -> None:
    two = '<table:table-cell office:value-type="date" office:date-value="1900-01-01"/>'
    found = odf_sheet(two, 'table:style-name="r"')
    assert found.hidden_rows == (0,)
    assert [(c.kind.value, c.text) for c in found.cells] == [("number", "2")]


@pytest.mark.parametrize(
    ("style", "look"),
    [
        ('<Font ss:StrikeThrough="1"/>', "struck"),
        ('<Font ss:Color="#FFFFFF"/>', "unseen"),
        ('<Font ss:Color="#FFFFFF"/><Interior ss:Color="#000080" ss:Pattern="Solid"/>', ""),
        ('<NumberFormat ss:Format="mmm\\-yy"/>', "no_day"),
        ('<NumberFormat ss:Format="&quot;VAZGEÇTİ&quot;"/>', "unseen"),
        ('<NumberFormat ss:Format="Fixed"/>', ""),
        ('<Font ss:Size="1"/>', "unseen"),
        ('<NumberFormat ss:Format="Short Date"/>', ""),
    ],
)
def test_excel_2003_is_read_as_it_looks(style: str, look: str) -> None:
    book = (
        '<?xml version="1.0"?><Workbook xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet" '
        'xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Styles><Style ss:ID="x">'
        f'{style}</Style></Styles><Worksheet ss:Name="L"><Table><Row><Cell ss:StyleID="x">'
        '<Data ss:Type="DateTime">1980-02-01T00:00:00.000</Data></Cell></Row></Table></Worksheet></Workbook>'
    )
    (found,) = transcribe(book.encode(), Clues()).sheets
    assert [seen.name for seen in found.looks] == ([look] if look else [])


def test_crossed_out_parts_of_a_binary_workbook_are_seen() -> None:
    plain, struck = (struct.pack("<HHHHBBBB", 220, grbit, 400, 0, 0, 0, 0, 0) + bytes(8) for grbit in (0, 8))
    white = struct.pack("<HHHHBBBB", 220, 0, 400, 0, 0, 0, 0, 0) + bytes([5, 0, 0, 0, 255, 255, 255, 255])
    records = [(43, plain), (43, struck), (43, white), (45, bytes(68)), (617, struct.pack("<L", 3))]
    records += [(47, struct.pack("<HHHHH", 0, 0, font, 0, 0).ljust(16, b"\0")) for font in range(3)]
    styles = _Styles.of(b"".join(_brt(kind, body) for kind, body in records), Allowance())

    assert [known.look for known in styles.cells] == ["", "struck", "unseen"]
    assert styles.strikes_in(struct.pack("<IHH", 1, 2, 1), 0)
    assert not styles.strikes_in(struct.pack("<IHH", 1, 2, 2), 0)


# --- columns ---------------------------------------------------------------------------------------


def born(*days: Value) -> list[str]:
    """Reads a column of birth dates and gives those that may be swapped."""
    rows = [row_of(who, born_on=day) for who, day in zip(PEOPLE, days, strict=False)]
    return [
        h.doubts["dates_swapped"] for h in read(sheet(HEADINGS, *rows)).holders if "dates_swapped" in h.doubts
    ]


def test_dates_that_a_program_with_months_first_has_made_are_told() -> None:
    assert born(date(1980, 1, 2), "23/11/1975", date(1969, 9, 7)) == ["02.01.1980", "07.09.1969"]
    # The same day and month cannot be swapped.
    assert born(date(1980, 5, 5), "23/11/1975") == []
    assert born(date(1980, 1, 25), "23/11/1975", date(1969, 9, 7)) == []
    assert born(date(1980, 1, 2), "11/12/1975") == []
    assert born(date(1980, 1, 2), date(1975, 11, 3)) == []
    assert born("02/01/1980", "23/11/1975") == []


@first
def test_a_format_with_the_month_first_tells_the_same(kind: str) -> None:
    grid = filled(BARE, [entry(AYSE, born_on=date(1980, 2, 1))])
    (holder,) = dressed(kind, Dress(formats={(1, BORN): "mm/dd/yyyy"}), grid)
    assert set(holder.doubts) == {"dates_swapped"}


def addressed(*addresses: Value) -> list[dict[str, str]]:
    rows = [row_of(who, work_email=address) for who, address in zip(PEOPLE, addresses, strict=False)]
    return [dict(h.doubts) for h in compared(read(sheet(HEADINGS, *rows)).holders)]


def test_one_address_for_two_people_is_told_at_both() -> None:
    unit = "asm@hastane1.saglik.example.org"
    assert addressed(unit, unit.upper(), PEOPLE[2].work_email) == [
        {"shared_email": "3"},
        {"shared_email": "2"},
        {},
    ]
    same = read(sheet(HEADINGS, row_of(AYSE), row_of(AYSE))).holders
    assert not any(h.doubts for h in compared(same))


def test_addresses_that_slipped_against_the_names_are_told() -> None:
    addresses = [p.work_email for p in PEOPLE[:4]]
    assert addressed(*addresses) == [{}] * 4
    shifted = addressed(*addresses[1:], addresses[0])
    assert [d.get("email_of_another") for d in shifted] == ["3", "4", "5", "2"]
    # Somebody married, somebody writes from the unit: no other person of the list is meant.
    assert addressed("ayse.evlenmis@hastane1.saglik.example.org", "kalite@hastane2.saglik.example.org") == [
        {},
        {},
    ]


# --- letters ---------------------------------------------------------------------------------------


def capitals_csv(*rows: tuple[str, str, str], charset: str) -> bytes:
    text = "TC Kimlik No;Ad;Soyad;E-posta;Birim\r\n"
    for who, (name, family, address) in zip(PEOPLE, rows, strict=False):
        text += f"{who.identity_number};{name};{family};{address}@hastane1.saglik.example.org;ACIL\r\n"
    return text.encode(charset)


@pytest.mark.parametrize("charset", ["cp1254", "mac_turkish", "cp857", "utf-8", "utf-8-sig", "utf-16"])
def test_names_are_read_in_every_charset_that_their_addresses_prove(charset: str) -> None:
    data = capitals_csv(("ALİ", "KAYA", "ali.kaya"), ("ÜMİT", "DEMİR", "umit.demir"), charset=charset)
    transcript = transcribe(data, Clues())
    holders = read_list("liste.csv", transcript.sheets, FORM, DAY_ZERO).holders
    assert [h.given_name for h in holders] == ["ALİ", "ÜMİT"]
    assert "charset_guessed" not in transcript.notes


def test_letters_that_nothing_proves_are_noted() -> None:
    data = capitals_csv(("ALİ", "KAYA", "acil"), ("ELİF", "TAŞ", "servis"), charset="mac_turkish")
    assert "charset_guessed" in transcribe(data, Clues()).notes


@settings(max_examples=60, deadline=None)
@given(
    st.sets(st.sampled_from(PEOPLE[:60]), min_size=2, max_size=6),
    st.sampled_from(["cp1254", "mac_turkish", "cp857"]),
)
def test_lists_of_whole_forms_are_read_in_every_charset(people: set[Person], charset: str) -> None:
    chosen = sorted(people, key=lambda p: p.identity_number)
    # A circumflex is no letter of every charset.
    grid = filled(BARE, [entry(p) for p in chosen if p.name.replace("â", "a") == p.name] or [entry(AYSE)])
    transcript = transcribe(csv_file(grid, charset), Clues())
    reading = read_list("liste.csv", transcript.sheets, FORM, DAY_ZERO)
    assert [h.family_name for h in reading.holders] == [row[3] for row in grid.rows[1:]]
    assert "charset_guessed" not in transcript.notes


# --- what is no list -------------------------------------------------------------------------------


def test_a_mistyped_heading_is_named() -> None:
    headings = ["Kimlk Nosu" if h == "T.C. Kimlik No" else h for h in HEADINGS]
    reading = read(sheet(headings, row_of(AYSE)))
    assert (reading.why_none, reading.near) == ("heading_mistyped", ("Kimlk Nosu → T.C. Kimlik No",))


def test_a_list_in_one_column_is_told_as_that() -> None:
    rows: Rows = [[";".join(str(v or "") for v in row)] for row in ([*HEADINGS], row_of(AYSE))]
    assert read(sheet(*rows)).why_none == "one_column"


@pytest.mark.parametrize("writer", [xls, xlsx, xlsb, ods])
def test_the_official_form_leaves_no_row_to_ask_about(writer: Callable[[Grid], bytes]) -> None:
    reading = read_file(writer(official(*(entry(p) for p in PEOPLE[:3]))))
    assert (len(reading.holders), reading.unaccounted, reading.samples) == (3, (), ())
