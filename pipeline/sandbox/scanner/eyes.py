"""eyes: the words of a text layer against the picture of their page, word by word.

A font may draw a five and call it a seven, and a picture may lie over print. What a text layer says is
therefore believed where at least one look at the page reads the same; a word that no look confirms is
doubtful, and so is one for which there was no time, or at which nobody needed to look.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from PIL import Image
from rapidfuzz.distance import OSA

from pipeline.domain import Word
from pipeline.domain.turkish import fold
from pipeline.papers.clues import Clues
from pipeline.papers.strength import repaired_dates
from pipeline.sandbox.scanner.codes import NO_CODES, Codes, codes_on, without_codes
from pipeline.sandbox.scanner.crossing import is_crossed_out
from pipeline.sandbox.scanner.leftover import Box, Leftover, large_parts, leftover
from pipeline.sandbox.scanner.ocr import MAX_OCR_PIXELS, look
from pipeline.sandbox.scanner.preparation import Hypothesis, paper

Watch = Callable[[], float]

LOOK_SECONDS = 4.0
_LOOKS = (Hypothesis(), Hypothesis(soft=0.8, scale=1.5))
# The lines of the words that are looked for, one below the other; how far apart, in pixels.
_SLIP = Hypothesis(psm=6)
_APART = 12
_CLOSE = (Hypothesis(scale=2.0, psm=6), Hypothesis(soft=0.8, scale=3.0, psm=7))
# One letter in so many may be seen otherwise; digits must be the same.
_WRONG = 6
# Strips of lines that are looked at from close by; who doubts more of a page doubts all of it.
_MOST_STRIPS = 12
# Parts of what is left over that are looked at by themselves, and how high, in pixels, they are then.
_MOST_LARGE, _USUAL = 6, 44
# An approval code has six signs.
_LONGEST_CODE = 6
# Round letters of a code, whose tails and bars are seen as anything.
_ROUND = str.maketrans("CG", "00")
_CONFUSED = str.maketrans("OoQDIlL|!SsBZz", "00001111155822")


@dataclass(frozen=True, slots=True)
class Sight:
    """What the looks at one page say of its text layer, and what they saw besides.

    `unlike` are words that decide something and that no look confirms, `unchecked` those that were not
    looked at enough, `besides` what is printed there and no word of the text layer; where the page
    `is_explained` nothing at all is to be seen besides the words, the rules between them and the `codes`.
    """

    unlike: frozenset[Word] = frozenset()
    unchecked: frozenset[Word] = frozenset()
    besides: tuple[Word, ...] = ()
    is_explained: bool = False
    codes: Codes = NO_CODES


def sight_of(
    picture: Image.Image, unit: float, words: Sequence[Word], deciding: frozenset[Word], left: Watch
) -> Sight:
    """Looks for the words of a text layer on the picture of their page; raises OcrUnavailable.

    `unit` is points to a pixel, `left` tells the seconds that may still be spent. Only words that decide
    something are looked for: one look at their lines, others from close by at each word that it did not
    confirm, and two at the whole page where that was not enough.
    """
    wanted = {word for word in deciding if _is_telling(word)}
    waiting = wanted - _confirmed(picture, unit, wanted, left)
    # Whoever doubts so many words of a page looks at the page, and not from close by at each.
    for word in sorted(waiting, key=lambda w: (w.top, w.x0)) if len(waiting) <= _MOST_STRIPS else ():
        if _is_seen_from_close_by(picture, unit, word, left):
            waiting.discard(word)
    if waiting:
        waiting -= _read_on(picture, unit, waiting, left)
    in_pixels = [word.scaled(1 / unit) for word in words]
    left_over, codes = leftover(picture, in_pixels), NO_CODES
    if left_over:
        codes = codes_on(picture)
        left_over = leftover(without_codes(picture, codes), in_pixels) if codes.boxes else left_over
    besides = _besides(left_over, unit, words, left) if left_over else ()
    # Through a thin line letters are read as if it were not there.
    waiting |= {word for word in wanted if is_crossed_out(picture, word.scaled(1 / unit))}
    unlike = waiting if left() > 0 else set()
    unchecked = {word for word in words if _is_telling(word)} - (wanted - waiting) - unlike
    return Sight(
        frozenset(unlike), frozenset(unchecked), besides, is_explained=left_over is None, codes=codes
    )


def _confirmed(picture: Image.Image, unit: float, words: Collection[Word], left: Watch) -> frozenset[Word]:
    """Reads the lines of some words, set below each other, in one look, and gives the words it confirms."""
    # Half of what a printed PDF costs, and only reading less would save any of it: narrower or smaller lines
    # save a tenth, and then more words are looked at from close by. A shape that was read once is no leave
    # to believe it wherever its letter stands: cut out, letters bleed into each other and most shapes differ,
    # and which of them a font draws for which letter is the stranger's own word.
    rows = _rows(words)
    boxes = [_strip(row, unit, picture) for row in rows]
    # Words as high as the page, one over the other, would make a slip that nobody can hold.
    size = max((b[2] - b[0] for b in boxes), default=0), sum(b[3] - b[1] + _APART for b in boxes) + _APART
    if not 0 < size[0] * size[1] <= MAX_OCR_PIXELS or left() <= 0:
        return frozenset()
    strips = [picture.crop(box).convert("L") for box in boxes]
    slip = Image.new("L", size, paper(strips[0]))
    moved: list[tuple[int, int, int, int]] = []
    top = _APART
    for box, strip in zip(boxes, strips, strict=True):
        slip.paste(strip, (0, top))
        moved.append((top, top + strip.height, box[0], box[1] - top))
        top += strip.height + _APART
    reading = look(slip, _SLIP, Clues(), min(LOOK_SECONDS, left()))
    read = reading.words if reading else ()
    found: set[Word] = set()
    for row, (top, bottom, right, down) in zip(rows, moved, strict=True):
        there = [word for word in read if top <= (word.top + word.bottom) / 2 <= bottom]
        seen = [_shifted(word, right, down).scaled(unit) for word in there]
        found |= {word for word in row if _is_read(word, seen)}
    return frozenset(found)


def _read_on(picture: Image.Image, unit: float, words: Collection[Word], left: Watch) -> frozenset[Word]:
    """Reads the whole page, and gives those of some words that it confirms."""
    found: set[Word] = set()
    for hypothesis in _LOOKS:
        reading = look(picture, hypothesis, Clues(), min(LOOK_SECONDS, left())) if left() > 0 else None
        seen = [word.scaled(unit) for word in reading.words] if reading else []
        found |= {word for word in words if word not in found and _is_read(word, seen)}
        if len(found) == len(words):
            break
    return frozenset(found)


def _rows(words: Collection[Word]) -> list[list[Word]]:
    rows: list[list[Word]] = []
    for word in sorted(words, key=lambda w: ((w.top + w.bottom) / 2, w.x0)):
        middle = (word.top + word.bottom) / 2
        if rows and rows[-1][0].top <= middle <= rows[-1][0].bottom:
            rows[-1].append(word)
        else:
            rows.append([word])
    return rows


def _strip(words: Sequence[Word], unit: float, picture: Image.Image) -> tuple[int, int, int, int]:
    """Cuts wide enough to show what stands right beside: a part of a longer word confirms nothing."""
    height = max(word.bottom - word.top for word in words)
    x0, x1 = min(word.x0 for word in words), max(word.x1 for word in words)
    top, bottom = min(word.top for word in words), max(word.bottom for word in words)
    box = (x0 - 2 * height, top - height / 4, x1 + 2 * height, bottom + height / 4)
    left, upper, right, lower = _pixels(box, unit)
    return left, upper, min(right, max(left + 1, picture.width)), min(lower, max(upper + 1, picture.height))


def _besides(left_over: Leftover, unit: float, words: Sequence[Word], left: Watch) -> tuple[Word, ...]:
    """Reads what a page shows besides its words: as it stands, and its larger parts each by itself."""
    usual = _in_usual_size(left_over, unit, words, left)
    parts = large_parts(left_over)[:_MOST_LARGE]
    large = [word for part in parts for word in _shrunk(part, left_over, unit, left)]
    known = {word.text for word in usual}
    return (*usual, *(word for word in large if _is_telling(word) and word.text not in known))


def _shrunk(part: Box, left_over: Leftover, unit: float, left: Watch) -> Iterator[Word]:
    """Reads a part by itself, in the size of print: letters far higher than others are overlooked."""
    if left() <= 0:
        return
    hypothesis = Hypothesis(scale=_USUAL / (part[3] - part[1]), psm=6)
    reading = look(left_over.picture.crop(part), hypothesis, Clues(), min(LOOK_SECONDS, left()))
    for word in reading.words if reading else ():
        yield _shifted(word, left_over.x0 + part[0], left_over.top + part[1]).scaled(unit)


def _in_usual_size(left_over: Leftover, unit: float, words: Sequence[Word], left: Watch) -> tuple[Word, ...]:
    for hypothesis in _LOOKS:
        reading = (
            look(left_over.picture, hypothesis, Clues(), min(LOOK_SECONDS, left())) if left() > 0 else None
        )
        seen = [
            _shifted(word, left_over.x0, left_over.top).scaled(unit)
            for word in (reading.words if reading else ())
        ]
        if besides := tuple(other for other in seen if not any(_touch(other, w) for w in words)):
            return besides
    return ()


def _shifted(word: Word, right: float, down: float) -> Word:
    return Word(word.text, word.x0 + right, word.top + down, word.x1 + right, word.bottom + down)


def _is_seen_from_close_by(picture: Image.Image, unit: float, word: Word, left: Watch) -> bool:
    strip = picture.crop(_strip((word,), unit, picture))
    for hypothesis in _CLOSE:
        reading = look(strip, hypothesis, Clues(), min(LOOK_SECONDS, left())) if left() > 0 else None
        if reading is not None and _says(word, [w.text for w in reading.words]):
            return True
    return False


def _touch(one: Word, other: Word) -> bool:
    return min(one.x1, other.x1) > max(one.x0, other.x0) and min(one.bottom, other.bottom) > max(
        one.top, other.top
    )


def _pixels(box: tuple[float, float, float, float], unit: float) -> tuple[int, int, int, int]:
    x0, top, x1, bottom = (round(side / unit) for side in box)
    return max(0, x0), max(0, top), max(x0 + 1, x1), max(top + 1, bottom)


def _is_telling(word: Word) -> bool:
    # A letter or two, a colon, a dash: what they could say is said by what stands beside them.
    return any(ch.isdigit() for ch in word.text) or sum(ch.isalpha() for ch in word.text) > 2


def _is_read(word: Word, seen: Sequence[Word]) -> bool:
    height = word.bottom - word.top
    middle = (word.top + word.bottom) / 2
    there = [
        other
        for other in seen
        if abs((other.top + other.bottom) / 2 - middle) < 0.6 * height
        and min(other.x1, word.x1) - max(other.x0, word.x0) > -0.3 * height
    ]
    return _says(word, [other.text for other in sorted(there, key=lambda w: w.x0)])


def _says(word: Word, told: Sequence[str]) -> bool:
    """Tells whether a look that read these words at a word's place read all of the word, no digit more."""
    runs = ["".join(told[i:j]) for i in range(len(told)) for j in range(i + 1, len(told) + 1)]
    # What looks alike in letters and digits is alike: in a code no dictionary tells a Q from an O.
    if len(word.text) > 2 and any(_is_alike(word.text, _shape(run)) for run in runs):
        return True
    if not _has_digits_of(word.text, runs):
        return False
    letters = _letters(word.text)
    if len(letters) <= 2:
        return True
    wrong = max(1, len(letters) // _WRONG)
    return any(OSA.distance(letters, _letters(run), score_cutoff=wrong) <= wrong for run in runs)


def _has_digits_of(text: str, runs: Sequence[str]) -> bool:
    """Tells whether some run of words has just these digits: 780,00 is not what stands in 1.780,00."""
    readings = [
        re.sub(r"\D", "", read)
        for run in runs
        for read in (run, run.translate(_CONFUSED), repaired_dates(run))
    ]
    parts = [re.sub(r"\D", "", part) for part in re.split(r"\*+", text)]
    if len(parts) == 1:
        return not parts[0] or parts[0] in readings
    # The stars with which a bank masks a number are read as anything.
    return all(any(part in read for read in readings) for part in parts)


def _is_alike(text: str, seen: str) -> bool:
    """Tells whether a word has a shape; in a short code a stem may be seen once more, as in T for 1T."""
    said = _shape(text)
    if said == seen:
        return True
    # Not where a label is glued to its value: there one more 1 is another amount or number.
    is_code = text.isalnum() and len(text) <= _LONGEST_CODE and not (text.isalpha() or text.isdigit())
    strokes = (at for at, ch in enumerate(seen) if ch == "1")
    return is_code and any(seen[:at] + seen[at + 1 :] == said for at in strokes)


def _shape(text: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", fold(text).upper().translate(_CONFUSED).translate(_ROUND))


def _letters(text: str) -> str:
    return re.sub(r"[^a-z]", "", fold(text))
