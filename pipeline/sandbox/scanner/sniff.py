"""sniff: what a file is, by its content and never by its name."""

from __future__ import annotations

import io
import re
import struct
from typing import NamedTuple

import olefile

from pipeline.domain import FileKind
from pipeline.mail import cms
from pipeline.sandbox.scanner.elements import Attributes, walk
from pipeline.sandbox.scanner.limits import MAX_PREFACE, Allowance, Unreadable
from pipeline.sandbox.scanner.packages import Package
from pipeline.sandbox.scanner.texts import decoded, delimiter
from pipeline.sandbox.scanner.wholeness import told_of

_HEAD = 4096


class Sniffed(NamedTuple):
    """A file's kind and exact format; `problem` where nothing reads such files, or this one is broken."""

    kind: FileKind
    format: str
    problem: str = ""


# A part that a program or a system has added, and that says nothing by itself.
_COMPANION = "companion"

_MAGIC = (
    (b"\xff\xd8\xff", Sniffed(FileKind.PICTURE, "jpeg")),
    (b"\x89PNG\r\n\x1a\n", Sniffed(FileKind.PICTURE, "png")),
    (b"GIF8", Sniffed(FileKind.PICTURE, "gif")),
    (b"\0\0\0\x0cjP  \r\n\x87\n", Sniffed(FileKind.PICTURE, "jp2")),
    (b"\xff\x4f\xff\x51", Sniffed(FileKind.PICTURE, "jp2")),
    (b"II*\0", Sniffed(FileKind.PICTURE, "tiff")),
    (b"MM\0*", Sniffed(FileKind.PICTURE, "tiff")),
    (b"\x78\x9f\x3e\x22", Sniffed(FileKind.ARCHIVE, "winmail")),
    (b"Rar!\x1a\x07", Sniffed(FileKind.ARCHIVE, "rar", "archive_unsupported")),
    (b"7z\xbc\xaf\x27\x1c", Sniffed(FileKind.ARCHIVE, "7z", "archive_unsupported")),
    (b"\x1f\x8b\x08", Sniffed(FileKind.ARCHIVE, "gzip", "archive_unsupported")),
    (b"BZh", Sniffed(FileKind.ARCHIVE, "bzip2", "archive_unsupported")),
    (b"\xfd7zXZ\0", Sniffed(FileKind.ARCHIVE, "xz", "archive_unsupported")),
    (b"MSCF", Sniffed(FileKind.ARCHIVE, "cab", "archive_unsupported")),
    (b"{\\rtf", Sniffed(FileKind.WORD, "rtf", "word_document")),
    (b"\0\0\0\x0cjP  \r\n\x87\n", Sniffed(FileKind.OTHER, "jp2", "picture_format")),
    (b"\xff\x4f\xff\x51", Sniffed(FileKind.OTHER, "j2k", "picture_format")),
    (b"8BPS", Sniffed(FileKind.OTHER, "psd", "picture_format")),
    (b"\xd7\xcd\xc6\x9a", Sniffed(FileKind.OTHER, "wmf", "picture_format")),
    (b"\0\x05\x16\x07", Sniffed(FileKind.OTHER, "appledouble", _COMPANION)),
    (b"\0\0\0\x01Bud1", Sniffed(FileKind.OTHER, "ds-store", _COMPANION)),
    (b"L\0\0\0\x01\x14\x02\0", Sniffed(FileKind.OTHER, "lnk", "link_file")),
    (b"AT&TFORM", Sniffed(FileKind.OTHER, "djvu", "page_document")),
    (b"%!PS", Sniffed(FileKind.OTHER, "postscript", "page_document")),
    (b"\x1a\x45\xdf\xa3", Sniffed(FileKind.OTHER, "matroska", "video")),
    (b"\0\0\x01\xba", Sniffed(FileKind.OTHER, "mpeg", "video")),
    (b"ID3\x03", Sniffed(FileKind.OTHER, "mp3", "audio")),
    (b"ID3\x04", Sniffed(FileKind.OTHER, "mp3", "audio")),
    (b"\xff\xfb", Sniffed(FileKind.OTHER, "mp3", "audio")),
    (b"OggS", Sniffed(FileKind.OTHER, "ogg", "audio")),
    (b"#!AMR", Sniffed(FileKind.OTHER, "amr", "audio")),
)
# What a file of the ISO base media kind is, by its brand; pictures among them are told before.
_AUDIO_BRANDS = frozenset({b"M4A ", b"M4B ", b"M4P "})
# How a text begins whose kind is known by that.
_TEXT_HEADS = (
    ("-----begin pgp public key block-----", Sniffed(FileKind.OTHER, "pgp-key", _COMPANION)),
    ("-----begin pgp signature-----", Sniffed(FileKind.OTHER, "pgp-signature", _COMPANION)),
    ("-----begin pgp message-----", Sniffed(FileKind.OTHER, "pgp-message", "encrypted_message")),
    ("-----begin certificate-----", Sniffed(FileKind.OTHER, "certificate", _COMPANION)),
    ("begin:vcard", Sniffed(FileKind.OTHER, "vcard", _COMPANION)),
    ("begin:vcalendar", Sniffed(FileKind.OTHER, "calendar", _COMPANION)),
    ("[.shellclassinfo]", Sniffed(FileKind.OTHER, "desktop-ini", _COMPANION)),
    ("[localizedfilenames]", Sniffed(FileKind.OTHER, "desktop-ini", _COMPANION)),
    ("[internetshortcut]", Sniffed(FileKind.TEXT, "url", "link_file")),
)
# Workbooks older than OLE files are a bare stream; their first record says so.
_BARE_BIFF = (
    b"\x09\x00\x04\x00",
    b"\x09\x02\x06\x00",
    b"\x09\x04\x06\x00",
    b"\x09\x08\x08\x00",
    b"\x09\x08\x10\x00",
)
_HEIF_BRANDS = frozenset(b"heic heix hevc hevx heim heis mif1 msf1 heif avif avis".split())
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# stream in an OLE file → what the file is; the first that is there counts
_OLE_STREAMS = (
    ("EncryptedPackage", Sniffed(FileKind.WORKBOOK, "encrypted")),
    ("Workbook", Sniffed(FileKind.WORKBOOK, "xls")),
    ("Book", Sniffed(FileKind.WORKBOOK, "xls")),
    ("WordDocument", Sniffed(FileKind.WORD, "doc", "word_document")),
    ("PowerPoint Document", Sniffed(FileKind.OTHER, "ppt", "presentation")),
    ("__properties_version1.0", Sniffed(FileKind.ARCHIVE, "msg")),
    ("Catalog", Sniffed(FileKind.OTHER, "thumbs-db", _COMPANION)),
)
# word in the content type of a package's main part → what the file is; the first that is there counts
_CONTENT_TYPES = (
    ("sheet.binary", Sniffed(FileKind.WORKBOOK, "xlsb")),
    ("macroenabled.main+xml", Sniffed(FileKind.WORKBOOK, "xlsm")),
    ("spreadsheetml", Sniffed(FileKind.WORKBOOK, "xlsx")),
    ("wordprocessingml", Sniffed(FileKind.WORD, "docx")),
    ("presentationml", Sniffed(FileKind.OTHER, "pptx", "presentation")),
)
_PARTS = (
    ("xl/workbook.bin", Sniffed(FileKind.WORKBOOK, "xlsb")),
    ("xl/workbook.xml", Sniffed(FileKind.WORKBOOK, "xlsx")),
    ("word/document.xml", Sniffed(FileKind.WORD, "docx")),
    ("ppt/presentation.xml", Sniffed(FileKind.OTHER, "pptx", "presentation")),
)
_OPEN_DOCUMENTS = {
    "spreadsheet": Sniffed(FileKind.WORKBOOK, "ods"),
    "spreadsheet-template": Sniffed(FileKind.WORKBOOK, "ods"),
    "text": Sniffed(FileKind.WORD, "odt"),
    "presentation": Sniffed(FileKind.OTHER, "odp", "presentation"),
}
_OPEN_DOCUMENT = re.compile(r"application/vnd\.oasis\.opendocument\.([a-z-]+)")
_STRICT = "http://purl.oclc.org/ooxml/"

_MAIL_HEADER = re.compile(
    r"(Return-Path|Received|From|To|Date|Subject|Message-ID|MIME-Version|Content-[\w-]+|X-[\w-]+): ", re.I
)
_FILM, _SOUND = Sniffed(FileKind.OTHER, "film", "video"), Sniffed(FileKind.OTHER, "sound", "audio")
# A download that was saved with what the server said before it.
_PDF_LATER = re.compile(rb"[\r\n]%PDF-\d\.\d[\r\n]")
_UNKNOWN = Sniffed(FileKind.OTHER, "", "unknown_format")


def sniff(data: bytes, allowance: Allowance) -> Sniffed:
    """Tells what a file is; never raises for bad content."""
    if not data:
        return Sniffed(FileKind.OTHER, "", "empty_file")
    if _is_pixel(data):
        return Sniffed(FileKind.OTHER, "pixel", _COMPANION)
    for magic, found in _MAGIC:
        if data.startswith(magic):
            return found
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip(data, allowance)
    if data.startswith(_OLE):
        return _ole(data)
    if data.startswith(_BARE_BIFF):
        return Sniffed(FileKind.WORKBOOK, "xls")
    if b"%PDF-" in data[:1024]:
        return Sniffed(FileKind.PDF, "pdf")
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return Sniffed(FileKind.PICTURE, "webp")
    if data[:2] == b"BM" and data[6:10] == b"\0\0\0\0":
        return Sniffed(FileKind.PICTURE, "bmp")
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        return Sniffed(FileKind.PICTURE, "heic")
    if data[:1] == b"\0" and data[4:8] in (b"ftyp", b"moov", b"wide", b"mdat"):
        return _SOUND if data[8:12] in _AUDIO_BRANDS else _FILM
    if data[:4] == b"RIFF" and data[8:12] in (b"AVI ", b"WAVE"):
        return _FILM if data[8:12] == b"AVI " else _SOUND
    if cms.is_cms(plain := cms.binary(data)):
        return _signed(plain)
    if data[257:262] == b"ustar":
        return Sniffed(FileKind.ARCHIVE, "tar", "archive_unsupported")
    if _PDF_LATER.search(data, 0, MAX_PREFACE):
        return Sniffed(FileKind.PDF, "pdf")
    return _text(data)


def _is_pixel(data: bytes) -> bool:
    """Tells whether a picture is a dot or a line by which senders of mails count their readers."""
    sides: tuple[int, int] = (1_000, 1_000)
    if data.startswith(b"\x89PNG\r\n\x1a\n") and len(data) >= 24:
        sides = struct.unpack(">II", data[16:24])
    elif data.startswith(b"GIF8") and len(data) >= 10:
        sides = struct.unpack("<HH", data[6:10])
    return max(sides) <= 3


def _signed(data: bytes) -> Sniffed:
    try:
        is_inside = cms.unwrapped(data) is not None
    except cms.Sealed:
        return Sniffed(FileKind.OTHER, "cms", "encrypted_message")
    except cms.Broken:
        return Sniffed(FileKind.OTHER, "cms", "signed_file")
    if is_inside:
        return Sniffed(FileKind.ARCHIVE, "signed")
    return Sniffed(FileKind.OTHER, "signature", _COMPANION)


def _zip(data: bytes, allowance: Allowance) -> Sniffed:
    try:
        package = Package(data, allowance)
        return _office(package, allowance) or _open_document(package) or _archive(package)
    except Unreadable as stop:
        guess = _cut_off_zip(data)
        return Sniffed(guess.kind, guess.format, told_of(stop, data))


def _cut_off_zip(data: bytes) -> Sniffed:
    """Guesses what a ZIP without its directory was, by the names before its parts."""
    for name, found in _PARTS:
        if name.encode() in data:
            return found
    head = data[:_HEAD]
    if b"xl/" in head:
        return Sniffed(FileKind.WORKBOOK, "xlsx")
    if b"word/" in head:
        return Sniffed(FileKind.WORD, "docx")
    declared = _OPEN_DOCUMENT.search(head.decode("latin-1"))
    return _OPEN_DOCUMENTS.get(declared[1], _UNKNOWN) if declared else Sniffed(FileKind.ARCHIVE, "zip")


def _office(package: Package, allowance: Allowance) -> Sniffed | None:
    main = package.main_part()
    if main is None:
        return next((found for name, found in _PARTS if name in package), None)
    types = _ContentTypes()
    if "[Content_Types].xml" in package:
        with package.open("[Content_Types].xml") as part:
            walk(part, types, allowance)
    content_type = types.of(main.target)
    for word, found in _CONTENT_TYPES:
        if word in content_type:
            strict = found.format == "xlsx" and main.type.startswith(_STRICT)
            return Sniffed(found.kind, "xlsx-strict") if strict else found
    return next((found for name, found in _PARTS if name == main.target), None)


class _ContentTypes:
    def __init__(self) -> None:
        self._overrides: dict[str, str] = {}
        self._defaults: dict[str, str] = {}

    def of(self, name: str) -> str:
        """The content type of a part, in lower case."""
        extension = name.rpartition(".")[2]
        return self._overrides.get(name.lower(), self._defaults.get(extension.lower(), "")).lower()

    def start(self, name: str, attributes: Attributes) -> None:
        content_type = attributes.get("ContentType", "")
        if name == "Override":
            self._overrides[attributes.get("PartName", "").lstrip("/").lower()] = content_type
        elif name == "Default":
            self._defaults[attributes.get("Extension", "").lower()] = content_type

    def end(self, name: str) -> None: ...

    def text(self, text: str) -> None: ...


def _open_document(package: Package) -> Sniffed | None:
    if "content.xml" not in package:
        return None
    manifest = _small_part(package, "META-INF/manifest.xml")
    declared = _small_part(package, "mimetype") or manifest
    found = _OPEN_DOCUMENT.search(declared)
    known = _OPEN_DOCUMENTS.get(found[1]) if found else None
    if known and "encryption-data" in manifest:
        return Sniffed(known.kind, known.format, "password_protected")
    return known


def _small_part(package: Package, name: str) -> str:
    return package.read(name).decode("utf-8", "replace") if name in package else ""


def _archive(package: Package) -> Sniffed:
    if any(name.endswith(".iwa") or name in ("index.zip", "index.apxl") for name in package.names):
        return Sniffed(FileKind.OTHER, "iwork", "apple_numbers")
    if any(name.endswith((".fdseq", ".fpage")) for name in package.names):
        return Sniffed(FileKind.OTHER, "xps", "page_document")
    if "content.xml" in package and b"<template" in package.read("content.xml")[:_HEAD]:
        return Sniffed(FileKind.OTHER, "udf", "page_document")
    if any(name.startswith("sifreliicerik") for name in package.names):
        return Sniffed(FileKind.OTHER, "eyps", "encrypted_message")
    if any(name.startswith(("ustveri/", "paketozeti/")) for name in package.names):
        return Sniffed(FileKind.ARCHIVE, "eyp")
    if "application/vnd.etsi.asic" in _small_part(package, "mimetype"):
        return Sniffed(FileKind.ARCHIVE, "asic")
    return Sniffed(FileKind.ARCHIVE, "zip")


def _ole(data: bytes) -> Sniffed:
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as ole:
            streams = {entry[0].lower() for entry in ole.listdir()}
    # olefile answers damage with OSError, but also with IndexError, struct.error and others.
    except Exception as fault:
        return Sniffed(*_cut_off_ole(data), told_of(fault, data))
    return next((found for name, found in _OLE_STREAMS if name.lower() in streams), _UNKNOWN)


def _cut_off_ole(data: bytes) -> tuple[FileKind, str]:
    for name, found in _OLE_STREAMS:
        if name.encode("utf-16-le") in data:
            return found.kind, found.format
    # The list of streams is at the end; a workbook that lies first still shows its first record.
    if data[512:].startswith(_BARE_BIFF):
        return FileKind.WORKBOOK, "xls"
    return FileKind.OTHER, ""


def _text(data: bytes) -> Sniffed:
    text = decoded(data)
    if text is None:
        return _UNKNOWN
    head = text[:_HEAD].lstrip().lower()
    if not head:
        return Sniffed(FileKind.OTHER, "", "empty_file")
    if head.startswith("<"):
        return _markup(head, text)
    for begins, found in _TEXT_HEADS:
        if head.startswith(begins):
            return found
    if _MAIL_HEADER.match(text.lstrip()):
        if "schemas-microsoft-com:office:excel" in text or "x-document-type: workbook" in head:
            return Sniffed(FileKind.WORKBOOK, "mhtml")
        if "multipart/related" in head:
            return Sniffed(FileKind.TEXT, "mhtml", "web_page")
        return Sniffed(FileKind.OTHER, "eml", "mail_message")
    if delimiter(text):
        return Sniffed(FileKind.WORKBOOK, "csv")
    return Sniffed(FileKind.TEXT, "text", "plain_text")


def _markup(head: str, text: str) -> Sniffed:
    if "urn:schemas-microsoft-com:office:spreadsheet" in head and "<html" not in head:
        return Sniffed(FileKind.WORKBOOK, "xml-2003")
    if "opendocument" in head and "office:document" in head:
        return Sniffed(FileKind.WORKBOOK, "fods")
    if "<table" in text.lower():
        return Sniffed(FileKind.WORKBOOK, "html")
    if "<html" in head or "<!doctype html" in head:
        return Sniffed(FileKind.TEXT, "html", "web_page")
    if "adjustmentformatidentifier" in head:
        return Sniffed(FileKind.OTHER, "aae", _COMPANION)
    if "<svg" in head:
        return Sniffed(FileKind.OTHER, "svg", "picture_format")
    if "doctype plist" in head and "<key>url</key>" in head:
        return Sniffed(FileKind.TEXT, "webloc", "link_file")
    if "urn:oasis:names:specification:ubl" in head:
        return Sniffed(FileKind.TEXT, "ubl", "invoice")
    if head.startswith("<?xml"):
        return Sniffed(FileKind.TEXT, "xml", "data_file")
    return Sniffed(FileKind.TEXT, "text", "plain_text")
