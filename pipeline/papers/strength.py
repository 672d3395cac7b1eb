"""strength: words of a page → how much on it can be proved, before anyone asks what it means.

A reading is strong when check digits hold beside their label, an amount is in the tariff, a date is a
date and a rail is named where banks name it. OCR goes by it in what it tries; nothing is accepted on it.

>>> page = text_words("Kurum Ödemesi\\nT.C. Kimlik No 10000000146\\nTutar 780,00 TL\\nTarih 13.05.2024")
>>> proved = strength(page, Terms(("780.00",), rails={"KURUM ÖDEMESİ": ("Kurum Ödeme",)}))
>>> proved.is_complete, evidence.in_tariff
(True, True)
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import combinations

from pipeline.domain import Word
from pipeline.domain.turkish import IdentityNumber, amount_readings, fold, iban_holds, moment_of

Line = tuple[Word, ...]
Values = frozenset[IdentityNumber] | frozenset[str] | frozenset[Decimal] | frozenset[date]

# The pairs that OCR is known to confuse; anything else would be guessing.
_CONFUSED = str.maketrans("OoIılSB", "0011158")
_DIGIT = "[0-9OoIılSB]"

_NUMBER_LABEL = re.compile("tckimlik|kimlikno|tckn|tcno|vkn|ykn|sicilno|aboneno")
# "GARANTİ BANKASI" has the four letters in it as well.
_IBAN_LABEL = re.compile("iban(?!k)|(alici|alacakli)hesap")
# Whether the payer's own account was read well makes no difference to anybody.
_OWN_IBAN = re.compile("(gonderen|borclu|(?<!alici)hesap|musteri)iban(?!k)")
# What every bank's labels have in them, known or not; what else one prints there its layout says.
_AMOUNT_LABEL = "(?<!masraf)tutar"
_DATE_LABEL = "tarih"
_KIND_LABEL = re.compile("islemturu|islemadi|islemtipi|odemeturu")
_TITLE_LINES = 6
_WORDS_OF_THE_TRADE = tuple(
    "tckimlik kimlikno tckn vkn tutar toplam iban alici gonderen dekont islem islemturu tarih banka "
    "aciklama masraf odeme sorgu kurum siparis onaykodu".split()
)

_NUMBER_RUN = re.compile(
    rf"(?<![\w*]){_DIGIT}(?:[ .]?{_DIGIT}){{10}}(?![\w*])|(?<![0-9])[0-9]{{11}}(?![0-9])"
)
_IBAN_RUN = re.compile(rf"TR{_DIGIT}{{24}}(?![0-9])", re.IGNORECASE)
_AMOUNT_RUN = re.compile(r"(?<![\w.,/-])-?[0-9][0-9.,]*[.,] ?[0-9]{2}(?![0-9.,/:-])")
# OCR loses the first digit of a day more often than a bank prints a day with one digit.
_DATE_RUN = re.compile(
    r"(?<![0-9])(?:[0-9]{2}\s?[./-]\s?[0-9]{2}\s?[./-]\s?[0-9]{4}|[0-9]{4}-[0-9]{2}-[0-9]{2})(?!\d).*"
)
# A slash is a slanting stroke, and so are these.
_SLASHES = re.compile(r"(?<![0-9])([0-3][0-9])[/17lI|](0[0-9]|1[0-2])[/17lI|](20[0-9]{2})(?![0-9])")
_ONE_SEPARATOR = re.compile(
    r"(?<![0-9])(?P<day>[0-3][0-9])(?P<first>[./-])?(?P<month>[01][0-9])(?(first)|(?P<second>[./-]))"
    r"(?P<year>20[0-9]{2})(?![0-9])"
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a page is weighed by: tariff amounts such as "780.00", labels of the layouts, words of the rails.

    `accepted` names the rails that lead to an acceptance. Where no amounts are given every labelled one
    counts as one that holds.
    """

    amounts: tuple[str, ...] = ()
    amount_labels: tuple[str, ...] = ()
    day_labels: tuple[str, ...] = ()
    rails: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    accepted: frozenset[str] = frozenset()

    @property
    def amount_label(self) -> re.Pattern[str]:
        """Finds a label of an amount in bare letters."""
        return _any_of(_AMOUNT_LABEL, self.amount_labels)

    @property
    def date_label(self) -> re.Pattern[str]:
        """Finds a label of a day in bare letters."""
        return _any_of(_DATE_LABEL, self.day_labels)

    @property
    def any_label(self) -> re.Pattern[str]:
        """Finds a label of any value in bare letters."""
        found = (_NUMBER_LABEL, _IBAN_LABEL, self.amount_label, self.date_label)
        return re.compile("|".join(pattern.pattern for pattern in found))


def _any_of(known: str, labels: Iterable[str]) -> re.Pattern[str]:
    # A label that has no word of the trade in it may begin a word of something else: it begins its line.
    bare = {_bare(label) for label in labels} - {""}
    own = sorted(label for label in bare if not re.search(known, label))
    return re.compile("|".join((known, *(f"^{label}" for label in own))))


@dataclass(frozen=True, slots=True)
class Proof:
    """Values of one kind that hold in one line, and where on the page that line stands."""

    kind: str
    values: Values
    middle: float
    height: float

    def is_beside(self, other: Proof) -> bool:
        """Tells whether two proofs, of two readings of one page, are about the same printed line."""
        return self.kind == other.kind and abs(self.middle - other.middle) < 0.7 * self.height


@dataclass(frozen=True, slots=True)
class Strength:
    """What one reading of a page proves: values that hold, and labels whose values do not.

    `proofs` are of the kinds "identity_number", "iban", "amount" and "date"; `broken` names the kinds
    that are labelled on the page but hold no value; `labels` counts the words of the trade.
    """

    proofs: tuple[Proof, ...] = ()
    rails: frozenset[str] = frozenset()
    # Whether one of the rails leads to an acceptance, if all else holds.
    is_acceptable: bool = False
    in_tariff: bool = False
    broken: frozenset[str] = frozenset()
    labels: int = 0

    @property
    def is_complete(self) -> bool:
        """Tells whether identity number, amount, date and rail all hold and no label lacks its value."""
        return {"identity_number", "amount", "date"} <= self.kinds and bool(self.rails) and not self.broken

    @property
    def is_receipt_like(self) -> bool:
        """Tells whether the page looks like one that tells of a payment."""
        return self.labels >= 3 and bool(self.rails or {"amount", "iban"} & (self.kinds | self.broken))

    @property
    def is_strange(self) -> bool:
        """Tells whether the page names an amount that nobody charges, as most misread ones are."""
        return self.is_receipt_like and "amount" in self.kinds and not self.in_tariff

    @property
    def unprotected(self) -> tuple[Proof, ...]:
        """Gives the amounts and dates, which no check digits protect."""
        return tuple(proof for proof in self.proofs if proof.kind in ("amount", "date"))

    @property
    def kinds(self) -> frozenset[str]:
        """Names the kinds of which at least one value holds."""
        return frozenset(proof.kind for proof in self.proofs)

    @property
    def rank(self) -> tuple[int, int, int]:
        """Orders readings of one page, the stronger the higher: proofs, IBANs, words of the trade."""
        weights = {"identity_number": 4, "amount": 2, "date": 2}
        proved = sum(weights.get(kind, 0) for kind in self.kinds) + 2 * self.in_tariff + bool(self.rails)
        return (
            proved - 2 * len(self.broken),
            sum(proof.kind == "iban" for proof in self.proofs),
            self.labels,
        )


def strength(words: Iterable[Word], terms: Terms) -> Strength:
    """Weighs one reading of one page."""
    lines = [_Printed.of(line) for line in lines_of(words)]
    single = {Decimal(amount) for amount in terms.amounts}
    # A certificate and a reader are often paid at once.
    tariff: set[Decimal] = single | {one + other for one, other in combinations(sorted(single), 2)}
    found = (
        _numbers(lines, terms),
        _ibans(lines, terms),
        _amounts(lines, terms, tariff),
        _dates(lines, terms),
    )
    rails = _rails(lines, terms)
    money = {v for proof in found[2][0] for v in proof.values}
    return Strength(
        proofs=tuple(proof for proofs, _ in found for proof in proofs),
        rails=rails,
        is_acceptable=bool(rails & terms.accepted),
        in_tariff=bool(money & tariff if tariff else money),
        broken=frozenset(kind for kind, (_, broken) in zip(_KINDS, found, strict=True) if broken),
        labels=sum(any(word in line.bare for line in lines) for word in _WORDS_OF_THE_TRADE),
    )


_KINDS = ("identity_number", "iban", "amount", "date")


# --- several readings of one page --------------------------------------------------------------


def contested(chosen: Strength, readings: Iterable[Strength]) -> bool:
    """Tells whether the readings of one page speak against a value that the chosen one holds.

    Another value in the same line counts against it, unless at least two readings, and more than for
    any other value, agree with the chosen one.
    """
    others = [reading.proofs for reading in readings]
    return any(_outvoted(proof, others) for proof in chosen.proofs)


def _outvoted(proof: Proof, readings: Sequence[tuple[Proof, ...]]) -> bool:
    votes = Counter(other.values for proofs in readings for other in proofs if proof.is_beside(other))
    for_it = votes.pop(proof.values, 0)
    return bool(votes) and (for_it < 2 or for_it <= max(votes.values()))


def doubted(chosen: Strength, readings: Iterable[Strength]) -> bool:
    """Tells whether any reading holds another amount or date than the chosen one in the same line."""
    others = [reading.proofs for reading in readings]
    return any(
        other.is_beside(proof) and other.values != proof.values
        for proof in chosen.unprotected
        for proofs in others
        for other in proofs
    )


def lonely(chosen: Strength, readings: Iterable[Strength]) -> tuple[Proof, ...]:
    """Gives the values of the chosen reading that fewer than two readings hold in the same line.

    Check digits let one misread number in a hundred through, and of many looks each may be that one.
    """
    others = [reading.proofs for reading in readings]
    return tuple(
        proof
        for proof in chosen.proofs
        if sum(any(o.is_beside(proof) and o.values == proof.values for o in proofs) for proofs in others) < 2
    )


def agreeing(one: Strength, other: Strength) -> bool:
    """Tells whether two readings hold the same values and miss the same."""
    return not contested(one, (other,)) and one.broken == other.broken and one.rank[:2] == other.rank[:2]


def patched(words: Sequence[Word], others: Iterable[Sequence[Word]], terms: Terms) -> tuple[Word, ...]:
    """Takes over single lines of other readings of the same page where they prove what this one lacks."""
    best = tuple(words)
    weight = strength(best, terms)
    for other in others:
        known = {_text(line) for line in lines_of(best)}
        for line in lines_of(other):
            if _text(line) in known or not any(ch.isdigit() for ch in _text(line)):
                continue
            candidate = _with_line(best, line)
            improved = strength(candidate, terms)
            if _proves_more(improved, weight):
                best, weight = candidate, improved
    return best


def _with_line(words: Sequence[Word], line: Line) -> tuple[Word, ...]:
    top, bottom = min(w.top for w in line), max(w.bottom for w in line)
    kept = (w for w in words if not top < (w.top + w.bottom) / 2 < bottom)
    return (*kept, *line)


def _proves_more(new: Strength, old: Strength) -> bool:
    if new.labels < old.labels or new.rank[:2] <= old.rank[:2]:
        return False
    lost = [proof for proof in old.proofs if not any(proof.values <= p.values for p in new.proofs)]
    # An amount outside the tariff may give way to one inside; whether it should, `contested` tells.
    return all(proof.kind == "amount" and new.in_tariff and not old.in_tariff for proof in lost)


# --- a text layer against its own picture -------------------------------------------------------


def unseen(told: Strength, seen: Iterable[Word]) -> tuple[Proof, ...]:
    """Gives the proofs of a text layer that cannot be read at their place on the picture of the page.

    Both must be in the same unit.
    """
    words = tuple(seen)
    return tuple(proof for proof in told.proofs if not _is_printed(proof, _beside(proof, words)))


def refuted(proofs: Iterable[Proof], looks: Sequence[Sequence[Word]], terms: Terms) -> bool:
    """Tells whether a picture of the page shows something else than these proofs of its text layer.

    It does when every look finds nothing there, or all agree on one other value; a single look that
    cannot read a value well proves nothing.
    """
    weighed = [strength(words, terms) for words in looks]
    return any(_is_refuted(proof, looks, weighed) for proof in proofs)


def _is_refuted(proof: Proof, looks: Sequence[Sequence[Word]], weighed: Sequence[Strength]) -> bool:
    wanted = min(len(_printed_forms(value)[0]) for value in proof.values)
    if all(2 * len(_digits(_beside(proof, words))) < wanted for words in looks):
        return True
    others = [{p.values for p in look.proofs if p.is_beside(proof)} for look in weighed]
    return len(looks) > 1 and bool(others[0]) and all(other == others[0] for other in others)


def value_of(proof: Proof, words: Iterable[Word]) -> tuple[Word, ...]:
    """Gives the line of a proof from its first word with digits on, of the reading that proves it."""
    line = sorted((w for w in words if _is_in_line(w, proof)), key=lambda w: w.x0)
    first = next((n for n, w in enumerate(line) if any(ch.isdigit() for ch in w.text)), 0)
    return tuple(line[first:])


def is_said(proof: Proof, text: str) -> bool:
    """Tells whether the values of a proof stand in a text without labels, of a picture.

    >>> receipt = strength(text_words("Tutar 1.080,00 TL\\nTarih 27.06.2024 15:24"), Terms())
    >>> [is_said(p, "1.080,00 TL") or is_said(p, "27106/2024 15:24") for p in receipt.proofs]
    [True, True]
    >>> [is_said(p, "1.080,09 TL") or is_said(p, "21.06.2024 15:24") for p in receipt.proofs]
    [False, False]
    """
    return _is_printed(proof, repaired_dates(text))


def is_another_day(proof: Proof, text: str) -> bool:
    """Tells whether a text without labels, of a picture, begins with a whole day unlike that of a proof.

    >>> receipt = strength(text_words("Tarih 2110612024 21:27:18"), Terms())
    >>> [is_another_day(p, told) for p in receipt.proofs for told in ("27/06/2024 21:27:18", "7/06/2024")]
    [True, False]
    """
    return proof.kind == "date" and bool(days := _days_of(text)) and not days <= proof.values


def _is_in_line(word: Word, proof: Proof) -> bool:
    return abs((word.top + word.bottom) / 2 - proof.middle) < 0.7 * proof.height


def _beside(proof: Proof, words: Iterable[Word]) -> str:
    line = [w for w in words if _is_in_line(w, proof)]
    return " ".join(word.text for word in sorted(line, key=lambda w: w.x0))


def _is_printed(proof: Proof, line: str) -> bool:
    numbers = {_digits(run) for run in re.findall(r"[0-9][0-9.,]*", line)}
    together = _digits(line)
    for value in proof.values:
        forms = _printed_forms(value)
        if isinstance(value, Decimal):
            if not numbers & set(forms):
                return False
        elif not any(form in together for form in forms):
            return False
    return True


def _printed_forms(value: IdentityNumber | str | Decimal | date) -> tuple[str, ...]:
    match value:
        case IdentityNumber():
            return (value.digits,)
        case Decimal():
            return (_digits(f"{value:.2f}"), _digits(f"{value:.0f}"))
        case date():
            return (f"{value:%d%m%Y}", f"{value:%Y%m%d}")
        case _:
            return (_digits(value),)


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)


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
    """Reads a Turkish IBAN out of an OCR'd text, dust between its groups dropped.

    The same repairs as for an identity number, but never in the bank code.

    >>> repaired_iban("TR93 0001 2009-4570 O044 0000 04"), repaired_iban("TR93 OOO1 2009 4570 0044 0000 04")
    ('TR930001200945700044000004', None)
    """
    bare = re.sub(r"[\W_]", "", text)
    if len(bare) != 26 or not bare[4:9].isdecimal():
        return None
    number = bare[:2].upper() + bare[2:].translate(_CONFUSED)
    return number if iban_holds(number) else None


def repaired_numbers(text: str) -> frozenset[IdentityNumber]:
    """Finds identity numbers in the words of a picture; none inside a longer run of digits.

    >>> sorted(n.digits for n in repaired_numbers("TCKN: l0000000l46, 2024051300012345"))
    ['10000000146']
    """
    return frozenset(IdentityNumber(n) for run in _NUMBER_RUN.findall(text) if (n := repaired_number(run)))


def without_numbers(text: str) -> str:
    """Drops the identity numbers of a picture's words, and what they are printed between stays.

    >>> without_numbers("TCKN: l0000000l46 kefil")
    'TCKN:   kefil'
    """
    return _NUMBER_RUN.sub(lambda run: " " if repaired_number(run[0]) else run[0], text)


def repaired_ibans(text: str) -> frozenset[str]:
    """Finds IBANs in the words of a picture, dust between their groups dropped.

    >>> sorted(repaired_ibans("ALICI IBAN: TR93 0001 2009-4570 O044 0000 04"))
    ['TR930001200945700044000004']
    """
    runs = _IBAN_RUN.findall(re.sub(r"[\W_]", "", text))
    return frozenset(iban for run in runs if (iban := repaired_iban(run)))


def repaired_dates(text: str) -> str:
    """Puts back a date's slashes read as ones or sevens, and one of its two separators that was overlooked.

    For words of pictures only.

    >>> repaired_dates("2708/2024 18:49"), repaired_dates("27.082024"), repaired_dates("27082024")
    ('27/08/2024 18:49', '27.08.2024', '27082024')
    >>> repaired_dates("24109/2024-23:45"), repaired_dates("2710572024 14:24"), repaired_dates("24139/2024")
    ('24/09/2024-23:45', '27/05/2024 14:24', '24139/2024')
    """
    return _ONE_SEPARATOR.sub(_with_both, _SLASHES.sub(r"\1/\2/\3", text))


def _with_both(date: re.Match[str]) -> str:
    separator = date["first"] or date["second"]
    return separator.join((date["day"], date["month"], date["year"]))


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
    """Sets a plain text as words with boxes, ten units wide a letter and high a line."""
    return tuple(
        Word(m[0], m.start() * 10, row * 20, m.end() * 10, row * 20 + 10)
        for row, line in enumerate(text.splitlines())
        for m in re.finditer(r"\S+", line)
    )


def _bare(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", fold(text))


def _text(line: Line) -> str:
    return " ".join(word.text for word in line)


@dataclass(frozen=True, slots=True)
class _Printed:
    """A line as its text, as bare letters and digits for finding labels, and its place."""

    text: str
    bare: str
    middle: float
    height: float

    @classmethod
    def of(cls, line: Line) -> _Printed:
        text = _text(line)
        middles = [(word.top + word.bottom) / 2 for word in line] or [0.0]
        height = max((word.bottom - word.top for word in line), default=0.0)
        return cls(text, _bare(text), sum(middles) / len(middles), height)

    def proof(self, kind: str, values: Values) -> Proof:
        return Proof(kind, values, self.middle, self.height)

    @property
    def has_digits(self) -> bool:
        return any(ch.isdigit() for ch in self.text)


# --- values: each finder gives the proofs, and whether a label stands there without its value ---

_Found = tuple[list[Proof], bool]


def _value_lines(
    lines: Sequence[_Printed], label: re.Pattern[str], terms: Terms
) -> Iterator[tuple[_Printed, bool]]:
    """Gives every line with whether it is labelled; a label that stands alone labels the line below."""
    waiting, any_label = False, terms.any_label
    for line in lines:
        labelled = bool(label.search(line.bare))
        yield line, labelled or (waiting and line.has_digits and not any_label.search(line.bare))
        waiting = labelled and not line.has_digits


def _numbers(lines: Sequence[_Printed], terms: Terms) -> _Found:
    proofs: list[Proof] = []
    broken = masked = False
    for line, labelled in _value_lines(lines, _NUMBER_LABEL, terms):
        if values := repaired_numbers(line.text):
            proofs.append(line.proof("identity_number", values))
        elif labelled:
            # A bank that masks the number prints few digits here and perhaps the whole number elsewhere.
            masked = True
            broken = broken or len(re.findall(_DIGIT, line.text)) >= 9
    return proofs, broken or (masked and not proofs)


def _ibans(lines: Sequence[_Printed], terms: Terms) -> _Found:
    proofs: list[Proof] = []
    broken = False
    for line, labelled in _value_lines(lines, _IBAN_LABEL, terms):
        if values := repaired_ibans(line.text):
            proofs.append(line.proof("iban", values))
        elif labelled and line.has_digits and not _OWN_IBAN.search(line.bare):
            broken = True
    return proofs, broken


def _amounts(lines: Sequence[_Printed], terms: Terms, tariff: set[Decimal]) -> _Found:
    labelled: list[Proof] = []
    known: list[Proof] = []
    others: list[Proof] = []
    seen_label = False
    for line, is_labelled in _value_lines(lines, terms.amount_label, terms):
        seen_label = seen_label or is_labelled
        runs = _AMOUNT_RUN.findall(line.text)
        values = frozenset(abs(a) for run in runs for a in amount_readings(run) if a)
        if values and is_labelled:
            labelled.append(line.proof("amount", values))
        elif values & tariff:
            known.append(line.proof("amount", values & tariff))
        elif values:
            others.append(line.proof("amount", values))
    # As with days: what stands behind a misread label is believed too.
    return labelled or known or others, seen_label and not labelled


def _dates(lines: Sequence[_Printed], terms: Terms) -> _Found:
    proofs: list[Proof] = []
    seen_label = False
    for line, is_labelled in _value_lines(lines, terms.date_label, terms):
        seen_label = seen_label or is_labelled
        if is_labelled and (days := _days_of(line.text)):
            proofs.append(line.proof("date", days))
    # A layout knows its label though a letter of it is misread, and believes the day behind it.
    known = {day for proof in proofs for day in proof.values}
    alone = [
        line.proof("date", days) for line in lines if (days := _days_of(line.text)) and not days <= known
    ]
    return [*proofs, *alone], seen_label and not proofs


def _days_of(text: str) -> frozenset[date]:
    run = _DATE_RUN.search(repaired_dates(text))
    moment = moment_of(run[0]) if run else None
    return frozenset({moment.date()} if moment and 2010 <= moment.year < 2100 else ())


def _rails(lines: Sequence[_Printed], terms: Terms) -> frozenset[str]:
    telling = [line.bare for line in lines[:_TITLE_LINES]]
    telling += [line.bare for line in lines if _KIND_LABEL.search(line.bare)]
    named = {rail: {_bare(word) for word in words} - {""} for rail, words in terms.rails.items()}
    return frozenset(
        rail for rail, words in named.items() if any(word in line for line in telling for word in words)
    )
