"""second opinion: the values that one engine found on a page, asked of another one that errs elsewhere.

Three looks of one engine have the same eyes. Where another engine reads the same the value stands there;
where it reads as many digits and others, neither is believed, and a person sees both.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from pipeline.domain import Page, Word
from pipeline.papers.printed import printed_lines
from pipeline.papers.strength import Proof, is_another_day, is_said, repaired_dates, value_of
from pipeline.sandbox.scanner.second_engine import MOST_LINES, texts_of

# How far above and below its words a line goes, as a share of their height.
_BESIDE = 0.25
# How wide a gap before a line is, in heights of the line, for a label to stand in it; and how long a label.
_SHORTEST_LABEL = 2.0
_FEWEST_LETTERS = 3


@dataclass(frozen=True, slots=True)
class Opinion:
    """Which proofs of a reading another engine reads as well, and what it reads of others: "780 / 788"."""

    said: frozenset[Proof]
    otherwise: tuple[str, ...]


def second_opinion(
    page: Image.Image, words: Sequence[Word], asked: Sequence[Proof], to_be_seconded: Sequence[Proof]
) -> Opinion | None:
    """Reads the lines of some proofs again; None where the other engine cannot.

    `page` is grey and turned as it was when the words were read. What check digits protect, another reading
    speaks against only where they are `to_be_seconded` all the same.
    """
    lines = [(proof, value) for proof in asked if (value := value_of(proof, words))][:MOST_LINES]
    texts = texts_of([page.crop(_around(value)) for _, value in lines])
    if texts is None:
        return None
    said = frozenset(proof for (proof, _), text in zip(lines, texts, strict=True) if is_said(proof, text))
    otherwise = tuple(
        f"{_spelled(value)} / {text.strip()}"
        for (proof, value), text in zip(lines, texts, strict=True)
        if proof in to_be_seconded and proof not in said and _is_against(proof, text, _spelled(value))
    )
    return Opinion(said, otherwise)


def _is_against(proof: Proof, text: str, spelled: str) -> bool:
    """Tells whether what the other engine reads in the place of a value speaks against it.

    What has lost digits does not, and of the digits in a day slashes are none, though all looks of one engine
    may see ones in them. But a day that had to be put together needs the other engine to read the same.
    """
    repaired = repaired_dates(spelled)
    is_guessed = proof.kind == "date" and repaired != spelled
    return is_guessed or is_another_day(proof, text) or _digits(text) >= _digits(repaired)


def words_seen_otherwise(page: Image.Image, words: Sequence[Word], whole: bool) -> tuple[Word, ...]:
    """Reads what has digits among some words, or all of them, with the other engine; empty where it cannot.

    `page` as for `second_opinion`. What stands together stays together, so that labels find their values.
    """
    parts = [part for line in printed_lines(Page(1, *page.size, tuple(words), "")) for part in line.parts]
    asked = [part for part in parts if whole or any(ch.isdigit() for word in part for ch in word.text)]
    texts = texts_of([page.crop(_around(part)) for part in asked])
    if texts is None:
        return ()
    kept = [word for part in parts if part not in asked for word in part]
    seen = [word for part, text in zip(asked, texts, strict=True) for word in _placed(text, part)]
    return (*kept, *seen)


def labels_seen_otherwise(page: Image.Image, words: Sequence[Word]) -> tuple[Word, ...]:
    """Reads what may stand before lines that begin further right than others do, with the other engine.

    `page` as for `second_opinion`. Looks of one engine leave out the same pale label, and see its value.
    """
    first = [line.parts[0] for line in printed_lines(Page(1, *page.size, tuple(words), ""))]
    left = min((part[0].x0 for part in first if part[0].text.isalpha()), default=0.0)
    bare = [_before(part, left) for part in first]
    gaps = [gap for gap in bare if gap.x1 - gap.x0 > _SHORTEST_LABEL * (gap.bottom - gap.top)][:MOST_LINES]
    texts = texts_of([page.crop(_around([gap])) for gap in gaps]) or ()
    return tuple(
        word
        for gap, text in zip(gaps, texts, strict=False)
        if sum(ch.isalpha() for ch in text) >= _FEWEST_LETTERS
        for word in _placed(text, [gap])
    )


def _before(part: Sequence[Word], left: float) -> Word:
    top, bottom = min(w.top for w in part), max(w.bottom for w in part)
    # What is looked at begins a little before its words and ends a letter behind them.
    return Word("", left, top, part[0].x0 - 1.5 * (bottom - top), bottom)


def _placed(text: str, part: Sequence[Word]) -> list[Word]:
    """Sets the words of a text over the place of others, as wide as they are long."""
    x0, x1 = part[0].x0, part[-1].x1
    top, bottom = min(w.top for w in part), max(w.bottom for w in part)
    letter = (x1 - x0) / max(1, len(text))
    return [
        Word(m[0], x0 + m.start() * letter, top, x0 + m.end() * letter, bottom)
        for m in re.finditer(r"\S+", text)
    ]


def _around(words: Sequence[Word]) -> tuple[int, int, int, int]:
    top, bottom = min(w.top for w in words), max(w.bottom for w in words)
    height = bottom - top
    # Close to the left, where a colon or a glued label ends.
    left, right = words[0].x0 - height / 8, words[-1].x1 + height
    return round(left), round(top - _BESIDE * height), round(right), round(bottom + _BESIDE * height)


def _spelled(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)


def _digits(text: str) -> int:
    return sum(ch.isdigit() for ch in text)
