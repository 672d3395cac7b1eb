"""tesseract: the system's OCR engine, called as a library, each look in a forked process of its own.

Starting the program and loading its data takes as long as reading a page. Here both are done once in a
process, and every look is a fork of it: as cheap as a call, and yet it can be killed, may crash, and leaves
nothing behind. The functions are those of <tesseract/capi.h>, version 5.
"""

from __future__ import annotations

import ctypes
import math
import os
import resource
import select
import signal
import time
import warnings
from contextlib import suppress
from functools import cache
from typing import Literal, NoReturn

from PIL import Image

LANGUAGE = "tur"
# How much longer than its processor time a look may take by the clock on a busy machine.
PATIENCE = 4
_LIBRARY = "libtesseract.so.5"
_SOFTWARE_FAULT = 70

_FUNCTIONS = {
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


def table_of(picture: Image.Image, psm: int, threshold: int, seconds: float) -> str | None:
    """Gives tesseract's table (TSV without its heading) of a grey picture; None when it was killed or died.

    `seconds` are of processor time. Raises OcrUnavailable.
    """
    engine = _engine(_LIBRARY, os.environ.get("TESSDATA_PREFIX"))
    if not isinstance(engine, tuple):
        raise OcrUnavailable(engine)
    pixels = picture.tobytes()
    ours, theirs = os.pipe()
    try:
        with warnings.catch_warnings():
            # Python warns of threads and their locks. A worker has no others, and the child takes no lock.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
    except OSError as error:
        os.close(ours)
        os.close(theirs)
        raise OcrUnavailable from error
    if child == 0:
        _look(engine, pixels, picture.size, psm, threshold, math.ceil(seconds), theirs)
    os.close(theirs)
    with open(ours, "rb", buffering=0) as stream:
        # Processor time is the measure; the clock only ends what waits for something.
        table = _received(stream.fileno(), time.monotonic() + seconds * PATIENCE)
    if table is None:
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    return table.decode("utf-8", "replace") if table is not None and status == 0 else None


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


def _received(descriptor: int, deadline: float) -> bytes | None:
    """Reads to the end; None where that does not come in time."""
    received = bytearray()
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    while poll.poll(max(0, math.ceil(1000 * (deadline - time.monotonic())))):
        piece = os.read(descriptor, 65536)
        if not piece:
            return bytes(received)
        received += piece
    return None


# --- inside the fork ----------------------------------------------------------------------------


def _look(
    engine: _Engine,
    pixels: bytes,
    size: tuple[int, int],
    psm: int,
    threshold: int,
    seconds: int,
    answer: int,
) -> NoReturn:
    with suppress(BaseException):
        # Its image library talks to the terminal.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        with open(answer, "wb") as stream:
            stream.write(_recognised(engine, pixels, size, psm, threshold))
        os._exit(0)
    os._exit(_SOFTWARE_FAULT)


def _recognised(engine: _Engine, pixels: bytes, size: tuple[int, int], psm: int, threshold: int) -> bytes:
    library, handle = engine
    library.TessBaseAPISetVariable(handle, b"thresholding_method", str(threshold).encode())
    library.TessBaseAPISetPageSegMode(handle, psm)
    width, height = size
    library.TessBaseAPISetImage(handle, pixels, width, height, 1, width)
    return ctypes.string_at(library.TessBaseAPIGetTsvText(handle, 0))
