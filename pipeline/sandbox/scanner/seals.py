"""seals: an office's round seal in coloured ink → where it lies, if all that it says is the office's name.

Whatever is stamped across a page holds it, for it may be a word against the payment. Coloured ink is seen
apart from black print, and a seal has rings to be known by: it is excused where two engines read the name
of an office, and nothing in it is left unread. Any other ink, beside or over it, still explains itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from PIL import Image, ImageChops, ImageDraw, ImageFilter
from rapidfuzz.distance import OSA

from pipeline.domain.turkish import fold
from pipeline.papers.clues import Clues
from pipeline.sandbox.scanner.preparation import paper
from pipeline.sandbox.scanner.second_engine import texts_of
from pipeline.sandbox.scanner.stamps import gathered
from pipeline.sandbox.scanner.tesseract import table_of

LOOK_SECONDS = 2.0
Box = tuple[int, int, int, int]
Span = tuple[int, int]

# Coloured ink is looked for in squares of so many pixels, of 255 levels of colour at least so many.
_CELL = 24
_COLOUR = 40
_MOST_SEALS = 2
# Levels of colour, and pixels, of the edges of its strokes.
_PALE, _EDGES = 16, 2
# Pixels of a side below which no letters of a seal can be read.
_SMALLEST = 120
# Share of a circle that is inked where a seal has a ring, and of one that still belongs to it.
_RING, _EDGE = 0.8, 0.4
# The steepest that a seal is stamped, in degrees.
_STEEPEST = 45
# Lines of a seal; height of the lowest as a share of the highest, below which it is a ring's crumb.
_MOST_LINES = 5
_CRUMB = 0.35
# How high the dots of letters are, and how far from them, as a share of the highest line.
_DOTS = 0.28
# How many times as high as its lowest line a seal's highest is, with its dots.
_HIGHEST = 1.65
# Pixels around a line.
_BESIDE = 6
# How wide a letter of a seal is at most, as a share of its line's height: what is wider was not read whole.
_WIDEST = 1.25
# One letter of so many in an office's kind may be read otherwise by both engines together.
_LETTERS = 3


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a levelled seal: its box, and how many times as wide as high its ink is."""

    box: Box
    length: float


def office_seals(colour: Image.Image, clues: Clues) -> tuple[Box, ...]:
    """Finds the seals of offices in a picture of a page's coloured ink alone (`Hypothesis.ink` "colour").

    Boxes in its pixels; none where the second engine is not there. Raises OcrUnavailable.
    """
    if not clues.rails.offices:
        return ()
    ink = colour.point([255 if 255 - level >= _COLOUR else 0 for level in range(256)])
    boxes = [box for box in _patches(ink) if min(box[2] - box[0], box[3] - box[1]) >= _SMALLEST]
    largest = sorted(boxes, key=lambda b: (b[0] - b[2]) * (b[3] - b[1]))[:_MOST_SEALS]
    return tuple(box for box in largest if _is_an_offices(ink.crop(box), clues))


def without_seals(page: Image.Image, colour: Image.Image, seals: Sequence[Box]) -> Image.Image:
    """Wipes the coloured ink of seals off a grey page; black ink in them stays."""
    ink = Image.new("L", page.size)
    for box in seals:
        # Its edges are paler than what is told apart.
        around = (box[0] - _EDGES, box[1] - _EDGES, box[2] + _EDGES, box[3] + _EDGES)
        part = colour.crop(around).point([255 if 255 - level >= _PALE else 0 for level in range(256)])
        ink.paste(part, around[:2])
    clean = page.copy()
    clean.paste(paper(page), mask=ink.filter(ImageFilter.MaxFilter(2 * _EDGES - 1)))
    return clean


def _patches(ink: Image.Image) -> list[Box]:
    """Gathers coloured ink that lies together into boxes, close around it."""
    cells = ink.resize((-(-ink.width // _CELL), -(-ink.height // _CELL)), Image.Resampling.BOX)
    filled = {(at % cells.width, at // cells.width) for at, share in enumerate(cells.tobytes()) if share >= 8}
    boxes: list[Box] = []
    for group in gathered(filled):
        xs, ys = [x for x, _ in group], [y for _, y in group]
        left, top = max(0, min(xs) - 1) * _CELL, max(0, min(ys) - 1) * _CELL
        inner = ink.crop((left, top, (max(xs) + 2) * _CELL, (max(ys) + 2) * _CELL)).getbbox()
        if inner:
            boxes.append((left + inner[0], top + inner[1], left + inner[2], top + inner[3]))
    return boxes


def _is_an_offices(ink: Image.Image, clues: Clues) -> bool:
    rings = _rings(ink)
    if not rings:
        return False
    plain, rimless = _without_rings(ink, rings), _without_rings(ink, rings[-1:])
    turn = _turn_of(plain)
    # A ring that crosses the letters takes some of them with it: so they are seen with it, too.
    views = [plain, _without_rings(ink, [(first + 1, last - 1) for first, last in rings]), rimless]
    near = _zones(ink, rings).filter(ImageFilter.MaxFilter(9))
    beside = ImageChops.subtract(plain, near).rotate(turn, expand=True)
    turned = [view.rotate(turn, Image.Resampling.BICUBIC, expand=True) for view in views]
    lines = _lines(turned[0], beside)
    pictures = [ImageChops.invert(view).crop(line.box) for view in turned for line in lines]
    told = texts_of(pictures) if lines else None
    if told is None:
        return False
    ours = [told[at : at + len(lines)] for at in range(0, len(told), len(lines))]
    lengths = [line.length for line in lines]
    if any(_WIDEST * _width(text) < n for text, n in zip(ours[0], lengths, strict=True)):
        return False
    box = tuple(zip(*(line.box for line in lines), strict=True))
    block = (min(box[0]), min(box[1]), max(box[2]), max(box[3]))
    theirs = [_tesseracts(ImageChops.invert(view).crop(block)) for view in turned[:2]]
    return names_an_office(ours, theirs, clues)


def names_an_office(ours: Sequence[Sequence[str]], theirs: Sequence[str], clues: Clues) -> bool:
    """Tells whether what both engines read on a seal is the name of an office.

    `ours` are the lines that the second engine reads in each view of the seal, `theirs` tesseract's texts.

    >>> from pipeline.papers.rails import Rails
    >>> clues = Clues(rails=Rails(rails=(), unfinished=("iptal*",), offices=("Hastanesi",)))
    >>> names_an_office([["T.C.", "DENEME", "HASTANESI"]], ["TC DENEME HASIANESİ"], clues)
    True
    >>> names_an_office([["T.C.", "İPTAL", "HASTANESI"]], ["HASTANESİ"], clues)
    False
    """
    kinds = [_letters(kind) for kind in clues.rails.offices]
    words = [word for text in theirs for word in _words(text)]
    ends = [_letters(lines[-1]) for lines in ours]
    if not any(_both_read(ends, words, kind) for kind in kinds):
        return False
    if not all(_is_of_a_name(views, words) for views in zip(*(lines[:-1] for lines in ours), strict=True)):
        return False
    # An office's kind alone in its line has its name above, which may be anything that is no sign.
    is_alone = any(_differs(last, kind) <= 1 for last in ends for kind in kinds)
    apart = [text for lines in ours for text in lines[: -2 if is_alone else -1]]
    joined = [" ".join(lines[at:]) for lines in ours for at in (0, -2)]
    # Of a gap in a letter tesseract makes signs of any kind.
    bare = [re.sub(r"[^\w\s]", "", text) for text in theirs]
    return not any(clues.is_unfinished(text) for text in (*apart, *joined, *bare))


def _both_read(ends: Sequence[str], words: Sequence[str], kind: str) -> bool:
    """Tells whether both engines read a kind of office at the end, the second one but for a letter."""
    ours = min(_differs(last[-len(kind) :], kind) for last in ends)
    theirs = min((_differs(word, kind) for word in words), default=len(kind))
    return ours <= 1 and ours + theirs <= len(kind) // _LETTERS


def _is_of_a_name(views: Sequence[str], words: Sequence[str]) -> bool:
    """Tells whether a line, as each view of it is read, is T.C., or words that tesseract reads as well.

    Where one word is stamped over another the engines see neither, or other signs than letters.
    """
    if any(_letters(view) == "tc" for view in views):
        return all(len(_letters(view)) <= len("tc") and _width(view) <= len("T.C.") for view in views)
    if any(re.search(r"[^\w\s.]|\d", view) for view in views):
        return False
    seen = [_letters(part) for view in views for part in view.split()]
    return all(any(_differs(part, word) <= max(1, len(part) // _LETTERS) for word in words) for part in seen)


def _words(text: str) -> list[str]:
    words = [_letters(word) for word in text.split()]
    return words + [one + other for one, other in pairwise(words)]


def _differs(text: str, kind: str) -> int:
    return OSA.distance(text, kind)


def _letters(text: str) -> str:
    return "".join(ch for ch in fold(text) if ch.isalpha())


def _width(text: str) -> int:
    return sum(not ch.isspace() for ch in text)


# --- what it looks like ------------------------------------------------------------------------


def _rings(ink: Image.Image) -> list[Span]:
    """Finds the rings around the middle of a seal: from which radius to which, in pixels."""
    x, y, reach = _middle(ink)
    shares = [_share(ink, x, y, radius) for radius in range(int(reach) + 2)]
    rings: list[Span] = []
    radius = reach / 8
    at = int(radius)
    while at < len(shares):
        if shares[at] < _RING:
            at += 1
            continue
        first = last = at
        while shares[first - 1] >= _EDGE and first > 1:
            first -= 1
        while last + 1 < len(shares) and shares[last + 1] >= _EDGE:
            last += 1
        rings.append((first - 1, last + 1))
        at = last + 1
    # The outermost is a seal's rim: what has none is no seal.
    return rings if rings and rings[-1][1] >= 0.95 * reach else []


def _middle(ink: Image.Image) -> tuple[float, float, float]:
    return (ink.width - 1) / 2, (ink.height - 1) / 2, (ink.width + ink.height) / 4


def _share(ink: Image.Image, x: float, y: float, radius: int) -> float:
    count = max(8, round(math.pi * radius))
    turns = (math.tau * n / count for n in range(count))
    points = ((round(x + radius * math.cos(a)), round(y + radius * math.sin(a))) for a in turns)
    inside = ((a, b) for a, b in points if 0 <= a < ink.width and 0 <= b < ink.height)
    return sum(ink.getpixel(point) == 255 for point in inside) / count


def _without_rings(ink: Image.Image, rings: Sequence[Span]) -> Image.Image:
    """Wipes rings off, and draws the letters on that they cross."""
    wiped = _zones(ink, rings)
    letters = ImageChops.subtract(ink, wiped)
    # What is left of a ring beside it is thinner than letters are.
    bold = letters.filter(ImageFilter.MinFilter(3)).filter(ImageFilter.MaxFilter(3))
    letters = Image.composite(bold, letters, wiped.filter(ImageFilter.MaxFilter(9)))
    wide = max(last - first for first, last in rings) // 2 * 2 + 3
    joined = letters.filter(ImageFilter.MaxFilter(wide)).filter(ImageFilter.MinFilter(wide))
    return Image.composite(joined, letters, wiped)


def _zones(ink: Image.Image, rings: Sequence[Span]) -> Image.Image:
    x, y, _ = _middle(ink)
    zones = Image.new("L", ink.size)
    pen = ImageDraw.Draw(zones)
    for first, last in rings:
        pen.ellipse((x - last, y - last, x + last, y + last), outline=255, width=last - first + 1)
    return zones


def _turn_of(letters: Image.Image) -> int:
    """Finds the turn by which a seal's lines lie level: there the rows differ most from each other."""
    small = letters.resize((letters.width // 2, letters.height // 2), Image.Resampling.BOX)
    rough = max(range(-_STEEPEST, _STEEPEST + 1, 3), key=lambda turn: _contrast(small, turn))
    return max(range(rough - 2, rough + 3), key=lambda turn: _contrast(small, turn))


def _contrast(picture: Image.Image, turn: int) -> int:
    turned = picture.rotate(turn, Image.Resampling.BILINEAR, expand=True)
    rows = turned.resize((1, turned.height), Image.Resampling.BOX).tobytes()
    return sum((one - other) ** 2 for one, other in pairwise(rows))


def _lines(letters: Image.Image, beside: Image.Image) -> list[_Line]:
    """Finds the lines of a levelled seal; none where there are more than a seal has.

    `beside` is the ink that no ring has come near, by which they are measured.
    """
    black = letters.point([255 if level > 100 else 0 for level in range(256)])
    spans = _with_dots(_spans(letters))
    highest = max((bottom - top for top, bottom in spans), default=0)
    lines: list[_Line] = []
    for top, bottom in spans:
        ink = black.crop((0, top, black.width, bottom)).getbbox()
        sure = beside.crop((0, top, black.width, bottom)).getbbox()
        # What a ring has left is low and short, and alone in its row.
        if ink and sure and (bottom - top >= _CRUMB * highest or sure[2] - sure[0] >= highest):
            box = (ink[0] - _BESIDE, top - _BESIDE, ink[2] + _BESIDE, bottom + _BESIDE)
            lines.append(_Line(box, (sure[2] - sure[0]) / (bottom - top)))
    heights = [line.box[3] - line.box[1] - 2 * _BESIDE for line in lines]
    # What is much higher than the rest is two lines, one stamped over the other.
    is_even = len(lines) > 1 and max(heights) <= _HIGHEST * min(heights)
    return lines if is_even and len(lines) <= _MOST_LINES else []


def _with_dots(spans: Sequence[Span]) -> list[Span]:
    """Joins the dots of letters with the line below."""
    highest = max((bottom - top for top, bottom in spans), default=0)
    joined: list[Span] = []
    for top, bottom in spans:
        above = joined[-1] if joined else None
        if above and above[1] - above[0] <= _DOTS * highest and top - above[1] <= _DOTS * highest:
            joined[-1] = (above[0], bottom)
        else:
            joined.append((top, bottom))
    return joined


def _spans(letters: Image.Image) -> list[Span]:
    shares = letters.resize((1, letters.height), Image.Resampling.BOX).tobytes()
    rows = [*(level >= 2 for level in shares), False]
    spans: list[Span] = []
    start = None
    for at, is_inked in enumerate(rows):
        if is_inked and start is None:
            start = at
        elif not is_inked and start is not None:
            spans.append((start, at))
            start = None
    return spans


def _tesseracts(page: Image.Image) -> str:
    rows = (line.split("\t") for line in (table_of(page, 6, 0, LOOK_SECONDS) or "").splitlines())
    return " ".join(row[11] for row in rows if len(row) == 12 and row[0] == "5")
