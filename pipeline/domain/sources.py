"""sources: where each value of a receipt comes from, and what speaks against its being the bank's print.

Made once, by the reader, and kept with the receipt: rules, the desk, `explain` and whoever looks at a receipt
once more ask here, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Source(StrEnum):
    """One way in which a value came to us; the last four are what no bank prints, or what nobody has seen."""

    # The letters of a text layer, in which none is misread, or a picture that was read.
    TEXT = "text"
    PICTURE = "picture"
    # A machine-readable code, or a file of data, says the same; nobody has signed it.
    CODE = "code"
    # Hidden, or drawn otherwise than its letters are called.
    HIDDEN = "text_differs_from_picture"
    # Not looked at, for want of time or of OCR.
    UNSEEN = "text_unchecked"
    # Typed into a note or a form field, or changed after the file was first made.
    ADDED = "typed_on"
    REVISED = "later_revision"


# Why what is read from a page may not be what its bank printed there.
SUSPECT = (Source.HIDDEN, Source.UNSEEN, Source.ADDED, Source.REVISED)
_READ = frozenset({Source.TEXT, Source.PICTURE})


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources of each value by its name; a value is read from a text layer or from a picture, never both.

    Raises ValueError for a value that comes from neither or both, or twice from one source.

    >>> told = Sources({"amount": (Source.TEXT, Source.ADDED), "paid_on": (Source.TEXT, Source.CODE)})
    >>> sorted(told.suspicions), told.is_print("amount"), told.is_print("paid_on"), told.is_print("iban")
    (['typed_on'], False, True, False)
    """

    by_value: Mapping[str, tuple[Source, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for value, told in self.by_value.items():
            if len(_READ & set(told)) != 1 or len(set(told)) != len(told):
                raise ValueError(f"{value}: {', '.join(told) or '-'}")

    @property
    def suspicions(self) -> frozenset[Source]:
        """Gives all that speaks against any of the values."""
        return frozenset(SUSPECT) & {source for told in self.by_value.values() for source in told}

    def of(self, value: str) -> tuple[Source, ...]:
        """Gives the sources of one value; none for what was not read."""
        return self.by_value.get(value, ())

    def is_print(self, value: str) -> bool:
        """Tells whether a value is the bank's own text and nothing speaks against that."""
        told = self.of(value)
        return Source.TEXT in told and not set(SUSPECT) & set(told)
