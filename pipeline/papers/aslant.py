"""aslant: what is read across the picture of a page → the same without pieces of its own title.

A title in letters much higher than the rest is taken for a stamp that lies over the page, and read in part.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.domain.turkish import squash
from pipeline.papers.layouts import Layout
from pipeline.papers.rails import Rails, signs_on

# Fewer letters may be a piece of any word.
_FEWEST_LETTERS = 5
# Stems and rings that are read for each other in letters that lie alone.
_ALIKE = str.maketrans("jl10", "iiio")
# Every bank is a company limited by shares (law 5411, article 7).
_COMPANY = "as"


def beside_its_name(across: Sequence[str], layout: Layout, rails: Rails) -> tuple[str, ...]:
    """Leaves what is no piece of the form's title, all signs against a payment, and "" for what is unread."""
    names = [_shape(name) + _COMPANY for name in (*layout.title, *layout.headings)]
    # Another kind of payment than the form's is another matter.
    names += [_shape(text) for texts in (rails.headings, *layout.requires) for text in texts]
    return tuple(t for t in across if signs_on((t,), (), rails) or not _is_of_pieces(t, names))


def _is_of_pieces(text: str, names: Sequence[str]) -> bool:
    # "VAKIFBANK ÖDEMESİ" is left of two lines of a title.
    words = text.split()
    return bool(words) and (
        _is_piece(_shape(text), names) or all(_is_piece(_shape(word), names) for word in words)
    )


def _shape(text: str) -> str:
    return squash(text).translate(_ALIKE)


def _is_piece(letters: str, names: Sequence[str]) -> bool:
    return len(letters) >= _FEWEST_LETTERS and any(letters in name for name in names)
