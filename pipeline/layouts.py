"""layouts: printed lines + rules/layouts/*.toml → Receipt, never between two banks.

Lines are texts as `printed` makes them, with gaps and indents. Labels are found without regard to case,
Turkish letters, blanks and punctuation, because PDF text layers glue label to value and label to label.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict
from rapidfuzz.distance import OSA
from rapidfuzz.fuzz import partial_ratio

from pipeline.domain import Receipt
from pipeline.evidence_strength import repaired_dates, repaired_ibans, repaired_numbers
from pipeline.faults import OperatorFault
from pipeline.printed import Span, part_at
from pipeline.turkish import IdentityNumber, amount_readings, fold, iban_holds, moment_of, squeeze

# How many lines from the top count as the title.
_TITLE_LINES = 3
# A single word of at least so many letters at the start of a line is a label even before capitals.
_LONG_LABEL = 8
_FIELDS = {
    "type",
    "state",
    "amount",
    "bank_charge",
    "paid_on",
    "reference",
    "identity_number",
    "payer",
    "debtor",
    "payee",
    "iban",
    "description",
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RailWords(_Strict):
    """One payment rail and the words that name it.

    One that says nothing without its payee is believed of layouts alone that ask who was paid.
    """

    name: str
    words: tuple[str, ...]
    needs_payee: bool = False


class Rails(_Strict):
    """rules/rails.toml: the rails, and the words of a payment that has not happened yet."""

    rails: tuple[RailWords, ...]
    unfinished: tuple[str, ...]


class Sample(_Strict):
    """An invented print of the layout, and what must be read from it."""

    text: str
    wants: Mapping[str, str]


class Layout(_Strict):
    """How one bank prints one kind of receipt.

    One of the phrases of `title` must stand at the top, every group of `requires` must have one of
    its phrases in the text, and none of `forbids` may be there. `payee_words` must stand in the payee
    where given. `labels` maps a field to the labels it goes by; `rail` names the rail where the
    layout itself is the proof of it.
    """

    name: str
    bank: str
    title: tuple[str, ...]
    requires: tuple[tuple[str, ...], ...]
    forbids: tuple[str, ...] = ()
    payee_words: tuple[str, ...] = ()
    rail: str = ""
    labels: Mapping[str, tuple[str, ...]]
    # Labels that tell the type of the payment by themselves, such as "GİDEN FAST TUTARI".
    # Where a bank prints them its title says nothing about the rail.
    type_labels: tuple[str, ...] = ()
    # Labels that end a value but are of no interest.
    other_labels: tuple[str, ...] = ()
    samples: tuple[Sample, ...]


def load_rails(raw: Mapping[str, Any]) -> Rails:
    """Validates the parsed rails.toml; raises pydantic's ValidationError."""
    return Rails.model_validate(raw)


def load_layouts(raw: Mapping[str, Mapping[str, Any]], rails: Rails) -> Mapping[str, Layout]:
    """Validates layouts by file stem, and makes each sample prove itself through all layouts.

    Raises pydantic's ValidationError, or OperatorFault for an unknown field, a layout without
    samples and a sample that is read otherwise.
    """
    layouts = {stem: Layout.model_validate(raw[stem]) for stem in sorted(raw)}
    for stem, layout in layouts.items():
        where = f"rules/layouts/{stem}.toml"
        if unknown := set(layout.labels) - _FIELDS:
            raise OperatorFault(
                "layout_field", file=where, field=min(unknown), known=", ".join(sorted(_FIELDS))
            )
        if not layout.samples:
            raise OperatorFault("layout_without_samples", file=where)
    for stem, layout in layouts.items():
        for sample in layout.samples:
            _prove(stem, sample, layouts, rails)
    return layouts


def _prove(stem: str, sample: Sample, layouts: Mapping[str, Layout], rails: Rails) -> None:
    where = f"rules/layouts/{stem}.toml"
    names = matching(sample.text.splitlines(), layouts)
    if names != (stem,):
        raise OperatorFault("layout_sample_layout", file=where, found=", ".join(names) or "-")
    receipt = read_receipt("", "", sample.text.splitlines(), stem, layouts[stem], rails)
    for field, wanted in sample.wants.items():
        read = getattr(receipt, field, None)
        shown = read.digits if isinstance(read, IdentityNumber) else str(read)
        if shown != wanted:
            raise OperatorFault("layout_sample", file=where, field=field, wanted=wanted, read=shown)


# --- which layout ------------------------------------------------------------------------------


_Holds = Callable[[str, str], bool]


def matching(lines: Sequence[str], layouts: Mapping[str, Layout]) -> tuple[str, ...]:
    """Names every layout whose words are all there: one is a reading, none or two are not."""
    return tuple(name for name, layout in layouts.items() if _fits(lines, lines, layout, _holds, _holds))


def _holds(text: str, phrase: str) -> bool:
    return phrase in text


def _nearly_holds(text: str, phrase: str) -> bool:
    """Tells whether a phrase stands in a text, perhaps misread by a letter where it is long enough."""
    if phrase in text or len(phrase) < _LONG_PHRASE:
        return phrase in text
    return len(phrase) <= len(text) and partial_ratio(phrase, text, score_cutoff=_ALIKE) > 0


def _fits(
    lines: Sequence[str], head: Sequence[str], layout: Layout, is_there: _Holds, is_forbidden: _Holds
) -> bool:
    title = _squash(_title(head))
    if not any(is_there(title, _phrase(phrase)) for phrase in layout.title):
        return False
    text = _squash(" ".join(lines))
    if any(is_forbidden(text, _phrase(phrase)) for phrase in layout.forbids):
        return False
    if not all(any(is_there(text, _phrase(phrase)) for phrase in group) for group in layout.requires):
        return False
    if not layout.payee_words:
        return True
    payee = title + _squash(" ".join(_texts_of(_values(lines, layout)).get("payee", ())))
    return any(_phrase(word) in payee for word in layout.payee_words)


def matching_picture(lines: Sequence[str], layouts: Mapping[str, Layout]) -> tuple[str, ...]:
    """Names every layout that fits the lines of a picture, in which labels may be misread."""
    parted = [_parted(line) for line in lines]
    return tuple(name for name, layout in layouts.items() if _fits_seen(lines, parted, layout))


def _fits_seen(lines: Sequence[str], parted: Sequence[_Parts], layout: Layout) -> bool:
    # What a layout forbids tells it from its neighbours: there no letter is given it, and none to them.
    is_there = _holds if layout.forbids else _nearly_holds
    spelled = _respelled(lines, parted, layout)
    # Where the top is cut off or in a shadow, the bank's address at the foot names it as well.
    foot = () if layout.forbids else [line for line in spelled if squeeze(line)][-2:]
    return any(_fits(spelled, head, layout, is_there, _nearly_holds) for head in (spelled, foot) if head)


# A phrase of at least so many letters is known by so many of them, in per cent.
_LONG_PHRASE = 7
_ALIKE = 85
# How many letters OCR may get wrong in a label of at least so many letters; none in a shorter one.
_WRONG_LETTERS = ((8, 2), (5, 1))


def respelled(lines: Sequence[str], layout: Layout) -> tuple[str, ...]:
    """Puts right the labels and the bank's name that OCR got wrong by a letter or two, never a value.

    Only what begins a line, or stands behind a gap, and is near to one of the layout's words alone.
    """
    return _respelled(lines, [_parted(line) for line in lines], layout)


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a line, or a gap between two, and what of it may be a label: texts, and texts squashed.

    `is_numbered` tells whether an identity number follows.
    """

    text: str
    labels: tuple[tuple[str, str], ...] = ()
    is_numbered: bool = False


_Parts = tuple[_Part, ...]


def _parted(line: str) -> _Parts:
    texts = re.split(r"( {3,})", line)
    return tuple(_part(text, "".join(texts[at + 1 :])) for at, text in enumerate(texts))


def _part(text: str, behind: str) -> _Part:
    words = list(re.finditer(r"\S+", text))
    # "Tutar:" and "Tutar :780,00" keep what follows the label.
    beginnings = [re.split(r"[:;|]", text[: word.end()], maxsplit=1)[0] for word in words[:6]]
    labels = tuple((label, _squash(label)) for label in reversed(beginnings))
    return _Part(text, labels, bool(repaired_numbers(f"{text} {behind}")))


def _respelled(lines: Sequence[str], parted: Sequence[_Parts], layout: Layout) -> tuple[str, ...]:
    texts = {text for texts in layout.labels.values() for text in texts} | set(layout.other_labels)
    labels = {_phrase(text): text for text in texts}
    banks = {_phrase(text): text for text in layout.title}
    head = [at for at, line in enumerate(lines) if squeeze(line)][:_TITLE_LINES]
    return tuple(
        _respelled_line(parts, labels | banks if at in head else labels) for at, parts in enumerate(parted)
    )


def _respelled_line(parts: _Parts, phrases: Mapping[str, str]) -> str:
    spelled: list[str] = []
    shortest = 5
    for part in parts:
        spelled.append(_respelled_part(part, shortest, phrases))
        if part.labels:
            # What stands behind a gap may be a value: "Kurum" is no misread "Durum".
            shortest = _LONG_LABEL
    return "".join(spelled)


def _respelled_part(part: _Part, shortest: int, phrases: Mapping[str, str]) -> str:
    for label, squashed in part.labels:
        if squashed in phrases:
            return part.text
        # "TEKN: 10000000146": a label so short is known by what follows it.
        near = _near(squashed, phrases, 4 if shortest == 5 and part.is_numbered else shortest)
        if len(near) == 1:
            return near[0] + part.text[len(label) :]
    return part.text


def _near(squashed: str, phrases: Mapping[str, str], shortest: int) -> list[str]:
    wrongs = ((letters if letters > 5 else shortest, wrong) for letters, wrong in _WRONG_LETTERS)
    allowed = next((wrong for letters, wrong in wrongs if len(squashed) >= letters), 0)
    near = [bare for bare in phrases if len(bare) >= shortest]
    distances = {bare: OSA.distance(squashed, bare, score_cutoff=allowed) for bare in near}
    least = min(distances.values(), default=allowed + 1)
    return [phrases[bare] for bare, d in distances.items() if 0 < d == least <= allowed]


def _title(lines: Sequence[str]) -> str:
    return " ".join([line for line in lines if squeeze(line)][:_TITLE_LINES])


def _squash(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", fold(text))


# The words of the rules are always the same.
_phrase = cache(_squash)


# --- labels and values -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Label:
    field: str
    squashed: str
    words: int
    # What the label says about the type of the payment.
    type: str


def _labels(layout: Layout) -> list[_Label]:
    named = [(f, text) for f, texts in layout.labels.items() for text in texts]
    named += [("", text) for text in layout.other_labels]
    labels = [
        _Label(f, _phrase(text), len(text.split()), text if text in layout.type_labels else "")
        for f, text in named
    ]
    return sorted(labels, key=lambda label: -len(label.squashed))


@dataclass(frozen=True, slots=True)
class _Value:
    """What stands behind one label, and where both stand."""

    text: str
    spans: tuple[Span, ...]


def _values(lines: Sequence[str], layout: Layout) -> dict[str, list[_Value]]:
    labels = _labels(layout)
    values: dict[str, list[_Value]] = {}
    open_field: str | None = None
    for at, line in enumerate(lines):
        found = _labelled(unicodedata.normalize("NFC", line), labels)
        if not found:
            # An indented line without a label goes on with the value above it; so does any line
            # right below a label that stands alone.
            if open_field and squeeze(line) and (line.startswith("   ") or not values[open_field][-1].text):
                above = values[open_field][-1]
                span = Span(at, 0, part_at(line, len(line)))
                values[open_field][-1] = _Value(squeeze(f"{above.text} {line}"), (*above.spans, span))
            elif squeeze(line):
                open_field = None
            continue
        for label, value, first, last in found:
            span = Span(at, first, last)
            values.setdefault(label.field, []).append(_Value(value, (span,)))
            if label.type:
                values.setdefault("type", []).append(_Value(label.type, (span,)))
        open_field = found[-1][0].field
    return {field: [v for v in told if v.text] for field, told in values.items() if field}


def _texts_of(values: Mapping[str, Sequence[_Value]]) -> Mapping[str, Sequence[str]]:
    return {field: [value.text for value in told] for field, told in values.items()}


def stands_of(lines: Sequence[str], layout: Layout) -> Mapping[str, tuple[tuple[Span, ...], ...]]:
    """Tells where each field of a receipt stands with its label, once for every value printed for it."""
    values = _values(lines, layout)
    head = [at for at, line in enumerate(lines) if squeeze(line)][:_TITLE_LINES]
    title = tuple(Span(at, 0, part_at(lines[at], len(lines[at]))) for at in head)
    stands = {field: tuple(value.spans for value in told) for field, told in values.items() if told}
    return {**stands, "rail": stands.get("type", (title,)), "title": (title,)}


def _labelled(line: str, labels: Sequence[_Label]) -> list[tuple[_Label, str, int, int]]:
    """Finds the labels of a line, each with its value and the parts in which the two begin and end."""
    chars = [(c, at) for at, ch in enumerate(line) for c in _squash(ch)]
    squashed = "".join(c for c, _ in chars)
    found: list[tuple[_Label, int, int]] = []
    i = 0
    while i < len(chars):
        label = next((lb for lb in labels if _stands(lb, line, squashed, chars, i)), None)
        if label is None:
            i += 1
            continue
        end = chars[i + len(label.squashed) - 1][1] + 1
        found.append((label, chars[i][1], end))
        i += len(label.squashed)
    ends = [start for _, start, _ in found[1:]] + [len(line)] * bool(found)
    return [
        (
            label,
            squeeze(line[end:stop]).lstrip(" :;|.-/=)").rstrip(" :;|.-/="),
            part_at(line, start),
            part_at(line, len(line[:stop].rstrip()) - 1),
        )
        for (label, start, end), stop in zip(found, ends, strict=True)
    ]


def _stands(label: _Label, line: str, squashed: str, chars: Sequence[tuple[str, int]], i: int) -> bool:
    if not squashed.startswith(label.squashed, i):
        return False
    start, end = chars[i][1], chars[i + len(label.squashed) - 1][1] + 1
    before, after = line[:start], line[end : end + 2]
    at_start = not before.strip() or before.endswith("   ")
    if not at_start and not (label.words > 1 and re.search(r"[\s\d:]$", before)):
        return False
    # "İŞLEM TÜRÜ    Kurum Ödemesi": a lone word behind a gap that a word follows begins a value.
    if before.strip() and label.words == 1 and after[:1] == " " and after[1:].isalpha():
        return False
    if not after[:1].isalpha():
        return True
    # Glued: "İŞLEM TÜRÜKurum" is a label and its value, "işlemleriniz" is a word.
    # and the capitals of "AÇIKLAMAAYŞE" are parted only where the label is long enough to be no beginning.
    is_long = len(label.squashed) >= _LONG_LABEL and at_start
    return after[0].isupper() and (label.words > 1 or after[1:2].islower() or is_long)


_Reader = Callable[[str], Iterable[Any]]

# --- reading -----------------------------------------------------------------------------------


def read_picture(
    file: str, digest: str, lines: Sequence[str], name: str, layout: Layout, rails: Rails
) -> Receipt:
    """Reads one receipt from the lines of a picture: labels respelled, digits repaired where checks hold."""
    return _read(file, digest, respelled(lines, layout), name, layout, rails, _PICTURE_READERS)


def read_receipt(
    file: str, digest: str, lines: Sequence[str], name: str, layout: Layout, rails: Rails
) -> Receipt:
    """Reads the labelled values of one receipt; what cannot be read for sure is named in `unclear`."""
    return _read(file, digest, lines, name, layout, rails, _READERS)


def _read(
    file: str,
    digest: str,
    lines: Sequence[str],
    name: str,
    layout: Layout,
    rails: Rails,
    readers: Mapping[str, _Reader],
) -> Receipt:
    values = _texts_of(_values(lines, layout))
    read: dict[str, Any] = {}
    unclear: dict[str, str] = {}
    for field, reader in readers.items():
        readings = {r for text in values.get(field, ()) for r in reader(text)}
        if reader is _texts:
            read[field] = " / ".join(sorted(readings)) or None
        elif len(readings) == 1:
            read[field] = readings.pop()
        elif readings:
            unclear[field] = "two_readings"
        elif values.get(field):
            unclear[field] = "not_readable"
    masks = [re.sub(r"\s", "", text) for text in values.get("identity_number", ())]
    if "identity_number" not in read and unclear.get("identity_number") != "two_readings":
        # A number that the bank masks may stand in the words of the payer; the mask must not contradict.
        fits = _fits_seen_mask if readers is _PICTURE_READERS else _fits_mask
        told = readers["identity_number"](" ".join(values.get("description", ())))
        numbers = {number for number in told if all(fits(number, mask) for mask in masks)}
        if len(numbers) == 1:
            read["identity_number"] = numbers.pop()
            unclear.pop("identity_number", None)
    if layout.rail:
        read["rail"] = layout.rail
    else:
        named = _rails_named(lines, values, layout, rails)
        if len(named) > 1:
            unclear["rail"] = "two_readings"
        elif named and named[0].needs_payee and not layout.payee_words:
            unclear["rail"] = "payee_unknown"
        elif named:
            read["rail"] = named[0].name
    if _unfinished(lines, values, rails):
        unclear["state"] = "not_final"
    return Receipt(file=file, digest=digest, layout=name, unclear=unclear, **read)


def _fits_mask(number: IdentityNumber, mask: str) -> bool:
    # How many stars there are is as the bank counts them.
    return _has_ends(number, re.fullmatch(r"(\d{2,4})\*+(\d{0,4})", mask))


def _fits_seen_mask(number: IdentityNumber, mask: str) -> bool:
    # A row of stars is seen as letters, as digits or not at all, and may take a digit with it; but its ends
    # are print like any other: what can be read of them must fit.
    ends = re.fullmatch(r"[^\w*]?(\d{0,3}).{0,12}?(\d{0,2})[^\w*]?", mask)
    return ends is not None and len(ends[1] + ends[2]) >= 3 and _has_ends(number, ends)


def _has_ends(number: IdentityNumber, ends: re.Match[str] | None) -> bool:
    return ends is not None and number.digits.startswith(ends[1]) and number.digits.endswith(ends[2])


def _rails_named(
    lines: Sequence[str], values: Mapping[str, Sequence[str]], layout: Layout, rails: Rails
) -> tuple[RailWords, ...]:
    # The type line says what was done; a title may be a menu, and the body may say anything.
    title = "" if layout.type_labels else _title(lines)
    for text in (" ".join(values.get("type", ())), title):
        words = f" {' '.join(re.split(r'[^a-z0-9]+', fold(text)))} "
        # A text layer without blanks glues "NakitYatırma".
        named = tuple(
            r
            for r in rails.rails
            if any(f" {form} " in words for w in r.words for form in (fold(w), _phrase(w)))
        )
        if named:
            return named
    return ()


def _unfinished(lines: Sequence[str], values: Mapping[str, Sequence[str]], rails: Rails) -> bool:
    told = [*values.get("type", ()), *values.get("state", ()), _title(lines)]
    words = " ".join(map(fold, told))
    return any(re.search(rf"\b{re.escape(fold(w))}", words) for w in rails.unfinished)


def _amounts(text: str) -> Iterable[Any]:
    # "780,00 TL (yediyüzseksen)": the amount is what comes first.
    found = re.match(r"\s*[₺:]*\s*(?:TL|TRY)?\s*(-?[\d][\d.,\s]*\d|\d)", text)
    rest = text[found.end() :].lstrip() if found else ""
    # What goes on in letters was no number: "7B0,00" is not 7.
    if not found or (rest[:1].isalnum() and not rest.upper().startswith(("TL", "TRY"))):
        return ()
    return {abs(amount) for amount in amount_readings(found[1])}


def _days(text: str) -> Iterable[Any]:
    moment = moment_of(text)
    return (moment.date(),) if moment else ()


def numbers_in(text: str) -> set[IdentityNumber]:
    """Finds identity numbers whose check digits hold, never inside a longer run of digits."""
    found = map(IdentityNumber, re.findall(r"(?<![\dA-Za-z])\d{11}(?!\d)", text))
    return {number for number in found if number.is_valid}


def _references(text: str) -> Iterable[str]:
    found = re.match(r"[A-Z0-9][A-Z0-9\-]{3,}", re.sub(r"\s", "", text).upper())
    return (found[0],) if found else ()


def _ibans(text: str) -> Iterable[str]:
    found = re.search(r"TR(?:\s?\d){24}", text)
    bare = re.sub(r"\s", "", found[0]) if found else ""
    return (bare,) if iban_holds(bare) else ()


def _texts(text: str) -> Iterable[str]:
    return (squeeze(text),)


_READERS: Mapping[str, _Reader] = {
    "amount": _amounts,
    "bank_charge": _amounts,
    "paid_on": _days,
    "reference": _references,
    "identity_number": numbers_in,
    "payer": _texts,
    "debtor": _texts,
    "payee": _texts,
    "iban": _ibans,
    "description": _texts,
}

# Digits are repaired only where check digits say that they were repaired right.
_PICTURE_READERS: Mapping[str, _Reader] = {
    **_READERS,
    "identity_number": repaired_numbers,
    "iban": repaired_ibans,
    "paid_on": lambda text: _days(repaired_dates(text)),
}
