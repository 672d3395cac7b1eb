"""From the bytes of lists, archives and Word files to cells, notes and named problems."""

from __future__ import annotations

import doctest
import io
import json
import struct
import sys
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from hashlib import sha256
from multiprocessing import get_context
from types import ModuleType, SimpleNamespace

import openpyxl
import pytest
import xlwt  # type: ignore[import-untyped]

from pipeline.domain import Cell, CellKind, FileKind, Sheet, Transcript
from pipeline.papers.clues import Clues
from pipeline.sandbox.scanner import cells, ooxml, texts, workbooks
from pipeline.sandbox.scanner.limits import Allowance
from pipeline.sandbox.scanner.scan import failed, scan
from pipeline.sandbox.scanner.second_reader import second_reading
from pipeline.sandbox.scanner.transcribed import TRANSCRIPTS
from tests import odd_workbooks as odd
from tests import workbook_material as material
from tests import wrappings
from tests.people import PEOPLE
from tests.workbooks import OFFICIAL, Grid, Value, encrypted, entry, filled, packed, tnef, xls, xlsx

ME = PEOPLE[0]
LIST = filled(OFFICIAL, [entry(person) for person in PEOPLE[:3]])
BUILT_IN = "VelvetSweatshop"


def read(data: bytes) -> Transcript:
    """Scans as the main process does: through JSON and back."""
    return TRANSCRIPTS.validate_python(json.loads(json.dumps(scan(data, '{"amounts": ["780.00"]}'))))


def only_sheet(data: bytes) -> Sheet:
    transcript = read(data)
    assert transcript.problem == ""
    assert len(transcript.sheets) == 1
    return transcript.sheets[0]


def values(sheet: Sheet) -> dict[str, tuple[str, str]]:
    return {cell.address: (cell.kind.value, cell.text) for cell in sheet.cells}


def cells_of(grid: Grid, as_text: bool = False) -> tuple[Cell, ...]:
    """What a grid holds, as the scanner should say it."""
    return tuple(
        _cell(r, c, value, as_text)
        for r, row in enumerate(grid.rows)
        for c, value in enumerate(row)
        if value not in (None, "")
    )


def _cell(row: int, column: int, value: Value, as_text: bool) -> Cell:
    if isinstance(value, date):
        text, kind = (f"{value:%d.%m.%Y}" if as_text else value.isoformat()), CellKind.DATE
    elif isinstance(value, int | float):
        text, kind = (str(int(value)) if float(value).is_integer() else repr(value)), CellKind.NUMBER
    else:
        text, kind = str(value), CellKind.TEXT
    return Cell(row, column, CellKind.TEXT if as_text else kind, text)


# --- every kind of file --------------------------------------------------------------------------

TYPED = {
    "xls-biff8": (xls(LIST), ()),
    "xls-biff5": (odd.xls_of_excel_95(LIST), ()),
    "xlsx": (xlsx(LIST), ()),
    "xlsx-strict": (odd.strict_xlsx(LIST), ()),
    "xlsm": (odd.xlsm(LIST), ("macros",)),
    "xlsb": (odd.xlsb(LIST), ()),
    "ods": (odd.ods(LIST), ()),
}
PLAIN = {
    "html": odd.html_file(LIST, "windows-1254"),
    "mhtml": material.web_archive(odd.html_file(LIST, "windows-1254")),
    "csv": odd.csv_file(LIST, "windows-1254"),
}


@pytest.mark.parametrize("name", TYPED)
def test_a_list_reads_the_same_from_every_kind_of_workbook(name: str) -> None:
    data, notes = TYPED[name]
    transcript = read(data)
    assert (transcript.kind, transcript.format) == (FileKind.WORKBOOK, name)
    assert (transcript.problem, transcript.notes) == ("", notes)
    assert transcript.digest == sha256(data).hexdigest()
    assert [sheet.name for sheet in transcript.sheets] == [LIST.name]
    assert transcript.sheets[0].cells == cells_of(LIST)


@pytest.mark.parametrize("name", PLAIN)
def test_a_list_reads_as_text_from_what_only_calls_itself_xls(name: str) -> None:
    transcript = read(PLAIN[name])
    assert (transcript.kind, transcript.format, transcript.problem) == (FileKind.WORKBOOK, name, "")
    # A web page has no runs of blanks.
    found = [(cell.address, cell.text.replace("  ", " ")) for cell in transcript.sheets[0].cells]
    assert found == [(cell.address, cell.text.replace("  ", " ")) for cell in cells_of(LIST, as_text=True)]


@pytest.mark.parametrize(
    ("locked", "inside"),
    [
        (odd.xls_with_password(xls(LIST), BUILT_IN), "xls-biff8"),
        (encrypted(xlsx(LIST), BUILT_IN), "xlsx"),
        (encrypted(odd.xlsb(LIST), BUILT_IN), "xlsb"),
    ],
)
def test_a_workbook_under_excels_own_password_opens(locked: bytes, inside: str) -> None:
    transcript = read(locked)
    assert (transcript.format, transcript.problem, transcript.notes) == (inside, "", ("builtin_password",))
    assert transcript.digest == sha256(locked).hexdigest()
    assert transcript.sheets[0].cells == cells_of(LIST)


@pytest.mark.parametrize("name", TYPED)
def test_python_calamine_reads_the_same_cells(name: str) -> None:
    data, _notes = TYPED[name]
    ours = [sheet.cells for sheet in read(data).sheets]
    assert [sheet.cells for sheet in second_reading(data, Allowance())] == ours


def test_python_calamine_reads_the_same_from_the_richest_binary_workbook() -> None:
    data = material.rich_xlsb()
    ours = {(s.name, s.visible, c.address, c.text) for s in read(data).sheets for c in s.cells}
    theirs = {
        (s.name, s.visible, c.address, c.text) for s in second_reading(data, Allowance()) for c in s.cells
    }
    # It leaves errors and rich texts out and does not say so.
    assert {cell[2] for cell in ours - theirs} == {"D2", "D3", "E3"}
    assert theirs - ours == set()


# --- .xlsx, trait by trait -----------------------------------------------------------------------

STYLES = (
    '<numFmts><numFmt numFmtId="164" formatCode="[$-41F]dd/mm/yyyy;@"/>'
    '<numFmt numFmtId="165" formatCode="0 &quot;adet&quot;"/>'
    '<numFmt numFmtId="166" formatCode="h:mm"/></numFmts>'
    '<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/>'
    '<xf numFmtId="166"/><xf numFmtId="11"/></cellXfs>'
)
STRINGS = (
    "<si><r><t>Kim</t></r><r><t>lik\nNo </t></r><rPh><t>okunuş</t></rPh></si>"
    "<si><t>_x0041_B_x000D_</t></si><si><t>\u00a010000000146</t></si>"
)


def xlsx_values(cells: str, properties: str = "") -> dict[str, tuple[str, str]]:
    sheet = f'<sheetData><row r="1">{cells}</row></sheetData>'
    book = material.workbook(sheet, properties=properties, strings=STRINGS, styles=STYLES)
    return values(only_sheet(book))


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ('<c r="A1" t="s"><v>0</v></c>', ("text", "Kimlik\nNo ")),
        ('<c r="A1" t="s"><v>1</v></c>', ("text", "AB\r")),
        ('<c r="A1" t="s"><v>2</v></c>', ("text", "\u00a010000000146")),
        ('<c r="A1" t="inlineStr"><is><t>1.23457E+10</t></is></c>', ("text", "1.23457E+10")),
        ('<c r="A1" t="inlineStr"><is><t>Ad</t><rPh><t>x</t></rPh></is></c>', ("text", "Ad")),
        ('<c r="A1"><v>10000000146</v></c>', ("number", "10000000146")),
        ('<c r="A1"><v>1.0000000146E10</v></c>', ("number", "10000000146")),
        ('<c r="A1" s="5"><v>10000000146</v></c>', ("number", "10000000146")),
        ('<c r="A1"><v>12345678901234567890</v></c>', ("number", "1.2345678901234567e+19")),
        ('<c r="A1"><v>0.1</v></c>', ("number", "0.1")),
        ('<c r="A1" s="1"><v>32874</v></c>', ("date", "1990-01-01")),
        ('<c r="A1" s="2"><v>32874.75</v></c>', ("date", "1990-01-01T18:00:00")),
        ('<c r="A1" s="3"><v>3</v></c>', ("number", "3")),
        ('<c r="A1" s="4"><v>0.5</v></c>', ("number", "0.5")),
        ('<c r="A1" s="1"><v>60</v></c>', ("number", "60")),
        ('<c r="A1" s="1"><v>59</v></c>', ("number", "59")),
        ('<c r="A1" s="1"><v>366</v></c>', ("number", "366")),
        ('<c r="A1" s="1"><v>367</v></c>', ("date", "1901-01-01")),
        ('<c r="A1" s="1"><v>-5</v></c>', ("number", "-5")),
        ('<c r="A1" t="d"><v>1990-01-31</v></c>', ("date", "1990-01-31")),
        ('<c r="A1" t="b"><v>1</v></c>', ("boolean", "true")),
        ('<c r="A1" t="e"><v>#N/A</v></c>', ("error", "#N/A")),
        ('<c r="A1"><f>1+1</f><v>2</v></c>', ("number", "2")),
        ('<c r="A1" t="str"><f>"a"</f><v>a</v></c>', ("text", "a")),
    ],
)
def test_cells_of_xlsx(cell: str, expected: tuple[str, str]) -> None:
    assert xlsx_values(cell) == {"A1": expected}


def test_dates_follow_the_workbooks_own_system() -> None:
    cell = '<c r="A1" s="1"><v>31412</v></c>'
    assert xlsx_values(cell, properties='date1904="1"') == {"A1": ("date", "1990-01-01")}
    # The element has a namesake in the extensions, which says nothing about dates.
    book = material.workbook(f'<sheetData><row r="1">{cell}</row></sheetData>', styles=STYLES)
    twice = f'<workbook xmlns="{material.MAIN}" xmlns:r="{material.RELATIONS}"><workbookPr date1904="true"/>'
    twice += '<sheets><sheet name="S1" r:id="rId1"/></sheets><extLst><ext><x15:workbookPr xmlns:x15="urn:x"/>'
    twice += "</ext></extLst></workbook>"
    assert values(only_sheet(material.with_parts(book, {"xl/workbook.xml": twice.encode()}))) == {
        "A1": ("date", "1990-01-01")
    }


def test_formulas_that_were_never_calculated_are_errors_and_are_named() -> None:
    sheet = '<sheetData><row r="1"><c r="A1"><v>1</v></c><c r="B1"><f>A1*2</f>{}</c></row></sheetData>'
    for value in ("", "<v/>", "<v></v>"):
        transcript = read(material.workbook(sheet.format(value)))
        assert transcript.notes == ("formula_without_value",)
        assert values(transcript.sheets[0]) == {"A1": ("number", "1"), "B1": ("error", "#?")}
    empty_text = sheet.replace('<c r="B1">', '<c r="B1" t="str">').format("<v></v>")
    assert read(material.workbook(empty_text)).notes == ()


def test_cells_without_addresses_stand_where_they_come() -> None:
    cells = (
        "<row><c><v>1</v></c><c/><c><v>2</v></c></row><row r='5'><c r='B5'><v>3</v></c><c><v>4</v></c></row>"
    )
    assert values(only_sheet(material.workbook(f"<sheetData>{cells}</sheetData>"))) == {
        "A1": ("number", "1"),
        "C1": ("number", "2"),
        "B5": ("number", "3"),
        "C5": ("number", "4"),
    }


def test_prefixed_elements_are_read_too() -> None:
    sheet = (
        f'<x:worksheet xmlns:x="{material.MAIN}"><x:sheetData><x:row r="1">'
        '<x:c r="A1"><x:v>7</x:v></x:c></x:row></x:sheetData></x:worksheet>'
    )
    book = material.with_parts(material.workbook(""), {"xl/worksheets/sheet1.xml": sheet.encode()})
    assert values(only_sheet(book)) == {"A1": ("number", "7")}


def test_parts_are_found_whatever_their_case_and_slashes() -> None:
    with zipfile.ZipFile(io.BytesIO(xlsx(LIST))) as source:
        parts = {name.replace("xl/", "XL\\"): source.read(name) for name in source.namelist()}
    assert read(packed(parts)).sheets[0].cells == cells_of(LIST)


def test_two_values_for_one_cell_are_damage_and_not_a_choice() -> None:
    cells = '<row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row>'
    assert read(material.workbook(f"<sheetData>{cells}</sheetData>")).problem == "damaged_file"


HIDING = Grid(
    "Liste",
    (("Başlık", None, None), (1, 2, 3), (4, 5, 6)),
    merged=((0, 0, 0, 2),),
    hidden_rows=(2,),
    hidden_columns=(1,),
)
CODES = Grid("Kodlar", (("1 İlk",),), visible=False)


@pytest.mark.parametrize("writer", [xls, xlsx])
def test_merged_ranges_and_what_is_hidden(writer: Callable[..., bytes]) -> None:
    shown, codes = read(writer(HIDING, CODES)).sheets
    assert shown.merged == ((0, 0, 0, 2),)
    assert (shown.hidden_rows, shown.hidden_columns) == ((2,), (1,))
    assert (shown.visible, codes.visible) == (True, False)


def test_hidden_rows_and_columns_beyond_the_last_cell_are_left_out() -> None:
    book = material.workbook(
        '<cols><col min="2" max="16384" hidden="1"/></cols><sheetData><row r="1"><c r="B1"><v>1</v></c></row>'
        '<row r="9" hidden="1"/></sheetData>',
        '<sheetData><row r="1"><c r="A1"><v>1</v></c></row></sheetData>',
        states=("visible", "veryHidden"),
    )
    first, second = read(book).sheets
    assert (first.hidden_rows, first.hidden_columns) == ((), (1,))
    assert not second.visible


# --- the other workbooks, trait by trait -----------------------------------------------------------


def test_every_kind_of_cell_of_a_binary_workbook() -> None:
    transcript = read(material.rich_xlsb())
    shown, codes = transcript.sheets
    assert values(shown) == {
        "A1": ("text", "Kimlik\nNo"),
        "B1": ("number", "42"),
        "C1": ("number", "10.5"),
        "D1": ("number", "10000000146"),
        "A2": ("text", "gizli"),
        "B2": ("date", "1985-04-03"),
        "C2": ("boolean", "true"),
        "D2": ("error", "#N/A"),
        "A3": ("text", "ĞÜŞ"),
        "B3": ("number", "1.5"),
        "C3": ("boolean", "true"),
        "D3": ("error", "#DIV/0!"),
        "E3": ("text", "zengin"),
    }
    assert (shown.merged, shown.hidden_rows, shown.hidden_columns) == (((3, 0, 3, 3),), (1,), (4,))
    assert (codes.name, codes.visible) == ("Kodlar", False)


def test_open_document_traits() -> None:
    styles = (
        '<style:style style:name="ta2"><style:table-properties table:display="false"/></style:style>'
        '<style:style style:name="ta1"><style:table-properties table:display="true"/></style:style>'
    )
    sheet = (
        '<table:table table:name="Liste" table:style-name="ta1">'
        '<table:table-column table:number-columns-repeated="2"/>'
        '<table:table-column table:visibility="collapse" table:number-columns-repeated="16382"/>'
        "<table:table-row>"
        '<table:table-cell office:value-type="string" table:number-columns-spanned="2"><text:p>Doğum'
        "<text:s text:c='2'/>Tarihi</text:p><text:p>(<text:span>GG</text:span>)</text:p>"
        "<office:annotation><text:p>not</text:p></office:annotation></table:table-cell>"
        '<table:covered-table-cell office:value-type="string"><text:p>örtülü</text:p>'
        '</table:covered-table-cell><table:table-cell table:number-columns-repeated="3" '
        'office:value-type="float" office:value="10000000146">'
        "<text:p>1E+10</text:p></table:table-cell></table:table-row>"
        '<table:table-row table:visibility="filter"><table:table-cell office:value-type="date" '
        'office:date-value="1985-04-03"/><table:table-cell office:value-type="boolean" '
        'office:boolean-value="true"/></table:table-row>'
        '<table:table-row table:number-rows-repeated="2"><table:table-cell office:value-type="string">'
        '<text:p>x</text:p></table:table-cell><table:table-cell table:formula="of:=1+1"/></table:table-row>'
        '<table:table-row table:number-rows-repeated="1048570"><table:table-cell '
        'table:number-columns-repeated="16384"/></table:table-row></table:table>'
        '<table:table table:name="Kodlar" table:style-name="ta2"><table:table-row/></table:table>'
    )
    transcript = read(material.open_document(sheet, styles=styles))
    shown, codes = transcript.sheets
    assert transcript.notes == ("formula_without_value",)
    assert values(shown) == {
        "A1": ("text", "Doğum  Tarihi\n(GG)"),
        "C1": ("number", "10000000146"),
        "D1": ("number", "10000000146"),
        "E1": ("number", "10000000146"),
        "A2": ("date", "1985-04-03"),
        "B2": ("boolean", "true"),
        "A3": ("text", "x"),
        "B3": ("error", "#?"),
        "A4": ("text", "x"),
        "B4": ("error", "#?"),
    }
    assert (shown.merged, shown.hidden_rows, shown.hidden_columns) == (((0, 0, 0, 1),), (1,), (2, 3, 4))
    assert (shown.visible, codes.visible) == (True, False)


def _old_workbook(code_page: int | None) -> bytes:
    """BIFF5 whose record of the code page says something else, or nothing."""
    data = odd.xls_of_excel_95(Grid("Liste", (("Şükrü", "İĞDIR"),)))
    record = struct.pack("<HHH", 0x42, 2, 1254)
    assert data.count(record) == 1
    # A record of another kind (0x59, of no meaning here) stands for a missing one.
    other = struct.pack("<HHH", 0x59, 2, 0) if code_page is None else struct.pack("<HHH", 0x42, 2, code_page)
    return data.replace(record, other)


@pytest.mark.parametrize("code_page", [1254, None, 9999])
def test_old_workbooks_without_a_usable_code_page_are_turkish(code_page: int | None) -> None:
    sheet = only_sheet(_old_workbook(code_page))
    assert [cell.text for cell in sheet.cells] == ["Şükrü", "İĞDIR"]


def test_cells_of_xls() -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Liste")
    sheet.write(0, 0, True)
    sheet.write(0, 1, 0.5, xlwt.easyxf(num_format_str="h:mm"))
    sheet.write(0, 2, 10000000146, xlwt.easyxf(num_format_str="0.00E+00"))
    sheet.row(0).set_cell_error(3, "#N/A!")
    sheet.write(0, 4, "", xlwt.easyxf("font: bold on"))
    sheet.write(65535, 255, "uzak")
    stream = io.BytesIO()
    book.save(stream)
    assert values(only_sheet(stream.getvalue())) == {
        "A1": ("boolean", "true"),
        "B1": ("number", "0.5"),
        "C1": ("number", "10000000146"),
        "D1": ("error", "#N/A"),
        "IV65536": ("text", "uzak"),
    }


# --- tables of plain text --------------------------------------------------------------------------


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "windows-1254", "utf-16", "cp857"])
@pytest.mark.parametrize("mark", [";", ",", "\t"])
def test_separated_values_in_every_charset(charset: str, mark: str) -> None:
    grid = Grid("", (("Kimlik No", "Ad", "Soyad"), (ME.identity_number, "Gülşah İ", "Işık\nÜnlü")))
    sheet = only_sheet(odd.csv_file(grid, charset, mark))
    assert [cell.text for cell in sheet.cells] == [str(v) for row in grid.rows for v in row]


def test_utf_16_without_its_mark() -> None:
    text = "Kimlik No\tAd\tSoyad\r\n1\tŞükrü\tIşık\r\n"
    assert len(only_sheet(text.encode("utf-16-le")).cells) == 6


def test_excels_own_rules_for_separated_values() -> None:
    sheet = only_sheet(b'sep=|\r\nA|B\r\n="00123"|"x|y"\r\n')
    assert [(cell.address, cell.text) for cell in sheet.cells] == [
        ("A1", "A"),
        ("B1", "B"),
        ("A2", "00123"),
        ("B2", "x|y"),
    ]


def test_spans_breaks_and_hidden_rows_of_a_web_page() -> None:
    page = (
        "<html><head><title>x</title><style>td{}</style></head><body><p>önce</p><table>"
        '<tr><th colspan=2>Baş&nbsp;lık<th rowspan="2">Doğum<br>\n  Tarihi'
        "<tr><td>a<td> b  c </tr>"
        '<tr style="mso-x:1;display:none"><td>gizli</td></tr>'
        '<tr><td x:num="10000000146">1,00E+10</td><td x:num="32874">01.01.1990</td>'
        '<td sdval="17291716060">######</td></tr>'
        "</table><table><tr><td>d<table><tr><td>iç</td></tr></table></td></tr></table></body></html>"
    )
    sheet = only_sheet(page.encode())
    assert values(sheet) == {
        "A1": ("text", "Baş\u00a0lık"),
        "C1": ("text", "Doğum\nTarihi"),
        "A2": ("text", "a"),
        "B2": ("text", "b c"),
        "A3": ("text", "gizli"),
        "A4": ("number", "10000000146"),
        "B4": ("text", "01.01.1990"),
        "C4": ("number", "17291716060"),
        "A5": ("text", "d"),
        "A6": ("text", "iç"),
    }
    assert sheet.merged == ((0, 0, 0, 1), (0, 2, 1, 2))
    assert sheet.hidden_rows == (2,)


def test_excel_2003_xml() -> None:
    sheet = only_sheet(
        material.excel_2003_xml(
            '<Column ss:Index="2" ss:Hidden="1" ss:Span="1"/>'
            '<Row><Cell ss:MergeAcross="1"><Data ss:Type="String">Başlık</Data></Cell>'
            '<Cell><Data ss:Type="Number">10000000146</Data></Cell></Row>'
            '<Row ss:Index="4" ss:Hidden="1"><Cell ss:Index="3">'
            '<Data ss:Type="DateTime">1985-04-03T00:00:00.000</Data></Cell></Row>'
        )
    )
    assert values(sheet) == {
        "A1": ("text", "Başlık"),
        "C1": ("number", "10000000146"),
        "C4": ("date", "1985-04-03"),
    }
    assert (sheet.merged, sheet.hidden_rows, sheet.hidden_columns) == (((0, 0, 0, 1),), (3,), (1, 2))


# --- files with files inside -----------------------------------------------------------------------


@pytest.fixture
def pictures(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, str, tuple[str, ...]]]:
    """What the picture reader is given, by a reader that only notes it."""
    given: list[tuple[bytes, str, tuple[str, ...]]] = []

    def read_picture(data: bytes, digest: str, file_format: str, amounts: tuple[str, ...]) -> Transcript:
        given.append((data, file_format, amounts))
        return Transcript(digest, FileKind.PICTURE, file_format)

    name = "pipeline.sandbox.scanner.pictures"
    monkeypatch.setitem(sys.modules, name, SimpleNamespace(read_picture=read_picture))
    return given


JPEG = b"\xff\xd8\xff\xe0 picture"


def test_an_archive_gives_its_files_and_leaves_debris_out() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("klasör/ŞÜKRÜ.xls".encode("cp857").decode("cp437"), xls(LIST))
        archive.writestr("__MACOSX/._liste.xls", b"\0\5\x16\7")
        archive.writestr("Thumbs.db", b"x")
        archive.writestr("notlar.txt", "İyi çalışmalar.")
    # zipfile marks names outside ASCII as UTF-8; Turkish Windows does not.
    data = _unmarked(stream.getvalue())
    transcript = read(data)
    assert (transcript.kind, transcript.format, transcript.problem) == (FileKind.ARCHIVE, "zip", "")
    assert [(name, inner.problem) for name, inner in transcript.inner] == [
        ("klasör/ŞÜKRÜ.xls", ""),
        ("notlar.txt", "plain_text"),
    ]
    assert transcript.inner[0][1].sheets[0].cells == cells_of(LIST)


def _unmarked(data: bytes) -> bytes:
    """Takes the mark of UTF-8 off the names and writes them in the old code page."""
    marked = "klasör/ŞÜKRÜ.xls".encode("cp857").decode("cp437").encode()
    plain = "klasör/ŞÜKRÜ.xls".encode("cp857")
    shorter = len(marked) - len(plain)
    found = bytearray()
    at = 0
    while (place := data.find(marked, at)) >= 0:
        central = data[place - 46 : place - 42] == b"PK\1\2"
        head = bytearray(data[at:place])
        flags, length = (46 - 8, 46 - 28) if central else (30 - 6, 30 - 26)
        head[len(head) - flags] &= 0xFF
        head[len(head) - flags + 1] &= 0xF7
        struct.pack_into("<H", head, len(head) - length, len(plain))
        found += head + plain
        at = place + len(marked)
    found += data[at:]
    end = found.rindex(b"PK\5\6")
    size, start = struct.unpack_from("<LL", found, end + 12)
    struct.pack_into("<LL", found, end + 12, size - shorter, start - shorter)
    # Every local file header behind the first has moved.
    central_at = start - shorter
    while found[central_at : central_at + 4] == b"PK\1\2":
        (offset,) = struct.unpack_from("<L", found, central_at + 42)
        if offset:
            struct.pack_into("<L", found, central_at + 42, offset - shorter)
        sizes = struct.unpack_from("<HHH", found, central_at + 28)
        central_at += 46 + sum(sizes)
    return bytes(found)


def test_winmail_gives_its_files() -> None:
    transcript = read(tnef("başvuru.xls", xls(LIST)))
    assert (transcript.kind, transcript.format, transcript.problem) == (FileKind.ARCHIVE, "winmail", "")
    (name, inner) = transcript.inner[0]
    assert name == "başvuru.xls"
    assert inner.sheets[0].cells == cells_of(LIST)


def test_an_archive_in_an_archive_opens_and_a_third_does_not() -> None:
    second = packed({"iç.zip": packed({"liste.xls": xls(LIST)})})
    assert read(second).inner[0][1].inner[0][1].sheets[0].cells == cells_of(LIST)
    third = packed({"dış.zip": second})
    assert read(third).inner[0][1].inner[0][1].problem == "nested_too_deep"


def test_more_files_than_anybody_encloses_are_too_many() -> None:
    assert read(packed({f"{n}.txt": b"x" for n in range(60)})).problem == "too_large"


def test_one_locked_file_beside_an_open_one_is_named_in_its_place() -> None:
    data = bytearray(packed({"a.xls": xls(LIST), "b.txt": b"metin"}))
    for sign, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.rindex(sign) + flags] |= 1
    transcript = read(bytes(data))
    assert [(name, inner.problem) for name, inner in transcript.inner] == [
        ("a.xls", ""),
        ("b.txt", "password_protected"),
    ]


def test_a_word_file_gives_its_tables_and_pictures(
    pictures: list[tuple[bytes, str, tuple[str, ...]]],
) -> None:
    body = (
        "<w:p><w:r><w:t>Liste ektedir.</w:t></w:r></w:p><w:tbl>"
        '<w:tr><w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr>'
        "<w:p><w:r><w:t>Ad</w:t><w:t>Soyad</w:t></w:r></w:p>"
        '</w:tc><w:tc><w:tcPr><w:vMerge w:val="restart"/></w:tcPr><w:p><w:r><w:t>Doğum</w:t></w:r></w:p>'
        "<w:p><w:r><w:t>Tarihi</w:t></w:r></w:p></w:tc></w:tr>"
        "<w:tr><w:tc><w:p><w:r><w:t>1</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>2</w:t></w:r></w:p></w:tc>"
        "<w:tc><w:tcPr><w:vMerge/></w:tcPr><w:p/></w:tc></w:tr></w:tbl>"
    )
    media = {"word/media/image1.jpeg": JPEG, "word/media/image2.emf": b"\1\0\0\0 metafile"}
    transcript = read(material.word_with(body, media))
    assert (transcript.kind, transcript.format, transcript.problem) == (FileKind.WORD, "docx", "")
    assert values(transcript.sheets[0]) == {
        "A1": ("text", "AdSoyad"),
        "C1": ("text", "Doğum\nTarihi"),
        "A2": ("text", "1"),
        "B2": ("text", "2"),
    }
    assert transcript.sheets[0].merged == ((0, 0, 0, 1), (0, 2, 1, 2))
    assert [(name, inner.kind) for name, inner in transcript.inner] == [("image1.jpeg", FileKind.PICTURE)]
    assert pictures == [(JPEG, "jpeg", Clues(amounts=("780.00",)))]


def test_a_picture_pasted_into_an_empty_workbook_is_found(
    pictures: list[tuple[bytes, str, tuple[str, ...]]],
) -> None:
    book = material.with_parts(material.workbook("<sheetData/>"), {"xl/media/image1.jpeg": JPEG})
    transcript = read(book)
    assert (transcript.kind, transcript.problem, len(pictures)) == (FileKind.WORKBOOK, "", 1)
    assert transcript.inner[0][0] == "image1.jpeg"


def test_an_open_document_text_gives_its_tables() -> None:
    table = (
        '<table:table table:name="Tablo1"><table:table-row><table:table-cell office:value-type="string">'
        "<text:p>Ad</text:p></table:table-cell></table:table-row></table:table>"
    )
    transcript = read(material.open_document(table, "text"))
    assert (transcript.kind, transcript.format) == (FileKind.WORD, "odt")
    assert values(transcript.sheets[0]) == {"A1": ("text", "Ad")}


# --- what cannot be read, by name -------------------------------------------------------------------


def _locked_archive() -> bytes:
    data = bytearray(packed({"a.xls": b"x"}))
    data[data.index(b"PK\3\4") + 6] |= 1
    data[data.index(b"PK\1\2") + 8] |= 1
    return bytes(data)


UNREADABLE = [
    ("empty", b"", FileKind.OTHER, "empty_file"),
    ("blank", b" \r\n ", FileKind.OTHER, "empty_file"),
    ("noise", bytes(range(256)) * 4, FileKind.OTHER, "unknown_format"),
    ("zeros", bytes(1000), FileKind.OTHER, "unknown_format"),
    ("prose", "Sayın yetkili, liste, form, ektedir.".encode(), FileKind.TEXT, "plain_text"),
    (
        "web page",
        b"<html><body><a href='https://example.com/f'>liste</a></body></html>",
        FileKind.TEXT,
        "web_page",
    ),
    ("link", b"[InternetShortcut]\r\nURL=https://example.com/liste\r\n", FileKind.TEXT, "link_file"),
    ("mail", b"From: a@example.com\r\nSubject: x\r\n\r\nliste\r\n", FileKind.OTHER, "mail_message"),
    ("password", encrypted(xlsx(LIST), "gizli"), FileKind.WORKBOOK, "password_protected"),
    ("old password", odd.xls_with_password(xls(LIST), "gizli"), FileKind.WORKBOOK, "password_protected"),
    (
        "locked OpenDocument",
        material.open_document("", manifest="<manifest:encryption-data/>"),
        FileKind.WORKBOOK,
        "password_protected",
    ),
    ("locked zip", _locked_archive(), FileKind.ARCHIVE, "password_protected"),
    ("rar", b"Rar!\x1a\x07\x01\x00 ...", FileKind.ARCHIVE, "archive_unsupported"),
    ("7z", b"7z\xbc\xaf\x27\x1c\0\4", FileKind.ARCHIVE, "archive_unsupported"),
    ("empty zip", packed({}), FileKind.ARCHIVE, "no_data"),
    ("legacy Word", material.ole_with("WordDocument"), FileKind.WORD, "word_document"),
    ("rich text", b"{\\rtf1 liste}", FileKind.WORD, "word_document"),
    ("Word without a table", material.word_with("<w:p/>", {}), FileKind.WORD, "word_document"),
    ("PowerPoint", material.ole_with("PowerPoint Document"), FileKind.OTHER, "presentation"),
    ("Outlook mail", material.ole_with("__properties_version1.0"), FileKind.ARCHIVE, "mail_message"),
    ("Numbers", packed({"Index/Document.iwa": b"x", "preview.jpg": b"x"}), FileKind.OTHER, "apple_numbers"),
    (
        "JPEG 2000 without its picture",
        b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(40),
        FileKind.PICTURE,
        "damaged_file",
    ),
    ("drawing", b"<svg xmlns='http://www.w3.org/2000/svg'></svg>", FileKind.OTHER, "picture_format"),
    ("film", wrappings.film(), FileKind.OTHER, "video"),
    ("words that begin like a film", b"The wide road", FileKind.TEXT, "plain_text"),
    ("sound", b"\0\0\0\x20ftypM4A " + bytes(40), FileKind.OTHER, "audio"),
    ("shortcut", b"L\0\0\0\x01\x14\x02\0" + bytes(68), FileKind.OTHER, "link_file"),
    ("XPS", packed({"FixedDocumentSequence.fdseq": b"<x/>"}), FileKind.OTHER, "page_document"),
    ("UDF", packed({"content.xml": b'<?xml version="1.0"?><template/>'}), FileKind.OTHER, "page_document"),
    ("invoice", wrappings.INVOICE, FileKind.TEXT, "invoice"),
    ("some XML", b'<?xml version="1.0"?><veri/>', FileKind.TEXT, "data_file"),
    (
        "saved page",
        b"MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n\r\nx",
        FileKind.TEXT,
        "web_page",
    ),
    (
        "sealed package",
        packed({"SifreliIcerik/SifreliIcerik.eyp": b"x"}),
        FileKind.OTHER,
        "encrypted_message",
    ),
    ("no cells", material.workbook("<sheetData/>"), FileKind.WORKBOOK, "no_data"),
    ("no cells, old", xls(Grid("Liste", ((None,),))), FileKind.WORKBOOK, "no_data"),
    ("cut off", xlsx(LIST)[:4000], FileKind.WORKBOOK, "damaged_file"),
    ("cut off, old", xls(LIST)[:3000], FileKind.WORKBOOK, "damaged_file"),
    ("cut off page", odd.html_file(LIST, "utf-8")[:900], FileKind.WORKBOOK, "damaged_file"),
    ("laughing", material.laughing(), FileKind.WORKBOOK, "damaged_file"),
    ("endless rows", material.endless_rows(), FileKind.WORKBOOK, "too_large"),
    ("too many sheets", material.workbook(*["<sheetData/>"] * 51), FileKind.WORKBOOK, "too_large"),
]


@pytest.mark.parametrize(
    ("data", "kind", "problem"), [case[1:] for case in UNREADABLE], ids=[c[0] for c in UNREADABLE]
)
def test_what_cannot_be_read_is_named(data: bytes, kind: FileKind, problem: str) -> None:
    transcript = read(data)
    assert (transcript.kind, transcript.problem) == (kind, problem)
    assert not any(sheet.cells for sheet in transcript.sheets)


def test_a_worker_that_gave_nothing_is_a_transcript_too() -> None:
    names = ("timeout", "crash", "memory", "answer_too_large", "raised")
    assert [failed("d", why, 9_000_000).problem for why in names] == [
        "timeout",
        "crash",
        "too_large",
        "too_large",
        "reader_failed",
    ]
    # What a small file cannot be to blame for.
    assert [failed("d", why, 90_000).problem for why in names[2:]] == ["reader_failed"] * 3


def _cuts(data: bytes) -> Iterator[bytes]:
    for part in range(1, 40):
        yield data[: len(data) * part // 40]


@pytest.mark.parametrize("name", [*TYPED, "html", "mhtml"])
def test_a_cut_off_list_is_never_read_as_a_shorter_one(name: str) -> None:
    whole = TYPED[name][0] if name in TYPED else PLAIN[name]
    everything = values(read(whole).sheets[0])
    for cut in _cuts(whole):
        transcript = read(cut)
        assert transcript.problem or values(transcript.sheets[0]) == everything


# --- limits and the second reader -------------------------------------------------------------------


def test_two_cells_in_opposite_corners_cost_two_cells() -> None:
    data = material.far_corner()
    read(data)
    tracemalloc.start()
    try:
        sheet = only_sheet(data)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [cell.address for cell in sheet.cells] == ["A1", "XFD1048576"]
    assert peak < 1_000_000


REPETITIVE = material.workbook(
    f"<sheetData>{('<row>' + '<c><v>1</v></c>' * 100 + '</row>') * 10}</sheetData>"
)


@pytest.mark.parametrize(
    "allowance",
    [Allowance(cells=999), Allowance(letters=999), Allowance(unpacked=2_000), Allowance(elements=2_000)],
    ids=["cells", "letters", "unpacked", "elements"],
)
def test_what_costs_more_than_there_is_room_for_is_too_large(
    allowance: Allowance, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(only_sheet(REPETITIVE).cells) == 1_000
    monkeypatch.setattr("pipeline.sandbox.scanner.scan.Allowance", lambda: allowance)
    assert read(REPETITIVE).problem == "too_large"


@pytest.mark.parametrize(
    "limits", [{"MAX_UNPACKED": 9_000}, {"RATIO_COUNTS_FROM": 9_000, "MAX_ZIP_RATIO": 5}]
)
def test_a_directory_that_promises_too_much_is_too_large_unread(
    limits: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in limits.items():
        monkeypatch.setattr(f"pipeline.sandbox.scanner.packages.{name}", value)
    monkeypatch.setattr("zipfile.ZipFile.open", None)
    assert read(REPETITIVE).problem == "too_large"


@pytest.mark.parametrize("encoding", ["foo", "utf-7", "base64", "idna"])
def test_an_encoding_that_no_workbook_has_is_damage(encoding: str) -> None:
    sheet = f'<?xml version="1.0" encoding="{encoding}"?><worksheet/>'
    book = material.with_parts(REPETITIVE, {"xl/worksheets/sheet1.xml": sheet.encode()})
    assert read(book).problem == "damaged_file"


def test_an_entry_without_a_name_is_just_another_file() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(zipfile.ZipInfo(""), b"metin")
        archive.writestr("liste.xls", xls(LIST))
    assert [name for name, _inner in read(stream.getvalue()).inner] == ["", "liste.xls"]


def test_a_document_type_is_refused_before_its_entities_are_believed() -> None:
    sheet = (
        f'<!DOCTYPE worksheet [<!ENTITY e "x">]><worksheet xmlns="{material.MAIN}"><sheetData>'
        '<row r="1"><c r="A1" t="str"><v>&e;</v></c></row></sheetData></worksheet>'
    )
    book = material.with_parts(
        material.workbook("<sheetData/>"), {"xl/worksheets/sheet1.xml": sheet.encode()}
    )
    assert read(book).problem == "damaged_file"


@pytest.mark.parametrize("module", [cells, ooxml, texts])
def test_the_examples_in_the_docstrings_hold(module: ModuleType) -> None:
    failures, tried = doctest.testmod(module)
    assert (failures, tried > 0) == (0, True)


def test_a_dimension_that_lies_loses_no_rows() -> None:
    assert only_sheet(odd.lying_xlsx(LIST)).cells == cells_of(LIST)


def test_a_directory_that_lies_about_sizes_is_damage() -> None:
    data = bytearray(material.deflated({"liste.txt": b"x" * 100_000}))
    struct.pack_into("<L", data, data.index(b"PK\1\2") + 24, 100)
    assert read(bytes(data)).problem == "damaged_file"


def test_a_second_reader_is_asked_before_a_workbook_is_called_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.sandbox.scanner.ooxml.read_ooxml", lambda _package, _room: ((), ()))
    transcript = read(xlsx(LIST))
    assert (transcript.problem, transcript.notes) == ("", ("second_reader",))
    assert transcript.sheets[0].cells == cells_of(LIST)


def test_the_second_readers_panic_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    class Panic(BaseException):
        """What Rust's panics are to Python."""

    def from_filelike(_file: object) -> object:
        raise Panic

    calamine = SimpleNamespace(from_filelike=from_filelike)
    monkeypatch.setattr("pipeline.sandbox.scanner.second_reader.CalamineWorkbook", calamine)
    assert read(material.workbook("<sheetData/>")).problem == "no_data"


def test_a_readers_own_fault_is_not_called_the_senders(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken_reader(*_arguments: object) -> object:
        raise AttributeError("a mistake of ours")

    monkeypatch.setattr(workbooks, "read_workbook", broken_reader)
    assert read(xlsx(LIST)).problem == "reader_failed"


@pytest.mark.parametrize("seed", [1, 2])
def test_broken_files_end_in_a_named_problem(seed: int) -> None:
    """A few hundred mutants, in a process with a worker's memory; more with another seed and count."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        result = process.submit(material.scan_broken, seed, 400, 200.0).result()
    assert result.surprises == ()
    # What is not proved to be the file's own damage waits for a person: it must stay rare.
    assert result.problems.get("reader_failed", 0) * 20 <= result.done
    assert result.slowest < 10
    assert result.done >= 100


def test_openpyxl_alone_would_have_called_a_strict_workbook_empty() -> None:
    """Why the reader is our own: when this fails, openpyxl has learnt it."""
    with pytest.warns(UserWarning, match="invalid specification"):
        book = openpyxl.load_workbook(io.BytesIO(odd.strict_xlsx(LIST)))
    assert book.sheetnames == []
