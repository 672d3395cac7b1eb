"""database: sqlite_utils, imported without numpy, which it looks for only to name numpy's kinds of numbers."""

from __future__ import annotations

import sys
from typing import Any, cast

_modules = cast("dict[str, Any]", sys.modules)
# A tenth of what it costs to begin any command; None is how Python says that a module is not to be had.
_IS_THERE = "numpy" in _modules
_modules.setdefault("numpy", None)
try:
    from sqlite_utils import Database
finally:
    if not _IS_THERE:
        del _modules["numpy"]

__all__ = ["Database"]
