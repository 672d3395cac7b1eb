"""What a worker's task does with the second engine; imported in the worker by name."""

from __future__ import annotations

import io

from PIL import Image

from pipeline.sandbox.scanner.second_engine import texts_of


def texts_in(data: bytes) -> tuple[str, ...] | None:
    """Reads one picture of a line."""
    with Image.open(io.BytesIO(data)) as picture:
        return texts_of([picture.convert("L")])
