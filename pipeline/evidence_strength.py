"""evidence_strength: words of a page → how much on it can be proved, before anyone asks what it means.

A reading is strong when check digits hold beside their label, an amount is in the tariff, a date is a
date and a rail is named where banks name it. OCR stops at a strong reading; nothing is accepted on it.

>>> page = text_words("Kurum Ödemesi\\nT.C. Kimlik No 10000000146\\nTutar 780,00 TL\\nTarih 13.05.2024")
>>> strength(page, ("780.00",)).consistent
True
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pipeline.domain import Word
from pipeline.turkish import IdentityNumber, amount_readings, fold, iban_holds, moment_of

Line = tuple[Word, ...]

# The pairs that OCR is known to confuse; anything else would be guessing.
_CONFUSED = str.maketrans("OoIılSB", "0011158")
_NUMBER_LABELS = ("tckimlik", "kimlikno", "tckn", "tcno", "vkn", "ykn", "sicilno", "aboneno")
_AMOUNT_LABELS = ("tutar", "toplam")
_RAILS = {
    "fast": ("fast", "anlikodeme"),
    "eft": ("eft", "bankalararasi"),
    "havale": ("havale", "hesaptanhesaba", "virman"),
    "nakit": ("nakit", "parayatirma", "hesabayatan"),
    "kurum": ("kurumodeme", "kurumsalodeme", "faturaodeme", "tahsilat"),
    "sanal pos": ("sanalpos", "provizyon", "onaykodu"),
}
_KIND_LABELS = ("islemturu", "islemadi", "islemtipi", "odemeturu")
_TITLE_LINES = 6
_RECEIPT_WORDS = (
    *_NUMBER_LABELS,
    *_AMOUNT_LABELS,
    *_KIND_LABELS,
    *(
        "iban",
        "alici",
        "gonderen",
        "dekont",
        "islem",
        "tarih",
        "banka",
        "aciklama",
        "masraf",
        "odeme",
        "sorgu",
    ),
)


@dataclass(frozen=True, slots=True)
class Strength:
    """What one reading of a page proves: values that hold, and labels whose values do not.

    `broken` names the kinds ("identity_number", "iban", "amount", "date") that are labelled on the
    page but hold no such value; `labels` counts the different words of the trade that were read.
    """

    identity_numbers: frozenset[IdentityNumber] = frozenset()
    ibans: frozenset[str] = frozenset()
    amounts: frozenset[Decimal] = frozenset()
    dates: frozenset[date] = frozenset()
    rails: frozenset[str] = frozenset()
    in_tariff: bool = False
    broken: frozenset[str] = frozenset()
    labels: int = 0

    @property
    def consistent(self) -> bool:
        """Tells whether identity number, amount, date and rail all hold and no label lacks its value."""
        proved = self.identity_numbers and self.amounts and self.dates and self.rails
        return bool(proved) and self.in_tariff and not self.broken

    @property
    def is_receipt_like(self) -> bool:
        """Tells whether the page looks like one that tells of a payment."""
        return self.labels >= 3 and bool(self.amounts or "amount" in self.broken or self.ibans)

    @property
    def rank(self) -> tuple[int, int, int]:
        """Orders readings of one page, the stronger the higher."""
        proved = (
            4 * bool(self.identity_numbers)
            + 2 * bool(self.amounts)
            + 2 * self.in_tariff
            + 2 * bool(self.dates)
            + bool(self.rails)
        )
        return proved - 2 * len(self.broken), len(self.ibans), self.labels


def strength(words: Sequence[Word], amounts: tuple[str, ...]) -> Strength:
    """Weighs one reading of one page; `amounts` are tariff amounts such as "780.00", or empty.

    Where no tariff is given every labelled amount counts as one that holds.
    """
    lines = [_text(line) for line in lines_of(words)]
    bare = [_bare(line) for line in lines]
    following = [*lines[1:], ""]
    tariff = {Decimal(amount) for amount in amounts}
    numbers, numbers_broken = _identity_numbers(lines, bare, following)
    ibans, ibans_broken = _ibans(lines, bare, following)
    labelled, amounts_broken = _labelled_amounts(lines, bare, following)
    dates, dates_broken = _dates(lines, bare, following)
    known = {amount for line in lines for amount in _amounts(line)} & tariff
    broken = {
        "identity_number": numbers_broken,
        "iban": ibans_broken,
        "amount": amounts_broken,
        "date": dates_broken,
    }
    return Strength(
        identity_numbers=frozenset(numbers),
        ibans=frozenset(ibans),
        amounts=frozenset(labelled or known),
        dates=frozenset(dates),
        rails=frozenset(_rails(bare)),
        in_tariff=bool(labelled & tariff or (known and not labelled)) if tariff else bool(labelled),
        broken=frozenset(kind for kind, is_broken in broken.items() if is_broken),
        labels=sum(any(label in line for line in bare) for label in _RECEIPT_WORDS),
    )


def contradictory(one: Strength, other: Strength) -> bool:
    """Tells whether two readings of one page both hold a checked value, but not the same one."""
    pairs = (
        (one.identity_numbers, other.identity_numbers),
        (one.ibans, other.ibans),
        (one.amounts if one.in_tariff else frozenset(), other.amounts if other.in_tariff else frozenset()),
        (one.dates, other.dates),
    )
    return any(a and b and not (a <= b or b <= a) for a, b in pairs)


# --- digits ------------------------------------------------------------------------------------


def repaired_number(text: str) -> str | None:
    """Reads an identity number out of an OCR'd text, undoing O/0, I/1/l, S/5 and B/8.

    Returns eleven digits whose check digits hold, or None; for words of pictures only.

    >>> repaired_number("l0OOO00O146"), repaired_number("10000000145"), repaired_number("2 10000000146")
    ('10000000146', None, None)
    """
    digits = re.sub(r"[\s.]", "", text).translate(_CONFUSED)
    if not re.fullmatch(r"[1-9][0-9]{10}", digits):
        return None
    return digits if IdentityNumber(digits).is_valid else None


def repaired_iban(text: str) -> str | None:
    """Reads a Turkish IBAN out of an OCR'd text with the same repairs, but never in its bank code.

    >>> repaired_iban("TR93 0001 2009 4570 O044 0000 04"), repaired_iban("TR93 OOO1 2009 4570 0044 0000 04")
    ('TR930001200945700044000004', None)
    """
    bare = re.sub(r"\s", "", text)
    if len(bare) != 26 or not bare[4:9].isdecimal():
        return None
    number = bare[:2].upper() + bare[2:].translate(_CONFUSED)
    return number if iban_holds(number) else None


# --- lines -------------------------------------------------------------------------------------


def lines_of(words: Iterable[Word]) -> tuple[Line, ...]:
    """Joins words to printed lines, top to bottom and left to right.

    A word joins a line when its middle lies within the height of the line's last word.
    """
    lines: list[list[Word]] = []
    for word in sorted(words, key=lambda w: (w.x0, w.top)):
        middle = (word.top + word.bottom) / 2
        near = [line for line in lines if line[-1].top < middle < line[-1].bottom]
        if near:
            min(near, key=lambda line: abs(line[-1].top + line[-1].bottom - 2 * middle)).append(word)
        else:
            lines.append([word])
    lines.sort(key=lambda line: min(word.top for word in line))
    return tuple(tuple(line) for line in lines)


def text_words(text: str) -> tuple[Word, ...]:
    """Sets a plain text as words with boxes, ten units a line and a letter, for examples and tests."""
    return tuple(
        Word(m[0], m.start() * 10, row * 20, m.end() * 10, row * 20 + 10)
        for row, line in enumerate(text.splitlines())
        for m in re.finditer(r"\S+", line)
    )


def _text(line: Line) -> str:
    return " ".join(word.text for word in line)


def _bare(line: str) -> str:
    return re.sub(r"[^a-z0-9]", "", fold(line))


# --- values ------------------------------------------------------------------------------------

_RUN = re.compile(r"(?<![\w*])[0-9OoIılSB](?:[ .]?[0-9OoIılSB]){10}(?![\w*])")
_GLUED_RUN = re.compile(r"(?<![0-9])[0-9]{11}(?![0-9])")
_IBAN_RUN = re.compile(r"T[R][0-9OoIılSB]{24}(?![0-9])", re.IGNORECASE)
_AMOUNT_RUN = re.compile(r"(?<![\w.,/-])-?[0-9][0-9.,]*[.,][0-9]{2}(?![0-9.,/:-])")
# "GARANTİ BANKASI" has the four letters in it as well.
_IBAN_LABEL = re.compile(r"iban(?!k)")


def _identity_numbers(
    lines: list[str], bare: list[str], following: list[str]
) -> tuple[set[IdentityNumber], bool]:
    found: set[IdentityNumber] = set()
    broken = masked = False
    for line, plain, below in zip(lines, bare, following, strict=True):
        here = _numbers_in(line)
        if any(label in plain for label in _NUMBER_LABELS):
            here |= _numbers_in(below) if not re.search(r"\d", line) else set()
            # A bank that masks the number prints few digits here and perhaps the whole number elsewhere.
            masked = masked or not here
            broken = broken or (not here and len(re.findall(r"[0-9OoIılSB]", line)) >= 9)
        found |= here
    return found, broken or (masked and not found)


def _numbers_in(line: str) -> set[IdentityNumber]:
    runs = [m[0] for m in _RUN.finditer(line)] + [m[0] for m in _GLUED_RUN.finditer(line)]
    return {IdentityNumber(number) for run in runs if (number := repaired_number(run))}


def _ibans(lines: list[str], bare: list[str], following: list[str]) -> tuple[set[str], bool]:
    found: set[str] = set()
    broken = False
    for line, plain, below in zip(lines, bare, following, strict=True):
        here = _ibans_in(line)
        if _IBAN_LABEL.search(plain):
            here |= _ibans_in(below) if not re.search(r"\d{4}", line) else set()
            broken = broken or not here
        found |= here
    return found, broken


def _ibans_in(line: str) -> set[str]:
    glued = re.sub(r"\s", "", line)
    return {iban for m in _IBAN_RUN.finditer(glued) if (iban := repaired_iban(m[0]))}


def _labelled_amounts(lines: list[str], bare: list[str], following: list[str]) -> tuple[set[Decimal], bool]:
    found: set[Decimal] = set()
    labelled = False
    for line, plain, below in zip(lines, bare, following, strict=True):
        if any(label in plain for label in _AMOUNT_LABELS) and "masraf" not in plain:
            labelled = True
            found |= _amounts(line) or (_amounts(below) if not re.search(r"\d", line) else set())
    return found, labelled and not found


def _amounts(line: str) -> set[Decimal]:
    return {abs(a) for m in _AMOUNT_RUN.finditer(line) for a in amount_readings(m[0]) if a}


def _dates(lines: list[str], bare: list[str], following: list[str]) -> tuple[set[date], bool]:
    found: set[date] = set()
    labelled = False
    for line, plain, below in zip(lines, bare, following, strict=True):
        if "tarih" in plain:
            labelled = True
            moment = moment_of(line) or (moment_of(below) if not re.search(r"\d", line) else None)
            if moment and 2010 <= moment.year < 2100:
                found.add(moment.date())
    return found, labelled and not found


def _rails(bare: list[str]) -> set[str]:
    telling = bare[:_TITLE_LINES] + [line for line in bare if any(label in line for label in _KIND_LABELS)]
    return {rail for rail, names in _RAILS.items() if any(name in line for line in telling for name in names)}
