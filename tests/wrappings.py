"""What mail programs, telephones and signing programs put around files, and beside them; written by hand."""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Mapping

from tests.workbooks import packed

_SIGNED, _ENVELOPED, _DATA = ("2a864886f70d0107" + last for last in ("02", "03", "01"))
_SHA256 = bytes.fromhex("300b0609608648016503040201")


def _der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = len(body)
    if size < 0x80:
        return bytes((tag, size)) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + body


def _ber(tag: int, *parts: bytes) -> bytes:
    return bytes((tag, 0x80)) + b"".join(parts) + b"\0\0"


def _oid(digits: str) -> bytes:
    return _der(0x06, bytes.fromhex(digits))


def signed(data: bytes | None) -> bytes:
    """A signed file in DER, or with None a signature that stands beside its file; nobody has signed it."""
    inside = () if data is None else (_der(0xA0, _der(0x04, data)),)
    content = _der(0x30, _oid(_DATA), *inside)
    whole = _der(0x30, _der(0x02, b"\1"), _der(0x31, _SHA256), content, _der(0x31))
    return _der(0x30, _oid(_SIGNED), _der(0xA0, whole))


def signed_in_pieces(data: bytes) -> bytes:
    """The same in BER, no length told and the file in pieces, as programs write that do not wait."""
    pieces = (_der(0x04, data[at : at + 1000]) for at in range(0, len(data), 1000))
    content = _ber(0x30, _oid(_DATA), _ber(0xA0, _ber(0x24, *pieces)))
    whole = _ber(0x30, _der(0x02, b"\1"), _ber(0x31, _SHA256), content, _der(0x31))
    return _ber(0x30, _oid(_SIGNED), _ber(0xA0, whole))


def signed_as_text(data: bytes) -> bytes:
    """A signed file as base64 between two lines that say what it is."""
    return b"-----BEGIN PKCS7-----\r\n" + base64.encodebytes(signed(data)) + b"-----END PKCS7-----\r\n"


def sealed(data: bytes) -> bytes:
    """A file encrypted for somebody else; what is inside is not read, and is not encrypted here."""
    content = _der(0x30, _oid(_DATA), _SHA256, _der(0x80, data))
    return _der(0x30, _oid(_ENVELOPED), _der(0xA0, _der(0x30, _der(0x02, b"\0"), _der(0x31), content)))


def uuencoded(name: str, data: bytes) -> str:
    """A file as lines of letters, as programs of the last century set it into the words of a mail."""
    lines = (binascii.b2a_uu(data[at : at + 45]).decode() for at in range(0, len(data), 45))
    return f"begin 644 {name}\n{''.join(lines)}`\nend\n"


def official_package(files: Mapping[str, bytes]) -> bytes:
    """An e-Yazışma package (.eyp) with a letter that no program opens, and these enclosures."""
    return packed(
        {
            "[Content_Types].xml": b'<?xml version="1.0"?><Types/>',
            "_rels/.rels": b'<?xml version="1.0"?><Relationships/>',
            "UstYazi/ustyazi.pdf": b"%PDF-1.7\n",
            "Ustveri/Ustveri.xml": b'<?xml version="1.0"?><Ustveri/>',
            "NihaiOzet/NihaiOzet.xml": b'<?xml version="1.0"?><NihaiOzet/>',
            "Imzalar/ImzaCades.imz": signed(None),
            **{f"Ekler/{name}": data for name, data in files.items()},
        }
    )


def resource_fork() -> bytes:
    """What a Macintosh keeps of a file beside it."""
    heads = struct.pack(">III", 9, 50, 32) + struct.pack(">III", 2, 82, 0)
    return b"\0\5\x16\7\0\2\0\0" + bytes(16) + struct.pack(">H", 2) + heads + b"XLSXXCEL" + bytes(24)


def film() -> bytes:
    """The first boxes of a film as an iPhone takes it with each photograph."""
    return (
        struct.pack(">I4s4sI4s", 20, b"ftyp", b"qt  ", 0, b"qt  ")
        + struct.pack(">I4s", 8, b"wide")
        + bytes(400)
    )


def winmail_without_files() -> bytes:
    """A winmail.dat that holds the letter once more and nothing else."""
    body = b"Form ektedir.\0"
    name, size = 0x0002800C, len(body)
    return (
        struct.pack("<IH", 0x223E9F78, 1)
        + struct.pack("<BII", 1, name, size)
        + body
        + struct.pack("<H", sum(body) & 0xFFFF)
    )


def dot() -> bytes:
    """A picture of one point, by which a sender counts who has opened a mail."""
    return base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


def package_of_pieces(name: str, pieces: Mapping[str, bytes]) -> bytes:
    """A ZIP archive as a Macintosh packs a folder, each file with a shadow of its own."""
    shadows = {f"__MACOSX/{name}/._{file}": resource_fork() for file in pieces}
    return packed({**{f"{name}/{file}": data for file, data in pieces.items()}, **shadows})


PGP_KEY = b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDMEZk...=\n-----END PGP PUBLIC KEY BLOCK-----\n"
PGP_SIGNATURE = b"-----BEGIN PGP SIGNATURE-----\n\niHUEABYK...=\n-----END PGP SIGNATURE-----\n"
PGP_MESSAGE = b"-----BEGIN PGP MESSAGE-----\n\nhF4D...=\n-----END PGP MESSAGE-----\n"
VCARD = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Birim Sekreteri\r\nEND:VCARD\r\n"
CALENDAR = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n"
FOLDER_SETTINGS = b"[.ShellClassInfo]\r\nIconResource=x.ico,0\r\n"
FOLDER_STORE = b"\0\0\0\1Bud1" + bytes(60)
PHOTO_CHANGES = (
    b'<?xml version="1.0"?><!DOCTYPE plist PUBLIC "x" "y"><plist><dict>'
    b"<key>adjustmentFormatIdentifier</key></dict></plist>"
)
# An invoice as accounting programs send it (UBL), and a page as a browser saves it.
INVOICE = b'<?xml version="1.0"?><Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"/>'
SAVED_PAGE = (
    '<html><head><meta charset="utf-8"></head><body><table><tr><td>İşlem Tutarı</td><td>780,00 TL</td></tr>'
    "</table></body></html>"
).encode()


# --- Outlook's own files ---------------------------------------------------------------------------

_SECTOR, _FREE, _LAST, _NONE, _TABLE = 512, 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
_SMALLEST = 4096


def ole(streams: Mapping[str, bytes]) -> bytes:
    """An OLE file with these streams, "folder/name" or "name"; short ones are filled up with zeros."""
    folders = sorted({name.rpartition("/")[0] for name in streams} - {""})
    names = ["", *folders, *sorted(streams)]
    children = {
        f: [i for i, n in enumerate(names) if n and n.rpartition("/")[0] == f] for f in ["", *folders]
    }
    sectors: list[bytes] = []
    table: list[int] = []

    def stored(data: bytes) -> int:
        begin, count = len(sectors), -(-len(data) // _SECTOR)
        sectors.extend(data[at : at + _SECTOR].ljust(_SECTOR, b"\0") for at in range(0, len(data), _SECTOR))
        table.extend([*range(begin + 1, begin + count), _LAST])
        return begin

    entries = []
    for number, name in enumerate(names):
        data = streams[name].ljust(_SMALLEST, b"\0") if name in streams else b""
        kind = 5 if not number else 2 if name in streams else 1
        within = children.get(name.rpartition("/")[0], []) if number else []
        after = within[within.index(number) + 1] if number in within[:-1] else _NONE
        below = children[name][0] if kind != 2 and children.get(name) else _NONE
        coded = ((name.rpartition("/")[2] or "Root Entry") + "\0").encode("utf-16-le")
        begin = stored(data) if data else (_LAST if kind == 5 else 0)
        entries.append(
            coded.ljust(64, b"\0")
            + struct.pack("<HBBIII", len(coded), kind, 1, _NONE, after, below)
            + bytes(36)
            + struct.pack("<IQ", begin, len(data))
        )
    blank = bytes(66) + struct.pack("<BBIII", 0, 1, _NONE, _NONE, _NONE) + bytes(48)
    entries += [blank] * (-len(entries) % 4)
    directory = stored(b"".join(entries))
    count = next(n for n in range(1, 109) if n * 128 >= len(table) + n)
    first = len(sectors)
    table += [_TABLE] * count
    table += [_FREE] * (count * 128 - len(table))
    packed_table = struct.pack(f"<{len(table)}I", *table)
    head = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(16)
        + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
        + bytes(6)
        + struct.pack("<IIIIIIIII", 0, count, directory, 0, _SMALLEST, _LAST, 0, _LAST, 0)
        + struct.pack("<109I", *range(first, first + count), *[_FREE] * (109 - count))
    )
    return head + b"".join(sectors) + packed_table


def outlook_item(words: str, files: Mapping[str, bytes]) -> bytes:
    """A mail that Outlook saved as .msg, with these words and files."""
    streams = {
        "__properties_version1.0": b"\0",
        "__substg1.0_1000001F": words.ljust(_SMALLEST // 2).encode("utf-16-le"),
    }
    for number, (name, data) in enumerate(files.items()):
        folder = f"__attach_version1.0_#{number:08X}"
        streams[f"{folder}/__substg1.0_3707001F"] = name.encode("utf-16-le")
        streams[f"{folder}/__substg1.0_37010102"] = data
    return ole(streams)
