"""workbooks: bytes of a workbook of any kind → its sheets, and what is worth a sentence about it."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace

from pipeline.domain import Sheet
from pipeline.sandbox.scanner.limits import Allowance, Unreadable

# Excel locks a workbook with this when it is only to be read; its sender never typed a password.
_BUILT_IN_PASSWORD = "VelvetSweatshop"
_SECOND_OPINION = frozenset({"xls", "xlsx", "xlsx-strict", "xlsm", "xlsb", "ods"})
_OLD_MACROS = "_VBA_PROJECT_CUR".encode("utf-16-le")

Read = tuple[tuple[Sheet, ...], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Workbook:
    """What a reader found: the exact format, the sheets, and names of things worth a sentence."""

    format: str
    sheets: tuple[Sheet, ...]
    notes: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not any(sheet.cells for sheet in self.sheets)


def read_workbook(data: bytes, file_format: str, allowance: Allowance) -> Workbook:
    """Reads a workbook whose format is sniffed; raises Unreadable, or any Exception of a broken reader.

    Notes: "macros", "formula_without_value", "second_reader".
    """
    found = _read(data, file_format, allowance)
    if found.is_empty and file_format in _SECOND_OPINION:
        from pipeline.sandbox.scanner.second_reader import second_reading

        second = replace(found, sheets=second_reading(data, allowance), notes=(*found.notes, "second_reader"))
        return found if second.is_empty else second
    return found


def _read(data: bytes, file_format: str, allowance: Allowance) -> Workbook:
    # A worker reads one file at a time; what its readers import is paid for by those who send such files.
    if file_format == "xls":
        from pipeline.sandbox.scanner.xls import read_xls

        exact, sheets = read_xls(data, allowance)
        return Workbook(exact, sheets, ("macros",) if _OLD_MACROS in data else ())
    return Workbook(file_format, *_reader(file_format)(data, allowance))


def _reader(file_format: str) -> Callable[[bytes, Allowance], Read]:
    from pipeline.sandbox.scanner import odf, ooxml, plain_tables, xlsb
    from pipeline.sandbox.scanner.packages import Package

    readers: dict[str, Callable[[bytes, Allowance], Read]] = {
        "csv": plain_tables.read_csv,
        "html": plain_tables.read_html,
        "mhtml": plain_tables.read_mhtml,
        "xml-2003": plain_tables.read_excel_2003_xml,
        "fods": odf.read_flat_odf,
        "ods": lambda data, allowance: odf.read_odf(Package(data, allowance), allowance),
        "xlsb": lambda data, allowance: xlsb.read_xlsb(Package(data, allowance), allowance),
    }
    return readers.get(
        file_format, lambda data, allowance: ooxml.read_ooxml(Package(data, allowance), allowance)
    )


def opened(data: bytes) -> bytes:
    """Opens a workbook that Excel locked with its built-in password.

    Raises Unreadable("password_protected") where somebody chose a password.
    """
    import msoffcrypto
    from msoffcrypto.exceptions import DecryptionError, FileFormatError, InvalidKeyError, ParseError

    plain = io.BytesIO()
    try:
        document = msoffcrypto.OfficeFile(io.BytesIO(data))
        # An old workbook is always opened by trying; a new one would be decrypted into rubbish.
        check = {"verify_password": True} if document.format == "ooxml" else {}
        document.load_key(password=_BUILT_IN_PASSWORD, **check)
        document.decrypt(plain)
    except MemoryError:
        raise
    # InvalidKeyError is the honest answer; odd ciphers and rights management end in its other types.
    except (FileFormatError, ParseError, DecryptionError, InvalidKeyError) as fault:
        raise Unreadable("password_protected") from fault
    return plain.getvalue()
