"""wholeness: whose fault is it that a file could not be read? The second look before one is called damaged.

A library that gives up proves little: the fault may be the library's, or ours. Only where the bytes
themselves end too early, do not begin as they should, or fail once more under a reader that does nothing
else, is their sender told so. Whatever is raised over a file is judged here and nowhere else.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from xml.parsers import expat

from pipeline.sandbox.scanner.limits import MAX_UNPACKED, Unreadable

_TAIL = 4096
# The record of a lock, right behind the first one of an old workbook.
_FILE_PASS = re.compile(rb"\x09\x08(?:\x08\x00.{8}|\x10\x00.{16})(?:\x86\x00\x00\x00)?\x2f\x00", re.DOTALL)
_OLE = b"\xd0\xcf\x11\xe0"
# A smaller file takes no more memory than a reader has, but for a mistake of the reader's.
LARGE = 5_000_000
# What libraries say of a ZIP, or of XML in it, that is broken or of a kind that nobody can read.
_GIVEN_UP = (
    *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, struct.error, expat.ExpatError),
    # "negative seek value": a directory that points before the file.
    ValueError,
)


def told_of(fault: Exception, data: bytes, file_format: str = "") -> str:
    """Names the problem with a file over which something was raised: its sender's only where that is sure.

    An `Unreadable` without a cause is what our own reader found in the file. What a library raised, itself
    or as the cause, counts for nothing by itself: the file is looked at again, and what is not plainly
    broken is "reader_failed", which a person looks at.
    """
    if isinstance(fault, MemoryError):
        return too_large(len(data))
    if isinstance(fault, Unreadable) and (fault.__cause__ is None or fault.problem == "password_protected"):
        return fault.problem
    problem = fault.problem if isinstance(fault, Unreadable) else "damaged_file"
    return problem if is_broken(data, file_format) else "reader_failed"


def too_large(size: int) -> str:
    """Names the problem with a file of so many bytes over which the memory, or the answer, ran out."""
    return "too_large" if size >= LARGE else "reader_failed"


def is_broken(data: bytes, file_format: str) -> bool:
    """Tells whether a file is plainly broken; nothing is said against one of which that cannot be told."""
    try:
        return _is_broken(data, file_format)
    # What broke the first look may break the second.
    except Exception:
        return False


def _is_broken(data: bytes, file_format: str) -> bool:
    if data.startswith(b"PK"):
        return _is_broken_zip(data)
    if file_format == "xls":
        is_cut = data.startswith(_OLE) and is_cut_ole(data)
        # What is locked is closed to python-calamine as well.
        return is_cut or (is_closed_workbook(data) and not _FILE_PASS.search(data))
    if data.startswith(_OLE):
        return is_cut_ole(data)
    if file_format == "pdf":
        return _has_no_page(data)
    if file_format == "winmail":
        return is_cut_winmail(data)
    if file_format in ("fods", "xml-2003"):
        return _is_broken_xml(data)
    return is_cut_picture(data, file_format)


def _is_broken_zip(data: bytes) -> bool:
    """Unpacks every part, as far as one may, and parses those of XML, with nothing of ours around it."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except _GIVEN_UP:
        return True
    parts = [part for part in archive.infolist() if not part.flag_bits & 1]
    if sum(part.file_size for part in parts) > MAX_UNPACKED:
        return False
    try:
        for part in parts:
            content = archive.read(part)
            if part.filename.lower().endswith((".xml", ".rels")):
                expat.ParserCreate().Parse(content, True)
    except _GIVEN_UP:
        return True
    return False


def _has_no_page(data: bytes) -> bool:
    """Asks pdfminer whether it finds any page."""
    from pdfminer.pdfdocument import PDFDocument
    from pdfminer.pdfpage import PDFPage
    from pdfminer.pdfparser import PDFParser
    from pdfminer.psexceptions import PSException

    try:
        return next(PDFPage.create_pages(PDFDocument(PDFParser(io.BytesIO(data)))), None) is None
    except PSException:
        return True


def _is_broken_xml(data: bytes) -> bool:
    try:
        expat.ParserCreate().Parse(data, True)
    except expat.ExpatError:
        return True
    return False


def is_cut_picture(data: bytes, file_format: str) -> bool:
    """Tells whether a picture lacks its end, or what its format begins with."""
    match file_format:
        case "jpeg" | "mpo":
            return not data.startswith(b"\xff\xd8") or b"\xff\xd9" not in data.rstrip(b"\0")[-_TAIL:]
        case "png":
            return not data.startswith(b"\x89PNG") or b"IEND" not in data.rstrip(b"\0")[-_TAIL:]
        case "gif":
            return b";" not in data[-_TAIL:]
        case "webp":
            return len(data) < 12 or int.from_bytes(data[4:8], "little") + 8 > len(data)
        case "bmp":
            return len(data) < 14 or int.from_bytes(data[2:6], "little") > len(data)
        case "tiff":
            (first,) = struct.unpack_from("<I" if data.startswith(b"II") else ">I", data.ljust(8, b"\0"), 4)
            return int(first) + 2 > len(data)
        case "heic":
            return b"meta" not in _boxes(data)
        case "jp2":
            return data.startswith(b"\0\0\0\x0c") and b"jp2c" not in _boxes(data)
    return False


def _boxes(data: bytes) -> frozenset[bytes]:
    """Names the boxes of a file of boxes that lie in it whole."""
    found: set[bytes] = set()
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if size == 1 and at + 16 <= len(data):
            size = struct.unpack_from(">Q", data, at + 8)[0]
        size = size or len(data) - at
        if size < 8 or at + size > len(data):
            break
        found.add(kind)
        at += size
    return frozenset(found)


def is_cut_ole(data: bytes) -> bool:
    """Tells whether an OLE file lacks the list of its streams, which mostly stands at its end."""
    if len(data) < 512:
        return True
    (power,) = struct.unpack_from("<H", data, 30)
    (directory,) = struct.unpack_from("<I", data, 48)
    return power not in (9, 12) or (directory + 2) << power > len(data)


def is_cut_winmail(data: bytes) -> bool:
    """Tells whether a winmail.dat ends within one of its parts."""
    at = 6
    while at < len(data):
        if at + 9 > len(data):
            return True
        at += 9 + int(struct.unpack_from("<I", data, at + 5)[0]) + 2
    return at > len(data)


def is_closed_workbook(data: bytes) -> bool:
    """Tells whether python-calamine, too, finds no workbook in a file."""
    from python_calamine import CalamineWorkbook

    try:
        CalamineWorkbook.from_filelike(io.BytesIO(data))
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    # A panic of Rust arrives as a BaseException that is no Exception.
    except BaseException:
        return True
    return False
