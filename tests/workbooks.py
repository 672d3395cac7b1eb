"""NES lists as people fill them, written in every kind of file, always to the same bytes.

A `ListForm` says how the paper is laid out, `filled` puts rows of values on it and gives a `Grid`;
the writers turn grids into files and know nothing of lists.
"""

from __future__ import annotations

import io
import random
import re
import struct
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from unittest import mock

import openpyxl
import xlwt  # type: ignore[import-untyped]
from msoffcrypto.format.ooxml import OOXMLFile
from msoffcrypto.method import ecma376_agile
from msoffcrypto.method.container import ecma376_encrypted
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from tests.people import Person

Value = str | int | float | date | None
Fields = Mapping[str, Value]

_FIXED_TIME = datetime(2024, 1, 2, 9, 0, 0)
_FIXED_ZIP_TIME = (2024, 1, 2, 9, 0, 0)


# --- the paper -----------------------------------------------------------------------------------

# field → heading, in the order of the official form
OFFICIAL_COLUMNS = (
    ("number", "Sıra No"),
    ("identity_number", "Kimlik No"),
    ("given_name", "Ad"),
    ("family_name", "Soyad"),
    ("born_on", "Doğum Tarihi\n(GG/AA/YYYY)"),
    ("work_email", "Kurumsal E-posta"),
    ("workplace", "Çalıştığı Kurum-Birim"),
    ("kind", "Başvuru Türü"),
    ("kind_note", "Açıklama"),
    ("spare", "Yedek"),
    ("card_reader", "Akıllı Kart Okuyucu Türü"),
    ("reader_note", "Açıklama"),
    ("spare_reader", "Yedek"),
    ("vpn", "VPN veya Logon"),
    ("term_years", "NES süresi"),
    ("payment", "Ödeme Şekli"),
    ("note", "Not (Ek Bilgi)"),
)
TITLE = (
    "KAMU SERTİFİKASYON MERKEZİ",
    "NİTELİKLİ ELEKTRONİK SERTİFİKA BAŞVURU LİSTESİ",
    "Form No: FORM-001-003",
)
LEGEND = (
    "AÇIKLAMALAR",
    "Başvuru Türü: 1- İlk  2- Kayıp/Çalıntı  3- Yenileme  4- Diğer",
    "Akıllı Kart Okuyucu Türü: 1- Mini  2- Masaüstü  3- İstenmiyor",
)
SIGNATURE = ("Kurum Yetkilisi Adı Soyadı", "İmza / Onay")


@dataclass(frozen=True)
class ListForm:
    """How a list is laid out around its rows; the default is the official form as we know it."""

    columns: tuple[tuple[str, str], ...] = OFFICIAL_COLUMNS
    title: tuple[str, ...] = TITLE
    legend: tuple[str, ...] = LEGEND
    signature: tuple[str, ...] = SIGNATURE
    # Rows behind the filled ones that hold nothing but a running number.
    numbered_rows: int = 3
    # Headings above the headings, as (first column, last column, text).
    parents: tuple[tuple[int, int, str], ...] = ()
    sheet: str = "Başvuru Listesi"


OFFICIAL = ListForm()
BARE = ListForm(title=(), legend=(), signature=(), numbered_rows=0, sheet="Sayfa1")


def renamed(columns: tuple[tuple[str, str], ...], **headings: str) -> tuple[tuple[str, str], ...]:
    """Prints other headings over the named fields."""
    return tuple((name, headings.get(name, heading)) for name, heading in columns)


def without(columns: tuple[tuple[str, str], ...], *names: str) -> tuple[tuple[str, str], ...]:
    """Leaves the named fields' columns out."""
    return tuple(column for column in columns if column[0] not in names)


def entry(who: Person, **changes: Value) -> dict[str, Value]:
    """One lost-or-stolen row as the form asks for it, with the named fields written otherwise."""
    asked: dict[str, Value] = {
        "identity_number": who.identity_number,
        "given_name": who.given_name,
        "family_name": who.family_name,
        "name": who.name,
        "born_on": who.born_on,
        "work_email": who.work_email,
        "workplace": who.workplace,
        "kind": 2,
        "card_reader": 3,
        "term_years": 3,
        "payment": "Kişi",
    }
    return asked | changes


@dataclass(frozen=True)
class Grid:
    """One sheet: rows of values from the top left, merged ranges as (r0, c0, r1, c1)."""

    name: str
    rows: tuple[tuple[Value, ...], ...]
    merged: tuple[tuple[int, int, int, int], ...] = ()
    visible: bool = True
    hidden_rows: tuple[int, ...] = ()
    hidden_columns: tuple[int, ...] = ()


def filled(form: ListForm, entries: Sequence[Fields]) -> Grid:
    """Fills a form in; rows are numbered from 1 unless an entry has its own `number`."""
    width = len(form.columns)
    rows: list[tuple[Value, ...]] = [(line,) for line in form.title]
    merged = [(row, 0, row, width - 1) for row in range(len(rows))]
    rows += [()] if rows else []
    if form.parents:
        top = len(rows)
        parent: list[Value] = [None] * width
        for first, last, text in form.parents:
            parent[first] = text
            merged.append((top, first, top + (first == last), last))
        rows.append(tuple(parent))
    rows.append(tuple(heading for _, heading in form.columns))
    for number, fields in enumerate([*entries, *[{}] * form.numbered_rows], start=1):
        numbered = {"number": number, **fields}
        rows.append(tuple(numbered.get(name) for name, _ in form.columns))
    if form.legend:
        rows += [(), *((line,) for line in form.legend)]
    if form.signature:
        rows += [(), (None, None, *form.signature)]
    return Grid(form.sheet, tuple(rows), tuple(merged))


def official(*entries: Fields) -> Grid:
    """The official form with these rows."""
    return filled(OFFICIAL, entries)


# --- .xls ----------------------------------------------------------------------------------------


def xls(*grids: Grid, dates_from_1904: bool = False) -> bytes:
    """Writes BIFF8 in an OLE container, as Excel 97–2003 saves it; numbers and dates are real ones."""
    book = xlwt.Workbook(encoding="utf-8")
    book.dates_1904 = dates_from_1904
    day = xlwt.easyxf(num_format_str="DD.MM.YYYY")
    plain = xlwt.easyxf()
    for grid in grids:
        sheet = book.add_sheet(grid.name)
        sheet.visibility = 0 if grid.visible else 1
        merged = {(r0, c0): (r0, r1, c0, c1) for r0, c0, r1, c1 in grid.merged}
        for r, row in enumerate(grid.rows):
            for c, value in enumerate(row):
                if value is None:
                    continue
                style = day if isinstance(value, date) else plain
                if (r, c) in merged:
                    sheet.write_merge(*merged[r, c], value, style)
                else:
                    sheet.write(r, c, value, style)
        for r in grid.hidden_rows:
            sheet.row(r).hidden = True
        for c in grid.hidden_columns:
            sheet.col(c).hidden = True
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


# --- .xlsx and its kin ---------------------------------------------------------------------------


def xlsx(*grids: Grid, dates_from_1904: bool = False) -> bytes:
    """Writes an Office Open XML workbook whose parts carry fixed times."""
    book = openpyxl.Workbook()
    assert book.active is not None
    book.remove(book.active)
    book.properties.creator = "Evrak Kayıt"
    book.properties.created = _FIXED_TIME
    if dates_from_1904:
        book.epoch = CALENDAR_MAC_1904
    for grid in grids:
        sheet = book.create_sheet(grid.name)
        sheet.sheet_state = "visible" if grid.visible else "hidden"
        for r, row in enumerate(grid.rows, start=1):
            for c, value in enumerate(row, start=1):
                if value is not None:
                    cell = sheet.cell(r, c, value)
                    if isinstance(value, date):
                        cell.number_format = "dd\\.mm\\.yyyy"
        for r0, c0, r1, c1 in grid.merged:
            sheet.merge_cells(start_row=r0 + 1, start_column=c0 + 1, end_row=r1 + 1, end_column=c1 + 1)
        for r in grid.hidden_rows:
            sheet.row_dimensions[r + 1].hidden = True
        for c in grid.hidden_columns:
            sheet.column_dimensions[get_column_letter(c + 1)].hidden = True
    stream = io.BytesIO()
    book.save(stream)
    return repacked(stream.getvalue())


def repacked(workbook: bytes, replaced: Mapping[str, bytes] | None = None) -> bytes:
    """Packs an Office file again with fixed times, some of its parts replaced or added."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    stamp = rb"(<dcterms:modified[^>]*>)[^<]*"
    core = parts.get("docProps/core.xml", b"")
    if core:
        parts["docProps/core.xml"] = re.sub(stamp, rb"\g<1>2024-01-02T09:00:00Z", core)
    return packed({**parts, **(replaced or {})})


def packed(files: Mapping[str, bytes]) -> bytes:
    """Packs files into a ZIP archive: fixed times, and stored, so that no zlib version shows."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as target:
        for name, data in files.items():
            target.writestr(zipfile.ZipInfo(name, _FIXED_ZIP_TIME), data)
    return stream.getvalue()


# --- parcels -------------------------------------------------------------------------------------


def encrypted(workbook: bytes, password: str) -> bytes:
    """Protects an .xlsx with a password as Excel does; salts and times are fixed, so for tests only."""
    salts = random.Random(password)
    stream = io.BytesIO()
    with (
        mock.patch.object(ecma376_agile, "_random_buffer", salts.randbytes),
        mock.patch.object(ecma376_encrypted, "datetime2filetime", return_value=0),
    ):
        OOXMLFile(io.BytesIO(workbook)).encrypt(password, stream)
    return stream.getvalue()


def tnef(file_name: str, data: bytes) -> bytes:
    """Wraps one file into a winmail.dat, as an Exchange server does that trusts its clients too much."""
    name = file_name.encode("cp1254") + b"\0"
    return struct.pack("<IH", 0x223E9F78, 1) + b"".join(
        (
            _tnef_attribute(1, 0x00089006, struct.pack("<I", 0x00010000)),
            _tnef_attribute(1, 0x00069007, struct.pack("<II", 1254, 0)),
            _tnef_attribute(2, 0x00069002, struct.pack("<HIIIHH", 1, 0xFFFFFFFF, 0, 0, 0, 0)[:14]),
            _tnef_attribute(2, 0x00018010, name),
            _tnef_attribute(2, 0x0006800F, data),
        )
    )


def _tnef_attribute(level: int, name: int, data: bytes) -> bytes:
    return struct.pack("<BII", level, name, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)
