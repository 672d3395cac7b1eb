"""mark: bytes of a list + MarkingPlan → bytes of its marked copy; runs in a worker process.

What is edited in place stays the sender's own file but for the marks. Whatever could act on its own
(macros, links to elsewhere, embedded objects) or cannot be spliced is mirrored instead: a letter of
ours never carries a stranger's program to whoever the stranger says he is.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from pydantic import TypeAdapter

from pipeline.domain import MarkingPlan, Sheet
from pipeline.sandbox.marker.inplace import CannotEdit, edited
from pipeline.sandbox.marker.mirror import mirrored

PLANS: TypeAdapter[MarkingPlan] = TypeAdapter(MarkingPlan)
SHEETS: TypeAdapter[tuple[Sheet, ...]] = TypeAdapter(tuple[Sheet, ...])


def mark_copy(data: bytes, plan: Any, sheets: Any, nameless: str) -> str:
    """Marks a copy and gives it in base 64.

    `data` are the bytes of an .xlsx that may be edited, or none where only a mirror will do; `plan`
    and `sheets` are what PLANS and SHEETS dump; a sheet without a name is called `nameless`.
    """
    order = PLANS.validate_python(plan)
    try:
        copy = edited(data, order)
    except CannotEdit:
        copy = mirrored(SHEETS.validate_python(sheets), order, nameless)
    return b64encode(copy).decode("ascii")
