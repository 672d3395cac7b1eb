"""crops: bytes of a file and a place in it → a small picture of that place, cut out by a worker."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Sequence
from concurrent.futures import Executor

from pipeline.domain import Page, Region, Word
from pipeline.papers.printed import printed_lines
from pipeline.sandbox.scanner.cut import REGIONS, Box, cut
from pipeline.sandbox.workers import WorkerFailed

# A card's number as receipts print it, most of it masked; no identity number or IBAN is as long.
_CARD = re.compile(r"(?:[\dxX*•●#][ -]?){12,18}[\dxX*•●#]")
_MASKED = re.compile(r"[xX*•●#]{4}")
_CARD_LABEL = re.compile(r"kart\s*(?:no|num)", re.IGNORECASE)
_GROUP = re.compile(r"(?:TR)?\d{1,4}")
# The first digits of cards; a bank's own numbers begin with the year.
_CARD_BEGINS = "34569"


def cut_out(
    readers: Executor, data: bytes, digest: str, region: Region, covered: Sequence[Box] = ()
) -> bytes | None:
    """Has a region of a file cut out: a small upright PNG, or None where it cannot be had.

    `digest` is that of the file, or of the one inside it that is meant. A region without a size is the
    whole page; what lies in the boxes of `covered` is painted over.
    """
    plain = REGIONS.dump_python(region, mode="json")
    try:
        picture = readers.submit(cut, data, digest, plain, list(covered)).result()
    except WorkerFailed:
        return None
    return b64decode(picture) if picture else None


def card_boxes(page: Page) -> tuple[Box, ...]:
    """Finds where the numbers of payment cards stand on a page; nobody needs to see those."""
    hidden: list[Word] = []
    for line in printed_lines(page):
        words = [word for part in line.parts for word in part]
        if _CARD_LABEL.search(line.text):
            hidden += [word for word in words if any(ch.isdigit() or ch == "*" for ch in word.text)]
        for first in range(len(words)):
            ends = range(first + 1, min(first + 5, len(words)) + 1)
            hidden += [w for end in ends if _is_card(words, first, end) for w in words[first:end]]
    return tuple((w.x0, w.top, w.x1, w.bottom) for w in dict.fromkeys(hidden))


def _is_card(words: Sequence[Word], first: int, end: int) -> bool:
    text = " ".join(word.text for word in words[first:end])
    if not _CARD.fullmatch(text):
        return False
    # Groups of digits before or behind it make it a longer number, such as an IBAN.
    beside = [*words[max(0, first - 1) : first], *words[end : end + 1]]
    is_alone = not any(_GROUP.fullmatch(word.text) for word in beside)
    return bool(_MASKED.search(text)) or (is_alone and text[0] in _CARD_BEGINS)
