"""What a wheel carries beside the code: the mails that the demo plays."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_PLAYED = "mailbox_fixtures"


class DemoMails(BuildHookInterface):  # type: ignore[type-arg]
    """Puts the mails of demo-day.toml into the wheel, and none of the thousands that only tests read."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Names the files, from where they lie to where the wheel has them; a checkout needs none."""
        if version == "editable":
            return
        fixtures = Path(self.root) / _PLAYED
        day = fixtures / "demo-day.toml"
        told = tomllib.loads(day.read_text(encoding="utf-8"))
        played = [fixtures / name for name in (*told["begun_earlier"], *told["mails"])]
        for file in (day, *played):
            place = file.relative_to(self.root)
            build_data["force_include"][str(file)] = f"pipeline/_data/{place.as_posix()}"
