"""tesseract: the system's OCR engine, called as a library, each look in a forked process of its own.

Starting the program and loading its data takes as long as reading a page. Here both are done once in a
process, and every look is a fork of it: as cheap as a call, and yet it can be killed, may crash, and leaves
nothing behind. The functions are those of <tesseract/capi.h>, version 5.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from PIL import Image

from pipeline.domain import Word
from pipeline.sandbox.scanner.forked import answer_of

LANGUAGE = "tur"
DATA_FILE = f"{LANGUAGE}.traineddata"
_LIBRARY = "libtesseract.so.5"

_FUNCTIONS = {
    "TessVersion": (ctypes.c_char_p, ()),
    "TessBaseAPIGetDatapath": (ctypes.c_char_p, (ctypes.c_void_p,)),
    "TessBaseAPICreate": (ctypes.c_void_p, ()),
    "TessBaseAPIInit3": (ctypes.c_int, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p)),
    "TessBaseAPISetVariable": (ctypes.c_int, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p)),
    "TessBaseAPISetPageSegMode": (None, (ctypes.c_void_p, ctypes.c_int)),
    "TessBaseAPISetImage": (None, (ctypes.c_void_p, ctypes.c_char_p, *[ctypes.c_int] * 4)),
    "TessBaseAPIGetTsvText": (ctypes.c_void_p, (ctypes.c_void_p, ctypes.c_int)),
}

_Engine = tuple[ctypes.CDLL, int]
Fault = Literal["missing", "without_turkish"]


class OcrUnavailable(Exception):
    """Says that tesseract, or its Turkish data, is not installed."""


def ocr_fault() -> Fault | None:
    """Names what is missing for OCR on this machine; None where it can read Turkish."""
    found = _engine(_LIBRARY, os.environ.get("TESSDATA_PREFIX"))
    return None if isinstance(found, tuple) else found


def ocr_identity() -> str | None:
    """Names the engine and the data that it reads Turkish by, the latter by its digest; None without them."""
    found = _engine(_LIBRARY, os.environ.get("TESSDATA_PREFIX"))
    if not isinstance(found, tuple):
        return None
    library, handle = found
    try:
        data = Path(os.fsdecode(library.TessBaseAPIGetDatapath(handle)), DATA_FILE).read_bytes()
    except OSError:
        return None
    return f"{library.TessVersion().decode()} {hashlib.sha256(data).hexdigest()[:16]}"


def table_of(picture: Image.Image, psm: int, threshold: int, seconds: float) -> str | None:
    """Gives tesseract's table (TSV without its heading) of a grey picture; None when it was killed or died.

    `seconds` are of processor time. Raises OcrUnavailable.
    """
    engine = _engine(_LIBRARY, os.environ.get("TESSDATA_PREFIX"))
    if not isinstance(engine, tuple):
        raise OcrUnavailable(engine)
    pixels = picture.tobytes()
    try:
        table = answer_of(lambda: _recognised(engine, pixels, picture.size, psm, threshold), seconds)
    except OSError as error:
        raise OcrUnavailable from error
    return None if table is None else table.decode("utf-8", "replace")


@cache
def _engine(library: str, data: str | None) -> _Engine | Fault:
    """Opens the library, with the data of that folder or of where it looks by itself."""
    # Read once, when the library is loaded: its own threads cost five times what they bring on a page.
    os.environ["OMP_THREAD_LIMIT"] = "1"
    try:
        engine = ctypes.CDLL(library)
    except OSError:
        return "missing"
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(engine, name)
        function.restype, function.argtypes = result, arguments
    handle: int = engine.TessBaseAPICreate()
    # It would tell the terminal what it thinks of a picture.
    engine.TessBaseAPISetVariable(handle, b"debug_file", os.devnull.encode())
    where = data.encode() if data else None
    return (
        "without_turkish" if engine.TessBaseAPIInit3(handle, where, LANGUAGE.encode()) else (engine, handle)
    )


# --- what it says ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seen:
    """One word as tesseract saw it: its line, its box in pixels of the picture it was given."""

    line: tuple[str, str, str]
    word: Word
    confidence: float


def seen_in(table: str) -> list[Seen]:
    """Gives the words of a table, without what no letter or digit is part of."""
    rows = (line.split("\t") for line in table.splitlines())
    return [
        Seen((row[2], row[3], row[4]), _word(row[11].strip(), *map(float, row[6:10])), float(row[10]))
        for row in rows
        # Rules and dust are read as dashes and bars, and would join what does not belong together.
        if len(row) == 12 and row[0] == "5" and any(ch.isalnum() or ch == "*" for ch in row[11])
    ]


def _word(text: str, left: float, top: float, width: float, height: float) -> Word:
    return Word(text, left, top, left + width, top + height)


# --- inside the fork ----------------------------------------------------------------------------


def _recognised(engine: _Engine, pixels: bytes, size: tuple[int, int], psm: int, threshold: int) -> bytes:
    library, handle = engine
    library.TessBaseAPISetVariable(handle, b"thresholding_method", str(threshold).encode())
    library.TessBaseAPISetPageSegMode(handle, psm)
    width, height = size
    library.TessBaseAPISetImage(handle, pixels, width, height, 1, width)
    return ctypes.string_at(library.TessBaseAPIGetTsvText(handle, 0))
