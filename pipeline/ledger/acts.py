"""acts: what people did, one line an act, written before anything that follows from it; nothing is overwritten.

An act names the mail it is about by its digest, or else a case, a list, a letter or a file by its name.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pipeline.domain.acts import Done, SealedAct
from pipeline.ledger.book import Ledger


def note_act(ledger: Ledger, done: Done) -> None:
    """Writes an act down; call inside a transaction, first of all."""
    ledger.execute(
        'INSERT INTO act (at, kind, sha, about, "by", because, body, copy) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
        *(done.at, done.kind, done.sha or None, done.about, done.by, done.because),
        *(json.dumps(done.body, ensure_ascii=False, sort_keys=True), done.copy),
    )
    ledger.note(done.at, f"act {done.kind} by {done.by}", done.about)


def is_known(ledger: Ledger, copy: str) -> bool:
    """Tells whether an act is kept already, by the Message-ID of its copy."""
    return bool(ledger.query("SELECT 1 FROM act WHERE copy=?", copy))


def last_act(ledger: Ledger) -> int:
    """Gives the number of the newest act, 0 where there was none."""
    return int(ledger.query("SELECT coalesce(max(id), 0) AS id FROM act")[0]["id"])


def forget_acts(ledger: Ledger, sha: str) -> None:
    """Leaves of what was done about a mail who, when and of which kind; call inside a transaction."""
    _forget(ledger, "sha=?", sha)


def forget_acts_that_say(ledger: Ledger, words: Iterable[str]) -> None:
    """Leaves of every act that says one of some words who, when and of which kind; call inside a transaction."""
    folded = [word.casefold() for word in words]
    for row in ledger.query("SELECT id, about, because, body FROM act"):
        told = f"{row['about']} {row['because']} {row['body']}".casefold()
        if any(word in told for word in folded):
            _forget(ledger, "id=?", row["id"])


def _forget(ledger: Ledger, where: str, value: object) -> None:
    ledger.execute(
        "UPDATE letter SET body=x'', recipient='', subject='' WHERE state IN ('done', 'failed') "
        f"AND message_id IN (SELECT copy FROM act WHERE {where})",
        value,
    )
    ledger.execute(f"UPDATE act SET because='', body='{{}}' WHERE {where}", value)


# --- an act outside of the ledger --------------------------------------------------------------


def sealed_act(ledger: Ledger, done: Done, after: int) -> SealedAct:
    """Seals an act for a copy outside; `after`, the act before it, tells two alike of one moment apart."""
    told = {
        "at": done.at.astimezone(UTC).isoformat(),
        "kind": done.kind,
        "sha": done.sha,
        "about": done.about,
        "by": done.by,
        "because": done.because,
        "body": done.body,
        "after": after,
    }
    seal = _seal(ledger, told)
    data = json.dumps({"act": told, "seal": seal}, ensure_ascii=False, indent=1, sort_keys=True)
    return SealedAct(seal[:24], data.encode())


def opened_act(ledger: Ledger, data: bytes, copy: str) -> Done | None:
    """Reads a sealed act back; None for a file that the home's key has not sealed as it is."""
    try:
        file = json.loads(data)
        told, seal = file["act"], file["seal"]
        if not hmac.compare_digest(_seal(ledger, told), str(seal)):
            return None
        at = datetime.fromisoformat(told["at"])
        names = {name: told[name] for name in ("kind", "sha", "about", "by", "because", "body")}
    except (ValueError, KeyError, TypeError):
        return None
    return Done(at=at, copy=copy, **names)


def about_of_act(data: bytes) -> str:
    """Names what a sealed act is about, whoever sealed it; "" where that is not told."""
    try:
        return str(json.loads(data)["act"]["about"])
    except (ValueError, KeyError, TypeError):
        return ""


def _seal(ledger: Ledger, told: Mapping[str, Any]) -> str:
    return ledger.keyed("act\x1f" + json.dumps(told, ensure_ascii=False, sort_keys=True))


# --- what was done -----------------------------------------------------------------------------


def acts_about(ledger: Ledger, *abouts: str) -> list[Done]:
    """Lists what was done about a mail (by its digest or number), a case, a list …, oldest first."""
    slots = ",".join("?" * len(abouts))
    rows = ledger.query(
        f"SELECT * FROM act WHERE about IN ({slots}) OR sha IN ({slots}) ORDER BY id", *abouts, *abouts
    )
    return [done_of(row) for row in rows]


def last_of_each(ledger: Ledger, kinds: Sequence[str]) -> list[Done]:
    """Lists the newest act of some kinds about each open case that there is one about, oldest first.

    From the open cases on: there are no more of them after ten years, and of acts there are.
    """
    marks = ",".join("?" * len(kinds))
    rows = ledger.query(
        f"SELECT a.* FROM open_case o CROSS JOIN act a ON a.about=o.number WHERE a.kind IN ({marks}) AND a.id="
        f"(SELECT max(id) FROM act WHERE about=o.number AND kind IN ({marks})) ORDER BY a.id",
        *kinds,
        *kinds,
    )
    return [done_of(row) for row in rows]


def acts_between(ledger: Ledger, since: datetime, until: datetime) -> list[Done]:
    """Lists what was done in a span of time, oldest first."""
    rows = ledger.query("SELECT * FROM act WHERE at>? AND at<=? ORDER BY id", since, until)
    return [done_of(row) for row in rows]


def done_of(row: Mapping[str, Any]) -> Done:
    """Reads an act as its row tells it."""
    return Done(
        id=row["id"],
        at=datetime.fromisoformat(row["at"]),
        kind=row["kind"],
        sha=row["sha"] or "",
        about=row["about"],
        by=row["by"],
        because=row["because"],
        body=json.loads(row["body"]),
        copy=row["copy"],
    )


# --- what somebody saw -------------------------------------------------------------------------


def version_of(ledger: Ledger, number: str) -> str:
    """Gives the version of a mail (G-…), case (N-…), list (2026-11-25/1) or, by "", of the whole office.

    It changes with every act about it and with everything that happened to it; short, and nothing to guess from.
    """
    if number.startswith("G-"):
        parts = _of_mail(ledger, number)
    elif number.startswith("N-"):
        parts = _of_case(ledger, number)
    elif number:
        parts = _of_list(ledger, number)
    else:
        parts = _values(ledger.query("SELECT id, settled_at FROM stop ORDER BY id DESC LIMIT 1"))
    return hashlib.sha256("\x1f".join([number, *parts]).encode()).hexdigest()[:12]


def _of_mail(ledger: Ledger, number: str) -> list[str]:
    return _values(
        ledger.query(
            "SELECT d.decided_at, h.state, (SELECT max(id) FROM act WHERE sha=d.sha) AS act, "
            "(SELECT count(*) FROM settled WHERE sha=d.sha) AS settled "
            "FROM decision d LEFT JOIN hold h USING (sha) WHERE d.number=?",
            number,
        )
    )


def _of_case(ledger: Ledger, number: str) -> list[str]:
    return _values(
        ledger.query(
            "SELECT (SELECT max(id) FROM entry WHERE case_number=?) AS entry, "
            "(SELECT max(id) FROM act WHERE about=?) AS act",
            number,
            number,
        )
    )


def _of_list(ledger: Ledger, name: str) -> list[str]:
    return _values(
        ledger.query(
            "SELECT (SELECT max(id) FROM act WHERE about=?) AS act, "
            "(SELECT released_at FROM release WHERE day || '/' || number=?) AS released, "
            "(SELECT group_concat(state || attempts) FROM letter WHERE about=?) AS letters",
            *(name, name, name),
        )
    )


def _values(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    return [str(value) for row in rows for value in row.values()]
