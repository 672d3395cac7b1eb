"""new_layout: what a page prints beside its labels, what people say each is → the file of a layout.

The sample that proves it is the page itself with nobody's data on it: names, numbers and accounts are
invented ones, and what nobody has said anything of is nothing but signs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import tomlkit

from pipeline.domain import Receipt
from pipeline.domain.turkish import IdentityNumber, fold, heading, squash, squeeze
from pipeline.papers.layouts import FIELDS, Layout, read_receipt
from pipeline.papers.rails import Rails, signs_on

# What a line without a label may be said to be.
TITLE, HEADING, SENTENCE = "title", "heading", "sentence"
# In the order in which people look for them.
CHOICES = (
    *("type", "state", "amount", "bank_charge", "paid_on", "reference", "identity_number"),
    *("debtor", "payer", "payee", "iban", "description"),
)
# These tell nothing of anybody: what they are and when, in what way and to which institution.
_KEPT = ("type", "state", "amount", "bank_charge", "paid_on", "payee")
# A form is known by labels of these, where it prints them.
_KNOWN_BY = ("reference", "identity_number", "amount", "paid_on")
_MOST_WANTED = 3


@dataclass(frozen=True, slots=True)
class Printed:
    """One thing that a page prints: a label with what stands beside it, or a line of its own (label "").

    `spans` are where its value, or the line, stands: line, first letter, and the one behind the last.
    """

    label: str
    value: str
    spans: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Invented:
    """Whose data stands in a sample in the place of everybody's, and what the file says of that."""

    name: str
    number: str
    iban: str
    description: str
    remark: str


@dataclass(frozen=True, slots=True)
class Said:
    """What a person says of a form: its name, its bank's code, the rail it proves by itself ("" for none).

    `choices` tell what each printed thing is, by its place: a field, or TITLE, HEADING or SENTENCE. `payees`
    are those whom layouts in force name as paid, squashed: a page that waits makes nobody one.
    """

    name: str
    bank: str
    rail: str
    choices: Mapping[int, str]
    invented: Invented
    payees: frozenset[str]


def printed_on(lines: Sequence[str]) -> tuple[Printed, ...]:
    """Parts the lines of a page in labels and values; what is indented goes on with the value above it."""
    found: list[Printed] = []
    for at, line in enumerate(lines):
        if not line.strip():
            continue
        things = list(_things_in(at, line))
        is_more = line.startswith("   ") and not things[0].label and found and found[-1].label
        if is_more and len(things) == 1:
            above = found[-1]
            text = squeeze(f"{above.value} {things[0].value}")
            found[-1] = Printed(above.label, text, (*above.spans, *things[0].spans))
        else:
            found += things
    return tuple(found)


def _things_in(at: int, line: str) -> Iterator[Printed]:
    parts = [(m[0], m.start()) for m in re.finditer(r"\S(?:(?! {3}).)*", line)]
    while parts:
        text, start = parts.pop(0)
        colon = re.match(r"([^:]*[^\W\d_][^:]*?)\s*:\s*(.*)", text)
        if colon and colon[2]:
            yield Printed(
                squeeze(colon[1]), squeeze(colon[2]), ((at, start + colon.start(2), start + len(text)),)
            )
        elif parts and (colon or _is_label(text)):
            value, begin = parts.pop(0)
            label = squeeze(colon[1] if colon else text)
            yield Printed(label, squeeze(value.lstrip(": ")), ((at, begin, begin + len(value)),))
        else:
            yield Printed("", squeeze(text), ((at, start, start + len(text)),))


def _is_label(text: str) -> bool:
    return any(ch.isalpha() for ch in text) and not re.search(r"\d", text)


def guessed(printed: Sequence[Printed], layouts: Mapping[str, Layout]) -> Mapping[int, str]:
    """Guesses what each thing is by the labels of the forms that are known, for a person to put right."""
    known: dict[str, str] = {}
    for layout in layouts.values():
        for field, labels in layout.labels.items():
            known |= {squash(label): field for label in labels}
    first = next((at for at, thing in enumerate(printed) if thing.label), len(printed))
    above = {at: TITLE if at == 0 else HEADING for at in range(first)}
    taken: set[str] = set()
    for at, thing in enumerate(printed):
        field = known.get(squash(thing.label), "") if thing.label else ""
        if field and field not in taken:
            taken.add(field)
            above[at] = field
    return above


def signs_in(printed: Sequence[Printed], choices: Mapping[int, str], rails: Rails) -> list[str]:
    """Lists what was said to be a heading or sentence of the bank's, and speaks against a payment.

    What a layout names is not heard any more on any receipt: such words are for its file, by hand.
    """
    of_bank = [t.value for at, t in enumerate(printed) if choices.get(at) in (TITLE, HEADING, SENTENCE)]
    return [line for line in of_bank if signs_on([line], (), rails) or _is_in_sign(line, rails)]


def _is_in_sign(line: str, rails: Rails) -> bool:
    # "Bilgi" is no sign, but "bilgi amaçlıdır" would not be heard any more with it left out.
    words = heading(line).split()
    return bool(words) and any(
        len(words) < len(sign) and all(map(fnmatchcase, words, sign[at : at + len(words)]))
        for sign in (fold(text).split() for text in rails.unfinished)
        for at in range(len(sign) - len(words) + 1)
    )


def known_payees(layouts: Mapping[str, Layout]) -> frozenset[str]:
    """Gives whom the layouts name as paid, squashed."""
    return frozenset(squash(payee) for layout in layouts.values() for payee in layout.payees)


def is_paid_to_known(receipt: Receipt, layouts: Mapping[str, Layout], rails: Rails) -> bool:
    """Tells whether what is no transfer was paid to one whom a layout in force names as paid.

    Who was paid decides there, as an account does elsewhere; nobody is made one by a page that waits.
    """
    if receipt.rail is None or receipt.rail in rails.transfers:
        return True
    return receipt.payee is not None and squash(receipt.payee) in known_payees(layouts)


def proposed(lines: Sequence[str], printed: Sequence[Printed], said: Said, rails: Rails) -> str:
    """Writes the file of a layout that reads a page as a person says, the page as its invented sample."""
    sample = _sample(lines, printed, said)
    told = {key: value for key, value in _told(printed, said).items() if value}
    layout = Layout.model_validate({**told, "samples": ()})
    receipt = read_receipt(sample, "", layout, rails)
    wants = {
        field: read.digits if isinstance(read, IdentityNumber) else str(read)
        for field in ("rail", *CHOICES)
        if field not in ("type", "state", "description", "bank_charge")
        and (read := getattr(receipt, field, None)) is not None
    }
    labels = told.pop("labels")
    document = tomlkit.document()
    document.add(tomlkit.comment(said.invented.remark))
    for key, value in told.items():
        document.add(key, tomlkit.item(value))
    document.add("labels", tomlkit.item(labels))
    table = tomlkit.table()
    table.add("text", tomlkit.string("\n" + "\n".join(sample) + "\n", multiline=True))
    inline = tomlkit.inline_table()
    inline.update(wants)
    table.add("wants", inline)
    samples = tomlkit.aot()
    samples.append(table)
    document.add("samples", samples)
    return tomlkit.dumps(document)


def _told(printed: Sequence[Printed], said: Said) -> dict[str, object]:
    of: dict[str, list[Printed]] = {}
    for at, thing in enumerate(printed):
        of.setdefault(said.choices.get(at, ""), []).append(thing)
    labels = {f: _once(t.label for t in of[f] if t.label) for f in CHOICES if f in of and f in FIELDS}
    # Another page of this form may be no transfer, where who was paid decides.
    payees = _once(thing.value for thing in of.get("payee", ()) if squash(thing.value) in said.payees)
    return {
        "name": said.name,
        "bank": said.bank,
        "title": _once(thing.value for thing in of.get(TITLE, ())),
        "requires": [[labels[f][0]] for f in _KNOWN_BY if labels.get(f)][:_MOST_WANTED],
        "other_labels": _once(thing.label for thing in of.get("", ()) if thing.label),
        "headings": _once(thing.value for thing in of.get(HEADING, ())),
        "sentences": _once(thing.value for thing in of.get(SENTENCE, ())),
        "payees": payees,
        "payee_words": payees,
        "rail": said.rail,
        "labels": labels,
    }


def _once(texts: Iterator[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))


# --- the sample ------------------------------------------------------------------------------------


def _sample(lines: Sequence[str], printed: Sequence[Printed], said: Said) -> list[str]:
    """Puts invented data in the place of everybody's; what nobody said anything of becomes signs."""
    made, choices = list(lines), said.choices
    spans = [
        (span, _invented(lines[span[0]][span[1] : span[2]], choices.get(at, ""), said.invented, nth == 0))
        for at, thing in enumerate(printed)
        for nth, span in enumerate(thing.spans)
    ]
    # From behind, so that what stands before keeps its place.
    for (at, first, behind), text in sorted(spans, reverse=True):
        made[at] = made[at][:first] + text + made[at][behind:]
    names = [t.value for at, t in enumerate(printed) if choices.get(at) in ("payer", "debtor")]
    return [_without(line, names, said.invented) for line in made]


def _invented(text: str, choice: str, instead: Invented, is_first: bool) -> str:
    of_people = {
        "payer": instead.name,
        "debtor": instead.name,
        "iban": instead.iban,
        "description": instead.description,
    }
    if choice in of_people:
        return of_people[choice] if is_first else ""
    if choice == "identity_number":
        return _number(text, instead.number)
    if choice == "reference":
        return _counted(text)
    return text if choice in (*_KEPT, TITLE, HEADING, SENTENCE) else _signs(text)


def _number(text: str, instead: str) -> str:
    """Puts the invented number in the place of the one that stands there, whole or behind stars."""

    def starred(found: re.Match[str]) -> str:
        end = instead[-len(found[3]) :] if found[3] else ""
        return instead[: len(found[1])] + found[2] + end

    whole = re.sub(r"(?<!\d)\d{11}(?!\d)", instead, text)
    return re.sub(r"(\d+)(\*+)(\d*)", starred, whole)


def _counted(text: str) -> str:
    digits = iter("1234567890" * len(text))
    return "".join(next(digits) if ch.isdigit() else "A" if ch.isalpha() else ch for ch in text)


def _signs(text: str) -> str:
    return "".join("1" if ch.isdigit() else "X" if ch.isalpha() else ch for ch in text)


def _without(line: str, names: Sequence[str], instead: Invented) -> str:
    """Leaves nobody's number and no name of the page in a line, wherever it stands."""
    for name in names:
        line = re.sub(re.escape(name), instead.name, line, flags=re.IGNORECASE)
    return re.sub(
        r"(?<!\d)\d{11}(?!\d)",
        lambda found: instead.number if IdentityNumber(found[0]).is_valid else found[0],
        line,
    )
