"""A password, which shows itself to nobody."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Password:
    """What a server is logged in to with; printed, logged or quoted it says nothing."""

    _plain: str = field(repr=False)

    def get_secret_value(self) -> str:
        """Gives the password itself."""
        return self._plain
