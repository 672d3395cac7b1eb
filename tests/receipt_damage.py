"""Pictures of printed receipts, damaged along one named axis as scanners, phones and stamps do it."""

from __future__ import annotations

import io
import math
import random
import re
from collections.abc import Callable, Sequence

import pypdfium2 as pdfium
from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageFont

Damage = Callable[[Image.Image, random.Random], Image.Image]

_STAMP_FONT = "DejaVuSans-Bold.ttf"


def rasterised(pdf: bytes, dpi: int) -> Image.Image:
    """Renders the first page of a PDF in colour."""
    with pdfium.PdfDocument(pdf) as document:
        return document[0].render(scale=dpi / 72).to_pil().convert("RGB")


def picture_bytes(picture: Image.Image, file_format: str = "PNG", **options: object) -> bytes:
    """Encodes a picture."""
    stream = io.BytesIO()
    picture.save(stream, file_format, **options)
    return stream.getvalue()


def damaged(pdf: bytes, axis: str, seed: int) -> Image.Image:
    """Renders a receipt and damages it along one axis of `AXES`; the same seed gives the same picture."""
    dpi, damage = AXES[axis]
    dice = random.Random(f"{axis} {seed}")
    return damage(rasterised(pdf, dpi), dice)


def unharmed(picture: Image.Image, _dice: random.Random) -> Image.Image:
    return picture


def skewed(picture: Image.Image, dice: random.Random) -> Image.Image:
    angle = dice.choice((-1, 1)) * dice.uniform(1.5, 5.0)
    return picture.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor="white")


def turned(degrees: int) -> Damage:
    return lambda picture, _dice: picture.rotate(degrees, expand=True)


def blurred(picture: Image.Image, dice: random.Random) -> Image.Image:
    return picture.filter(ImageFilter.GaussianBlur(dice.uniform(1.2, 2.0)))


def noisy(picture: Image.Image, dice: random.Random) -> Image.Image:
    return _with_noise(picture, dice.uniform(25, 50), dice)


def squeezed(picture: Image.Image, dice: random.Random) -> Image.Image:
    small = io.BytesIO(picture_bytes(picture, "JPEG", quality=dice.randrange(12, 25)))
    return Image.open(small).convert("RGB")


def faxed(picture: Image.Image, dice: random.Random) -> Image.Image:
    rough = _with_noise(picture.convert("L").filter(ImageFilter.GaussianBlur(0.8)), 40, dice)
    threshold = dice.randrange(110, 170)
    return rough.convert("L").point(lambda v: 255 if v > threshold else 0).convert("1")


def faint(picture: Image.Image, dice: random.Random) -> Image.Image:
    pale = Image.blend(picture, Image.new("RGB", picture.size, "white"), dice.uniform(0.6, 0.8))
    return _with_noise(pale, 8, dice)


def stamped(picture: Image.Image, dice: random.Random) -> Image.Image:
    """Puts a round office stamp somewhere over the upper text, in the ink's own transparency."""
    width, height = picture.size
    size = int(width * dice.uniform(0.22, 0.32))
    ink = dice.choice(((30, 50, 160), (150, 30, 60), (70, 40, 130)))
    stamp = Image.new("L", (size, size), 0)
    draw = ImageDraw.Draw(stamp)
    line = max(2, size // 60)
    for inset in (line, size // 10, size // 3):
        draw.ellipse((inset, inset, size - inset, size - inset), outline=200, width=line)
    font = ImageFont.truetype(_STAMP_FONT, size // 11)
    for row, text in enumerate(("T.C.", "ÖRNEK", "HASTANESİ")):
        draw.text((size / 2, size * (0.4 + 0.11 * row)), text, 200, font, anchor="mm")
    stamp = stamp.rotate(dice.uniform(-30, 30), Image.Resampling.BICUBIC)
    layer = Image.new("RGB", picture.size, "white")
    at = (int(width * dice.uniform(0.05, 0.55)), int(height * dice.uniform(0.1, 0.35)))
    layer.paste(Image.new("RGB", stamp.size, ink), at, stamp)
    return ImageChops.multiply(picture, layer)


def photographed(picture: Image.Image, dice: random.Random) -> Image.Image:
    """Lays the sheet on a table and photographs it by hand: perspective, shadow, blur, JPEG."""
    width, height = picture.size
    margin = int(width * 0.12)
    size = (width + 2 * margin, height + 2 * margin)
    lean = lambda: dice.uniform(-0.05, 0.05) * width  # noqa: E731
    corners = [
        (margin + dx * width + lean(), margin + dy * height + lean())
        for dx, dy in ((0, 0), (1, 0), (1, 1), (0, 1))
    ]
    sheet = [(0, 0), (width, 0), (width, height), (0, height)]
    plan = _perspective(corners, sheet)
    laid = picture.transform(size, Image.Transform.PERSPECTIVE, plan, Image.Resampling.BICUBIC)
    mask = Image.new("L", picture.size, 255).transform(size, Image.Transform.PERSPECTIVE, plan)
    table = _with_noise(
        Image.new("RGB", size, dice.choice(((110, 80, 60), (70, 75, 80), (160, 140, 110)))), 18, dice
    )
    photo = Image.composite(laid, table, mask)
    photo = ImageChops.multiply(photo, _shadow(size, dice))
    photo = ImageEnhance.Brightness(photo).enhance(dice.uniform(0.85, 1.05))
    photo = photo.filter(ImageFilter.GaussianBlur(dice.uniform(0.5, 1.0)))
    photo = _with_noise(photo, 7, dice)
    return Image.open(io.BytesIO(picture_bytes(photo, "JPEG", quality=dice.randrange(60, 88)))).convert("RGB")


def corrected_with_white(pdf: bytes, line: str, instead: str) -> bytes:
    """Paints over one printed word and writes another there, as a picture: the text layer stays."""
    document = pdfium.PdfDocument(pdf)
    sheet = document[0]
    text = sheet.get_textpage()
    found = text.search(line).get_next()
    assert found
    at, count = found
    boxes = [text.get_charbox(i, loose=True) for i in range(at, at + count)]
    left, bottom, top = boxes[0][0], min(b[1] for b in boxes), max(b[3] for b in boxes)
    label = _drawn(instead)
    patch = pdfium.PdfImage.new(document)
    patch.set_bitmap(pdfium.PdfBitmap.from_pil(label))
    height = (top - bottom) * 1.3
    width = height * label.width / label.height
    patch.set_matrix(pdfium.PdfMatrix().scale(width, height).translate(left - 1, bottom - 2))
    sheet.insert_obj(patch)
    sheet.gen_content()
    stream = io.BytesIO()
    document.save(stream)
    # The one thing that would differ every time.
    return re.sub(rb"/ID\s*\[.*?\]", lambda found: b" " * len(found[0]), stream.getvalue(), flags=re.DOTALL)


def _drawn(text: str) -> Image.Image:
    font = ImageFont.truetype("DejaVuSans.ttf", 48)
    left, top, right, bottom = font.getbbox(text)
    picture = Image.new("RGB", (int(right - left) + 16, int(bottom - top) + 28), "white")
    ImageDraw.Draw(picture).text((8 - left, 12 - top), text, "black", font)
    return picture


def _shadow(size: tuple[int, int], dice: random.Random) -> Image.Image:
    """Makes a soft shadow that falls across the picture at some angle, darkest at 45 % of the light."""
    side = int(math.hypot(*size)) + 2
    slope = Image.linear_gradient("L").resize((side, side)).rotate(dice.uniform(0, 360))
    left, top = (side - size[0]) // 2, (side - size[1]) // 2
    slope = slope.crop((left, top, left + size[0], top + size[1]))
    dark, edge = dice.uniform(115, 170), dice.uniform(70, 180)
    steep = dice.uniform(0.02, 0.08)
    curve = [int(dark + (255 - dark) / (1 + math.exp(-(v - edge) * steep))) for v in range(256)]
    return slope.point(curve).convert("RGB")


def _perspective(
    seen: Sequence[tuple[float, float]], meant: Sequence[tuple[float, float]]
) -> tuple[float, ...]:
    """Solves for Pillow's eight coefficients, which map a seen point back to the meant one."""
    rows = []
    for (x, y), (u, v) in zip(seen, meant, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y, u])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y, v])
    for i in range(8):
        pivot = max(range(i, 8), key=lambda r: abs(rows[r][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [value / rows[i][i] for value in rows[i]]
        for r in range(8):
            if r != i:
                rows[r] = [a - rows[r][i] * b for a, b in zip(rows[r], rows[i], strict=True)]
    return tuple(row[8] for row in rows)


def _with_noise(picture: Image.Image, strength: float, dice: random.Random) -> Image.Image:
    # Pillow's own noise cannot be seeded, so a seeded tile is laid over the picture instead.
    tile = Image.frombytes("L", (256, 256), bytes(_clipped(dice.gauss(128, strength)) for _ in range(65_536)))
    noise = Image.new("L", picture.size)
    for x in range(0, picture.width, 256):
        for y in range(0, picture.height, 256):
            noise.paste(tile.rotate(90 * dice.randrange(4)), (x, y))
    plain = picture.convert("RGB")
    return ImageChops.add(plain, noise.convert("RGB"), scale=1, offset=-128)


def _clipped(value: float) -> int:
    return max(0, min(255, int(value)))


AXES: dict[str, tuple[int, Damage]] = {
    "clean 300 dpi": (300, unharmed),
    "clean 200 dpi": (200, unharmed),
    "clean 150 dpi": (150, unharmed),
    "clean 100 dpi": (100, unharmed),
    "skew": (200, skewed),
    "turned 90": (200, turned(90)),
    "turned 180": (200, turned(180)),
    "turned 270": (200, turned(270)),
    "blur": (200, blurred),
    "noise": (200, noisy),
    "jpeg": (200, squeezed),
    "fax": (200, faxed),
    "faint": (200, faint),
    "stamp": (200, stamped),
    "phone": (200, photographed),
}
