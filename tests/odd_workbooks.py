"""The rarer kinds of file in which lists come: old Excel, binary, OpenDocument, web page, protected.

Each writer is as small as its readers allow; each takes grids and gives the same bytes every time.
"""

from __future__ import annotations

import hashlib
import io
import re
import struct
import zipfile
from datetime import date
from html import escape

from xlwt.CompoundDoc import XlsDoc  # type: ignore[import-untyped]

from tests.workbooks import Grid, Value, packed, repacked, xls, xlsx

_EXCEL_DAY_0 = date(1899, 12, 30)


def _serial(day: date) -> int:
    return (day - _EXCEL_DAY_0).days


def _number(value: Value) -> float | None:
    if isinstance(value, date):
        return float(_serial(value))
    return float(value) if isinstance(value, int | float) else None


# --- OLE containers ------------------------------------------------------------------------------


def _ole(stream_name: str, stream: bytes) -> bytes:
    """Puts one stream into an OLE container under the name given."""
    target = io.BytesIO()
    XlsDoc().save(target, stream)
    default = "Workbook\0".encode("utf-16-le")
    wanted = f"{stream_name}\0".encode("utf-16-le")
    before, entry, after = target.getvalue().rpartition(default)
    rest = bytearray(after)
    # Behind the 64 bytes of the name stands its length.
    struct.pack_into("<H", rest, 64 - len(entry), len(wanted))
    return before + wanted.ljust(len(entry), b"\0") + bytes(rest)


def _stream_of(xls: bytes) -> bytes:
    """Takes the workbook stream out of an .xls that xlwt wrote, where it is one run of sectors."""
    size = struct.unpack_from("<L", xls, xls.rindex("Workbook\0".encode("utf-16-le")) + 120)[0]
    return xls[512 : 512 + size]


def _record(kind: int, data: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


# --- .xls of Excel 5.0/95 ------------------------------------------------------------------------


def xls_of_excel_95(*grids: Grid) -> bytes:
    """Writes BIFF5 with code page 1254, as Turkish offices saved it in the nineties."""
    begin = struct.pack("<HHHH", 0x0500, 0x0005, 0x0DBB, 1996)
    font = struct.pack("<HHHHHBBBB", 200, 0, 0x7FFF, 400, 0, 0, 2, 162, 0) + b"\x05Arial"
    day_format = struct.pack("<H", 164) + b"\x0aDD.MM.YYYY"
    plain_style, day_style = (struct.pack("<HH", 0, number).ljust(16, b"\0") for number in (0, 164))
    head = (
        _record(0x0809, begin)
        + _record(0x0042, struct.pack("<H", 1254))
        + _record(0x0031, font) * 4
        + _record(0x041E, day_format)
        + _record(0x00E0, plain_style) * 15
        + _record(0x00E0, day_style)
    )
    sheets = [_biff5_sheet(grid) for grid in grids]
    names = [grid.name.encode("cp1254") for grid in grids]
    place = len(head) + sum(4 + 7 + len(name) for name in names) + len(_record(0x000A))
    stream = head
    for name, sheet in zip(names, sheets, strict=True):
        stream += _record(0x0085, struct.pack("<LBBB", place, 0, 0, len(name)) + name)
        place += len(sheet)
    return _ole("Book", stream + _record(0x000A) + b"".join(sheets))


def _biff5_sheet(grid: Grid) -> bytes:
    begin = struct.pack("<HHHH", 0x0500, 0x0010, 0x0DBB, 1996)
    width = max(map(len, grid.rows))
    cells = b""
    for r, row in enumerate(grid.rows):
        for c, value in enumerate(row):
            number = _number(value)
            style = 15 if isinstance(value, date) else 14
            if number is not None:
                cells += _record(0x0203, struct.pack("<HHHd", r, c, style, number))
            elif value is not None:
                text = str(value).encode("cp1254")
                cells += _record(0x0204, struct.pack("<HHHH", r, c, style, len(text)) + text)
    size = struct.pack("<HHHHH", 0, len(grid.rows), 0, width, 0)
    return _record(0x0809, begin) + _record(0x0200, size) + cells + _record(0x000A)


# --- .xls under a password -----------------------------------------------------------------------

_NEVER_ENCRYPTED = {0x0809, 0x002F}
_BOUNDSHEET = 0x0085


def xls_with_password(xls: bytes, password: str) -> bytes:
    """Encrypts a BIFF8 .xls with RC4; "VelvetSweatshop" is what Excel uses without asking anybody."""
    salt = hashlib.md5(password.encode()).digest()
    verifier = hashlib.md5(salt).digest()
    cipher = _Rc4Blocks(password, salt)
    proof = cipher.applied(0, verifier + hashlib.md5(verifier).digest())
    file_pass = _record(0x002F, struct.pack("<HHH", 1, 1, 1) + salt + proof)
    result = b""
    for kind, data in _records(_stream_of(xls)):
        if kind == _BOUNDSHEET:
            # The place of the sheet stays readable, and moves by the record put in.
            moved = struct.unpack_from("<L", data)[0] + len(file_pass)
            start = len(result) + 4
            data = struct.pack("<L", moved) + cipher.applied(start, data)[4:]
        elif kind not in _NEVER_ENCRYPTED:
            data = cipher.applied(len(result) + 4, data)
        first = not result
        result += _record(kind, data)
        if first:
            result += file_pass
    # The container fills the stream up with zeros, which are read as records of four bytes each.
    if len(result) % 4:
        result += _record(0, bytes(-len(result) % 4))
    return _ole("Workbook", result)


def _records(stream: bytes) -> list[tuple[int, bytes]]:
    found = []
    at = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        if not kind:  # the zeros that fill the last sector
            break
        found.append((kind, stream[at + 4 : at + 4 + length]))
        at += 4 + length
    return found


class _Rc4Blocks:
    """The key stream of an encrypted .xls: RC4 with a new key for every 1024 bytes of the stream."""

    def __init__(self, password: str, salt: bytes) -> None:
        first = hashlib.md5(password.encode("utf-16-le")).digest()[:5]
        self._key = hashlib.md5((first + salt) * 16).digest()[:5]
        self._blocks: dict[int, bytes] = {}

    def applied(self, place: int, data: bytes) -> bytes:
        """Encrypts data that stands at a place of the stream."""
        return bytes(byte ^ self._at(place + i) for i, byte in enumerate(data))

    def _at(self, place: int) -> int:
        number, offset = divmod(place, 1024)
        if number not in self._blocks:
            key = hashlib.md5(self._key + struct.pack("<L", number)).digest()
            self._blocks[number] = _rc4(key, 1024)
        return self._blocks[number][offset]


def _rc4(key: bytes, length: int) -> bytes:
    box = list(range(256))
    j = 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) % 256
        box[i], box[j] = box[j], box[i]
    stream = bytearray()
    j = 0
    for n in range(1, length + 1):
        i = n % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        stream.append(box[(box[i] + box[j]) % 256])
    return bytes(stream)


# --- kin of .xlsx --------------------------------------------------------------------------------


def xlsm(*grids: Grid) -> bytes:
    """Writes a workbook with a macro project (an empty one) beside the sheets."""
    book = xlsx(*grids)
    types = _part(book, "[Content_Types].xml")
    types = types.replace(
        b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
        b"application/vnd.ms-excel.sheet.macroEnabled.main+xml",
    ).replace(
        b"</Types>",
        b'<Override PartName="/xl/vbaProject.bin" ContentType="application/vnd.ms-office.vbaProject"/>'
        b"</Types>",
    )
    relations = _part(book, "xl/_rels/workbook.xml.rels").replace(
        b"</Relationships>",
        b'<Relationship Id="rIdVba" Target="vbaProject.bin" '
        b'Type="http://schemas.microsoft.com/office/2006/relationships/vbaProject"/></Relationships>',
    )
    return repacked(
        book,
        {
            "[Content_Types].xml": types,
            "xl/_rels/workbook.xml.rels": relations,
            "xl/vbaProject.bin": _ole("VBA", b'Attribute VB_Name = "ThisWorkbook"\r\n'),
        },
    )


_STRICT = {
    b"http://schemas.openxmlformats.org/spreadsheetml/2006/main": b"http://purl.oclc.org/ooxml/spreadsheetml/main",
    b"http://schemas.openxmlformats.org/officeDocument/2006/relationships": (
        b"http://purl.oclc.org/ooxml/officeDocument/relationships"
    ),
    b"http://schemas.openxmlformats.org/drawingml/2006/main": b"http://purl.oclc.org/ooxml/drawingml/main",
}


def strict_xlsx(*grids: Grid) -> bytes:
    """Writes a workbook as "Strict Open XML Spreadsheet", which has namespaces of its own."""
    book = xlsx(*grids)
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        changed = {name: parts.read(name) for name in parts.namelist()}
    for name, data in changed.items():
        for loose, strict in _STRICT.items():
            data = data.replace(loose, strict)
        changed[name] = re.sub(rb"<workbook ", b'<workbook conformance="strict" ', data)
    return repacked(book, changed)


def lying_xlsx(grid: Grid) -> bytes:
    """Writes a workbook whose first sheet says that it ends at B2."""
    book = xlsx(grid)
    name = "xl/worksheets/sheet1.xml"
    sheet = re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:B2"', _part(book, name))
    return repacked(book, {name: sheet})


def _part(book: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        return parts.read(name)


# --- .xlsb ---------------------------------------------------------------------------------------


def xlsb(grid: Grid) -> bytes:
    """Writes an Excel binary workbook with one sheet."""
    types = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="bin" ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/>'
        '<Override PartName="/xl/worksheets/sheet1.bin" ContentType="application/vnd.ms-excel.worksheet"/>'
        '<Override PartName="/xl/styles.bin" ContentType="application/vnd.ms-excel.styles"/></Types>'
    )
    kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    begin = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    return packed(
        {
            "[Content_Types].xml": types.encode(),
            "_rels/.rels": (
                f'{begin}<Relationship Id="rId1" Type="{kinds}/officeDocument" Target="xl/workbook.bin"/>'
                "</Relationships>"
            ).encode(),
            "xl/_rels/workbook.bin.rels": (
                f'{begin}<Relationship Id="rId1" Type="{kinds}/worksheet" Target="worksheets/sheet1.bin"/>'
                f'<Relationship Id="rId2" Type="{kinds}/styles" Target="styles.bin"/></Relationships>'
            ).encode(),
            "xl/workbook.bin": (
                _brt(131)
                + _brt(153, struct.pack("<LL", 0, 0) + _wide(""))
                + _brt(143)
                + _brt(156, struct.pack("<LL", 0, 1) + _wide("rId1") + _wide(grid.name))
                + _brt(144)
                + _brt(132)
            ),
            "xl/styles.bin": (
                _brt(278)
                + _brt(617, struct.pack("<L", 2))
                + b"".join(
                    _brt(47, struct.pack("<HHHHH", 0, fmt, 0, 0, 0).ljust(16, b"\0")) for fmt in (0, 14)
                )
                + _brt(618)
                + _brt(279)
            ),
            "xl/worksheets/sheet1.bin": _xlsb_sheet(grid),
        }
    )


def _xlsb_sheet(grid: Grid) -> bytes:
    width = max(map(len, grid.rows))
    rows = b""
    for r, row in enumerate(grid.rows):
        rows += _brt(0, struct.pack("<LLHBBBL", r, 0, 300, 0, 0, 0, 0))
        for c, value in enumerate(row):
            at = struct.pack("<LL", c, 1 if isinstance(value, date) else 0)
            number = _number(value)
            if number is not None:
                rows += _brt(5, at + struct.pack("<d", number))
            elif value is not None:
                rows += _brt(6, at + _wide(str(value)))
    size = struct.pack("<LLLL", 0, len(grid.rows) - 1, 0, width - 1)
    return _brt(129) + _brt(148, size) + _brt(145) + rows + _brt(146) + _brt(130)


def xlsb_with_margin(grid: Grid, text: str) -> bytes:
    """Gives the sheet of a binary workbook a footer for its printed pages."""
    part, book = "xl/worksheets/sheet1.bin", xlsb(grid)
    with zipfile.ZipFile(io.BytesIO(book)) as whole:
        sheet = whole.read(part)
    none = struct.pack("<L", 0xFFFFFFFF)
    margins = _brt(479, b"\0\0" + none + _wide(f"&C{text}") + none * 4) + _brt(480)
    return repacked(book, {part: sheet.removesuffix(_brt(130)) + margins + _brt(130)})


def xlsb_with_comment(grid: Grid, row: int, column: int, text: str) -> bytes:
    """The same with a comment at one of its cells."""
    place = struct.pack("<IIIII16x", 0, row, row, column, column)
    said = _brt(637, b"\0" + _wide(text))
    comments = b"".join((_brt(628), _brt(633), _brt(635, place), said, _brt(636), _brt(634), _brt(629)))
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/comments"
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{kind}" Target="../comments1.bin"/></Relationships>'
    )
    added = {"xl/worksheets/_rels/sheet1.bin.rels": relations.encode(), "xl/comments1.bin": comments}
    return repacked(xlsb(grid), added)


def _brt(kind: int, data: bytes = b"") -> bytes:
    """One record: its kind in one or two bytes, its length in groups of seven bits."""
    head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    length = len(data)
    while length > 127:
        head += bytes([length & 0x7F | 0x80])
        length >>= 7
    return head + bytes([length]) + data


def _wide(text: str) -> bytes:
    coded = text.encode("utf-16-le")
    return struct.pack("<L", len(coded) // 2) + coded


# --- .ods ----------------------------------------------------------------------------------------


def ods(*grids: Grid) -> bytes:
    """Writes an OpenDocument spreadsheet as LibreOffice saves it, without styles."""
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    tables = "".join(
        f'<table:table table:name="{escape(grid.name)}">{"".join(map(_ods_row, grid.rows))}</table:table>'
        for grid in grids
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces} office:version="1.2">'
        f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    )
    media_type = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{media_type}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
        "</manifest:manifest>"
    )
    return packed(
        {
            "mimetype": media_type.encode(),
            "content.xml": content.encode(),
            "META-INF/manifest.xml": manifest.encode(),
        }
    )


def ods_with_note(grid: Grid, row: int, column: int, text: str) -> bytes:
    """Writes an OpenDocument spreadsheet with a comment at one cell, which may lie below all others."""
    rows = [[*line] for line in (*grid.rows, *[()] * (row + 1 - len(grid.rows)))]
    rows[row] += [None] * (column + 1 - len(rows[row]))
    value, rows[row][column] = rows[row][column], "comment here"
    book = ods(Grid(grid.name, tuple(map(tuple, rows))))
    day = '<dc:date xmlns:dc="http://purl.org/dc/elements/1.1/">2024-06-01T10:00:00</dc:date>'
    note = f"<office:annotation>{day}<text:p>{escape(text)}</text:p></office:annotation>"
    shown = "" if value is None else f"<text:p>{escape(_shown(value))}</text:p>"
    content = _part(book, "content.xml").replace(b"<text:p>comment here</text:p>", (note + shown).encode())
    return repacked(book, {"content.xml": content})


def xls_with_note(grid: Grid, row: int, column: int, text: str) -> bytes:
    """Writes BIFF8 with one comment: an object, its text, and the cell that it belongs to."""
    stream = _stream_of(xls(grid))
    # The object's head says that it is a comment, and which.
    head = _record(0x5D, struct.pack("<5H12x", 0x15, 18, 0x19, 1, 0) + bytes(4))
    words = _record(0x1B6, struct.pack("<HH6sHHHI", 0x212, 0, b"", len(text), 16, 0, 0))
    said = _record(0x3C, b"\1" + text.encode("utf-16-le"))
    runs = _record(0x3C, struct.pack("<HH4xHH4x", 0, 0, len(text), 0))
    note = _record(0x1C, struct.pack("<4H", row, column, 0, 1) + struct.pack("<HB", 1, 0) + b"P\0")
    parts = _records(stream)
    end = max(at for at, (kind, _data) in enumerate(parts) if kind == 0x0A)
    before = b"".join(_record(*part) for part in parts[:end])
    return _ole("Workbook", before + head + words + said + runs + note + _record(0x0A))


def ods_with_margin(grid: Grid, text: str) -> bytes:
    """The same, whose printed pages have these words at their head."""
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "style", "text")
    )
    style = (
        f'<office:document-styles {names}><office:master-styles><style:master-page style:name="Default">'
        f"<style:header><text:p>{escape(text)} <text:sheet-name>???</text:sheet-name></text:p></style:header>"
        '<style:footer style:display="false"><text:p>VAZGEÇENLER</text:p></style:footer>'
        "</style:master-page></office:master-styles></office:document-styles>"
    )
    return repacked(ods(grid), {"styles.xml": style.encode()})


def ods_with_box(grid: Grid, text: str) -> bytes:
    """The same with a text box that lies over its cells."""
    box = (
        '<table:shapes><draw:frame xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0">'
        f"<draw:text-box><text:p>{escape(text)}</text:p></draw:text-box></draw:frame></table:shapes>"
    )
    with zipfile.ZipFile(io.BytesIO(ods(grid))) as whole:
        content = whole.read("content.xml").decode()
    content = content.replace("<table:table-row", f"{box}<table:table-row", 1)
    return repacked(ods(grid), {"content.xml": content.encode()})


def xls_with_box(grid: Grid, text: str) -> bytes:
    """The .xls with a text box: what a note is drawn as, but for its sort."""
    noted = xls_with_note(grid, 0, 0, text)
    sort = b"\x15\x00\x12\x00"
    assert noted.count(sort + b"\x19\x00") == 1
    return noted.replace(sort + b"\x19\x00", sort + b"\x06\x00")


def xls_with_drawing(grid: Grid, sort: int, first: tuple[int, int], last: tuple[int, int]) -> bytes:
    """Draws something over an .xls: where it lies in its drawing format, what it is behind that."""
    (top, left), (bottom, right) = first, last
    anchor = struct.pack("<9H", 0, left, 9, top, 9, right, 9, bottom, 9)
    shape = struct.pack("<HHIII", 0x2, 0xF00A, 8, 1025, 0xA00)
    shape += struct.pack("<HHI", 0, 0xF010, 18) + anchor + struct.pack("<HHI", 0, 0xF011, 0)
    drawing = struct.pack("<HHI", 0xF, 0xF002, 16 + len(shape)) + struct.pack(
        "<HHI", 0xF, 0xF003, 8 + len(shape)
    )
    drawing += struct.pack("<HHI", 0xF, 0xF004, len(shape)) + shape
    head = struct.pack("<5H12x", 0x15, 18, sort, 1, 0) + bytes(4)
    added = _record(0xEC, drawing[:30]) + _record(0x3C, drawing[30:]) + _record(0x5D, head)
    parts = _records(_stream_of(xls(grid)))
    end = max(at for at, (kind, _data) in enumerate(parts) if kind == 0x0A)
    before = b"".join(_record(*part) for part in parts[:end])
    return _ole("Workbook", before + added + _record(0x0A))


def ods_with_drawing(grid: Grid, drawn: str, row: int) -> bytes:
    """The .ods with a drawn element in the first cell of a row."""
    book = ods(grid)
    with zipfile.ZipFile(io.BytesIO(book)) as whole:
        rows = whole.read("content.xml").decode().split("<table:table-row>")
    names = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{space}:1.0"'
        for name, space in (("draw", "drawing"), ("svg", "svg-compatible"))
    )
    tag, rest = drawn.split(" ", 1)
    rows[row + 1] = rows[row + 1].replace("</table:table-cell>", f"{tag}{names} {rest}</table:table-cell>", 1)
    return repacked(book, {"content.xml": "<table:table-row>".join(rows).encode()})


def with_picture(book: bytes, first: tuple[int, int], last: tuple[int, int] | None) -> bytes:
    """Lays a picture over the first sheet of an .xlsx or .xlsb; without a last cell, 40 points high."""
    book = with_shape(book, "", first, last or first)
    part = "xl/drawings/drawing1.xml"
    drawing = _part(book, part).decode()
    drawing = re.sub(r"<xdr:sp>.*</xdr:sp>", "<xdr:pic><xdr:nvPicPr/><xdr:blipFill/></xdr:pic>", drawing)
    if last is None:
        drawing = re.sub(r"<xdr:to>.*</xdr:to>", '<xdr:ext cx="900000" cy="508000"/>', drawing)
        drawing = drawing.replace("twoCellAnchor", "oneCellAnchor")
    return repacked(book, {part: drawing.encode()})


def with_shape(book: bytes, text: str, first: tuple[int, int], last: tuple[int, int]) -> bytes:
    """Draws a shape over the first sheet of an .xlsx or .xlsb: a text box, or without words a line."""
    (top, left), (bottom, right) = first, last
    corners = "".join(
        f"<xdr:{end}><xdr:col>{column}</xdr:col><xdr:colOff>9</xdr:colOff><xdr:row>{row}</xdr:row>"
        f"<xdr:rowOff>9</xdr:rowOff></xdr:{end}>"
        for end, row, column in (("from", top, left), ("to", bottom, right))
    )
    halves = "".join(f"<a:r><a:t>{escape(half)}</a:t></a:r>" for half in (text[:4], text[4:]))
    body = f"<xdr:txBody><a:bodyPr/><a:p>{halves}</a:p></xdr:txBody>" if text else ""
    drawing = (
        '<xdr:wsDr xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing" '
        'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main">'
        f"<xdr:twoCellAnchor>{corners}<xdr:sp><xdr:nvSpPr/><xdr:spPr/>{body}</xdr:sp><xdr:clientData/>"
        "</xdr:twoCellAnchor></xdr:wsDr>"
    )
    with zipfile.ZipFile(io.BytesIO(book)) as whole:
        (sheet,) = (
            name for name in whole.namelist() if re.fullmatch(r"xl/worksheets/sheet1\.(xml|bin)", name)
        )
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/drawing"
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{kind}" Target="../drawings/drawing1.xml"/></Relationships>'
    )
    folder, _, name = sheet.rpartition("/")
    added = {f"{folder}/_rels/{name}.rels": relations.encode(), "xl/drawings/drawing1.xml": drawing.encode()}
    return repacked(book, added)


def with_margin(book: bytes, text: str) -> bytes:
    """Gives the first sheet of an .xlsx a header for its printed pages."""
    part = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(io.BytesIO(book)) as whole:
        sheet = whole.read(part).decode()
    margin = f"<headerFooter><oddHeader>&amp;C&amp;14{escape(text)}</oddHeader></headerFooter></worksheet>"
    return repacked(book, {part: sheet.replace("</worksheet>", margin).encode()})


def _ods_row(row: tuple[Value, ...]) -> str:
    return f"<table:table-row>{''.join(map(_ods_cell, row)) or '<table:table-cell/>'}</table:table-row>"


def _ods_cell(value: Value) -> str:
    if value is None:
        return "<table:table-cell/>"
    if isinstance(value, date):
        kind = f'office:value-type="date" office:date-value="{value.isoformat()}"'
        shown = f"{value:%d.%m.%Y}"
    elif isinstance(value, str):
        kind, shown = 'office:value-type="string"', value
    else:
        kind, shown = f'office:value-type="float" office:value="{value}"', str(value)
    lines = "".join(f"<text:p>{escape(line)}</text:p>" for line in shown.split("\n"))
    return f"<table:table-cell {kind}>{lines}</table:table-cell>"


# --- text under the name .xls ----------------------------------------------------------------------


def _shown(value: Value) -> str:
    return f"{value:%d.%m.%Y}" if isinstance(value, date) else "" if value is None else str(value)


def html_table(grid: Grid) -> str:
    """Writes a grid as an HTML table, as web programs call "export to Excel"."""
    width = max(map(len, grid.rows))
    rows = []
    for row in grid.rows:
        cells = "".join(f"<td>{escape(_shown(value)).replace(chr(10), '<br>')}</td>" for value in row)
        rows.append(f"<tr>{cells}{'<td></td>' * (width - len(row))}</tr>")
    return f'<table border="1">{"".join(rows)}</table>'


def html_file(grid: Grid, charset: str) -> bytes:
    """A whole web page with one table."""
    return (
        f'<html><head><meta http-equiv="Content-Type" content="text/html; charset={charset}"></head>'
        f"<body>{html_table(grid)}</body></html>"
    ).encode(charset)


def csv_file(grid: Grid, charset: str, mark: str = ";") -> bytes:
    """Lines with a mark between values; Turkish Excel puts a semicolon, for the comma is decimal."""
    lines = []
    for row in grid.rows:
        values = [_shown(value) for value in row]
        lines.append(mark.join(f'"{v}"' if mark in v or "\n" in v else v for v in values))
    return ("\r\n".join(lines) + "\r\n").encode(charset)


# --- .docx ---------------------------------------------------------------------------------------


def docx(grid: Grid) -> bytes:
    """Writes a Word document with one table."""
    rows = "".join(
        "<w:tr>"
        + "".join(f"<w:tc><w:p><w:r><w:t>{escape(_shown(v))}</w:t></w:r></w:p></w:tc>" for v in row)
        + "</w:tr>"
        for row in grid.rows
    )
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    return packed(
        {
            "[Content_Types].xml": (
                '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
                '<Default Extension="rels" '
                'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
                f'<Override PartName="/word/document.xml" ContentType="{main}"/></Types>'
            ).encode(),
            "_rels/.rels": (
                '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
                f'<Relationship Id="rId1" Type="{relation}" Target="word/document.xml"/></Relationships>'
            ).encode(),
            "word/document.xml": (
                f'<w:document xmlns:w="{space}"><w:body><w:tbl>{rows}</w:tbl></w:body></w:document>'
            ).encode(),
        }
    )
