"""cut: bytes of a file and a part of one of its pages → a small grey PNG of that part, upright.

Runs in a worker process: the file is as untrusted now as when it was read.
"""

from __future__ import annotations

import io
import re
from base64 import b64encode
from hashlib import sha256

from PIL import Image
from pydantic import TypeAdapter

from pipeline.domain import FileKind, Region, Transcript
from pipeline.papers.clues import Clues
from pipeline.sandbox.scanner.limits import Allowance
from pipeline.sandbox.scanner.preparation import Hypothesis, prepared
from pipeline.sandbox.scanner.scan import Scan
from pipeline.sandbox.scanner.sniff import Sniffed, sniff

MOST_BYTES = 60_000
MOST_WIDTH = 700
MOST_HEIGHT = 1_000
# Tried in turn until the picture is small enough: share of its size, and how many greys it keeps.
_SAVINGS = ((1.0, 16), (1.0, 8), (1.0, 4), (0.75, 4), (0.5, 4), (0.35, 2), (0.2, 2))
_COVER = 128

REGIONS: TypeAdapter[Region] = TypeAdapter(Region)
Box = tuple[float, float, float, float]


def cut(data: bytes, digest: str, region: dict[str, object], covered: list[Box]) -> str | None:
    """Cuts a region out of the file of that digest, inside `data` or all of it; gives PNG in base64.

    `region` is a `Region` as plain values, one without a size is the whole page; the boxes of `covered`,
    in the same unit, are painted over. None where there is no such page.
    """
    wanted = REGIONS.validate_python(region)
    content = _inside(data, digest)
    picture = _page(content, wanted.page) if content is not None else None
    if picture is None:
        return None
    upright = prepared(picture, _turn(wanted.read_by))
    unit = upright.width / wanted.width if wanted.width else 1.0
    for x0, top, x1, bottom in covered:
        upright.paste(_COVER, (int(x0 * unit), int(top * unit), int(x1 * unit) + 1, int(bottom * unit) + 1))
    return b64encode(_png(_part(upright, wanted, unit))).decode()


class _Found(BaseException):
    """Ends the search in a container; no reader's `except Exception` keeps it."""

    def __init__(self, data: bytes) -> None:
        self.data = data


class _Search(Scan):
    """Opens containers as the scanner does, and reads none of the files in them."""

    def __init__(self, digest: str) -> None:
        super().__init__(Clues())
        self._wanted = digest

    def file(self, data: bytes, depth: int) -> Transcript:
        if sha256(data).hexdigest() == self._wanted:
            raise _Found(data)
        return super().file(data, depth)

    def _read(self, data: bytes, found: Sniffed, blank: Transcript, depth: int) -> Transcript:
        if found.kind is FileKind.PDF:
            self._carried(data, depth)
            return blank
        if found.kind is FileKind.PICTURE:
            return blank
        return super()._read(data, found, blank, depth)


def _inside(data: bytes, digest: str) -> bytes | None:
    try:
        _Search(digest).file(data, 0)
    except _Found as found:
        return found.data
    return None


def _page(data: bytes, number: int) -> Image.Image | None:
    found = sniff(data, Allowance())
    if found.kind is FileKind.PDF:
        from pipeline.sandbox.scanner import pdfs

        return pdfs.page_picture(data, number)
    if found.kind is not FileKind.PICTURE:
        return None
    # Who only hands out the work has no use for what reads pages, and does not carry it about.
    from pipeline.sandbox.scanner import pictures

    return pictures.page_picture(data, found.format, number)


def _turn(read_by: str) -> Hypothesis:
    # Where several ways of looking were put together, the first one gave the page its size.
    steps = dict(re.findall(r"(rotate|level)=(-?[\d.]+)", read_by.partition(" + ")[0]))
    return Hypothesis(rotate=int(steps.get("rotate", 0)), level=float(steps.get("level", 0)))


def _part(page: Image.Image, region: Region, unit: float) -> Image.Image:
    if region.x1 <= region.x0 or region.bottom <= region.top:
        return page
    left, top, right, bottom = (v * unit for v in (region.x0, region.top, region.x1, region.bottom))
    # A little paper around it, but not the lines above and below.
    beside = 0.35 * min(bottom - top, page.height / 60)
    box = (left - 2 * beside, top - beside, right + 2 * beside, bottom + beside)
    inside = (max(0, int(box[0])), max(0, int(box[1])), min(page.width, int(box[2]) + 1), 0)
    return page.crop((*inside[:3], min(page.height, int(box[3]) + 1)))


def _png(picture: Image.Image) -> bytes:
    shrink = min(1.0, MOST_WIDTH / picture.width, MOST_HEIGHT / picture.height)
    data = b""
    for share, greys in _SAVINGS:
        size = tuple(max(1, round(side * shrink * share)) for side in picture.size)
        small = (
            picture.resize((size[0], size[1]), Image.Resampling.LANCZOS) if size != picture.size else picture
        )
        step = 255 / (greys - 1)
        stream = io.BytesIO()
        small.point([round(round(v / step) * step) for v in range(256)]).quantize(greys).save(
            stream, "PNG", optimize=True
        )
        data = stream.getvalue()
        if len(data) <= MOST_BYTES:
            break
    return data
