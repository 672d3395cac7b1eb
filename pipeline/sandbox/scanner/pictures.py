"""pictures: bytes of a photograph, a scan or a screenshot → pages of words with boxes."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator
from typing import cast

import pi_heif  # type: ignore[import-untyped]
from PIL import Image, ImageOps

from pipeline.domain import FileKind, Transcript
from pipeline.papers.clues import Clues
from pipeline.sandbox.scanner.ocr import MAX_OCR_PIXELS, FileReading, read_pages
from pipeline.sandbox.scanner.tesseract import OcrUnavailable
from pipeline.sandbox.scanner.wholeness import told_of

# Checked before anything is decoded: the header of a bomb costs nothing.
MAX_PIXELS = 60_000_000
MAX_PAGES = 30
# Logos and signature lines of mails.
MIN_SIDE = 32
MIN_PIXELS = 20_000

pi_heif.register_heif_opener(thumbnails=False)

# What a file is by its first bytes → what Pillow may take it for.
_READERS = {
    # Which opens MPO as well; asked for MPO by name, Pillow raises a KeyError.
    "jpeg": ("JPEG",),
    "mpo": ("JPEG",),
    "png": ("PNG",),
    "gif": ("GIF",),
    "tiff": ("TIFF",),
    "webp": ("WEBP",),
    "bmp": ("BMP",),
    "heic": ("HEIF", "AVIF"),
    "jp2": ("JPEG2000",),
}
# Pillow's and its decoders' ways of saying that a picture is none, or goes on no further.


class _TooLarge(Exception):
    """Says that a picture has more pixels than are decoded."""


def read_picture(data: bytes, digest: str, file_format: str, clues: Clues) -> Transcript:
    """Reads a picture into pages of words, in pixels with the origin at the top left.

    Never raises for bad content. Problems: "damaged_file" where the bytes end too early as well,
    "reader_failed", "too_large", "too_small", "illegible", "took_too_long", "ocr_unavailable". Note:
    "two_readings". `amounts` are tariff amounts such as "780.00" that strengthen a reading.
    """
    name = file_format
    try:
        with warnings.catch_warnings():
            # Pillow warns of sizes that are refused below anyway, and of harmless faults in metadata.
            warnings.simplefilter("ignore")
            with _opened(data, file_format) as picture:
                name = "mpo" if picture.format == "MPO" else file_format
                problem = _refusal(picture)
                reading = FileReading(problem=problem) if problem else read_pages(_pages(picture), clues)
    except OcrUnavailable:
        reading = FileReading(problem="ocr_unavailable")
    except _TooLarge:
        reading = FileReading(problem="too_large")
    except Exception as fault:
        reading = FileReading(problem=told_of(fault, data, file_format))
    return Transcript(
        digest, FileKind.PICTURE, name, pages=reading.pages, problem=reading.problem, notes=reading.notes
    )


def _opened(data: bytes, file_format: str) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=_READERS[file_format])
    except Image.DecompressionBombError as fault:
        raise _TooLarge from fault


def page_picture(data: bytes, file_format: str, number: int) -> Image.Image | None:
    """Decodes one page as it is read; None where there is no such page, or none that may be decoded."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=_READERS[file_format]) as picture:
                if _refusal(picture) or not 1 <= number <= _frames(picture):
                    return None
                picture.seek(number - 1)
                return plain(picture) if picture.width * picture.height <= MAX_PIXELS else None
    except (MemoryError, Image.DecompressionBombError):
        return None
    # As broken as it was when it was read.
    except Exception:
        return None


def _refusal(picture: Image.Image) -> str:
    width, height = picture.size
    if width * height > MAX_PIXELS or _frames(picture) > MAX_PAGES:
        return "too_large"
    return "too_small" if min(width, height) < MIN_SIDE or width * height < MIN_PIXELS else ""


def _frames(picture: Image.Image) -> int:
    """Counts pages: only a TIFF's frames are pages, others' are films or previews."""
    return getattr(picture, "n_frames", 1) if picture.format == "TIFF" else 1


def _pages(picture: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    for number in range(_frames(picture)):
        picture.seek(number)
        if picture.width * picture.height > MAX_PIXELS:
            raise _TooLarge
        if min(picture.size) >= MIN_SIDE:
            yield number + 1, plain(picture)


def plain(picture: Image.Image) -> Image.Image:
    """Decodes a picture into grey or RGB, upright as its EXIF says, and no larger than OCR can use."""
    shrink = math.sqrt(MAX_OCR_PIXELS / (picture.width * picture.height))
    if shrink < 1:
        # JPEG can be decoded at half, quarter or eighth size for a fraction of the time and memory.
        picture.draft(None, (math.ceil(picture.width * shrink), math.ceil(picture.height * shrink)))
    upright = _upright(picture)
    shrink = math.sqrt(MAX_OCR_PIXELS / (upright.width * upright.height))
    if shrink < 1:
        size = (max(1, int(upright.width * shrink)), max(1, int(upright.height * shrink)))
        upright = _eight_bits(upright).resize(size, Image.Resampling.BOX, reducing_gap=2.0)
    return _eight_bits(upright)


def _upright(picture: Image.Image) -> Image.Image:
    picture.load()
    try:
        return ImageOps.exif_transpose(picture)
    # A broken EXIF block says nothing about the picture itself.
    except Exception:
        return picture.copy()


def _eight_bits(picture: Image.Image) -> Image.Image:
    if picture.mode in ("L", "RGB"):
        return picture
    if picture.mode == "1" or picture.mode.startswith(("I", "F")):
        return _grey(picture)
    if picture.has_transparency_data:
        seen = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen).convert("RGB")
    return picture.convert("RGB")


def _grey(picture: Image.Image) -> Image.Image:
    if picture.mode == "1":
        return picture.convert("L")
    deep = picture.convert("F")
    low, high = cast(tuple[float, float], deep.getextrema())
    factor = 255 / ((high - low) or 1.0)
    return deep.point(lambda v: v * factor - low * factor).convert("L")
