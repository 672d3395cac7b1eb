"""layouts: printed lines + rules/layouts/*.toml → Receipt, never between two banks.

Lines are texts as `printed` makes them, with gaps and indents. Labels are found without regard to case,
Turkish letters, blanks and punctuation, because PDF text layers glue label to value and label to label.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from rapidfuzz.distance import OSA
from rapidfuzz.fuzz import partial_ratio

from pipeline.domain import Receipt
from pipeline.domain.faults import OperatorFault
from pipeline.domain.official_files import OfficialFile, OfficialPart, each, refuse, validated
from pipeline.domain.turkish import (
    IdentityNumber,
    amount_readings,
    fold,
    iban_holds,
    moments_in,
    says_amount,
    squash,
    squeeze,
)
from pipeline.papers.arranged import in_sections, is_name, named_below
from pipeline.papers.bank_forms import forms_of, path_of
from pipeline.papers.cells import is_beside_day, is_beside_number, is_footnoted, is_time
from pipeline.papers.contradictions import Told, contradicting, contradicts, odd_addresses
from pipeline.papers.elsewhere import elsewhere
from pipeline.papers.printed import Span, part_at
from pipeline.papers.rails import (
    ASKED_BESIDE,
    Rails,
    RailWords,
    holds_envelope_number,
    is_among,
    is_cut_off,
    is_made_of,
    is_nearly_made_of,
    is_seen_as,
    signs_on,
    without_envelope_number,
    without_misread_currencies,
    without_names,
    without_sentences,
)
from pipeline.papers.strength import repaired_dates, repaired_ibans, repaired_numbers
from pipeline.papers.unlabelled import (
    Read,
    Unlabelled,
    denied,
    has_known_label,
    is_listed,
    is_made_of_labels,
    is_telling,
    no_totals,
    other_in_words,
    spoken,
    unaccounted,
    without_addresses,
)

# How many lines from the top count as the title.
_TITLE_LINES = 3
# A single word of at least so many letters at the start of a line is a label even before capitals.
_LONG_LABEL = 8
FIELDS = {
    "type",
    "product",
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


class Sample(OfficialPart):
    """An invented print of the layout, and what must be read from it."""

    text: str
    wants: Mapping[str, str]


class Layout(OfficialFile):
    """How one bank prints one kind of receipt.

    One of the phrases of `title` must stand at the top, every group of `requires` must have one of
    its phrases in the text, and none of `forbids` may be there. `payee_words` must stand in the payee
    where given. `labels` maps a field to the labels it goes by; `rail` names the rail where the
    layout itself is the proof of it. `headings` are what may stand above the first label, `payees` who
    may have been paid, `sentences` the bank's own known ones in which no sign is sought.
    """

    name: str
    bank: str
    title: tuple[str, ...]
    requires: tuple[tuple[str, ...], ...]
    forbids: tuple[str, ...] = ()
    payee_words: tuple[str, ...] = ()
    payees: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()
    # From where a browser may have printed the page.
    hosts: tuple[str, ...] = ()
    # The bank prints what went out with a minus sign.
    minus_amounts: bool = False
    rail: str = ""
    labels: Mapping[str, tuple[str, ...]]
    # Labels that tell the type of the payment by themselves, such as "GİDEN FAST TUTARI".
    # Where a bank prints them its title says nothing about the rail.
    type_labels: tuple[str, ...] = ()
    # Lines of their own that tell it, such as "HESAPTAN FAST", wherever they stand.
    type_lines: tuple[str, ...] = ()
    # Labels that end a value but are of no interest.
    other_labels: tuple[str, ...] = ()
    # Headings within the form: one of them and a label below it are one label, as in "ALICI İsim".
    sections: tuple[str, ...] = ()
    # Right below one of these lines the payer's name stands without a label.
    payer_below: tuple[str, ...] = ()
    samples: tuple[Sample, ...]

    def misfits(self, path: str) -> Iterator[OperatorFault]:
        """Gives a fault for a field that no receipt has, and where nothing would prove the layout."""
        for field in sorted(set(self.labels) - FIELDS):
            yield OperatorFault("layout_field", file=path, field=field, known=", ".join(sorted(FIELDS)))
        if self.payer_below and not self.labels.get("payer"):
            yield OperatorFault("layout_without_payer", file=path)
        if not self.samples:
            yield OperatorFault("layout_without_samples", file=path)


def load_layouts(raw: Mapping[str, Mapping[str, Any]], rails: Rails) -> Mapping[str, Layout]:
    """Validates files by their stems, and makes each sample prove itself through all layouts.

    Raises OperatorFault for a wrong key, an unknown field, a layout without samples and a sample that is
    read otherwise.
    """
    layouts = read_layouts(raw)
    prove_layouts(layouts, rails)
    return layouts


def read_layouts(raw: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Layout]:
    """Validates what files say, by their stems; gives layouts by name, before anything is read by them."""
    files = each(raw, _layouts_in)
    layouts = {name: layout for file in files.values() for name, layout in file.items()}
    return {name: layouts[name] for name in sorted(layouts)}


def _layouts_in(stem: str, raw: Mapping[str, Any]) -> Mapping[str, Layout]:
    forms = dict(forms_of(stem, raw))
    # What is wrong with the bank's first form would be told again for each that takes over from it.
    main = validated(path_of(stem), forms.pop(stem), Layout)
    return {stem: main, **each(forms, lambda name, told: validated(path_of(name), told, Layout))}


def prove_layouts(layouts: Mapping[str, Layout], rails: Rails) -> None:
    """Makes each sample prove itself through all layouts; raises OperatorFault for those that do not."""
    known = [rail.name for rail in rails.rails]
    refuse(
        OperatorFault("rail_unknown", file=path_of(stem), rail=layout.rail, known=", ".join(known))
        for stem, layout in layouts.items()
        if layout.rail and layout.rail not in known
    )
    refuse(
        fault
        for stem, layout in layouts.items()
        for sample in layout.samples
        for fault in _disproved(stem, sample, layouts, rails)
    )


def _disproved(
    stem: str, sample: Sample, layouts: Mapping[str, Layout], rails: Rails
) -> Iterator[OperatorFault]:
    where = path_of(stem)
    names = matching(sample.text.splitlines(), layouts)
    if names != (stem,):
        yield OperatorFault("layout_sample_layout", file=where, found=", ".join(names) or "-")
        return
    receipt = read_receipt(sample.text.splitlines(), stem, layouts[stem], rails)
    for field, wanted in sample.wants.items():
        read = getattr(receipt, field, None)
        shown = read.digits if isinstance(read, IdentityNumber) else str(read)
        if shown != wanted:
            yield OperatorFault("layout_sample", file=where, field=field, wanted=wanted, read=shown)
    for field, words in receipt.doubtful.items():
        yield OperatorFault("layout_sample", file=where, field=field, wanted="-", read=words)


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
    if not _is_titled(head, layout, is_there):
        return False
    text = squash(" ".join(lines))
    if any(is_forbidden(text, _phrase(phrase)) for phrase in layout.forbids):
        return False
    if not all(any(is_there(text, _phrase(phrase)) for phrase in group) for group in layout.requires):
        return False
    if not layout.payee_words:
        return True
    payee = squash(_title(head)) + squash(" ".join(_texts_of(_placed(lines, layout).values).get("payee", ())))
    return any(_phrase(word) in payee for word in layout.payee_words)


def _is_titled(head: Sequence[str], layout: Layout, is_there: _Holds) -> bool:
    title = squash(_title(head))
    return any(is_there(title, _phrase(phrase)) for phrase in layout.title)


def matching_picture(lines: Sequence[str], layouts: Mapping[str, Layout]) -> tuple[str, ...]:
    """Names every layout that fits the lines of a picture, in which labels may be misread."""
    page = _Page(lines, [_parted(line) for line in lines])
    # "HALKBANK" is no misread "AKBANK".
    banks = frozenset(_phrase(text) for layout in layouts.values() for text in layout.title)
    return tuple(name for name, layout in layouts.items() if _fits_seen(page, layout, banks))


def _fits_seen(page: _Page, layout: Layout, banks: frozenset[str]) -> bool:
    lines = page.lines
    # What a layout forbids tells it from its neighbours: there no letter is given it, and none to them.
    is_there = _holds if layout.forbids else _nearly_holds
    # Most layouts are those of other banks: to know that, the title is spelled and no more.
    filled = [at for at, line in enumerate(lines) if squeeze(line)]
    ends = (filled[:_TITLE_LINES], [] if layout.forbids else filled[-2:])
    spelled = _respelled(page, layout, banks, frozenset(at for end in ends for at in end))
    if not any(_is_titled([spelled[at] for at in end], layout, is_there) for end in ends):
        return False
    spelled = _respelled(page, layout, banks)
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
    return _respelled(_Page(lines, [_parted(line) for line in lines]), layout)


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a line, or a gap between two, and what of it may be a label: texts, and texts squashed.

    `is_numbered` tells whether an identity number, or the number of an e-document, follows, `is_alone`
    whether the line has no other part.
    """

    text: str
    labels: tuple[tuple[str, str], ...] = ()
    is_numbered: bool = False
    is_alone: bool = False


_Parts = tuple[_Part, ...]


@dataclass(frozen=True, slots=True)
class _Page:
    """The lines of a picture, and their parts."""

    lines: Sequence[str]
    parted: Sequence[_Parts]


def _parted(line: str) -> _Parts:
    texts = re.split(r"( {3,})", line)
    is_alone = len(texts) == 1
    return tuple(_part(text, "".join(texts[at + 1 :]), is_alone) for at, text in enumerate(texts))


def _part(text: str, behind: str, is_alone: bool) -> _Part:
    words = list(re.finditer(r"\S+", text))
    # "Tutar:" and "Tutar :780,00" keep what follows the label.
    beginnings = [re.split(r"[:;|]", text[: word.end()], maxsplit=1)[0] for word in words[:6]]
    labels = tuple((label, squash(label)) for label in reversed(beginnings))
    told = f"{text} {behind}"
    return _Part(text, labels, holds_envelope_number(told) or bool(repaired_numbers(told)), is_alone)


def _respelled(
    page: _Page,
    layout: Layout,
    others: frozenset[str] = frozenset(),
    asked: Collection[int] | None = None,
) -> tuple[str, ...]:
    """Puts right labels and name; of `others`, squashed, none is a misread name of this bank."""
    lines = page.lines
    texts = {text for texts in layout.labels.values() for text in texts} | set(layout.other_labels)
    labels = {_phrase(text): text for text in texts}
    banks = {**{name: name for name in others}, **{_phrase(text): text for text in layout.title}}
    head = [at for at, line in enumerate(lines) if squeeze(line)][:_TITLE_LINES]
    return tuple(
        _respelled_line(parts, labels | banks if at in head else labels)
        if asked is None or at in asked
        else lines[at]
        for at, parts in enumerate(page.parted)
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
        # "Ödeme durdu" alone in its line is no misread "ÖDEME TÜRÜ", behind which nothing stands.
        is_bare = part.is_alone and label == part.text
        if len(near) == 1 and (not is_bare or OSA.distance(squashed, _phrase(near[0])) == 1):
            return near[0] + part.text[len(label) :]
    return part.text


def _near(squashed: str, phrases: Mapping[str, str], shortest: int) -> list[str]:
    wrongs = ((letters if letters > 5 else shortest, wrong) for letters, wrong in _WRONG_LETTERS)
    allowed = next((wrong for letters, wrong in wrongs if len(squashed) >= letters), 0)
    if not allowed:
        return []
    # What is longer or shorter by more letters than may be wrong is never near.
    fitting = range(max(shortest, len(squashed) - allowed), len(squashed) + allowed + 1)
    near = [bare for bare in phrases if len(bare) in fitting]
    distances = {bare: OSA.distance(squashed, bare, score_cutoff=allowed) for bare in near}
    least = min(distances.values(), default=allowed + 1)
    return [phrases[bare] for bare, d in distances.items() if 0 < d == least <= allowed]


def _title(lines: Sequence[str]) -> str:
    return " ".join([line for line in lines if squeeze(line)][:_TITLE_LINES])


# The words of the rules are always the same.
_phrase = cache(squash)


# --- labels and values -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Label:
    field: str
    squashed: str
    words: int
    # What the label says about the type of the payment.
    type: str
    # It is that label too where others words stand before it: "PROVİZYON DURUMU".
    is_head: bool = False
    text: str = ""


def _labels(layout: Layout, rails: Rails) -> list[_Label]:
    heads = {
        "state": rails.state_labels,
        "type": rails.type_labels,
        "currency": rails.currency_labels,
        "product": rails.product_labels,
    }
    of_all = {_phrase(text) for texts in heads.values() for text in texts}
    named = [(f, text) for f, texts in layout.labels.items() for text in texts]
    asked = {_phrase(text): f for f, texts in rails.asked_labels.items() for text in texts}
    passing = (*layout.other_labels, *rails.passing_labels)
    named += [(asked.get(_phrase(text), ""), text) for text in passing]
    # A word alone is heard only where the form has it: "Saat 09.00 - 17.00 arası" is no time of payment.
    named += [(f, text) for f, texts in rails.asked_labels.items() for text in texts if " " in text]
    known = {_phrase(text) for _, text in named}
    named += [(f, text) for f, texts in heads.items() for text in texts if _phrase(text) not in known]
    labels = [
        _Label(
            f,
            _phrase(text),
            len(text.split()),
            text if text in layout.type_labels else "",
            _phrase(text) in of_all,
            text,
        )
        for f, text in named
    ]
    return sorted(labels, key=lambda label: -len(label.squashed))


@dataclass(frozen=True, slots=True)
class _Value:
    """What stands behind one label, and where both stand."""

    text: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class _Placed:
    """The values of a page by field, the lines above its first label, and those below it without one.

    `free` is all text in which an identity number may stand, `lone` the lines below the first label that
    hold a word or three, as stamps, buttons and states do; `aside` are the values of labels of no interest,
    and `totals` those of what was paid together.
    """

    values: Mapping[str, Sequence[_Value]]
    title: tuple[str, ...]
    loose: tuple[str, ...]
    free: tuple[str, ...]
    lone: tuple[str, ...]
    aside: tuple[str, ...]
    totals: tuple[str, ...]
    told: tuple[Told, ...]


_NO_RAILS = Rails(rails=(), unfinished=())
# In their values an identity number may stand.
_FREE_FIELDS = ("description", "identity_number", "payer", "debtor", "payee")


def _placed(lines: Sequence[str], layout: Layout, rails: Rails = _NO_RAILS) -> _Placed:
    labels = _labels(layout, rails)
    values: dict[str, list[_Value]] = {}
    title: list[str] = []
    loose: list[str] = []
    free: list[str] = []
    lone: list[str] = []
    totals: list[str] = []
    told: list[Told] = []
    open_field: str | None = None
    telling = {_phrase(line) for line in layout.type_lines}
    of_totals = set(map(_phrase, rails.unlabelled.total_labels))
    for at, line in enumerate(_arranged(lines, layout)):
        if squash(line) in telling:
            values.setdefault("type", []).append(_whole(line, at))
            open_field = None
            continue
        is_title = not values and is_made_of(line, _headings(layout, rails))
        found = [] if is_title else _labelled(unicodedata.normalize("NFC", without_addresses(line)), labels)
        if not found:
            # An indented line goes on with the value above it; so does any right below a label alone.
            if open_field is not None and squeeze(line) and _goes_on(line, values[open_field][-1]):
                values[open_field][-1] = _gone_on(values[open_field][-1], line, at)
                free += [line] if open_field in _FREE_FIELDS else []
            elif squeeze(line):
                # What people wrote goes on in the next line as it likes.
                lone += [line] if values and open_field != "description" and _is_lone(line) else []
                open_field = None
                (loose if values else title).append(line)
                free.append(line)
            continue
        for label, value, first, last in found:
            span = Span(at, first, last)
            values.setdefault(label.field, []).append(_Value(value, (span,)))
            free += [value] if label.field in _FREE_FIELDS else []
            totals += [value] if label.squashed in of_totals else []
            told += [] if label.field else [Told(label.text, value)]
            if label.type:
                values.setdefault("type", []).append(_Value(label.type, (span,)))
        open_field = found[-1][0].field
    aside = [value.text for field in ("", *ASKED_BESIDE) for value in values.get(field, ())]
    above, below, written = tuple(title), tuple(loose), tuple(free)
    return _Placed(
        _that_tell(values), above, below, written, tuple(lone), tuple(aside), tuple(totals), tuple(told)
    )


def _whole(line: str, at: int) -> _Value:
    """Takes a whole line for a value."""
    return _Value(squeeze(line), (Span(at, 0, part_at(line, len(line))),))


def _gone_on(above: _Value, line: str, at: int) -> _Value:
    """Adds the line below to a value."""
    return _Value(squeeze(f"{above.text} {line}"), (*above.spans, *_whole(line, at).spans))


def _that_tell(values: Mapping[str, Sequence[_Value]]) -> Mapping[str, Sequence[_Value]]:
    # A state that is printed and cannot be read is no state that is not printed; nor is a day, or an amount.
    return {f: [v for v in read if v.text or f in _TELL_EMPTY] for f, read in values.items() if f}


_TELL_EMPTY = ("state", "amount", "paid_on")


def _arranged(lines: Sequence[str], layout: Layout) -> Iterable[str]:
    if layout.sections:
        labels = {_phrase(text) for texts in layout.labels.values() for text in texts}
        lines = list(in_sections(lines, layout.sections, labels | set(map(_phrase, layout.other_labels))))
    if layout.payer_below:
        lines = list(named_below(lines, layout.payer_below, layout.labels["payer"][0]))
    return lines


# Fewer letters than these in a line of a picture are dust.
_SHORTEST_SEEN = 3
# A state, a button and a stamp are a word or three; sentences, addresses and pairs of columns are longer.
_LONE_WORDS = 3
# A reference, a telephone and an account have more digits.
_LONE_DIGITS = 6


def _is_lone(line: str) -> bool:
    # "S A N D B O X" is one word.
    words = re.sub(r"\b(\w) (?=\w\b)", r"\1", line).split()
    # "Havale ücretsizdir." is a sentence: there the signs are sought.
    if len(words) > 1 and line.rstrip().endswith("."):
        return False
    # A letter or two right beside a digit are a code's, or an account's.
    spelled = re.findall(r"(?<!\w)[^\W\d_]+(?!\w)|[^\W\d_]{3,}", " ".join(words))
    is_number = sum(ch.isdigit() for ch in line) > _LONE_DIGITS
    return 0 < len(spelled) <= _LONE_WORDS and not is_number and not re.search(_NO_STAMP, line)


# Amounts, days, addresses and what stands behind a label are weighed for themselves.
_NO_STAMP = r"[/@:|€$₺]|\w\.\w|\d[.,]\d|^\W*\d{5}\s|\S\s{3,}\S*\d"


def _goes_on(line: str, above: _Value) -> bool:
    return line.startswith("   ") or not above.text


def _headings(layout: Layout, rails: Rails) -> tuple[str, ...]:
    names = (*layout.title, *layout.headings, *layout.payees)
    return (*names, *rails.headings, *rails.kinds, *rails.done)


def _texts_of(values: Mapping[str, Sequence[_Value]]) -> Mapping[str, Sequence[str]]:
    return {field: [value.text for value in told] for field, told in values.items()}


def told_on(
    lines: Sequence[str], layout: Layout, rails: Rails
) -> tuple[Mapping[str, Sequence[str]], tuple[str, ...]]:
    """Gives the values of a page by field, as printed, and the lines above its first label."""
    placed = _placed(lines, layout, rails)
    return _texts_of(placed.values), placed.title


def stands_of(
    lines: Sequence[str], layout: Layout, rails: Rails
) -> Mapping[str, tuple[tuple[Span, ...], ...]]:
    """Tells where each field of a receipt stands with its label, once for every value printed for it."""
    values = _placed(lines, layout, rails).values
    head = [at for at, line in enumerate(lines) if squeeze(line)][:_TITLE_LINES]
    title = tuple(Span(at, 0, part_at(lines[at], len(lines[at]))) for at in head)
    fields = ((field, told) for field, told in values.items() if told and field not in ASKED_BESIDE)
    stands = {field: tuple(value.spans for value in told) for field, told in fields}
    return {**stands, "rail": stands.get("type", (title,)), "title": (title,)}


def _labelled(line: str, labels: Sequence[_Label]) -> list[tuple[_Label, str, int, int]]:
    """Finds the labels of a line, each with its value and the parts in which the two begin and end."""
    chars = [(c, at) for at, ch in enumerate(line) for c in _letters(ch)]
    letters = "".join(c for c, _ in chars)
    squashed = _Squashed(line, letters, [at for _, at in chars])
    labels = [label for label in labels if label.squashed in letters]
    found: list[tuple[_Label, int, int]] = []
    i = 0
    while i < len(chars):
        last = found[-1] if found else None
        label = next((lb for lb in labels if _stands(lb, squashed, i, last)), None)
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
            # A dash is left: before an amount it may be a minus sign.
            squeeze(line[end:stop]).lstrip(" :;|./=)").rstrip(" :;|./="),
            part_at(line, start),
            part_at(line, len(line[:stop].rstrip()) - 1),
        )
        for (label, start, end), stop in zip(found, ends, strict=True)
    ]


@lru_cache(maxsize=1024)
def _letters(sign: str) -> str:
    return squash(sign)


@dataclass(frozen=True, slots=True)
class _Squashed:
    """A line, and its letters without what lies between them, each with its place in the line."""

    line: str
    letters: str
    places: Sequence[int]


def _stands(label: _Label, squashed: _Squashed, i: int, last: tuple[_Label, int, int] | None) -> bool:
    """Tells whether a label begins at a letter; `last` is the one before it in the line, and its place."""
    line, behind = squashed.line, last[2] if last else None
    if not squashed.letters.startswith(label.squashed, i):
        return False
    start, end = squashed.places[i], squashed.places[i + len(label.squashed) - 1] + 1
    after = line[end : end + 2]
    # What stands before it in its own part of the line, behind the last label.
    gap = line.rfind("   ", 0, start)
    is_behind = behind is not None and behind > gap
    before = line[behind if is_behind else gap + 1 : start]
    at_start = not is_behind and not re.search(r"\w", before)
    # A lone word is one where its colon says so: "780,00 TRY Komisyon : 3,97 TRY"; people write as they like.
    is_free = last is not None and last[0].field == "description"
    is_told = label.words > 1 or (not is_free and re.match(r"\s?:", line[end:]))
    follows = is_told and is_behind and re.search(_ENDS_VALUE, before)
    if not (at_start or follows or (label.is_head and _is_its_head(label, before, is_behind))):
        return False
    # "İŞLEM TÜRÜ    Kurum Ödemesi": a lone word behind a gap that a word follows begins a value.
    is_next = behind is not None and not line[behind:start].strip(" :")
    is_value = line[:start].strip() and label.words == 1 and (is_next or not label.is_head)
    if is_value and after[:1] == " " and after[1:].isalpha():
        return False
    if not after[:1].isalpha():
        return True
    # Glued: "İŞLEM TÜRÜKurum" is a label and its value, "işlemleriniz" is a word.
    # and the capitals of "AÇIKLAMAAYŞE" are parted only where the label is long enough to be no beginning.
    is_long = len(label.squashed) >= _LONG_LABEL and at_start
    return after[0].isupper() and (label.words > 1 or after[1:2].islower() or is_long or label.is_head)


# A label does not begin inside a longer one ("SON ÖDEME TARİHİ"): behind another label's value it is one
# only where that has plainly ended, in a digit, a unit or a mark.
_ENDS_VALUE = r"(?:[\d:)*]|TL|TRY|₺)\s*$"
# How many words may make a longer label of one that is heard at the end of others too.
_LONGER_BY = 3


def _is_its_head(label: _Label, before: str, is_behind: bool) -> bool:
    words = before.split()
    is_whole = before[-1:].isspace() or not re.search(r"\w$", before)
    if not is_whole or any(ch.isdigit() for ch in before):
        return False
    return label.words > 1 or (not is_behind and len(words) <= _LONGER_BY)


_Reader = Callable[[str], Iterable[Any]]
# No check digits tell which of two prints of them is right: each must be readable.
_UNPROTECTED = ("amount", "paid_on", "reference")

# --- reading -----------------------------------------------------------------------------------


def read_picture(lines: Sequence[str], name: str, layout: Layout, rails: Rails) -> Receipt:
    """Reads one receipt from the lines of a picture: labels respelled, digits repaired where checks hold.

    Of which file the lines are, nobody has told.
    """
    spelled = [without_misread_currencies(line) for line in lines]
    told = [without_envelope_number(line) for line in respelled(spelled, layout)]
    return _read(told, name, layout, rails, True)


def read_receipt(lines: Sequence[str], name: str, layout: Layout, rails: Rails) -> Receipt:
    """Reads the labelled values of one receipt; what cannot be read for sure is named in `unclear`.

    Of which file the lines are, nobody has told.
    """
    return _read(lines, name, layout, rails, False)


def _read(lines: Sequence[str], name: str, layout: Layout, rails: Rails, is_seen: bool) -> Receipt:
    lines = without_sentences(lines, _sentences(layout, rails))
    placed = _placed(lines, layout, rails)
    values = _texts_of(placed.values)
    readers = _readers(layout, rails, is_seen)
    read: dict[str, Any] = {}
    unclear: dict[str, str] = {}
    for field, reader in readers.items():
        told = [tuple(reader(text)) for text in values.get(field, ())]
        readings = {r for found in told for r in found}
        if reader is _texts:
            read[field] = " / ".join(sorted(readings)) or None
        elif len(readings) == 1 and (all(told) or field not in _UNPROTECTED):
            read[field] = readings.pop()
        elif len(readings) > 1:
            unclear[field] = "two_readings"
        elif values.get(field):
            unclear[field] = "not_readable"
    if "identity_number" not in read and unclear.get("identity_number") != "two_readings":
        number = _number_in_words(values, repaired_numbers if is_seen else _labelled_numbers, is_seen)
        if number:
            read["identity_number"] = number
            unclear.pop("identity_number", None)
    number = read.get("identity_number")
    if number and _is_masked_otherwise(values, number, is_seen):
        unclear["identity_number"] = "two_readings"
        del read["identity_number"]
    rail, why = _rail(lines, values, layout, rails)
    unclear |= {"rail": why} if why else {}
    doubtful = _doubtful(placed, layout, rails, _known_beside(read, values, layout, rails, is_seen))
    if odd := odd_addresses(lines, (*layout.hosts, *rails.hosts), is_seen):
        doubtful["print"] = squeeze(" / ".join((*filter(None, [doubtful.get("print")]), *odd)))
    unclear |= dict.fromkeys(doubtful, "unknown")
    if sign := _sign_on(without_names(lines, _persons_on(values), rails), layout, rails, is_seen):
        unclear["state"], doubtful["state"] = "not_final", sign
    return Receipt(
        file="",
        digest="",
        layout=name,
        rail=rail,
        unclear=unclear,
        doubtful=doubtful,
        elsewhere=elsewhere(lines, placed.free, placed.loose),
        **read,
    )


def _is_masked_otherwise(values: Mapping[str, Sequence[str]], number: IdentityNumber, is_seen: bool) -> bool:
    return any(contradicts(text, number.digits, is_seen) for text in values.get("identity_number", ()))


def _known_beside(
    read: Mapping[str, Any], values: Mapping[str, Sequence[str]], layout: Layout, rails: Rails, is_seen: bool
) -> Read:
    """Gives what was read by labels, against which all else on the page is held."""
    number = read.get("identity_number")
    return Read(
        read.get("amount"),
        read.get("paid_on"),
        *_known_on(values, layout, rails),
        is_seen,
        done=rails.done,
        number=number.digits if number else None,
        bank=layout.bank if layout.bank.isdigit() and "iban" not in layout.labels else "",
    )


def _sign_on(lines: Sequence[str], layout: Layout, rails: Rails, is_seen: bool) -> str:
    """Gives the line in which something speaks against the payment, or else the sign; "" for none."""
    known = _sentences(layout, rails)
    signs = signs_on(lines, known, rails, _good_words(layout, rails) if is_seen else None)
    return (
        squeeze(next((line for line in lines if signs_on((line,), known, rails)), signs[0])) if signs else ""
    )


def _sentences(layout: Layout, rails: Rails) -> tuple[str, ...]:
    return (*layout.sentences, *rails.unlabelled.sentences, *rails.unlabelled.lines)


def _number_in_words(
    values: Mapping[str, Sequence[str]], reader: _Reader, is_seen: bool
) -> IdentityNumber | None:
    # A number that the bank masks may stand in the words of the payer; the mask must not contradict.
    masks = [re.sub(r"\s", "", text) for text in values.get("identity_number", ())]
    fits = _fits_seen_mask if is_seen else _fits_mask
    told = reader(" ".join(values.get("description", ())))
    numbers = {number for number in told if all(fits(number, mask) for mask in masks)}
    return numbers.pop() if len(numbers) == 1 else None


def _rail(
    lines: Sequence[str], values: Mapping[str, Sequence[str]], layout: Layout, rails: Rails
) -> tuple[str | None, str]:
    """Gives the rail, or why there is none."""
    if layout.rail:
        # A form knows the way it is paid by, but not what is printed against it: an order, paid by transfer.
        told = _rails_in(" ".join(values.get("type", ())), rails)
        is_transfer = layout.rail in rails.transfers
        is_other = any(rail.is_transfer is not is_transfer for rail in told)
        return (None, "two_readings") if is_other else (layout.rail, "")
    named = _rails_named(lines, values, layout, rails)
    if len(named) > 1:
        return None, "two_readings"
    if named and named[0].needs_payee and not layout.payee_words:
        return None, "payee_unknown"
    return (named[0].name, "") if named else (None, "")


def _doubtful(placed: _Placed, layout: Layout, rails: Rails, read: Read) -> dict[str, str]:
    """Gives what is printed where success is told, or beside what was read, and is not known."""
    is_seen = read.is_seen
    wrong = 1 if is_seen else 0
    values = _texts_of(placed.values)
    known = {
        "state": (rails.done, 0),
        "type": ((*rails.kinds, *layout.type_labels, *layout.type_lines), wrong),
        "currency": (rails.currencies, 0),
        "payee": (layout.payees, wrong),
        "product": (layout.products, wrong),
    }
    odd = {
        field: [
            text or "…"
            for text in values.get(field, ())
            if not is_among(text, words, misread)
            and not (field == "payee" and is_cut_off(text, words))
            and not (field == "product" and is_seen and is_seen_as(text, words))
        ]
        for field, (words, misread) in known.items()
        if words
    }
    # A text layer glues "İŞLEMHesaptan Havale".
    headings = (*_headings(layout, rails), *layout.labels.get("type", ()))
    are_known = is_nearly_made_of if is_seen else is_made_of
    passing = (*rails.passing_words, *layout.products, *_names_on(values))
    beside = (*headings, *_good_words(layout, rails), *passing)
    idle = _is_idle_seen if is_seen else _is_idle
    lone = _without_glued_names(placed.lone, layout) if is_seen else placed.lone
    odd["state"] = [
        *odd.get("state", ()),
        *(text for text in lone if not idle(text, beside, rails.unlabelled)),
    ]
    odd["title"] = [line for line in placed.title if not are_known(line, headings)]
    odd["print"] = list(_unaccounted(placed, values, rails, read))
    return {field: squeeze(" / ".join(texts)) for field, texts in odd.items() if texts}


def _is_idle(text: str, known: tuple[str, ...], words: Unlabelled) -> bool:
    """Tells whether what stands alone in a line is no state, button or stamp."""
    return is_made_of(text, (*known, *_before_digits(text, words))) or _is_well_known(text, words)


def _is_well_known(text: str, words: Unlabelled) -> bool:
    return is_listed(text, words) or has_known_label(text, words) or _is_branch(text, words)


def _is_branch(text: str, words: Unlabelled) -> bool:
    """Tells whether a line is a bank's branch: "Kızılay Şubesi", but not "Onay Şubesi"."""
    return re.fullmatch(_BRANCH, fold(text)) is not None and not is_telling(text.rpartition(" ")[0], words)


def _before_digits(text: str, words: Unlabelled) -> tuple[str, ...]:
    """Gives what is known to stand before the number in a line, if it has one: labels, places, quantities."""
    labels = (*words.labels, *words.amount_labels, *words.day_labels, *words.payer_heads)
    return (*labels, *words.places, *words.quantities) if re.search(r"\d", text) else ()


def _without_glued_names(lines: Iterable[str], layout: Layout) -> tuple[str, ...]:
    """Drops those lines of a picture that are a person's label and a name with no gap between them."""
    named = ("payer", "debtor", "payee")
    labels = [squash(text) for field in named for text in layout.labels.get(field, ())]
    return tuple(
        line
        for line in lines
        if not (is_name(line) and any(squash(line.split()[0]).startswith(label) for label in labels))
    )


def _is_idle_seen(text: str, known: tuple[str, ...], words: Unlabelled) -> bool:
    """Tells the same of what stands alone on a picture, where dust makes lines of a letter or two."""
    letters = re.sub(r"[^a-z]", "", fold(text))
    if len(letters) < _SHORTEST_SEEN:
        return True
    numbered = (*known, *_before_digits(text, words))
    return is_made_of_labels(text, numbered, is_seen=True) or _is_well_known(text, words)


def _unaccounted(
    placed: _Placed, values: Mapping[str, Sequence[str]], rails: Rails, read: Read
) -> Iterator[str]:
    """Gives what is said of the payment without a label that is known, or beside one of no interest."""
    yield from unaccounted(placed.loose, read, rails.unlabelled)
    yield from contradicting(placed.told, placed.loose, read, rails.unlabelled)
    yield from other_in_words((*placed.loose, *placed.aside), read)
    yield from no_totals(placed.totals, read)
    payers = (text for text in values.get("payer", ()) if not is_name(text))
    yield from (text for text in values.get("channel", ()) if not _is_channel(text, rails, read.is_seen))
    times = values.get("time", ())
    yield from (text for text in times if not is_time(text, rails.day_words, read.is_seen))
    yield from spoken((*placed.aside, *payers, *values.get("bank_charge", ())), read, rails.unlabelled)
    yield from denied(values.get("description", ()), rails.unlabelled)


def _is_channel(text: str, rails: Rails, is_seen: bool) -> bool:
    """Tells whether a value is one of the ways to a bank, perhaps with a branch's number and name."""
    are_known = is_nearly_made_of if is_seen else is_made_of
    return are_known(text, rails.channels) or re.fullmatch(rf"[\d\s/-]+{_BRANCH}", fold(text)) is not None


# "0123 KIZILAY ŞUBESİ"
_BRANCH = r"(?:[a-z]+[\s.]+){1,3}subes?i?"


def _names_on(values: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    return tuple(text for field in ("payer", "debtor", "payee") for text in values.get(field, ()))


def _persons_on(values: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    return tuple(t for field in ("payer", "debtor") for t in values.get(field, ()) if is_name(t))


def _known_on(
    values: Mapping[str, Sequence[str]], layout: Layout, rails: Rails
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Gives the phrases that say nothing unknown of the payment, and the names of the bank among them."""
    names = (*layout.title, *layout.headings, *rails.headings)
    known = (*layout.sentences, *rails.done, *rails.passing_words, *names, *layout.payees)
    return (*known, *_names_on(values)), names


def _good_words(layout: Layout, rails: Rails) -> tuple[str, ...]:
    labels = (text for texts in layout.labels.values() for text in texts)
    return (*_headings(layout, rails), *labels, *layout.other_labels, *layout.sentences)


def _fits_mask(number: IdentityNumber, mask: str) -> bool:
    # How many stars there are is as the bank counts them.
    return _has_ends(number, re.fullmatch(r"(\d{2,8})\*+(\d{0,4})", mask))


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
    kinds = _rails_in(" ".join(values.get("type", ())), rails)
    titles = () if layout.type_labels else _rails_in(_title(lines), rails)
    # But "EFT" under the title of a bill says two things, and nothing is refused on one of them.
    if layout.payee_words and any(rail.needs_payee for rail in titles):
        return tuple(dict.fromkeys((*kinds, *titles)))
    return kinds or titles


def _rails_in(text: str, rails: Rails) -> tuple[RailWords, ...]:
    words = f" {' '.join(re.split(r'[^a-z0-9]+', fold(text)))} "
    # A text layer without blanks glues "NakitYatırma".
    return tuple(
        r for r in rails.rails if any(f" {form} " in words for w in r.words for form in (fold(w), _phrase(w)))
    )


def _amounts(text: str, layout: Layout, rails: Rails) -> Iterable[Any]:
    """Reads an amount that is the whole value, between signs that fill and in a known currency.

    "780,00 TL (yediyüzseksen)" says it twice; whatever else stands there makes it unreadable.
    """
    units = "|".join(sorted((re.escape(fold(c)) for c in rails.currencies), key=len, reverse=True))
    unit = rf"(?:\(?(?:{units or '(?!)'})\)?)?"
    sign = "-?" if layout.minus_amounts else ""
    found = re.fullmatch(
        rf"{_FILL}{unit}{_FILL}(?P<number>{sign}\d(?:[\d.,\s]*\d)?){_FILL}{unit}(?P<rest>.*)", fold(text)
    )
    if not found or is_footnoted(text):
        return ()
    amounts = {abs(amount) for amount in amount_readings(found["number"])}
    rest = re.sub(r"[\s#*=().:;,'|]", "", found["rest"])
    return {amount for amount in amounts if not rest or says_amount(rest, amount)}


_FILL = r"[\s#*=:]*"


def _days(text: str, rails: Rails, is_seen: bool) -> Iterable[Any]:
    told = {moment.date() for moment in moments_in(text)}
    # Two days are two readings, whatever stands between them.
    return () if len(told) == 1 and is_beside_day(text, rails.day_words, is_seen) else told


def _charges(text: str) -> Iterable[Any]:
    # Of no consequence: whatever comes first.
    found = re.match(r"\D*?(\d[\d.,]*\d|\d)", text)
    return {abs(amount) for amount in amount_readings(found[1])} if found else ()


def numbers_in(text: str) -> set[IdentityNumber]:
    """Finds identity numbers whose check digits hold, never inside a longer run of digits.

    Letters may be glued before one only where they say what it is.

    >>> [len(numbers_in(text)) for text in ("TC10000000146", "T.C.NO:10000000146", "F10000000146")]
    [1, 1, 0]
    """
    found = map(IdentityNumber, _NUMBER.findall(text))
    return {number for number in found if number.is_valid}


_NUMBER = re.compile(r"(?:(?<![^\W_])|(?<![^\W_])T\.?C\.?(?:[^\W\d_]|\.){0,10})(\d{11})(?!\d)")


def _labelled_numbers(text: str) -> set[IdentityNumber]:
    # "100 000 001 46" is one number where nothing else stands.
    whole = IdentityNumber(re.sub(r"[\s.\-]", "", text))
    return {whole} if whole.is_valid else numbers_in(text)


def _own_numbers(text: str) -> set[IdentityNumber]:
    return set() if is_beside_number(text, False) or _qualifies(text) else _labelled_numbers(text)


def _own_numbers_seen(text: str) -> Iterable[IdentityNumber]:
    return () if is_beside_number(text, True) else repaired_numbers(text)


def _qualifies(text: str) -> bool:
    """Tells whether words that belong to the label stand before a number: "T.C. KİMLİK NO (ÖDEYEN) 1…"."""
    return bool(re.search(r"[^\W\d_]{4,}", re.split(r"\d", text, maxsplit=1)[0]))


_SHORTEST_REFERENCE = 4
_APPROVAL_CODE = 6


def _references(text: str) -> Iterable[str]:
    """Reads a reference as bare letters and digits; odd signs, or words beside it, make it unreadable."""
    joined = re.sub(r"(?<=\w)\s?[./\-]\s?(?=\w)", "", fold(text)).upper()
    # A digit of another script makes another number for us, and none for the eye; "/1" one of many.
    if not re.fullmatch(r"[A-Z0-9]+|[0-9 ]+", joined) or re.search(
        r"\d{12,}\s?[./\-]\s?\d{1,2}$", fold(text)
    ):
        return ()
    bare = joined.replace(" ", "")
    # "0000000000000000" stands where there is no number.
    # Words are no number; only an approval code may happen to have no digit.
    is_number = any(ch.isdigit() for ch in bare) or len(bare) == _APPROVAL_CODE
    return (bare,) if is_number and len(bare) >= _SHORTEST_REFERENCE and len(set(bare)) > 1 else ()


def _seen_references(text: str) -> Iterable[str]:
    # A speck at either end is no part of it.
    return _references(text.strip(" |'`,;_~*\"“”‘’°"))


def _unstamped(reader: _Reader, rails: Rails) -> _Reader:
    # "TEST2024051300012345" is no payment's number.
    stamps = {squash(word) for word in rails.stamps}
    return lambda text: () if stamps & set(re.findall(r"[a-z]+", fold(text))) else reader(text)


def _ibans(text: str) -> Iterable[str]:
    found = re.search(r"TR(?:\s?\d){24}", text)
    bare = re.sub(r"\s", "", found[0]) if found else ""
    return (bare,) if iban_holds(bare) else ()


def _texts(text: str) -> Iterable[str]:
    return (squeeze(text),)


def _readers(layout: Layout, rails: Rails, is_seen: bool) -> Mapping[str, _Reader]:
    """Gives how each field is read; in a picture digits are repaired where check digits tell it right."""
    readers: dict[str, _Reader] = {
        "amount": lambda text: _amounts(text, layout, rails),
        "bank_charge": _charges,
        "paid_on": lambda text: _days(text, rails, False),
        "reference": _unstamped(_references, rails),
        "identity_number": _own_numbers,
        "payer": _texts,
        "debtor": _texts,
        "payee": _texts,
        "iban": _ibans,
        "description": _texts,
    }
    if is_seen:
        readers |= {
            "reference": _unstamped(_seen_references, rails),
            "identity_number": _own_numbers_seen,
            "iban": repaired_ibans,
            "paid_on": lambda text: _days(repaired_dates(text), rails, True),
        }
    return readers
