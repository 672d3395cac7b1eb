"""codes: picture of a page → what its QR codes say of a payment, in milliseconds where OCR takes seconds.

A code is a stranger's word in a stranger's library: it is read in a process of its own, and what is no
e-Dekont's, is too long or one too many is nothing.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass

import zxingcpp
from PIL import Image, ImageDraw

from pipeline.domain import Coded
from pipeline.papers.codes import MOST_LETTERS, coded_in
from pipeline.sandbox.scanner.forked import answer_of
from pipeline.sandbox.scanner.preparation import paper

Box = tuple[float, float, float, float]

LOOK_SECONDS = 1.0
# A receipt has one; a poster may have a few.
MOST_CODES = 8
# The share of a page's shorter side that a bank gives to a code.
_LARGEST = 0.35
# Pixels beyond which a code is seen no better.
_SIDE = 2_400


@dataclass(frozen=True, slots=True)
class Codes:
    """What the codes of a page say of a payment, each once, and the boxes of the smaller ones in pixels."""

    said: tuple[Coded, ...] = ()
    boxes: tuple[Box, ...] = ()


NO_CODES = Codes()


def codes_on(picture: Image.Image) -> Codes:
    """Reads the codes of a page."""
    grey = picture if picture.mode == "L" else picture.convert("L")
    shrink = min(1.0, _SIDE / max(grey.size))
    if shrink < 1:
        grey = grey.resize((max(1, round(grey.width * shrink)), max(1, round(grey.height * shrink))))
    try:
        answer = answer_of(lambda: _found_on(grey), LOOK_SECONDS)
    except OSError:
        answer = None
    found = json.loads(answer) if answer else []
    said = (coded for text, _ in found if (coded := coded_in(text)))
    boxes = tuple(
        (box[0] / shrink, box[1] / shrink, box[2] / shrink, box[3] / shrink)
        for _, box in found
        # Behind one as large as the page anything could be hidden.
        if max(box[2] - box[0], box[3] - box[1]) <= _LARGEST * min(grey.size)
    )
    return Codes(tuple(dict.fromkeys(said)), boxes)


def without_codes(picture: Image.Image, codes: Codes) -> Image.Image:
    """Covers the codes of a picture, whose colours it keeps: nobody has stamped them there."""
    if not codes.boxes:
        return picture
    bands = picture.split()
    for band in bands:
        ground, pen = paper(band), ImageDraw.Draw(band)
        for box in codes.boxes:
            pen.rectangle(box, fill=ground)
    return Image.merge(picture.mode, bands)


def _found_on(picture: Image.Image) -> bytes:
    found = []
    # Made here and let go: what a module keeps of the library's, the library complains of when a run ends.
    formats = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    for code in zxingcpp.read_barcodes(picture, formats=formats)[:MOST_CODES]:
        place = code.position
        corners = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
        xs, ys = [corner.x for corner in corners], [corner.y for corner in corners]
        beside = (max(xs) - min(xs)) / 40
        box = (min(xs) - beside, min(ys) - beside, max(xs) + beside, max(ys) + beside)
        # One may hold bytes that are no text.
        text = ""
        with suppress(Exception):
            text = code.text if len(code.text) <= MOST_LETTERS else ""
        found.append((text, box))
    return json.dumps(found).encode()
