"""transfers: printed lines of a form that nobody has described → the transfer they surely tell of, if any.

A transfer is a transfer, whatever the bank: where title or type line say so in closed words, and one
recipient's account stands behind its label, that much is certain. Whatever speaks for anything else leaves it
to a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.domain import FORM_UNKNOWN, Receipt, Region
from pipeline.domain.faults import OperatorFault
from pipeline.domain.official_files import refuse
from pipeline.domain.turkish import squash, squeeze
from pipeline.papers.layouts import Layout, read_receipt, told_on
from pipeline.papers.printed import PrintedLine
from pipeline.papers.rails import Rails, RailWords, UnknownForm, is_among, is_made_of
from pipeline.papers.stands import stands_on

# The name that such a receipt carries in the place of its layout's.
UNKNOWN_FORM = "unknown-form"
# How many lines from the top a title may stand in; so many are compared with the picture of the page.
_TITLE_LINES = 3
# Of each of these exactly one is printed: a page of several payments says nothing of any of them.
_ONCE = ("iban", "amount", "paid_on")


def read_transfer(file: str, digest: str, lines: Sequence[str], rails: Rails) -> Receipt | None:
    """Reads rail, account, amount and day of a transfer from a text layer; None where anything is unsure."""
    form = rails.unknown_form
    if form is None or _speaks_against(lines, form, rails):
        return None
    reading = _Labelled.of(lines, form, rails)
    rail, receipt = reading.rail(), reading.receipt(file, digest)
    is_one = all(len(reading.values.get(field, ())) == 1 for field in _ONCE)
    is_read = all(getattr(receipt, field) is not None for field in _ONCE)
    is_done = "state" not in receipt.unclear and all(
        is_among(text, rails.done) for text in reading.values.get("state", ())
    )
    if not (rail and is_one and is_read and is_done):
        return None
    return Receipt(
        file=file,
        digest=digest,
        layout=UNKNOWN_FORM,
        rail=rail,
        amount=receipt.amount,
        paid_on=receipt.paid_on,
        iban=receipt.iban,
        # What is written on it may tell whose payment it is; no value is taken from it.
        description=squeeze(f"{receipt.description or ''} {receipt.elsewhere.words}") or None,
        notes=(FORM_UNKNOWN,),
        elsewhere=receipt.elsewhere,
    )


def transfer_stands(printed: Sequence[PrintedLine], rails: Rails) -> Mapping[str, tuple[Region, ...]]:
    """Marks where on its pages such a transfer says what is read; nothing where it is none."""
    lines = [line.text for line in printed]
    if rails.unknown_form is None or read_transfer("", "", lines, rails) is None:
        return {}
    reading = _Labelled.of(lines, rails.unknown_form, rails)
    return stands_on(printed, lines, reading.layout, reading.rails)


def prove_transfers(rails: Rails) -> None:
    """Holds the words for unknown forms to their own examples; raises OperatorFault."""
    refuse(_disproved(rails))


def _disproved(rails: Rails) -> Iterator[OperatorFault]:
    form = rails.unknown_form
    if form is None:
        return
    told = [*((text, True) for text in form.samples), *((text, False) for text in form.others)]
    for text, is_transfer in told:
        lines = text.strip("\n").splitlines()
        if (read_transfer("", "", lines, rails) is not None) is not is_transfer:
            yield OperatorFault("transfer_sample", file="rules/rails.toml", text=squeeze(text)[:60])


def _speaks_against(lines: Sequence[str], form: UnknownForm, rails: Rails) -> bool:
    """Tells whether a page has words of a payment by an accepted way, or of no payment at all."""
    accepted = [rail for rail in rails.rails if rail.is_accepted]
    words = {word for rail in accepted for word in (*rail.words, *rail.hints)} | set(form.against)
    text = squash(" ".join(lines))
    return any(squash(word) in text for word in words)


@dataclass(frozen=True, slots=True)
class _Labelled:
    """The labelled values of a page by the common labels, and the lines above the first of them."""

    lines: Sequence[str]
    layout: Layout
    rails: Rails
    values: Mapping[str, Sequence[str]]
    title: Sequence[str]

    @classmethod
    def of(cls, lines: Sequence[str], form: UnknownForm, rails: Rails) -> _Labelled:
        layout = Layout(
            name=UNKNOWN_FORM,
            bank="",
            title=(),
            requires=(),
            labels=form.labels,
            other_labels=form.other_labels,
            sections=form.sections,
            minus_amounts=True,
            samples=(),
        )
        # How something shall be paid, or was ordered, is no kind of a transaction.
        apart = [label for label in rails.type_labels if label not in form.type_labels]
        rails = rails.model_copy(
            update={"type_labels": form.type_labels, "passing_labels": (*rails.passing_labels, *apart)}
        )
        values, title = told_on(lines, layout, rails)
        return cls(lines, layout, rails, values, title)

    def receipt(self, file: str, digest: str) -> Receipt:
        """Reads the values as those of a known form are read."""
        receipt = read_receipt(self.lines, UNKNOWN_FORM, self.layout, self.rails)
        return replace(receipt, file=file, digest=digest)

    def rail(self) -> str:
        """Names the one transfer that the type line tells, or else the title; "" where there is not one."""
        kinds = self.values.get("type", ())
        told = [self._kind(text) for text in kinds] if kinds else list(self._titled())
        return told[0] if len(told) == 1 else ""

    def _titled(self) -> Iterator[str]:
        top = [line for line in self.lines if squeeze(line)][:_TITLE_LINES]
        wholes = [kind for rail in self.rails.rails for kind in rail.whole]
        for line in self.title:
            if line in top and any(squash(kind) in squash(line) for kind in wholes):
                yield self._named(line)

    def _kind(self, text: str) -> str:
        """Names the transfer whose known word a whole value is."""
        return next((r.name for r in self._transfers() if is_among(text, r.whole)), "")

    def _named(self, line: str) -> str:
        """Names the one transfer that a line tells that is made of its words and of headings alone."""
        named = [r.name for r in self._transfers() if is_made_of(line, (*self.rails.headings, *r.whole))]
        return named[0] if len(named) == 1 else ""

    def _transfers(self) -> Iterator[RailWords]:
        return (rail for rail in self.rails.rails if rail.is_transfer and rail.is_known_anywhere)
