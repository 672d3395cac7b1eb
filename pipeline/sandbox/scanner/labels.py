"""labels: what a page's layout asks for in vain, and labels that another look at the same page has read.

An engine leaves a pale or blurred label out in one look and reads it in another; the value stands in both,
and without its label, or that of the charge below it, it is nobody's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipeline.domain import Page, Word
from pipeline.papers.clues import Clues
from pipeline.papers.strength import Strength, lines_of, strength


def lacking(words: tuple[Word, ...], proved: Strength, clues: Clues) -> frozenset[str]:
    """Names the fields that a page's layout asks for in vain, as `Clues.lacking` does.

    Looking for a layout is not free, and on a page without words of the trade in vain.
    """
    return clues.lacking(Page(1, 0, 0, words, "")) if proved.is_receipt_like else frozenset()


def with_labels_of(
    words: tuple[Word, ...], lacks: frozenset[str], others: Iterable[Sequence[Word]], clues: Clues
) -> tuple[Word, ...]:
    """Adds words of other readings whose labels let a layout find what it lacks in this one.

    Words are only added, where this reading has none: what one look has seen, another does not unsee. And
    only where every value that was proved is proved with them as well, and no other amount or day.
    """
    if not lacks:
        return words
    proved = strength(words, clues.terms)
    for line in (line for other in others for line in lines_of(other)):
        if not lacks:
            break
        more = tuple(word for word in line if not any(_is_over(word, known) for known in words))
        if not clues.has_label(_text(more)):
            continue
        candidate = (*words, *more)
        weighed = strength(candidate, clues.terms)
        left = lacking(candidate, weighed, clues)
        is_better = left < lacks or ("layout" in lacks and "layout" not in left)
        if is_better and _says_no_less_and_no_more(weighed, proved):
            words, proved, lacks = candidate, weighed, left
    return words


def _is_over(word: Word, other: Word) -> bool:
    return word.x0 < other.x1 and other.x0 < word.x1 and word.top < other.bottom and other.top < word.bottom


def _says_no_less_and_no_more(new: Strength, old: Strength) -> bool:
    told = [{(proof.kind, frozenset(proof.values)) for proof in one.proofs} for one in (new, old)]
    unsafe = {proof.kind for proof in old.unprotected}
    return told[1] <= told[0] and not any(kind in unsafe for kind, _ in told[0] - told[1])


def _text(words: Iterable[Word]) -> str:
    return " ".join(word.text for word in sorted(words, key=lambda word: word.x0))
