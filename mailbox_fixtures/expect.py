"""Rewrites what `nes-intake explain` prints for every fixture mail, beside the mail.

A letter whose outcome is not the folder it lies in gets no expectation; its name is printed instead.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from mailbox_fixtures.make import OUTCOMES  # noqa: E402
from pipeline.policy.places import REPORTS, RULES  # noqa: E402
from pipeline.policy.policy import Policy, load_policy  # noqa: E402
from pipeline.review.explain import as_json, as_text, explain  # noqa: E402
from pipeline.review.invented_office import OFFICE  # noqa: E402
from pipeline.sandbox.scanner.scan import PRELOAD  # noqa: E402
from pipeline.sandbox.workers import WorkerPool  # noqa: E402

# What is seen in these pictures depends on the machine's OCR; only their outcome is expected.
READ_BY_OCR = (
    "returned/list-as-photo",
    "held/photo-of-receipt",
    "accepted/receipt-in-a-word-file",
    "accepted/receipt-as-heic",
    "accepted/receipt-as-webp",
    "accepted/receipt-as-mpo",
    "accepted/receipt-and-form-as-tiff",
    "accepted/receipt-as-jp2",
    "held/stamped-as-cancelled",
)
_ZONE = ZoneInfo("Europe/Istanbul")


@dataclass(frozen=True)
class Fixture:
    """One letter: its name ("accepted/list-xlsx"), its mails in order, and where the expectation lies."""

    name: str
    mails: tuple[Path, ...]
    expected: Path

    @property
    def folder(self) -> str:
        """Names the outcome that its place promises."""
        return self.name.partition("/")[0]


def fixtures() -> Iterator[Fixture]:
    """Lists every letter of the folder, single mails and conversations alike."""
    for outcome in OUTCOMES:
        for place in sorted((HERE / outcome).iterdir()):
            if place.is_dir():
                mails = tuple(sorted(place.glob("*.eml")))
                yield Fixture(f"{outcome}/{place.name}", mails, place / "expected")
            elif place.suffix == ".eml":
                yield Fixture(f"{outcome}/{place.stem}", (place,), place.with_suffix(".expected"))


@cache
def demo_policy() -> Policy:
    """Reads the rules and reports as the command does without settings; but once, for proving takes time."""
    return load_policy(RULES, REPORTS, OFFICE)


def explained(fixture: Fixture, policy: Policy, readers: Executor) -> tuple[str, str]:
    """Gives the outcome of the last mail, and what the command prints for all of them."""
    told = explain(fixture.mails, policy, readers, _ZONE, today=None)
    return as_json(told[-1])["outcome"], "\n".join(as_text(mail, policy) for mail in told)


def main() -> None:
    """Writes every expectation, and removes those that no letter has any more."""
    policy = demo_policy()
    kept: set[Path] = set()
    with WorkerPool(2, preload=PRELOAD) as readers:
        for fixture in fixtures():
            outcome, text = explained(fixture, policy, readers)
            if outcome != fixture.folder:
                print(f"{fixture.name}: {outcome}")
            elif fixture.name not in READ_BY_OCR:
                fixture.expected.write_text(text, encoding="utf-8")
                kept.add(fixture.expected)
    for old in {*HERE.glob("*/*.expected"), *HERE.glob("*/*/expected")} - kept:
        old.unlink()


if __name__ == "__main__":
    main()
