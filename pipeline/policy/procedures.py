"""procedures: rules/procedures.toml → the words by which a mail or a receipt gives its procedure away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.domain import Procedure
from pipeline.domain.official_files import OfficialFile, validated


class _ProceduresFile(OfficialFile):
    lost_or_stolen: tuple[str, ...] = ()
    family_physician: tuple[str, ...]
    other_staff: tuple[str, ...]
    card_reader: tuple[str, ...]


def load_procedure_words(raw: Mapping[str, Any]) -> Mapping[Procedure, tuple[str, ...]]:
    """Validates the parsed procedures.toml; raises OperatorFault."""
    file = validated("rules/procedures.toml", raw, _ProceduresFile)
    return {Procedure(name): getattr(file, name) for name in raw}
