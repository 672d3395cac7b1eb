"""second engine: pictures of lines → their texts, read by another engine than tesseract.

PP-OCRv6's recogniser errs elsewhere than tesseract does, so that what both read is read rightly. A worker
opens it once, before its first file; a stranger's picture meets it in forks alone.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from PIL import Image

from pipeline.sandbox.scanner.forked import answer_of

MODEL = Path(__file__).resolve().parent.parent / "models" / "PP-OCRv6_rec_small.onnx"
DIGEST = "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884"
# Processor seconds for reading the lines of a page.
SECONDS = 5.0
MOST_LINES = 30
# What the model was made for: lines so many pixels high, and no shorter than this; long ones cost time.
_HIGH, _SHORTEST, _LONGEST = 48, 320, 2_000


def engine_fault() -> Literal["missing", "altered"] | None:
    """Names what is wrong with the engine on this machine; None where it can read."""
    if not is_installed():
        return "missing"
    return None if _is_ours(MODEL.read_bytes()) else "altered"


@cache
def is_installed() -> bool:
    """Tells whether there are a model and what runs it."""
    return MODEL.is_file() and find_spec("onnxruntime") is not None


def texts_of(lines: Sequence[Image.Image]) -> tuple[str, ...] | None:
    """Reads grey pictures of single lines; None where the engine is not there, fails or takes too long."""
    engine = opened() if lines and len(lines) <= MOST_LINES else None
    if engine is None:
        return None
    try:
        answer = answer_of(lambda: json.dumps([*_read(engine, lines)]).encode(), SECONDS)
    except OSError:
        return None
    return tuple(json.loads(answer)) if answer else None


@dataclass(frozen=True, slots=True)
class Engine:
    """The open model, the name of what it is given, and the letters that its answers number."""

    session: Any
    given: str
    letters: Sequence[str]


def opened() -> Engine | None:
    """Opens the model once in a process, for all of its forks; None where it is missing or another one."""
    return _opened(MODEL) if is_installed() else None


@cache
def _opened(file: Path) -> Engine | None:
    model = file.read_bytes()
    if not _is_ours(model):
        return None
    session = _session(model)
    letters = ["", *session.get_modelmeta().custom_metadata_map["character"].splitlines(), " "]
    return Engine(session, session.get_inputs()[0].name, letters)


# --- inside the fork ----------------------------------------------------------------------------


def _read(engine: Engine, lines: Sequence[Image.Image]) -> list[str]:
    run, given = engine.session.run, engine.given
    return [_text(run(None, {given: _prepared(line)})[0][0], engine.letters) for line in lines]


def _is_ours(model: bytes) -> bool:
    return hashlib.sha256(model).hexdigest() == DIGEST


def _session(model: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # One thread: the worker's other processors have pages of their own.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _prepared(line: Image.Image) -> Any:
    """Makes of a line what the model takes: three like channels from -1 to 1, 0 where the line is over."""
    import numpy

    width = min(_LONGEST, max(1, math.ceil(_HIGH * line.width / line.height)))
    grey = numpy.asarray(line.convert("L").resize((width, _HIGH), Image.Resampling.BILINEAR), numpy.float32)
    given = numpy.zeros((1, 3, _HIGH, max(_SHORTEST, width)), numpy.float32)
    given[..., :width] = grey / 127.5 - 1
    return given


def _text(steps: Any, letters: Sequence[str]) -> str:
    """Takes the likeliest letter of each step, once for every run of it; the first letter is none."""
    best = steps.argmax(axis=1).tolist()
    before = [0, *best]
    return "".join(letters[at] for at, last in zip(best, before, strict=False) if at and at != last)
