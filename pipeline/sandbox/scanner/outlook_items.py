"""outlook_items: a mail that Outlook saved as a file (.msg) → its words and the files in it."""

from __future__ import annotations

import io

import olefile

from pipeline.domain import FileKind, Transcript
from pipeline.sandbox.scanner.containers import Inner, ReadInner
from pipeline.sandbox.scanner.limits import MAX_HEARD, Allowance, Unreadable

# Names of properties (MS-OXMSG); the last four digits tell bytes, UTF-16 and the sender's code page apart.
_PROPERTY = "__substg1.0_"
_BYTES, _WIDE, _NARROW, _FOLDER = "0102", "001F", "001E", "000D"
_BODY, _CONTENT, _LONG_NAME, _SHORT_NAME = "1000", "3701", "3707", "3704"
_ENCLOSURE = "__attach_version1.0_"


def read_outlook_item(data: bytes, allowance: Allowance, read_inner: ReadInner) -> tuple[str, Inner]:
    """Gives the words of a saved mail and its files; a mail inside it is not opened, and told by its reason.

    Raises Unreadable("mail_message") where nothing of it can be had.
    """
    # olefile answers damage with OSError, but also with IndexError, struct.error and others.
    with olefile.OleFileIO(io.BytesIO(data)) as ole:
        folders = sorted({e[0] for e in ole.listdir() if len(e) > 1 and e[0].startswith(_ENCLOSURE)})
        words = _text(ole, [], _BODY, allowance)[:MAX_HEARD]
        files = [_file(ole, folder, allowance) for folder in folders]
    if not (files or words.strip()):
        raise Unreadable("mail_message")
    closed = Transcript("", FileKind.OTHER, "msg", problem="mail_message")
    return words, tuple((name, closed if data is None else read_inner(data)) for name, data in files)


def _file(ole: olefile.OleFileIO, folder: str, allowance: Allowance) -> tuple[str, bytes | None]:
    allowance.take_file()
    name = _text(ole, [folder], _LONG_NAME, allowance) or _text(ole, [folder], _SHORT_NAME, allowance)
    # Where a folder stands in the place of bytes, it is a mail inside the mail.
    is_mail = ole.exists([folder, _PROPERTY + _CONTENT + _FOLDER])
    data = None if is_mail else _bytes(ole, [folder], _CONTENT + _BYTES, allowance)
    return name.replace("/", " ").strip("\0 ") or folder[-8:], data


def _text(ole: olefile.OleFileIO, folder: list[str], number: str, allowance: Allowance) -> str:
    wide = _bytes(ole, folder, number + _WIDE, allowance)
    if wide:
        return wide.decode("utf-16-le", "replace")
    return _bytes(ole, folder, number + _NARROW, allowance).decode("cp1254", "replace")


def _bytes(ole: olefile.OleFileIO, folder: list[str], name: str, allowance: Allowance) -> bytes:
    path = [*folder, _PROPERTY + name]
    if not ole.exists(path) or ole.get_type(path) != olefile.STGTY_STREAM:
        return b""
    allowance.take_unpacked(ole.get_size(path))
    content: bytes = ole.openstream(path).read()
    return content
