"""Lists are read as people fill them: headings, rows, and cells in every way of writing them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain import Cell, CellKind, Holder, Sheet
from pipeline.domain.turkish import IdentityNumber, number_date
from pipeline.lists.form import load_form
from pipeline.lists.sheets import ListReading, list_row, read_list
from pipeline.policy.places import RULES
from tests.people import PEOPLE, Person, person

FORM = load_form(tomllib.loads((RULES / "nes-list.toml").read_text(encoding="utf-8")))
HEADINGS = tuple(column.heading for column in FORM.written_columns)
DAY_ZERO = date(1899, 12, 30)
AYSE = person("Ayşe Karaağaçlı")

Value = str | int | float | date | bool | None


def cell(row: int, column: int, value: Value) -> Cell:
    """One cell as the workbook readers hand it over."""
    match value:
        case bool():
            return Cell(row, column, CellKind.BOOLEAN, str(value))
        case int() | float():
            return Cell(row, column, CellKind.NUMBER, repr(value))
        case date():
            return Cell(row, column, CellKind.DATE, value.isoformat())
        case _:
            return Cell(row, column, CellKind.TEXT, str(value))


def sheet(*rows: Sequence[Value], name: str = "Sayfa1", **traits: object) -> Sheet:
    """A sheet from rows of values; None is no cell at all."""
    cells = tuple(
        cell(r, c, value) for r, row in enumerate(rows) for c, value in enumerate(row) if value is not None
    )
    return Sheet(name, cells, **traits)  # type: ignore[arg-type]


def row_of(who: Person, **changes: Value) -> list[Value]:
    """One person as the official form has it, the named fields written otherwise."""
    values: Mapping[str, Value] = {
        "identity_number": who.identity_number,
        "given_name": who.given_name,
        "family_name": who.family_name,
        "born_on": who.born_on,
        "work_email": who.work_email,
        "workplace": who.workplace,
        "kind": 2,
        "card_reader": 3,
        "term_years": 3,
        "payment": "Kişi",
        **changes,
    }
    return [values.get(column.field) for column in FORM.written_columns]


def read(*sheets: Sheet, serials_from: date = DAY_ZERO) -> ListReading:
    return read_list("liste.xls", sheets, FORM, serials_from)


def only(*rows: Sequence[Value]) -> Holder:
    """Reads a sheet of the official headings and these rows, and expects one person."""
    reading = read(sheet(HEADINGS, *rows))
    assert len(reading.holders) == 1, reading
    return reading.holders[0]


def written(field: str, value: Value) -> Holder:
    return only(row_of(AYSE, **{field: value}))


# --- cells -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "note"),
    [
        ("10000000146", ""),
        (10000000146, ""),
        (10000000146.0, ""),
        (" 10000000146 ", "number_tidied"),
        ("'10000000146", "number_tidied"),
        ("’10000000146", "number_tidied"),
        ("100 000 001 46", "number_tidied"),
        ("1000\u00a00000146", "number_tidied"),
        ("100.000.001.46", "number_tidied"),
        ("TC: 10000000146", "number_tidied"),
        ("T.C. 10000000146", "number_tidied"),
        ("T.C. Kimlik No: 10000000146", "number_tidied"),
        ("tc kimlik no 10000000146", "number_tidied"),
        ("１００００００0146", "number_tidied"),
        ("10000000146.0", "number_tidied"),
        ("10000000146,00", "number_tidied"),
        ("10000000146\n", "number_tidied"),
    ],
)
def test_identity_numbers_are_read_however_they_are_dressed(value: Value, note: str) -> None:
    holder = written("identity_number", value)
    assert holder.identity_number == IdentityNumber("10000000146")
    assert holder.understood.get("identity_number", "") == note
    assert "identity_number" not in holder.unclear


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("1,00000E+10", "digits_lost"),
        ("1.00000E+10", "digits_lost"),
        ("1.0E10", "digits_lost"),
        ("1000000014", "not_eleven_digits"),
        (1000000014, "not_eleven_digits"),
        ("010000000146", "not_eleven_digits"),
        ("100000001460", "not_eleven_digits"),
        ("10000000146 / 17291716060", "not_a_number"),
        ("yok", "not_a_number"),
        ("1000000014O", "not_a_number"),
        ("100******46", "not_a_number"),
        (True, "not_a_number"),
    ],
)
def test_an_identity_number_is_never_mended(value: Value, why: str) -> None:
    holder = written("identity_number", value)
    assert holder.identity_number is None
    assert holder.unclear["identity_number"] == why


@pytest.mark.parametrize("value", [True, 12345678901234567890, 1.5])
def test_no_number_is_made_of_other_things(value: Value) -> None:
    assert written("identity_number", value).identity_number is None


@pytest.mark.parametrize(
    ("value", "day"),
    [
        (date(1980, 7, 25), date(1980, 7, 25)),
        ("25.07.1980", date(1980, 7, 25)),
        ("25/07/1980", date(1980, 7, 25)),
        ("25-7-1980", date(1980, 7, 25)),
        ("5/7/1980", date(1980, 7, 5)),
        ("25 . 07 . 1980", date(1980, 7, 25)),
        ("25 07 1980", date(1980, 7, 25)),
        ("25,07,1980", date(1980, 7, 25)),
        ("1980-07-25", date(1980, 7, 25)),
        ("25 Temmuz 1980", date(1980, 7, 25)),
        ("25 TEMMUZ 1980", date(1980, 7, 25)),
        ("1 ağustos 1980", date(1980, 8, 1)),
        ("'25.07.1980", date(1980, 7, 25)),
        (" 25.07.1980\n", date(1980, 7, 25)),
        ("２５.07.1980", date(1980, 7, 25)),
        (29427, date(1980, 7, 25)),
        ("29.02.2000", date(2000, 2, 29)),
    ],
)
def test_birth_dates_as_people_write_them(value: Value, day: date) -> None:
    holder = written("born_on", value)
    assert holder.born_on == day
    assert "born_on" not in holder.unclear


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("25.07.80", "two_digit_year"),
        ("25/7/80", "two_digit_year"),
        ("31.06.1980", "not_a_date"),
        ("29.02.2001", "not_a_date"),
        ("00.00.1980", "not_a_date"),
        ("1980", "not_a_date"),
        (1980, "not_a_date"),
        (25071980, "not_a_date"),
        ("25.07.1980 Ankara", "not_a_date"),
        ("07.1980", "not_a_date"),
        ("25 Temuz 1980", "not_a_date"),
        ("?", "not_a_date"),
        (0.5, "not_a_date"),
        (True, "not_a_date"),
    ],
)
def test_what_is_no_whole_day_is_asked_about(value: Value, why: str) -> None:
    holder = written("born_on", value)
    assert holder.born_on is None
    assert holder.unclear["born_on"] == why


def test_a_serial_is_said_to_be_one() -> None:
    assert written("born_on", 29427).understood["born_on"] == "date_from_serial"


def test_serials_count_from_the_workbooks_own_day_zero() -> None:
    reading = read(sheet(HEADINGS, row_of(AYSE, born_on=27965)), serials_from=date(1904, 1, 1))
    assert reading.holders[0].born_on == date(1904, 1, 1) + timedelta(days=27965)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("kind", 2, "2"),
        ("kind", 2.0, "2"),
        ("kind", "2", "2"),
        ("kind", "2 ", "2"),
        ("kind", "2.0", "2"),
        ("kind", "'2", "2"),
        ("kind", "２", "2"),
        ("kind", "Kayıp/Çalıntı", "2"),
        ("kind", "KAYIP/ÇALINTI", "2"),
        ("kind", "kayip", "2"),
        ("kind", "Çalıntı", "2"),
        ("kind", "2-Kayıp/Çalıntı", "2"),
        ("kind", "2 - Kayıp", "2"),
        ("kind", "2) Kayıp/Çalıntı", "2"),
        ("kind", "2: Kayıp/Çalıntı", "2"),
        ("kind", "Kayıp/Çalıntı (2)", "2"),
        ("kind", "Kayıp - 2", "2"),
        ("kind", "Yenileme", "3"),
        ("kind", "İLK BAŞVURU", "1"),
        ("kind", 4, "4"),
        ("card_reader", "Mini", "1"),
        ("card_reader", "MASAÜSTÜ", "2"),
        ("card_reader", "İstenmiyor", "3"),
        ("card_reader", "istenmiyor", "3"),
        ("card_reader", "Yok", "3"),
        ("card_reader", "-", "3"),
        ("term_years", "3 yıl", "3"),
        ("term_years", "3 Yıllık", "3"),
        ("term_years", "ÜÇ YIL", "3"),
        ("term_years", 5, "5"),
        ("payment", "KİŞİ", "Kişi"),
        ("payment", "Kişi Ödemeli", "Kişi"),
        ("payment", "kurum", "Kurum"),
    ],
)
def test_codes_and_the_words_for_them(field: str, value: Value, code: str) -> None:
    holder = written(field, value)
    assert getattr(holder, field) == code
    assert field not in holder.unclear


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("kind", "2-Yenileme", "code_and_word_differ"),
        ("kind", "Kayıp/Çalıntı (3)", "code_and_word_differ"),
        ("kind", "5", "unknown_code"),
        ("kind", "2.5", "unknown_code"),
        ("kind", "22", "unknown_code"),
        ("kind", "2/3", "unknown_code"),
        ("kind", "Kayıp?", "unknown_code"),
        ("kind", "Kayıp veya Yenileme", "unknown_code"),
        ("kind", "-", "unknown_code"),
        ("card_reader", "Bluetooth", "unknown_code"),
        ("term_years", "2", "unknown_code"),
        ("payment", "Hazine", "unknown_code"),
    ],
)
def test_a_code_is_never_guessed(field: str, value: Value, why: str) -> None:
    holder = written(field, value)
    assert getattr(holder, field) is None
    assert holder.unclear[field] == why


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("ayse@hastane1.saglik.example.org", "ayse@hastane1.saglik.example.org"),
        (" ayse@hastane1.saglik.example.org;", "ayse@hastane1.saglik.example.org"),
        ("mailto:ayse@hastane1.saglik.example.org", "ayse@hastane1.saglik.example.org"),
        ("<ayse@hastane1.saglik.example.org>", "ayse@hastane1.saglik.example.org"),
        ("AYSE@HASTANE1.saglik.example.org", "AYSE@HASTANE1.saglik.example.org"),
        # Put right by the person, never by us.
        ("ayşe@saglık.example.org", "ayşe@saglık.example.org"),
        ("ayse@saglik,example.org", "ayse@saglik,example.org"),
        ("ayse saglik.example.org", "ayse saglik.example.org"),
    ],
)
def test_addresses_lose_their_wrapping_and_nothing_else(value: str, address: str) -> None:
    assert written("work_email", value).work_email == address


def test_names_keep_their_letters() -> None:
    holder = only(row_of(AYSE, given_name="  I\u0307PEK\u00a0 nur ", family_name="O’Brien-Yılmaz"))
    assert (holder.given_name, holder.family_name) == ("İPEK nur", "O’Brien-Yılmaz")


@pytest.mark.parametrize("field", ["identity_number", "born_on", "work_email", "kind", "given_name"])
def test_a_cell_with_an_error_gives_no_value(field: str) -> None:
    at = [column.field for column in FORM.written_columns].index(field)
    cells = [c for c in sheet(HEADINGS, row_of(AYSE)).cells if (c.row, c.column) != (1, at)]
    reading = read(Sheet("Sayfa1", (*cells, Cell(1, at, CellKind.ERROR, "#REF!"))))

    assert getattr(reading.holders[0], field) is None
    assert reading.holders[0].unclear[field] == "cell_error"


def test_what_a_cell_says_and_where_it_stands_is_kept() -> None:
    holder = written("kind", " Kayıp ")
    assert holder.written["kind"] == "Kayıp"
    assert holder.cells["kind"] == "H2"
    assert (holder.file, holder.sheet, holder.row) == ("liste.xls", "Sayfa1", 2)


# --- headings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "alias"),
    [(c.field, alias) for c in FORM.columns for alias in c.aliases if c.field not in ("number", "full_name")],
)
def test_every_heading_people_use_leads_to_its_field(field: str, alias: str) -> None:
    values = {"identity_number": "10000000146", "born_on": "25.07.1980", "kind": "2", "card_reader": "3"}
    values |= {"term_years": "3", "payment": "Kişi"}
    base = {"identity_number": "Kimlik No", "given_name": "Ad", "family_name": "Soyad"} | {field: alias}
    # "Açıklama" and "Yedek" stand twice; which is which is told by what stands to their left.
    left = {
        "kind_note": "kind",
        "spare_certificate": "kind",
        "reader_note": "card_reader",
        "spare_reader": "card_reader",
    }
    if field in left:
        base = {k: v for k, v in base.items() if k != field}
        base |= {left[field]: FORM.column(left[field]).heading, field: alias}
    for printed in (alias, alias.upper(), alias + "\n", f" {alias}: "):
        row = [values.get(f, "DEĞER") for f in base]
        reading = read(sheet([printed if f == field else h for f, h in base.items()], row))
        assert len(reading.holders) == 1
        assert reading.holders[0].written.get(field) == values.get(field, "DEĞER")


@pytest.mark.parametrize("heading", FORM.column("full_name").aliases)
def test_a_combined_name_is_divided_where_that_is_no_guess(heading: str) -> None:
    def name(text: str) -> Holder:
        reading = read(sheet(["TC", heading], ["10000000146", text]))
        return reading.holders[0]

    assert (name("Ayşe Karaağaçlı").given_name, name("Ayşe Karaağaçlı").family_name) == ("Ayşe", "Karaağaçlı")
    capitals = name("Mehmet Şükrü İNANÖZ")
    assert (capitals.given_name, capitals.family_name) == ("Mehmet Şükrü", "İNANÖZ")
    assert capitals.understood["given_name"] == "name_divided"
    for doubtful in ("Mehmet Şükrü İnanöz", "MEHMET ŞÜKRÜ İNANÖZ", "Ayşe", "AYŞE Gül Kaya"):
        holder = name(doubtful)
        assert (holder.given_name, holder.family_name) == (None, None)
        assert holder.unclear["family_name"] == "name_not_divisible"


def test_doubled_headings_belong_to_what_stands_left_of_them() -> None:
    holder = only(
        row_of(AYSE, kind_note="tür", spare_certificate="A", reader_note="okuyucu", spare_reader="B")
    )
    assert holder.kind_note == "tür"
    assert holder.written["reader_note"] == "okuyucu"
    assert (holder.written["spare_certificate"], holder.written["spare_reader"]) == ("A", "B")


def test_moved_columns_are_found() -> None:
    order = list(range(len(HEADINGS)))[::-1]
    values = row_of(AYSE)
    reading = read(sheet([HEADINGS[i] for i in order], [values[i] for i in order]))
    assert reading.holders[0].identity_number == IdentityNumber(AYSE.identity_number)
    assert reading.holders[0].work_email == AYSE.work_email


def test_a_heading_with_words_behind_it_is_that_heading() -> None:
    headings = [h if "E-posta" not in h else "Kurumsal E-posta (yalnız saglik.gov.tr)" for h in HEADINGS]
    reading = read(sheet(headings, row_of(AYSE)))
    assert reading.holders[0].work_email == AYSE.work_email


def test_two_columns_of_one_field_must_agree() -> None:
    headings = [*HEADINGS, "TCKN"]
    same = read(sheet(headings, [*row_of(AYSE), AYSE.identity_number]))
    other = read(sheet(headings, [*row_of(AYSE), "17291716060"]))
    assert same.holders[0].identity_number == IdentityNumber(AYSE.identity_number)
    assert other.holders[0].identity_number is None
    assert other.holders[0].unclear["identity_number"] == "two_columns"


def test_a_parent_heading_joins_its_children() -> None:
    rows = [
        ["TC", "Ad", "Soyad", "Başvuru", None, "Kart Okuyucu", None],
        [None, None, None, "Türü", "Açıklama", "Türü", "Açıklama"],
        ["10000000146", "Ayşe", "Karaağaçlı", "2", "kayboldu", "3", "istemem"],
    ]
    merged = ((0, 3, 0, 4), (0, 5, 0, 6))
    holder = read(sheet(*rows, merged=merged)).holders[0]
    assert (holder.kind, holder.kind_note, holder.card_reader) == ("2", "kayboldu", "3")


@pytest.mark.parametrize("above", [0, 1, 12, 38])
def test_the_heading_row_is_found_below_a_title(above: int) -> None:
    title: list[list[Value]] = [["KAMU SERTİFİKASYON MERKEZİ"]] * min(above, 2) + [[None]] * max(above - 2, 0)
    reading = read(sheet(*title, HEADINGS, row_of(AYSE)))
    assert [h.row for h in reading.holders] == [above + 2]


@pytest.mark.parametrize(
    "headings",
    [
        [],
        ["Ad", "Soyad"],
        ["TC", "Ad"],
        ["Malzeme", "Adet", "Tarih"],
        ["Ad Soyad"],
        ["T.C. Kimlik No"],
    ],
)
def test_another_workbook_is_not_our_form(headings: list[Value]) -> None:
    assert read(sheet(headings, ["10000000146", "Ayşe", "Karaağaçlı"])).why_none == "not_our_form"


# --- rows ------------------------------------------------------------------------------------------


def test_every_row_is_read_until_the_list_ends() -> None:
    people = PEOPLE[:20]
    reading = read(sheet(HEADINGS, *(row_of(p) for p in people)))
    assert [h.identity_number for h in reading.holders] == [IdentityNumber(p.identity_number) for p in people]
    assert [h.row for h in reading.holders] == list(range(2, 22))


@pytest.mark.parametrize(
    "end",
    [
        "İmza",
        "İMZA / ONAY",
        "Kurum Yetkilisi Adı Soyadı",
        "Yetkili",
        "Onaylayan",
        "Düzenleyen: Ali",
        "Hazırlayan",
    ],
)
def test_a_row_of_signatures_ends_the_list(end: str) -> None:
    reading = read(sheet(HEADINGS, row_of(AYSE), [None, None, end], [None, None, "Veli", "Kaya"]))
    assert len(reading.holders) == 1


def test_a_person_called_like_a_signature_is_a_person() -> None:
    reading = read(sheet(HEADINGS, row_of(AYSE, family_name="Onay"), row_of(PEOPLE[1])))
    assert len(reading.holders) == 2


@pytest.mark.parametrize("gap", [1, 2, 3, 4, 50])
def test_a_gap_never_drops_a_person(gap: int) -> None:
    empty: list[list[Value]] = [[None]] * gap
    reading = read(sheet(HEADINGS, row_of(AYSE), *empty, row_of(PEOPLE[1])))
    assert len(reading.holders) == 2


def test_three_empty_rows_end_a_list_with_nothing_but_words_below() -> None:
    below: list[list[Value]] = [[None]] * 3 + [[None, None, "Bu liste", "iki nüsha"]]
    assert len(read(sheet(HEADINGS, row_of(AYSE), *below)).holders) == 1


def test_numbered_and_coded_rows_without_a_person_are_empty() -> None:
    personal = ("identity_number", "given_name", "family_name", "born_on", "work_email", "workplace")
    blank = dict.fromkeys(personal)
    reading = read(sheet(HEADINGS, row_of(AYSE), *(row_of(AYSE, number=n, **blank) for n in range(2, 40))))
    assert len(reading.holders) == 1
    assert read(sheet(HEADINGS, row_of(AYSE, **blank))).why_none == "list_without_rows"


def test_a_row_without_a_number_is_a_person_who_forgot_it() -> None:
    holder = only(row_of(AYSE, identity_number=None))
    assert holder.identity_number is None
    assert holder.given_name == "Ayşe"
    assert "identity_number" not in holder.written


@pytest.mark.parametrize(
    "legend",
    ["AÇIKLAMALAR:", "Başvuru Türü: 1- İlk 2- Kayıp/Çalıntı", "* Yıldızlı alanlar zorunludur", "(1) Mini"],
)
def test_a_legend_is_nobody(legend: str) -> None:
    reading = read(sheet(HEADINGS, [None, legend], row_of(AYSE), [None, None, legend]))
    assert [h.given_name for h in reading.holders] == ["Ayşe"]


@pytest.mark.parametrize(
    "sample",
    [
        row_of(AYSE, identity_number="11111111110", given_name="ÖRNEK", family_name="KİŞİ"),
        row_of(AYSE, identity_number="11 haneli", given_name="Örnek"),
        row_of(AYSE, identity_number=None, note="Örnektir"),
    ],
    ids=["number", "words", "note"],
)
def test_a_sample_row_is_nobody(sample: list[Value]) -> None:
    assert len(read(sheet(HEADINGS, sample, row_of(PEOPLE[1]))).holders) == 1
    assert read(sheet(HEADINGS, sample)).why_none == "sample_rows_only"


def test_a_person_called_sample_is_a_person() -> None:
    assert only(row_of(AYSE, family_name="Örnek")).family_name == "Örnek"


def test_a_filler_number_without_the_word_is_a_row_to_send_back() -> None:
    assert only(row_of(AYSE, identity_number="11111111110")).identity_number == IdentityNumber("11111111110")


def test_hidden_sheets_are_passed_over_and_hidden_rows_told() -> None:
    other = sheet(HEADINGS, row_of(PEOPLE[1]), name="Eski", visible=False)
    shown = sheet(HEADINGS, row_of(AYSE), row_of(PEOPLE[2]), hidden_rows=(2,))
    reading = read(other, shown)
    assert [h.is_hidden for h in reading.holders] == [False, True]


def test_every_visible_sheet_counts() -> None:
    reading = read(
        sheet(HEADINGS, row_of(AYSE), name="A"),
        sheet(["Nasıl doldurulur"]),
        sheet(HEADINGS, row_of(PEOPLE[1]), name="B"),
    )
    assert [(h.sheet, h.row) for h in reading.holders] == [("A", 2), ("B", 2)]


# --- both ways -------------------------------------------------------------------------------------

# Other processes share the machine; the time of one example says nothing.
unhurried = settings(deadline=None, max_examples=50)

LETTERS = "ABCÇDEFGĞHIİJKLMNOÖPRSŞTUÜVYZabcçdefgğhıijklmnoöprsştuüvyz"
names = st.text(LETTERS, min_size=2, max_size=12)
holders = st.builds(
    lambda who, given_name, family_name, born_on, note, codes: Holder(
        file="liste.xls",
        sheet="Sayfa1",
        row=2,
        identity_number=IdentityNumber(who.identity_number),
        given_name=given_name,
        family_name=family_name,
        born_on=born_on,
        work_email=who.work_email,
        workplace=who.workplace,
        kind="2",
        card_reader=codes[0],
        term_years=codes[1],
        payment=codes[2],
        note=note,
    ),
    st.sampled_from(PEOPLE),
    names,
    names,
    st.dates(date(1920, 1, 1), date(2024, 1, 1)),
    st.none() | names,
    st.tuples(st.sampled_from("123"), st.sampled_from("135"), st.sampled_from([None, "Kişi", "Kurum"])),
)
FIELDS = (
    *("identity_number", "given_name", "family_name", "born_on", "work_email", "workplace"),
    *("kind", "card_reader", "term_years", "payment", "note"),
)


@unhurried
@given(st.lists(holders, min_size=1, max_size=6))
def test_what_is_written_is_read_again(people: list[Holder]) -> None:
    rows = [list_row(number, holder, FORM) for number, holder in enumerate(people, start=1)]
    again = read(sheet(HEADINGS, *([text or None for text in row] for row in rows)))

    def values(holder: Holder) -> list[object]:
        return [getattr(holder, field) for field in FIELDS]

    assert [values(h) for h in again.holders] == [values(h) for h in people]
    assert all(not h.unclear and not h.understood for h in again.holders)


@unhurried
@given(
    st.lists(
        st.lists(
            st.none()
            | st.integers()
            | st.floats(allow_nan=False)
            | st.dates()
            | st.text(max_size=30)
            | st.booleans(),
            max_size=len(HEADINGS),
        ),
        max_size=8,
    )
)
def test_no_cell_however_odd_stops_a_list(rows: list[list[Value]]) -> None:
    reading = read(sheet(HEADINGS, row_of(AYSE), *rows))
    assert reading.holders[0].identity_number == IdentityNumber(AYSE.identity_number)
    for holder in reading.holders:
        for field, why in holder.unclear.items():
            assert getattr(holder, field, None) is None, (field, why)


@unhurried
@given(st.dates(date(1910, 1, 1), date(2030, 1, 1)))
def test_a_birth_date_is_the_same_day_in_every_dress(day: date) -> None:
    texts = (number_date(day), f"{day:%d/%m/%Y}", f"{day.day}-{day.month}-{day.year}", day.isoformat())
    assert {written("born_on", text).born_on for text in (*texts, day)} == {day}
