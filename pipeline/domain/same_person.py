"""same_person: whether two rows with different identity numbers may be one person's."""

from __future__ import annotations

from pipeline.domain.evidence import Holder
from pipeline.domain.turkish import fold, heading

# Shorter names ("Su", "Can") stand in many addresses.
_TELLING = 4


def may_be_one(one: Holder, other: Holder) -> bool:
    """Tells whether two rows may be one person's: by one address, or by full name and day of birth.

    An address that bears neither's name may be a unit's, of which several people write; there the name or
    the day of birth must be the same as well.
    """
    is_named_alike = bool(_name(one)) and _name(one) == _name(other)
    is_born_alike = one.born_on is not None and one.born_on == other.born_on
    if is_named_alike and is_born_alike:
        return True
    if not one.address or one.address != other.address:
        return False
    return _bears(one) or _bears(other) or is_named_alike or is_born_alike


def _name(holder: Holder) -> str:
    return fold(holder.name) if holder.given_name and holder.family_name else ""


def _bears(holder: Holder) -> bool:
    """Tells whether a row's address bears its person's name."""
    local = heading(holder.address.partition("@")[0])
    return any(len(word) >= _TELLING and word in local for word in heading(holder.name).split())
