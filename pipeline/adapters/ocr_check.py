"""ocr check: whether the workers can read scans at all."""

from __future__ import annotations

from concurrent.futures import Executor

from pipeline.adapters.scanner.ocr import missing


def ocr_problem(readers: Executor) -> str:
    """Names what the workers lack for reading scans: "no_tesseract", "no_turkish" data, or "" for nothing.

    Raises WorkerFailed where no worker can be had at all.
    """
    return readers.submit(missing, b"").result()
