"""likeness: picture of a page → a mark that stays nearly the same when the picture is saved or shrunk again.

A difference hash: each bit tells whether a coarse cell is clearly darker than its right neighbour. Receipts
of one bank are all alike in it, so that by itself it proves nothing.
"""

from __future__ import annotations

from itertools import pairwise

from PIL import Image

_SIDE = 16
# Grey levels, of 255, below which a difference is noise.
_CLEAR = 6


def likeness(picture: Image.Image) -> str:
    """Marks a picture with 64 hexadecimal digits."""
    cells = picture.convert("L").resize((_SIDE + 1, _SIDE), Image.Resampling.BOX).tobytes()
    rows = (cells[start : start + _SIDE + 1] for start in range(0, len(cells), _SIDE + 1))
    bits = "".join("1" if left - right > _CLEAR else "0" for row in rows for left, right in pairwise(row))
    return f"{int(bits, 2):064x}"
