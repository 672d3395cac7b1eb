"""fitness: by what this machine reads: program, libraries, models, OCR data, sandbox.

Two machines that read by the same read alike. A reader that reads by anything else is not asked.
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from pipeline.sandbox.scanner.second_engine import MODEL
from pipeline.sandbox.scanner.tesseract import ocr_identity
from pipeline.sandbox.workers import WorkerFailed, sandbox_report

# What has to be the same, in the order in which it is told of.
PARTS = ("program", "libraries", "models", "tesseract")
SANDBOX = "sandbox"


def how_it_reads() -> dict[str, str]:
    """Tells of each of PARTS what it is on this machine, in a few plain letters."""
    return {
        "program": f"{version('nes-intake')} {_code()}",
        "libraries": _libraries(),
        "models": _digest(MODEL.read_bytes()) if MODEL.is_file() else "none",
        "tesseract": ocr_identity() or "none",
    }


def open_doors() -> str:
    """Names the protections that do not hold here; "" where all do."""
    try:
        return ", ".join(sorted(name for name, held in sandbox_report().items() if not held))
    except (WorkerFailed, OSError):
        return "none"


def mark_of(parts: Mapping[str, str]) -> str:
    """Gives the mark under which machines that read alike offer themselves, and are asked."""
    return f"reads-{_digest(json.dumps([parts[name] for name in PARTS]).encode())}"


def _code() -> str:
    """Gives a digest of the program's own code, wherever it is installed."""
    house = Path(__file__).resolve().parents[2]
    digest = hashlib.sha256()
    for file in sorted(house.rglob("*.py")):
        digest.update(f"{file.relative_to(house)}\n".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def _libraries() -> str:
    told = [platform.python_version()]
    for requirement in requires("nes-intake") or ():
        if "extra ==" not in requirement:
            name = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
            try:
                told.append(f"{name} {version(name)}")
            except PackageNotFoundError:
                told.append(name)
    return _digest("\n".join(sorted(told)).encode())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
