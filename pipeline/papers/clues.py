"""clues: what a reader of pictures is told beforehand, so that it knows when it has seen enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from pydantic import BaseModel, ConfigDict

from pipeline.domain import Page, Region
from pipeline.domain.turkish import squash
from pipeline.papers.layouts import Layout, matching, matching_picture, read_picture, respelled
from pipeline.papers.printed import lines_of, printed_lines, whole_page
from pipeline.papers.rails import Rails, signs_on
from pipeline.papers.stands import stands_on
from pipeline.papers.strength import Terms
from pipeline.papers.transfers import transfer_stands
from pipeline.papers.unlabelled import Read, Unlabelled, unaccounted

# What rules ask about every payment; the account only where the bank prints one.
_ASKED = ("identity_number", "amount", "paid_on", "rail")


def weighed_by(rails: Rails, layouts: Mapping[str, Layout], amounts: tuple[str, ...] = ()) -> Terms:
    """Gathers what a page is weighed by from what officials have written about rails and banks."""
    return Terms(
        amounts=amounts,
        amount_labels=_labels(layouts, "amount"),
        day_labels=_labels(layouts, "paid_on"),
        rails={rail.name: rail.hints or rail.words for rail in rails.rails},
        accepted=frozenset(rail.name for rail in rails.rails if rail.is_accepted),
    )


def _labels(layouts: Mapping[str, Layout], field: str) -> tuple[str, ...]:
    return tuple(sorted({text for layout in layouts.values() for text in layout.labels.get(field, ())}))


class Clues(BaseModel):
    """Tariff amounts such as "780.00", and the layouts by which receipts will be read; both may be empty."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    amounts: tuple[str, ...] = ()
    layouts: Mapping[str, Layout] = {}
    rails: Rails = Rails(rails=(), unfinished=())

    @cached_property
    def as_json(self) -> str:
        """Gives the clues as readers are told them: long, and the same for every file."""
        return self.model_dump_json()

    @property
    def terms(self) -> Terms:
        """Gives what a page is weighed by: the layouts' own labels, and the words of the rails."""
        return weighed_by(self.rails, self.layouts, self.amounts)

    def lacking(self, page: Page) -> frozenset[str]:
        """Names the fields that the one layout which fits a page asks for in vain; "layout" where none fits.

        Where no layouts are known, nothing is lacking.
        """
        lines = lines_of(page)
        names = matching_picture(lines, self.layouts)
        if len(names) != 1:
            return frozenset({"layout"} if self.layouts else ())
        layout = self.layouts[names[0]]
        receipt = read_picture(lines, names[0], layout, self._labelled)
        asked = (*_ASKED, "iban") if "iban" in layout.labels else _ASKED
        # A rail that is not believed is read all the same.
        known = {field for field, why in receipt.unclear.items() if why == "payee_unknown"}
        return frozenset(f for f in asked if getattr(receipt, f) is None and f not in known)

    def has_label(self, text: str) -> bool:
        """Tells whether any layout knows a receipt or a value by words in a text."""
        squashed = squash(text)
        return any(phrase in squashed for phrase in self._phrases)

    def deciding(self, pages: Sequence[Page]) -> tuple[Region, ...]:
        """Marks all that a receipt could be read from in these pages, however many of them it begins on.

        Where no layouts are known, everything on every page.
        """
        if not self.layouts:
            return tuple(whole_page(page) for page in pages)
        parts = [pages[start:] for start in range(len(pages))] + [(page,) for page in pages[:-1]]
        return tuple(dict.fromkeys(region for part in parts for region in self._regions(part)))

    def _regions(self, pages: Sequence[Page]) -> tuple[Region, ...]:
        printed = [line for page in pages for line in printed_lines(page)]
        lines = [line.text for line in printed]
        found: list[Region] = []
        for names, is_picture in (
            (matching(lines, self.layouts), False),
            (matching_picture(lines, self.layouts), True),
        ):
            layout = self.layouts[names[0]] if len(names) == 1 else None
            if layout:
                spelled = respelled(lines, layout) if is_picture else lines
                found += [
                    region
                    for told in stands_on(printed, spelled, layout, self.rails).values()
                    for region in told
                ]
        if not found:
            found += [r for told in transfer_stands(printed, self.rails).values() for r in told]
        return tuple(found)

    @cached_property
    def _phrases(self) -> frozenset[str]:
        texts: list[str] = []
        for layout in self.layouts.values():
            texts += [text for told in (*layout.labels.values(), *layout.requires) for text in told]
            texts += [*layout.title, *layout.other_labels, *layout.type_labels, *layout.type_lines]
        return frozenset(map(squash, texts)) - {""}

    @cached_property
    def _print(self) -> frozenset[str]:
        texts = [*self.rails.headings]
        for layout in self.layouts.values():
            texts += [text for told in layout.labels.values() for text in told]
            texts += [*layout.title, *layout.headings, *layout.other_labels]
        # Words are read without the gap between them.
        return frozenset(squash(part) for text in texts for part in (text, *text.split()))

    @cached_property
    def _labelled(self) -> Rails:
        # What a page says beside its labels is no matter of how well it was read.
        return self.rails.model_copy(update={"unlabelled": Unlabelled(subjects=(), predicates=())})

    def is_print(self, text: str) -> bool:
        """Tells whether a text is made of several words of the forms' own labels and headings, and no other.

        One such word alone may be what is left of anything.
        """
        words = [squash(word) for word in text.split()]
        return len(words) > 1 and self._print.issuperset(words)

    def is_unfinished(self, text: str) -> bool:
        """Tells whether a text says that a payment was not, or not yet, made, or may say so."""
        known = (*self.rails.headings, *self.rails.passing_words, *self.rails.done)
        read = Read(known=known, is_seen=True)
        return bool(signs_on((text,), (), self.rails, ()) or unaccounted((text,), read, self._sentences))

    @cached_property
    def _sentences(self) -> Unlabelled:
        # What is looked at once more may be a form's own label, of which nobody here knows the form.
        return self.rails.unlabelled.model_copy(update={"heads": ()})
