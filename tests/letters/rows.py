"""Lists whose rows and cells are not what they seem: people below signatures, crossed out, slipped."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date, datetime

import openpyxl
from openpyxl.comments import Comment

from tests.letters import WEBMAIL, Letters
from tests.mails import XLS, XLSX, Envelope, Sender, at, attached, mail, mixed, plain
from tests.odd_workbooks import csv_file, with_margin, with_shape, xls_with_drawing
from tests.people import PEOPLE, Person, person
from tests.seen_workbooks import Dress, dressed_xls, dressed_xlsx, page_with_note
from tests.workbooks import (
    BARE,
    OFFICIAL_COLUMNS,
    Grid,
    ListForm,
    Value,
    entry,
    filled,
    renamed,
    repacked,
    xls,
    xlsx,
)

PERSONNEL = Sender("Çınarlı DH Personel Birimi", "personel@hastane1.saglik.example.org", WEBMAIL)
# All of one house, so that its office may write for them.
ONE, TWO, THREE, FOUR = [p for p in PEOPLE if p.work_email.endswith("@hastane1.saglik.example.org")][:4]
PRINTED: tuple[Value, ...] = tuple(heading for _, heading in OFFICIAL_COLUMNS)


def _line(**values: Value) -> tuple[Value, ...]:
    return tuple(values.get(field) for field, _ in OFFICIAL_COLUMNS)


def _row(number: int, who: Person, **changes: Value) -> tuple[Value, ...]:
    return _line(number=number, **entry(who, **changes))


def _sent(day: str, clock: str, list_: bytes, name: str = "liste.xlsx") -> bytes:
    words = "Merhaba,\n\nE-imzası kaybolan personelimizin listesi ektedir.\n\nPersonel Birimi\n"
    kind = XLS if name.endswith(".xls") else XLSX
    return mail(
        Envelope(PERSONNEL, "Kayıp e-imza listesi", at(day, clock)),
        mixed(plain(words), attached(list_, kind, name)),
    )


# --- accepted ------------------------------------------------------------------------------------


def people_between_everything() -> bytes:
    """Headings again, a total, signatures and a gap stand between people; a workplace is merged over two."""
    rows = (
        PRINTED,
        _row(1, ONE),
        _row(2, TWO, workplace=None),
        _line(identity_number="TOPLAM", given_name=2),
        _line(given_name="Onaylayan: Başhemşire"),
        *[()] * 4,
        PRINTED,
        _row(3, THREE),
        _line(given_name="Düzenleyen", work_email="Kurum Yetkilisi"),
        _line(given_name="Personel Birimi", work_email="Başhekim"),
        _row(4, FOUR),
    )
    return _sent("2024-06-03", "09:10", xls(Grid("Sayfa1", rows, merged=((1, 6, 2, 6),))), "liste.xls")


def lists_side_by_side() -> bytes:
    """Two lists stand beside each other on one sheet."""
    rows = (
        (*PRINTED, None, *PRINTED),
        (*_row(1, ONE), None, *_row(1, TWO)),
        (*_row(2, THREE), None, *_row(2, FOUR)),
    )
    return _sent("2024-06-03", "09:25", xlsx(Grid("Sayfa1", rows)))


def csv_of_a_mac() -> bytes:
    """A CSV in MacTurkish with headings in ASCII: the addresses prove that the names have an İ and no Ü."""
    ascii_headings = {
        "number": "Sira No",
        "born_on": "Dogum Tarihi",
        "work_email": "E-posta",
        "workplace": "Birim",
        "kind": "Basvuru Turu",
        "card_reader": "Kart Okuyucu",
        "term_years": "NES suresi",
    }
    columns = tuple(
        c for c in renamed(OFFICIAL_COLUMNS, **ascii_headings) if c[0] in (*ascii_headings, *_NAMED)
    )
    who = person("İbrahim Halil Küçükdere")
    row = entry(who, given_name="İBRAHİM HALİL", family_name="KÜÇÜKDERE", workplace="KALITE BIRIMI")
    grid = filled(ListForm(columns=columns, title=(), legend=(), signature=(), numbered_rows=0), [row])
    return _sent("2024-06-03", "10:05", csv_file(grid, "mac_turkish"), "liste.xls")


_NAMED = ("identity_number", "given_name", "family_name")


def web_page_with_note() -> bytes:
    """A web page of LibreOffice under the name .xls: the note in a cell is no part of the name in it."""
    grid = filled(BARE, [entry(ONE)])
    return _sent("2024-06-03", "10:20", page_with_note(grid, (1, 2), "Vardiya B"), "liste.xls")


def codes_in_date_cells() -> bytes:
    """The code columns are set to show dates, so that a 2 looks like 2 January 1900."""
    grid = filled(BARE, [entry(TWO)])
    shown = {(1, c): "DD.MM.YYYY" for c, (f, _) in enumerate(OFFICIAL_COLUMNS) if f in _CODES}
    return _sent("2024-06-03", "10:40", dressed_xls(grid, Dress(formats=shown)), "liste.xls")


_CODES = ("kind", "card_reader", "term_years")


# --- held ----------------------------------------------------------------------------------------


def row_crossed_out() -> bytes:
    """The second of two people is crossed out: taken off the list, or not?"""
    grid = filled(BARE, [entry(ONE), entry(TWO)])
    struck = frozenset((2, c) for c in range(len(OFFICIAL_COLUMNS)))
    return _sent("2024-06-04", "09:05", dressed_xlsx(grid, Dress(struck=struck)))


def address_in_a_hidden_column() -> bytes:
    """The addresses stand in a column without width: nobody has looked at them."""
    grid = filled(BARE, [entry(ONE)])
    return _sent("2024-06-04", "09:20", dressed_xls(grid, Dress(flat_columns=(5,))), "liste.xls")


def rows_of_nobody_known() -> bytes:
    """Below a gap stand a name alone and a number in the column of notes: somebody, or not?"""
    rows = (
        PRINTED,
        _row(1, ONE),
        (),
        (),
        _line(given_name="Tuğba"),
        (),
        _line(note=f"ve {TWO.identity_number}"),
    )
    return _sent("2024-06-04", "09:40", xlsx(Grid("Sayfa1", rows)))


def dates_swapped() -> bytes:
    """A program with months first has made dates of two texts, and left the third, which is no date to it."""
    grid = filled(
        BARE,
        [
            entry(ONE, born_on=date(1980, 1, 2)),
            entry(TWO, born_on="23/11/1975"),
            entry(THREE, born_on=date(1969, 9, 7)),
        ],
    )
    return _sent("2024-06-04", "10:00", xlsx(grid))


def one_address_for_two() -> bytes:
    """Two people have the address of their unit: one would get the link of the other."""
    unit = "kalite@hastane1.saglik.example.org"
    grid = filled(BARE, [entry(ONE, work_email=unit), entry(TWO, work_email=unit)])
    return _sent("2024-06-04", "10:15", xlsx(grid))


def addresses_slipped() -> bytes:
    """Somebody has sorted the column of addresses, and no other."""
    people = (ONE, TWO, THREE)
    addresses = (TWO.work_email, THREE.work_email, ONE.work_email)
    rows = [entry(who, work_email=a) for who, a in zip(people, addresses, strict=True)]
    return _sent("2024-06-04", "10:30", xlsx(filled(BARE, rows)))


def title_before_the_name() -> bytes:
    """The given name begins with a title."""
    return _sent("2024-06-04", "10:45", xlsx(filled(BARE, [entry(ONE, given_name=f"Dr {ONE.given_name}")])))


def _with_comment(list_: bytes, cell: str, text: str) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(list_))
    book.worksheets[0][cell].comment = Comment(text, "Personel")
    book.properties.modified = datetime(2024, 1, 2, 9, 0, 0)
    stream = io.BytesIO()
    book.save(stream)
    return repacked(stream.getvalue())


def comment_takes_back() -> bytes:
    """A comment at the second row says what no cell does: the card was found."""
    list_ = xlsx(filled(BARE, [entry(ONE), entry(TWO)]))
    return _sent("2024-06-04", "11:00", _with_comment(list_, "B3", "Bu kişi kartını buldu, iptal"))


def column_says_no() -> bytes:
    """Behind the form's columns stands one of the unit's own: who is to apply, and who is not."""
    rows = (
        (*PRINTED, "Sicil No", "Başvuru yapılsın mı?"),
        (*_row(1, ONE), 12345, "Evet"),
        (*_row(2, TWO), 12346, "Hayır"),
    )
    return _sent("2024-06-04", "11:15", xlsx(Grid("Sayfa1", rows)))


def other_sheet_takes_back() -> bytes:
    """On a sheet of its own, "Vazgeçenler", stands the number of the second person alone."""
    others = Grid("Vazgeçenler", (("T.C. No",), (TWO.identity_number,)))
    return _sent("2024-06-04", "11:30", xlsx(filled(BARE, [entry(ONE), entry(TWO)]), others))


def spare_sheet() -> bytes:
    """On a second sheet, "YEDEK", stands a second person in good order: is she to have a card, or not?"""
    sheets = [
        filled(replace(BARE, sheet=name), [entry(who)]) for name, who in (("ASIL", ONE), ("YEDEK", TWO))
    ]
    return _sent("2024-06-04", "11:35", xlsx(*sheets))


def address_of_somebody_else() -> bytes:
    """One person has an address made of somebody else's name, the other that of the unit that writes."""
    address = "mehmet.gurbuz@hastane1.saglik.example.org"
    rows = [entry(ONE, work_email=address), entry(TWO, work_email=PERSONNEL.address)]
    return _sent("2024-06-04", "11:45", xlsx(filled(BARE, rows)))


def line_calls_it_a_draft() -> bytes:
    """Below the list stands that all of it is a draft; nobody is named."""
    rows = (PRINTED, _row(1, ONE), _row(2, TWO), (), ("Bu liste taslaktır, kesin değildir.",))
    return _sent("2024-06-04", "12:00", xlsx(Grid("Sayfa1", rows)))


def caption_of_another_kind() -> bytes:
    """Over the second person stands "YENİLEME", while the code says that the card was lost."""
    rows = (PRINTED, ("KAYIP",), _row(1, ONE), ("YENİLEME",), _row(2, TWO))
    return _sent("2024-06-04", "12:15", xlsx(Grid("Sayfa1", rows)))


# --- returned ------------------------------------------------------------------------------------


def half_rows() -> bytes:
    """A row has only a number, one from the quarter Örnek lacks a digit of it; both are people."""
    unit = "ÖRNEK MAHALLESİ AİLE SAĞLIĞI MERKEZİ"
    rows = (
        PRINTED,
        _row(1, ONE),
        _line(identity_number=f"T.C.: {TWO.identity_number}"),
        *[()] * 4,
        _row(3, THREE, identity_number=THREE.identity_number[:-1], workplace=unit),
    )
    return _sent("2024-06-05", "09:00", xlsx(Grid("Sayfa1", rows)))


def birth_date_of_another_zone() -> bytes:
    """The cell holds 31 January 1980, 22:00: midnight of 1 February, as UTC has it."""
    grid = filled(BARE, [entry(ONE, born_on=datetime(1980, 1, 31, 22, 0))])
    return _sent("2024-06-05", "09:15", xlsx(grid))


def birth_date_without_a_day() -> bytes:
    """The cell shows Şub-80, and holds the first of the month."""
    grid = filled(BARE, [entry(ONE, born_on=date(1980, 2, 1))])
    return _sent("2024-06-05", "09:30", dressed_xls(grid, Dress(formats={(1, 4): "mmm-yy"})), "liste.xls")


def name_in_both_cells() -> bytes:
    """The whole name stands in the cell of the given name and in that of the family name."""
    grid = filled(BARE, [entry(ONE, given_name=ONE.name, family_name=ONE.name)])
    return _sent("2024-06-05", "09:45", xlsx(grid))


def heading_mistyped() -> bytes:
    """The heading over the numbers has a letter too few."""
    form = ListForm(renamed(OFFICIAL_COLUMNS, identity_number="Kimlk Nosu"), (), (), (), 0)
    return _sent("2024-06-05", "10:00", xlsx(filled(form, [entry(ONE)])))


def list_in_one_column() -> bytes:
    """A CSV was opened without being split: every row stands in column A."""
    text = csv_file(filled(BARE, [entry(ONE), entry(TWO)]), "utf-8").decode()
    lines = text.replace("\n(", " (").replace('"', "").split("\r\n")
    return _sent("2024-06-05", "10:15", xlsx(Grid("Sayfa1", tuple((line,) for line in lines if line))))


def box_calls_it_a_draft() -> bytes:
    """A text box that lies over the list says that it is a draft; its rows wait for a person."""
    book = xlsx(filled(ListForm(), [entry(who) for who in PEOPLE[6:8]]))
    return _sent(
        "2024-06-05",
        "10:20",
        with_shape(book, "TASLAKTIR, kesinleşince yeniden gönderilecek", (1, 3), (2, 9)),
    )


def margin_takes_somebody_back() -> bytes:
    """At the head of the printed pages stands that one of two people found the card again."""
    one, other = PEOPLE[6:8]
    book = xlsx(filled(ListForm(), [entry(one), entry(other)]))
    return _sent("2024-06-05", "10:25", with_margin(book, f"{one.name} kartını buldu, listeden çıkarılsın"))


def person_in_a_box() -> bytes:
    """Beside two rows in good order a text box names a third person with her number."""
    one, other, who = PEOPLE[6:9]
    book = xlsx(filled(BARE, [entry(one), entry(other)]))
    box = with_shape(book, f"Ek olarak: {who.name}, {who.identity_number}", (4, 3), (8, 9))
    return _sent("2024-06-05", "10:35", box)


def picture_over_a_row() -> bytes:
    """A picture lies over the second of two rows: what it shows, and what is below it, a person looks at."""
    one, other = PEOPLE[6:8]
    book = xls_with_drawing(filled(BARE, [entry(one), entry(other)]), 0x08, (2, 1), (2, 6))
    return _sent("2024-06-05", "10:30", book, "liste.xls")


LETTERS: Letters = {
    "accepted/people-between-everything": people_between_everything,
    "accepted/lists-side-by-side": lists_side_by_side,
    "accepted/csv-of-a-mac": csv_of_a_mac,
    "accepted/web-page-with-note": web_page_with_note,
    "accepted/codes-in-date-cells": codes_in_date_cells,
    "held/row-crossed-out": row_crossed_out,
    "held/address-in-a-hidden-column": address_in_a_hidden_column,
    "held/rows-of-nobody-known": rows_of_nobody_known,
    "held/dates-swapped": dates_swapped,
    "held/one-address-for-two": one_address_for_two,
    "held/addresses-slipped": addresses_slipped,
    "held/title-before-the-name": title_before_the_name,
    "held/line-calls-it-a-draft": line_calls_it_a_draft,
    "held/caption-of-another-kind": caption_of_another_kind,
    "held/comment-takes-back": comment_takes_back,
    "held/box-calls-it-a-draft": box_calls_it_a_draft,
    "held/person-in-a-box": person_in_a_box,
    "held/picture-over-a-row": picture_over_a_row,
    "held/margin-takes-somebody-back": margin_takes_somebody_back,
    "held/column-says-no": column_says_no,
    "held/other-sheet-takes-back": other_sheet_takes_back,
    "held/spare-sheet": spare_sheet,
    "held/address-of-somebody-else": address_of_somebody_else,
    "returned/half-rows": half_rows,
    "returned/birth-date-of-another-zone": birth_date_of_another_zone,
    "returned/birth-date-without-a-day": birth_date_without_a_day,
    "returned/name-in-both-cells": name_in_both_cells,
    "returned/heading-mistyped": heading_mistyped,
    "returned/list-in-one-column": list_in_one_column,
}
