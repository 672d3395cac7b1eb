"""in_force: the rules, texts and settings that were in force, each policy kept once, by its fingerprint."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

from pipeline.ledger.book import Ledger


@dataclass(frozen=True, slots=True)
class InForce:
    """By what the office works: the policy's fingerprint, the settings as JSON, the program's version."""

    policy: str
    settings: str
    program: str


def work_under(ledger: Ledger, now: InForce, files: Mapping[str, bytes], at: datetime) -> None:
    """Has the ledger note what is in force with the first thing that is written, where that has changed."""

    def note() -> None:
        ledger.execute(
            "INSERT INTO in_force (at, policy, settings, program) VALUES (?, ?, ?, ?)",
            *(at, now.policy, now.settings, now.program),
        )
        if not ledger.query("SELECT 1 FROM policy WHERE fingerprint=?", now.policy):
            ledger.execute("INSERT INTO policy VALUES (?, ?)", now.policy, _packed(files))

    if in_force(ledger) != now:
        ledger.write_first(note)


def in_force(ledger: Ledger) -> InForce | None:
    """Tells what was in force last."""
    rows = ledger.query("SELECT policy, settings, program FROM in_force ORDER BY id DESC LIMIT 1")
    return InForce(**rows[0]) if rows else None


def policy_files(ledger: Ledger, fingerprint: str) -> Mapping[str, bytes] | None:
    """Gives the files of a policy by their paths; None where they are not kept."""
    rows = ledger.query("SELECT files FROM policy WHERE fingerprint=?", fingerprint)
    if not rows:
        return None
    with zipfile.ZipFile(BytesIO(rows[0]["files"])) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def forget_before(ledger: Ledger, at: datetime) -> None:
    """Drops what was in force before a moment only; call inside a transaction."""
    ledger.execute("DELETE FROM in_force WHERE id<(SELECT max(id) FROM in_force WHERE at<=?)", at)
    ledger.execute("DELETE FROM policy WHERE fingerprint NOT IN (SELECT policy FROM in_force)")


def _packed(files: Mapping[str, bytes]) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for name, body in files.items():
            packed.writestr(zipfile.ZipInfo(name), body, zipfile.ZIP_DEFLATED)
    return stream.getvalue()
