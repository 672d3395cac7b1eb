"""database: sqlite_utils, imported without numpy, and moments that stand in one form.

The library looks for numpy only to name numpy's kinds of numbers.
"""

from __future__ import annotations

import sqlite3
import sys
from datetime import UTC, datetime
from typing import Any, cast

_modules = cast("dict[str, Any]", sys.modules)
# A tenth of what it costs to begin any command; None is how Python says that a module is not to be had.
_IS_THERE = "numpy" in _modules
_modules.setdefault("numpy", None)
try:
    from sqlite_utils import Database
    from sqlite_utils.utils import dedupe_keys
finally:
    if not _IS_THERE:
        del _modules["numpy"]

__all__ = ["Database", "dedupe_keys"]


def _in_utc(moment: datetime) -> str:
    # Moments are compared as texts, which only those of one zone can be; a clock without a zone is nobody's.
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no zone")
    return moment.astimezone(UTC).isoformat()


# Whoever hands a moment to the ledger hands it over as it is, and there it stands in one form.
sqlite3.register_adapter(datetime, _in_utc)
