"""The nouns of the trade, as frozen values; they import nothing of ours but turkish.

Each chapter tells of one thing (a mail, a file, what it says, a case, a decision, a letter, the office);
whoever uses a noun names this room alone.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.domain.case import Case, EarlyReceipt, Entry, Event, Facts, Procedure, Spent
    from pipeline.domain.decisions import Consequence, Decision, Finding, HoldState, Outcome, Subject
    from pipeline.domain.evidence import (
        FORM_UNKNOWN,
        UNDER,
        Aside,
        Elsewhere,
        Evidence,
        Holder,
        Matter,
        Receipt,
        ReceiptKind,
        ScannedForm,
        Unread,
    )
    from pipeline.domain.files import (
        NO_VALUE,
        Cell,
        CellKind,
        Cells,
        Coded,
        Doubt,
        FileKind,
        Look,
        OpenedFile,
        Page,
        Region,
        Sheet,
        Transcript,
        Word,
        column_letters,
    )
    from pipeline.domain.letters import (
        OUTCOME_OPEN,
        UNSENT,
        Batch,
        Enclosure,
        FaultRow,
        Letter,
        LetterState,
        Mark,
        MarkingPlan,
        OfficeLetter,
    )
    from pipeline.domain.mails import NEW_PART, Arrival, Attachment, Bounce, Place, SightingState, Submission
    from pipeline.domain.office import Batching, Office
    from pipeline.domain.past_nights import PastNight
    from pipeline.domain.sources import Source, Sources

__all__ = [
    "FORM_UNKNOWN",
    "NEW_PART",
    "NO_VALUE",
    "OUTCOME_OPEN",
    "UNDER",
    "UNSENT",
    "Arrival",
    "Aside",
    "Attachment",
    "Batch",
    "Batching",
    "Bounce",
    "Case",
    "Cell",
    "CellKind",
    "Cells",
    "Coded",
    "Consequence",
    "Decision",
    "Doubt",
    "EarlyReceipt",
    "Elsewhere",
    "Enclosure",
    "Entry",
    "Event",
    "Evidence",
    "Facts",
    "FaultRow",
    "FileKind",
    "Finding",
    "Foretold",
    "HoldState",
    "Holder",
    "Letter",
    "LetterState",
    "Look",
    "Mark",
    "MarkingPlan",
    "Matter",
    "Office",
    "OfficeLetter",
    "OpenedFile",
    "Outcome",
    "Page",
    "PastNight",
    "Place",
    "Procedure",
    "Receipt",
    "ReceiptKind",
    "Region",
    "ScannedForm",
    "Sheet",
    "SightingState",
    "Source",
    "Sources",
    "Spent",
    "Subject",
    "Submission",
    "Transcript",
    "Unread",
    "Word",
    "column_letters",
]

_CHAPTERS = "case decisions evidence files letters mails past_nights office sources".split()


def __getattr__(name: str) -> Any:
    """Opens the chapter that tells of a noun when it is first asked for: not everybody needs all of them."""
    if name in __all__:
        for chapter in _CHAPTERS:
            told = vars(import_module(f"{__name__}.{chapter}"))
            if name in told:
                return globals().setdefault(name, told[name])
    raise AttributeError(name)
