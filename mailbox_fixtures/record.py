"""Writes what comes of every fixture, and of the demo's day, into a folder: two of them tell what changed.

`python mailbox_fixtures/record.py BEFORE`, a change, `python mailbox_fixtures/record.py AFTER`, then
`diff -r BEFORE AFTER`: after a change of the structure alone nothing may differ.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from mailbox_fixtures.expect import demo_policy, fixtures  # noqa: E402

_ZONE = ZoneInfo("Europe/Istanbul")
# The demo's clock runs on while it plays: the second of a letter is not what is compared.
_CLOCK = re.compile(r"\b\d{2}:\d{2}(:\d{2})?\b|\d+ (saniye|dakika)")


def main(folder: Path) -> None:
    """Writes the verdicts as JSON, a file per fixture, and the demo's letters as text."""
    from pipeline.commands.cli import run
    from pipeline.review.explain import as_json, explain
    from pipeline.sandbox.scanner.scan import PRELOAD
    from pipeline.sandbox.workers import WorkerPool

    policy = demo_policy()
    with WorkerPool(2, preload=PRELOAD) as readers:
        for fixture in fixtures():
            told = [as_json(mail) for mail in explain(fixture.mails, policy, readers, _ZONE, today=None)]
            place = folder / "explain" / f"{fixture.name}.json"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
    with TemporaryDirectory() as output:
        run(["demo", "--output", output])
        for file in sorted(Path(output).glob("letters/*.txt")):
            place = folder / "demo" / file.name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(_CLOCK.sub("#", file.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
