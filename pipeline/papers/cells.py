"""cells: the text of one value → whether something stands beside it that may make another thing of it.

"13.05.2024 sonrası" is no day of payment, "10000000146 (kefil)" no debtor. What may stand there is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from rapidfuzz.distance import OSA

from pipeline.domain.turkish import fold
from pipeline.papers.strength import without_numbers

_DAY = re.compile(r"(?<!\d)(?:\d{1,2}\s?[./-]\s?\d{1,2}\s?[./-]\s?\d{4}|\d{4}-\d{2}-\d{2})(?!\d)(?:T(?=\d))?")
_TIME = re.compile(
    r"(?<![\d:.])(?:[01]?\d|2[0-3])[:.][0-5]\d(?:[:.][0-5]\d)?(?:[.,]\d{1,6})?(?![\d:])"
    r"|(?<!\d)(?:[01]\d|2[0-3])[0-5]\d[0-5]\d(?!\d)"
)
# "UTC+03:00", and the number that some banks print behind the time: "- F06195".
_ZONE = re.compile(r"(?<=[^\W\d_])\s?[+-]\s?\d{1,2}(?::\d{2})?(?!\d)")
_CODE = re.compile(r"(?<=-)\s?[A-Z]\d{3,}\s*$")
_SIGNS = frozenset("-–/,.;:|()[]_")
# In a picture dust is read as a letter or two.
_DUST = 2
_LONG = 5
# "TC: 10000000146" is a label's end; from so many letters on a word belongs to it: "(ÖDEYEN) 1…".
_LABELLED = 4
_NUMBER = re.compile(r"(?<!\d)\d{11}(?!\d)")
_OF_NUMBERS = ("kimlik", "numarasi", "tckn", "vkn", "ykn", "nosu", "no")
# As many stars behind an amount alone are a footnote's sign, more fill the line.
_FOOTNOTE = re.compile(r"[^*]*\d[^*]*\(?\s?\*{1,2}\s?\)?[^*]*")


def is_beside_day(text: str, known: Iterable[str], is_seen: bool) -> bool:
    """Tells whether more stands beside a day than a time, or one of the known words.

    >>> is_beside_day("13.05.2024 Saat 10:42", ["saat"], False), is_beside_day("en geç 13.05.2024", [], False)
    (False, True)
    """
    return _is_odd(_DAY.sub(" ", _CODE.sub(" ", text)), known, is_seen)


def is_time(text: str, known: Iterable[str], is_seen: bool) -> bool:
    """Tells whether a text is a time of day, perhaps with its day, and no more than known words beside it.

    >>> is_time("10:42:07", [], False), is_time("10:42 sonrası", [], False), is_time("bekler", [], False)
    (True, False, False)
    """
    return _TIME.search(_DAY.sub(" ", text)) is not None and not is_beside_day(text, known, is_seen)


def _is_odd(text: str, known: Iterable[str], is_seen: bool) -> bool:
    rest = _TIME.sub(" ", _ZONE.sub(" ", text))
    words = re.findall(r"[^\W\d_]+", fold(rest))
    wanted = {fold(word) for word in known}
    if is_seen:
        odd = [word for word in words if len(word) > _DUST and not _is_near(word, wanted)]
        return bool(odd) or "?" in rest
    signs = {ch for ch in rest if not (ch.isalpha() or ch.isspace())}
    return any(word not in wanted for word in words) or not signs <= _SIGNS


def _is_near(word: str, wanted: Iterable[str]) -> bool:
    wrong = 1 if len(word) >= _LONG else 0
    return any(OSA.distance(word, other, score_cutoff=wrong) <= wrong for other in wanted)


def is_beside_number(text: str, is_seen: bool) -> bool:
    """Tells whether words, or other digits, stand beside an identity number in its cell.

    >>> is_beside_number("TC 10000000146", False), is_beside_number("10000000146 (kefil)", False)
    (False, True)
    """
    if is_seen:
        rest = without_numbers(text)
        words = [word for word in re.findall(r"[a-z]{3,}", fold(rest)) if not _is_near(word, _OF_NUMBERS)]
        return rest != text and (bool(words) or "?" in rest or re.search(r"\d{4}", rest) is not None)
    found = _NUMBER.search(text)
    if found is None:
        return False
    before, behind = text[: found.start()], text[found.end() :]
    is_qualified = re.search(rf"[^\W\d_]{{{_LABELLED},}}|\d", before)
    return is_qualified is not None or re.search(r"[^\s().,;:|/=-]|-\s?\d", behind) is not None


def is_footnoted(amount: str) -> bool:
    """Tells whether a sign of a footnote stands behind an amount.

    >>> [is_footnoted(text) for text in ("780,00 TL (*)", "***780,00***", "780,00***", "780,00 TL")]
    [True, False, False, False]
    """
    return _FOOTNOTE.fullmatch(amount) is not None
