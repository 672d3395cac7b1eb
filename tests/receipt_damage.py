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
    """Renders a receipt, damaged along one of `AXES` or `HARDER`; the same seed gives the same picture."""
    dpi, damage = (AXES | HARDER)[axis]
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


# --- what people really send -------------------------------------------------------------------------


def off_a_screen(picture: Image.Image, dice: random.Random) -> Image.Image:
    """Photographs a page that a monitor shows: its grid of coloured dots beats with the camera's own."""
    shown = picture.resize(_at_most(picture.size, 1_150), Image.Resampling.LANCZOS)
    big = shown.resize((shown.width * 3, shown.height * 3), Image.Resampling.NEAREST)
    dots = Image.new("RGB", (3, 3), (70, 70, 70))
    for x, colour in enumerate(((255, 70, 70), (70, 255, 70), (70, 70, 255))):
        dots.paste(colour, (x, 0, x + 1, 2))
    lit = ImageChops.multiply(big, _tiled(dots, big.size))
    lit = (
        ImageEnhance.Brightness(lit)
        .enhance(1.9)
        .rotate(dice.uniform(-1.5, 1.5), Image.Resampling.BILINEAR, expand=True, fillcolor=(20, 20, 22))
    )
    scale = dice.uniform(0.52, 0.68)
    seen = lit.resize((int(lit.width * scale), int(lit.height * scale)), Image.Resampling.BILINEAR)
    seen = ImageChops.multiply(seen, _shadow(seen.size, dice))
    return _sent_as_jpeg(_with_noise(seen, 6, dice), dice.randrange(70, 90))


def crumpled(picture: Image.Image, dice: random.Random) -> Image.Image:
    """Crushes the sheet and smooths it out again: lines wave, and every fold has a light and a dark side."""
    width, height = picture.size
    across, down = 9, 12
    reach = width * 0.006
    knots = {
        (i, j): (
            i * width / across + (dice.uniform(-reach, reach) if 0 < i < across else 0),
            j * height / down + (dice.uniform(-reach, reach) if 0 < j < down else 0),
        )
        for i in range(across + 1)
        for j in range(down + 1)
    }
    mesh = [
        (
            (i * width // across, j * height // down, (i + 1) * width // across, (j + 1) * height // down),
            (*knots[i, j], *knots[i, j + 1], *knots[i + 1, j + 1], *knots[i + 1, j]),
        )
        for i in range(across)
        for j in range(down)
    ]
    waved = picture.transform(picture.size, Image.Transform.MESH, mesh, Image.Resampling.BICUBIC)
    light = Image.new("L", (across, down))
    light.putdata([dice.randrange(165, 256) for _ in range(across * down)])
    soft = light.resize(picture.size, Image.Resampling.BICUBIC)
    folds = ImageDraw.Draw(soft)
    for _ in range(14):
        start = (dice.uniform(0, width), dice.uniform(0, height))
        far, angle = dice.uniform(0.15, 0.5) * width, dice.uniform(0, math.tau)
        end = (start[0] + far * math.cos(angle), start[1] + far * math.sin(angle))
        thick = max(1, width // 600)
        folds.line((*start, *end), dice.randrange(110, 170), thick)
        folds.line((start[0] + thick, start[1] + thick, end[0] + thick, end[1] + thick), 255, thick)
    soft = soft.filter(ImageFilter.GaussianBlur(width / 500))
    creased = ImageChops.multiply(waved, soft.convert("RGB"))
    return photographed(creased, dice)


def held_by_hand(picture: Image.Image, dice: random.Random) -> Image.Image:
    """Photographs a sheet that somebody holds: a thumb before one edge, fingers before another."""
    photo = photographed(picture, dice)
    width, height = photo.size
    skin = dice.choice(((224, 172, 105), (141, 85, 54), (198, 134, 98), (255, 219, 172)))
    hand = Image.new("L", photo.size, 0)
    draw = ImageDraw.Draw(hand)
    side, thick = dice.choice(("left", "right")), height * 0.05
    # The sheet begins at some 10 % of the picture: the thumb reaches on to its margin and what stands there.
    into = width * dice.uniform(0.15, 0.24)
    middle = height * dice.uniform(0.25, 0.85)
    x = (-thick, into) if side == "left" else (width - into, width + thick)
    draw.rounded_rectangle((x[0], middle - thick / 2, x[1], middle + thick / 2), thick / 2, fill=255)
    for finger in range(3):
        left = width * (0.3 + 0.11 * finger)
        top = height * (1 - dice.uniform(0.08, 0.14))
        draw.rounded_rectangle((left, top, left + width * 0.09, height + thick), thick / 2, fill=255)
    hand = hand.filter(ImageFilter.GaussianBlur(width / 300))
    return Image.composite(_with_noise(Image.new("RGB", photo.size, skin), 6, dice), photo, hand)


def faxed_three_times(picture: Image.Image, dice: random.Random) -> Image.Image:
    """Faxes a page, and twice its fax: half the lines to the inch, a little askew each time."""
    page = picture
    for _ in range(3):
        page = page.convert("L").rotate(dice.uniform(-0.6, 0.6), Image.Resampling.BICUBIC, fillcolor=255)
        coarse = page.resize((page.width, page.height * 3 // 4), Image.Resampling.BILINEAR)
        page = faxed(coarse, dice).convert("L").resize(picture.size, Image.Resampling.NEAREST)
    return page.convert("1")


def whatsapped_twice(picture: Image.Image, dice: random.Random) -> Image.Image:
    """Photographs a page, sends it by a messenger, and the picture that arrived once more."""
    page = photographed(picture, dice)
    for longest, quality in ((1_600, dice.randrange(60, 75)), (1_280, dice.randrange(50, 65))):
        page = page.resize(_at_most(page.size, longest), Image.Resampling.BILINEAR)
        page = _sent_as_jpeg(page, quality)
    return page


def _at_most(size: tuple[int, int], longest: int) -> tuple[int, int]:
    scale = min(1.0, longest / max(size))
    return int(size[0] * scale), int(size[1] * scale)


def _sent_as_jpeg(picture: Image.Image, quality: int) -> Image.Image:
    return Image.open(io.BytesIO(picture_bytes(picture, "JPEG", quality=quality))).convert("RGB")


def _tiled(tile: Image.Image, size: tuple[int, int]) -> Image.Image:
    whole = Image.new(tile.mode, size)
    row = Image.new(tile.mode, (size[0], tile.height))
    for x in range(0, size[0], tile.width):
        row.paste(tile, (x, 0))
    for y in range(0, size[1], tile.height):
        whole.paste(row, (0, y))
    return whole


HARDER: dict[str, tuple[int, Damage]] = {
    "moiré": (200, off_a_screen),
    "crumpled": (200, crumpled),
    "hand": (200, held_by_hand),
    "fax 3 times": (200, faxed_three_times),
    "WhatsApp twice": (200, whatsapped_twice),
}
