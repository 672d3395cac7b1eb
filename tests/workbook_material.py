"""Workbooks with traits that no library writes, hostile ones, and a machine that breaks healthy ones.

Everything here is bytes; the healthy lists come from tests.workbooks and tests.odd_workbooks.
"""

from __future__ import annotations

import io
import random
import resource
import struct
import time
import zipfile
from base64 import b64encode
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from xlwt.CompoundDoc import XlsDoc  # type: ignore[import-untyped]

from pipeline.papers.clues import Clues
from pipeline.sandbox.scanner.scan import plain, transcribe
from pipeline.sandbox.scanner.transcribed import TRANSCRIPTS
from tests.odd_workbooks import (
    csv_file,
    docx,
    html_file,
    ods,
    strict_xlsx,
    xls_of_excel_95,
    xls_with_password,
    xlsb,
)
from tests.people import PEOPLE
from tests.workbooks import OFFICIAL, encrypted, entry, filled, packed, tnef, xls, xlsx

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"

# --- .xlsx, part by part -------------------------------------------------------------------------


def workbook(
    *sheets: str, states: tuple[str, ...] = (), properties: str = "", strings: str = "", styles: str = ""
) -> bytes:
    """Packs an .xlsx from the insides of its worksheets; sheets are named S1, S2 …"""
    numbers = range(1, len(sheets) + 1)
    state = dict(zip(numbers, states, strict=False))
    listed = "".join(
        f'<sheet name="S{n}" sheetId="{n}" state="{state.get(n, "visible")}" r:id="rId{n}"/>' for n in numbers
    )
    relations = [(f"rId{n}", "worksheet", f"worksheets/sheet{n}.xml") for n in numbers]
    relations += [("rIdS", "sharedStrings", "sharedStrings.xml"), ("rIdF", "styles", "styles.xml")]
    parts = {
        "[Content_Types].xml": (
            f'<Types xmlns="{PACKAGE}/content-types"><Override PartName="/xl/workbook.xml" ContentType='
            '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
        ),
        "_rels/.rels": relationships(("rId1", "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": (
            f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><workbookPr {properties}/>'
            f"<sheets>{listed}</sheets></workbook>"
        ),
        "xl/_rels/workbook.xml.rels": relationships(*relations),
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{strings}</sst>',
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}">{styles}</styleSheet>',
    }
    for n, inside in zip(numbers, sheets, strict=True):
        parts[f"xl/worksheets/sheet{n}.xml"] = f'<worksheet xmlns="{MAIN}">{inside}</worksheet>'
    return deflated({name: text.encode() for name, text in parts.items()})


def relationships(*relations: tuple[str, str, str]) -> str:
    """Writes a part that says where others are."""
    lines = "".join(
        f'<Relationship Id="{name}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for name, kind, target in relations
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{lines}</Relationships>'


def deflated(files: Mapping[str, bytes]) -> bytes:
    """Packs files into a compressed ZIP."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in files.items():
            target.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def far_corner() -> bytes:
    """Two cells as far from each other as a sheet allows, in a file of a few kB."""
    return workbook(
        '<dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
        '<row r="1048576"><c r="XFD1048576"><v>2</v></c></row></sheetData>'
    )


def endless_rows() -> bytes:
    """A sheet of eight million rows with nothing in them, 200 kB packed."""
    return workbook(f"<sheetData>{'<row/>' * 8_000_000}</sheetData>")


def laughing() -> bytes:
    """A sheet whose entities double a hundred times."""
    entities = "".join(f'<!ENTITY e{n} "&e{n - 1};&e{n - 1};">' for n in range(1, 100))
    sheet = (
        f'<!DOCTYPE worksheet [<!ENTITY e0 "ha">{entities}]><worksheet xmlns="{MAIN}"><sheetData>'
        '<row r="1"><c r="A1" t="str"><v>&e99;</v></c></row></sheetData></worksheet>'
    )
    return with_parts(workbook("<sheetData/>"), {"xl/worksheets/sheet1.xml": sheet.encode()})


def with_parts(package: bytes, replaced: Mapping[str, bytes]) -> bytes:
    """Packs an Office file again with some parts replaced or added."""
    with zipfile.ZipFile(io.BytesIO(package)) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    return deflated({**parts, **replaced})


# --- .xlsb with everything -----------------------------------------------------------------------


def rich_xlsb() -> bytes:
    """A binary workbook with every kind of cell, a hidden row, column and sheet, a merge, and 1904 dates.

    Visible sheet "Liste": A1 shared text, B1 packed integer, C1 packed hundredths, D1 real; A2 (hidden row)
    text, B2 date 1985-04-03, C2 true, D2 #N/A; A3 formula text, B3 formula number, C3 formula true,
    D3 formula error, E3 rich text; A4:D4 merged; column E hidden. Hidden sheet "Kodlar": A1 text.
    """

    def at(column: int, style: int = 0) -> bytes:
        return struct.pack("<LL", column, style)

    first = (
        _brt(60, struct.pack("<LLLLH", 4, 4, 2560, 0, 1))
        + _brt(145)
        + _row(0)
        + _brt(7, at(0) + struct.pack("<L", 1))
        + _brt(2, at(1) + struct.pack("<L", 42 << 2 | 2))
        + _brt(2, at(2) + struct.pack("<L", (1050 << 2 | 3)))
        + _brt(5, at(3) + struct.pack("<d", 10000000146.0))
        + _row(1, hidden=True)
        + _brt(6, at(0) + _wide("gizli"))
        + _brt(5, at(1, 1) + struct.pack("<d", 29678.0))
        + _brt(4, at(2) + b"\1")
        + _brt(3, at(3) + b"\x2a")
        + _row(2)
        + _brt(8, at(0) + _wide("ĞÜŞ") + bytes(10))
        + _brt(9, at(1) + struct.pack("<d", 1.5) + bytes(10))
        + _brt(10, at(2) + b"\1" + bytes(10))
        + _brt(11, at(3) + b"\x07" + bytes(10))
        + _brt(62, at(4) + b"\0" + _wide("zengin"))
        + _row(3)
        + _brt(1, at(0))
        + _brt(146)
        + _brt(177, struct.pack("<L", 1))
        + _brt(176, struct.pack("<LLLL", 3, 3, 0, 3))
        + _brt(178)
    )
    second = _brt(145) + _row(0) + _brt(6, at(0) + _wide("1 İlk")) + _brt(146)
    size = _brt(148, struct.pack("<LLLL", 0, 3, 0, 4))
    return packed(
        {
            "[Content_Types].xml": (
                f'<Types xmlns="{PACKAGE}/content-types"><Override PartName="/xl/workbook.bin" ContentType='
                '"application/vnd.ms-excel.sheet.binary.macroEnabled.main"/></Types>'
            ).encode(),
            "_rels/.rels": relationships(("rId1", "officeDocument", "xl/workbook.bin")).encode(),
            "xl/_rels/workbook.bin.rels": relationships(
                ("rId1", "worksheet", "worksheets/sheet1.bin"),
                ("rId2", "worksheet", "worksheets/sheet2.bin"),
                ("rId3", "styles", "styles.bin"),
                ("rId4", "sharedStrings", "sharedStrings.bin"),
            ).encode(),
            "xl/workbook.bin": (
                _brt(131)
                + _brt(153, struct.pack("<LL", 1, 0) + _wide(""))
                + _brt(143)
                + _brt(156, struct.pack("<LL", 0, 1) + _wide("rId1") + _wide("Liste"))
                + _brt(156, struct.pack("<LL", 1, 2) + _wide("rId2") + _wide("Kodlar"))
                + _brt(144)
                + _brt(132)
            ),
            "xl/styles.bin": (
                _brt(278)
                + _brt(615, struct.pack("<L", 1))
                + _brt(44, struct.pack("<H", 164) + _wide("dd.mm.yyyy"))
                + _brt(616)
                + _brt(626, struct.pack("<L", 1))
                + _brt(47, struct.pack("<HHHHH", 0xFFFF, 14, 0, 0, 0).ljust(16, b"\0"))
                + _brt(627)
                + _brt(617, struct.pack("<L", 2))
                + _brt(47, bytes(16))
                + _brt(47, struct.pack("<HHHHH", 0, 164, 0, 0, 0).ljust(16, b"\0"))
                + _brt(618)
                + _brt(279)
            ),
            "xl/sharedStrings.bin": (
                _brt(159, struct.pack("<LL", 2, 2))
                + _brt(19, b"\0" + _wide("boş"))
                + _brt(19, b"\0" + _wide("Kimlik\nNo"))
                + _brt(160)
            ),
            "xl/worksheets/sheet1.bin": _brt(129) + size + first + _brt(130),
            "xl/worksheets/sheet2.bin": _brt(129) + size + second + _brt(130),
        }
    )


def _row(number: int, hidden: bool = False) -> bytes:
    return _brt(0, struct.pack("<LLHBBBL", number, 0, 300, 0, 0x10 if hidden else 0, 0, 0))


def _brt(kind: int, data: bytes = b"") -> bytes:
    head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    length = len(data)
    while length > 127:
        head += bytes([length & 0x7F | 0x80])
        length >>= 7
    return head + bytes([length]) + data


def _wide(text: str) -> bytes:
    coded = text.encode("utf-16-le")
    return struct.pack("<L", len(coded) // 2) + coded


# --- OpenDocument, part by part ------------------------------------------------------------------

_SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("office", "table", "text", "style", "draw")
)


def open_document(tables: str, kind: str = "spreadsheet", styles: str = "", manifest: str = "") -> bytes:
    """Packs an .ods or .odt from the inside of its body."""
    body = "spreadsheet" if kind == "spreadsheet" else "text"
    content = (
        f"<office:document-content {_SPACES}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:{body}>{tables}</office:{body}></office:body></office:document-content>"
    )
    media_type = f"application/vnd.oasis.opendocument.{kind}".encode()
    return packed(
        {
            "mimetype": media_type,
            "content.xml": content.encode(),
            "META-INF/manifest.xml": f"<manifest:manifest>{manifest}</manifest:manifest>".encode(),
        }
    )


# --- OLE, Word, mail and web --------------------------------------------------------------------------


def ole_with(stream_name: str) -> bytes:
    """Packs an OLE file with one stream of that name and nothing in it."""
    target = io.BytesIO()
    XlsDoc().save(target, b"")
    data = bytearray(target.getvalue())
    coded = f"{stream_name}\0".encode("utf-16-le")
    at = data.rindex("Workbook\0".encode("utf-16-le"))
    # The name has 64 bytes, and behind them stands how many of them it needs.
    data[at : at + 66] = coded.ljust(64, b"\0") + struct.pack("<H", len(coded))
    return bytes(data)


def word_with(body: str, media: Mapping[str, bytes]) -> bytes:
    """Packs a Word document from the inside of its body and the files set into it."""
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    document = f'<w:document xmlns:w="{space}"><w:body>{body}</w:body></w:document>'
    return packed(
        {
            "[Content_Types].xml": (
                f'<Types xmlns="{PACKAGE}/content-types"><Override PartName="/word/document.xml" ContentType='
                '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
            ).encode(),
            "_rels/.rels": relationships(("rId1", "officeDocument", "word/document.xml")).encode(),
            "word/document.xml": document.encode(),
            **media,
        }
    )


def web_archive(page: bytes) -> bytes:
    """Excel's "single file web page" around one page."""
    return (
        b"MIME-Version: 1.0\r\nX-Document-Type: Workbook\r\n"
        b'Content-Type: multipart/related; boundary="x"\r\n\r\n'
        b"--x\r\nContent-Type: text/html; charset=windows-1254\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + b64encode(page)
        + b"\r\n--x--\r\n"
    )


def excel_2003_xml(table: str) -> bytes:
    """An "XML Spreadsheet 2003" with one sheet, from the inside of its table."""
    return (
        '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>'
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
        'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">'
        f'<Worksheet ss:Name="Liste"><Table>{table}</Table></Worksheet></Workbook>'
    ).encode()


# --- breaking them -------------------------------------------------------------------------------


def healthy_files() -> dict[str, bytes]:
    """One list in every kind of file that the scanner opens."""
    grid = filled(OFFICIAL, [entry(person) for person in PEOPLE[:3]])
    old, new = xls(grid), xlsx(grid)
    return {
        "xls": old,
        "xls-biff5": xls_of_excel_95(grid),
        "xls-locked": xls_with_password(old, "VelvetSweatshop"),
        "xlsx": new,
        "xlsx-strict": strict_xlsx(grid),
        "xlsx-locked": encrypted(new, "VelvetSweatshop"),
        "xlsb": xlsb(grid),
        "xlsb-rich": rich_xlsb(),
        "ods": ods(grid),
        "html": html_file(grid, "windows-1254"),
        "mhtml": web_archive(html_file(grid, "windows-1254")),
        "xml-2003": excel_2003_xml('<Row><Cell ss:Index="2"><Data ss:Type="Number">1</Data></Cell></Row>'),
        "csv": csv_file(grid, "windows-1254"),
        "docx": docx(grid),
        "zip": deflated({"liste.xls": old, "liste.xlsx": new}),
        "winmail": tnef("liste.xls", old),
    }


_HOSTILE = (
    b"",
    b"-1",
    b"0",
    b"4294967296",
    b"99999999999999999999",
    b"1e999",
    b"A",
    "Ş".encode(),
    b"A0",
    b"ZZZZ9",
)


def broken(data: bytes, chance: random.Random) -> bytes:
    """Breaks a file: outside, or – for what is packed – inside a part, so that every checksum holds."""
    if data.startswith(b"PK") and chance.random() < 0.7:
        with zipfile.ZipFile(io.BytesIO(data)) as source:
            parts = {name: source.read(name) for name in source.namelist()}
        name = chance.choice(sorted(parts))
        parts[name] = _broken_bytes(parts[name], chance)
        return deflated(parts)
    return _broken_bytes(data, chance)


def _broken_bytes(data: bytes, chance: random.Random) -> bytes:
    if not data:
        return data
    found = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 5))):
        at = chance.randrange(len(found)) if found else 0
        match chance.randrange(6):
            case 0:
                found[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del found[at:]
            case 2:
                del found[at : at + chance.randrange(1, 64)]
            case 3:
                found[at:at] = found[at : at + chance.randrange(1, 400)]
            case 4:
                found[at : at + 4] = struct.pack("<L", chance.choice((0, 0xFFFFFFFF, 0x7FFFFFFF, 0x10000)))
            case 5:
                found = _hostile_attribute(found, chance)
    return bytes(found)


def _hostile_attribute(data: bytearray, chance: random.Random) -> bytearray:
    quotes = [i for i, byte in enumerate(data) if byte == 0x22]
    if len(quotes) < 2:
        return data
    start = chance.randrange(len(quotes) - 1)
    data[quotes[start] + 1 : quotes[start + 1]] = chance.choice(_HOSTILE)
    return data


class Broken(NamedTuple):
    """What became of broken files."""

    done: int
    problems: Mapping[str, int]
    surprises: tuple[str, ...]
    slowest: float


def scan_broken(seed: int, count: int, seconds: float) -> Broken:
    """Scans broken files, with the memory of a worker; to be run in a process of its own."""
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    chance = random.Random(seed)
    files = healthy_files()
    problems: Counter[str] = Counter()
    surprises: list[str] = []
    slowest = 0.0
    deadline = time.monotonic() + seconds
    done = 0
    while done < count and time.monotonic() < deadline:
        name = chance.choice(sorted(files))
        data = broken(files[name], chance)
        started = time.process_time()
        try:
            transcript = transcribe(data, Clues())
            if TRANSCRIPTS.validate_python(plain(transcript)) != transcript:
                surprises.append(f"{name}: another transcript after the round trip")
            problems[transcript.problem] += 1
        except BaseException as fault:
            surprises.append(f"{name}: {fault!r}")
        slowest = max(slowest, time.process_time() - started)
        done += 1
    return Broken(done, dict(problems), tuple(surprises), slowest)
