"""form: rules/nes-list.toml → Form: the columns of FORM-001-003, what people call them, and its codes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Any

from pipeline.domain.faults import OperatorFault
from pipeline.domain.official_files import OfficialFile, OfficialPart, validated
from pipeline.domain.turkish import heading as _heading

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

# The form's few aliases are compared with every cell of a long list.
heading = lru_cache(maxsize=4096)(_heading)


class Column(OfficialPart):
    """One column of the form: the field it holds, its heading, what people call it, its codes."""

    field: str
    heading: str
    aliases: tuple[str, ...]
    example: str = ""
    codes: Mapping[str, tuple[str, ...]] = {}
    # What is to be paid for by whoever has a code here, as items of the tariff; with any other, either.
    pays: Mapping[str, tuple[str, ...]] = {}
    # Columns that people add but Kamu SM's form does not have are read and never written.
    written: bool = True
    # A list without such a column is an old or a home-made variant of the form.
    needed: bool = False


class Form(OfficialFile):
    """FORM-001-003 as rules/nes-list.toml lays it out."""

    form: str
    title: str
    sheet: str
    because: str
    # What a row begins with that is no person's: the only proofs by which a row is passed over.
    signature_words: tuple[str, ...]
    legend_words: tuple[str, ...]
    total_words: tuple[str, ...]
    sample_words: tuple[str, ...]
    sample_numbers: tuple[str, ...]
    # Sheets that we add to a list that goes back: what stands there, nobody has said.
    own_sheets: tuple[str, ...]
    # How the lines of our own comments begin, in the same list.
    own_comments: tuple[str, ...]
    columns: tuple[Column, ...]

    def misfits(self, path: str) -> Iterator[OperatorFault]:
        """Gives a fault where a code that pays is none, and where nobody says what a card reader costs."""
        for column in self.columns:
            for code in column.pays.keys() - column.codes.keys():
                yield OperatorFault("form_pays", file=path, field=column.field, code=code)
        if not any(column.pays for column in self.columns if column.field == "card_reader"):
            yield OperatorFault("form_pays_nothing", file=path)

    @property
    def reader_pays(self) -> Mapping[str, tuple[str, ...]]:
        """Gives what is to be paid for, by the code of the card reader that somebody asks for."""
        return self.column("card_reader").pays

    def column(self, field: str) -> Column:
        """Finds the column of a field."""
        return next(c for c in self.columns if c.field == field)

    @property
    def written_columns(self) -> tuple[Column, ...]:
        """Lists the columns that stand in a list we write, in their order."""
        return tuple(c for c in self.columns if c.written)

    @cached_property
    def _named(self) -> Mapping[str, tuple[str, ...]]:
        pairs = [(heading(alias), c.field) for c in self.columns for alias in c.aliases if heading(alias)]
        return {printed: tuple(dict.fromkeys(f for p, f in pairs if p == printed)) for printed, _ in pairs}

    @cached_property
    def _beginnings(self) -> tuple[str, ...]:
        return tuple(alias + " " for alias in self._named if len(alias) > 7)

    def fields_named(self, text: str) -> tuple[str, ...]:
        """Names the fields of which a text is a heading; two where a heading stands twice in the form."""
        return self._named.get(heading(text), ())

    def fields_begun(self, text: str) -> tuple[str, ...]:
        """Finds "Kurumsal E-posta" in "Kurumsal E-posta (yalnız saglik.gov.tr)": an alias, more behind it."""
        printed = heading(text)
        if not printed.startswith(self._beginnings):
            return ()
        begun = [a for a in self._named if len(a) > 7 and printed.startswith(a + " ")]
        return self._named[max(begun, key=len)][:1] if begun else ()


def load_form(raw: Mapping[str, Any]) -> Form:
    """Validates the parsed nes-list.toml; raises OperatorFault."""
    return validated("rules/nes-list.toml", raw, Form)
