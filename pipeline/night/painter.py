"""painter: Drawing → PNG, for mail programs that show no SVG; the same bytes for the same drawing.

Drawn with Pillow, which is here for the receipts anyway: an import of 15 ms and 21 MB, where matplotlib
takes 0.3 s, 71 MB and a writable cache for its fonts. The font comes with reportlab, so that no host's own
fonts decide what the picture looks like.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from pipeline.night.charts import Drawing, Label

# Twice the size it is shown at, for screens of fine points.
_SCALE = 2
_ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}
_SIZE = 11.5


def paint(drawing: Drawing) -> bytes:
    """Paints a drawing."""
    image = Image.new("RGB", (round(drawing.width * _SCALE), round(drawing.height * _SCALE)), "white")
    brush = ImageDraw.Draw(image)
    for shape in drawing.shapes:
        if isinstance(shape, Label):
            at = (shape.x * _SCALE, shape.y * _SCALE)
            brush.text(at, shape.text, fill=shape.fill, font=_font(), anchor=_ANCHORS[shape.anchor])
        else:
            left, top = round(shape.x * _SCALE), round(shape.y * _SCALE)
            right, bottom = round((shape.x + shape.width) * _SCALE), round((shape.y + shape.height) * _SCALE)
            # Pillow's rectangles hold both their corners.
            brush.rectangle((left, top, max(left, right - 1), max(top, bottom - 1)), fill=shape.fill)
    stream = BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def font_file() -> Path:
    """Tells where the font is that everything of ours is drawn and printed in."""
    found = find_spec("reportlab")
    assert found
    assert found.submodule_search_locations
    return Path(found.submodule_search_locations[0]) / "fonts" / "Vera.ttf"


@cache
def _font() -> ImageFont.FreeTypeFont:
    # The basic layout needs no library of the host's to set a line.
    return ImageFont.truetype(str(font_file()), _SIZE * _SCALE, layout_engine=ImageFont.Layout.BASIC)
