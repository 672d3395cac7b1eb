"""distress: one of many offices cannot work, for its settings broke: its own unit is told, and nobody else.

Run by `rounds` in a process of its own, as every turn is; arguments: the settings file, and the home that the
office had, where that is known. Ends with 0 where nothing is left to tell.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from pipeline.domain.faults import OperatorFault
from pipeline.domain.troubles import Trouble
from pipeline.ledger.home import Home
from pipeline.office.console import DONE, TRY_LATER
from pipeline.office.emergency import call_for_help
from pipeline.office.last_settings import recall
from pipeline.office.opening import policy_to_look_by


def main() -> int:
    """Tells the unit by the settings that it last worked by; where those are not known, there is nobody."""
    file, reason = Path(sys.argv[1]), sys.argv[2]
    settings = recall(file, Path(sys.argv[3]) if sys.argv[3:] else None)
    if settings is None:
        return DONE
    now = datetime.now(UTC)
    try:
        policy = policy_to_look_by(settings)
        is_told = call_for_help(settings, policy, Home(settings.home), Trouble("settings", reason, now, now))
    except OperatorFault:
        # Without rules and texts of its own, or without its password, it has no words of its own either.
        return TRY_LATER
    return DONE if is_told else TRY_LATER


if __name__ == "__main__":
    sys.exit(main())
