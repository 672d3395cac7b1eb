"""explain: mails run through the real path with a ledger in memory and nothing sent, and what followed."""

from __future__ import annotations

import email
import email.policy
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.domain import Arrival, Entry, Evidence, Finding, Holder, Place, Receipt
from pipeline.domain.faults import OperatorFault
from pipeline.domain.turkish import quotable
from pipeline.intake.deciding import judge_again
from pipeline.ledger.book import Judged, Ledger
from pipeline.ledger.listed_people import letters_after
from pipeline.office.sitting import Sitting
from pipeline.policy.policy import Policy


@dataclass(frozen=True, slots=True)
class Explained:
    """One mail, what became of it, and the letter that would go out."""

    file: str
    judged: Judged
    is_repeat: bool
    letters: tuple[Mapping[str, Any], ...]


def explain(
    files: Sequence[Path], policy: Policy, readers: Executor, zone: ZoneInfo, today: date | None
) -> list[Explained]:
    """Judges mails in order; without `today`, each on the day it was received by its own headers."""
    ledger = Ledger.in_memory()
    try:
        run = ledger.begin_run("explain", datetime.now(UTC))
        told = []
        for file in files:
            raw = _bytes_of(file)
            at = datetime.combine(today, datetime.min.time(), zone) if today else received(raw)
            sitting = Sitting(ledger, policy, readers, at.astimezone(UTC), at.astimezone(zone).date())
            told.append(_explained(sitting, run, file, Arrival(hashlib.sha256(raw).hexdigest(), raw, at)))
        return told
    finally:
        ledger.close()


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as fault:
        raise OperatorFault("no_such_mail", file=file, why=fault.strerror) from fault


def _explained(sitting: Sitting, run: int, file: Path, arrival: Arrival) -> Explained:
    ledger, sha = sitting.ledger, arrival.sha
    is_repeat = ledger.is_decided(sha)
    if not is_repeat:
        ledger.keep(Place("explain", str(file), 1, 1), arrival, "", run)
        judge_again(sitting, arrival)
    judged = ledger.judged(sha)
    assert judged is not None
    return Explained(file.name, judged, is_repeat, () if is_repeat else tuple(_letters(ledger, judged)))


def received(raw: bytes) -> datetime:
    """Reads when a mail was received: its topmost Received header, else Date, else now."""
    head = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0].decode("utf-8", "replace")
    head = re.sub(r"\r?\n[ \t]+", " ", head)
    stamps = re.findall(r"(?im)^received:.*;\s*(.+)$", head)[:1] + re.findall(r"(?im)^date:\s*(.+)$", head)
    for stamp in stamps:
        try:
            moment = parsedate_to_datetime(stamp.strip())
        except (ValueError, TypeError, IndexError):
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return datetime.now(UTC)


def _letters(ledger: Ledger, judged: Judged) -> Iterable[Mapping[str, Any]]:
    """Opens the stored letters as their readers would: the answer, and those to people it has listed."""
    for stored in letters_after(ledger, judged):
        mail = email.message_from_bytes(stored.body, policy=email.policy.default)
        body = mail.get_body(("plain",))
        assert body is not None
        yield {
            "to": stored.recipient,
            "subject": stored.subject,
            "text": body.get_content().replace("\r\n", "\n"),
            "enclosures": [part.get_filename() for part in mail.iter_attachments()],
        }


# --- for programs ------------------------------------------------------------------------------


def as_json(explained: Explained) -> Mapping[str, Any]:
    """Makes the public JSON shape of one mail; identity numbers masked (docs/commands.md)."""
    decision = explained.judged.decision
    repeat = explained.is_repeat
    evidence = Evidence() if repeat else decision.evidence
    return {
        "file": explained.file,
        "outcome": "ignored" if repeat else str(decision.outcome),
        "procedure": decision.procedure,
        "findings": [] if repeat else list(map(_finding, decision.findings)),
        "holders": [_holder(h, decision.entries) for h in evidence.holders],
        "receipts": [_receipt(r, decision.entries) for r in evidence.receipts],
        "unread": [{"name": quotable(u.name), "why": u.why} for u in evidence.unread],
        "letters": list(explained.letters),
    }


def _finding(finding: Finding) -> Mapping[str, str]:
    return {
        "rule": finding.rule,
        "consequence": str(finding.consequence),
        "about": finding.about,
        "say": finding.say,
    }


def _holder(holder: Holder, entries: Iterable[Entry]) -> Mapping[str, Any]:
    return {
        "row": holder.row,
        "identity_number": str(holder.identity_number) if holder.identity_number else None,
        "accepted": any(e.holder == holder for e in entries),
        "given_name": holder.given_name,
        "family_name": holder.family_name,
        "born_on": holder.born_on.isoformat() if holder.born_on else None,
        "work_email": holder.work_email,
        "workplace": holder.workplace,
        "kind": holder.kind,
        "card_reader": holder.card_reader,
        "term_years": holder.term_years,
        "payment": holder.payment,
        "note": quotable(holder.note) if holder.note else None,
        "file": quotable(holder.file),
        "sheet": holder.sheet,
    }


def _receipt(receipt: Receipt, entries: Iterable[Entry]) -> Mapping[str, Any]:
    return {
        "layout": receipt.layout,
        "rail": receipt.rail,
        "amount": f"{receipt.amount:.2f}" if receipt.amount is not None else None,
        "paid_on": receipt.paid_on.isoformat() if receipt.paid_on else None,
        "reference": receipt.reference,
        "identity_number": str(receipt.identity_number) if receipt.identity_number else None,
        "accepted": any(e.receipt == receipt for e in entries),
        "file": quotable(receipt.file),
        "sources": {value: [*map(str, told)] for value, told in receipt.sources.by_value.items()},
    }


# --- for people --------------------------------------------------------------------------------


def as_text(explained: Explained, policy: Policy) -> str:
    """Tells in Turkish what was seen, which rules decided and what would follow."""
    words = policy.texts.words
    decision = explained.judged.decision
    outcome = "ignored" if explained.is_repeat else decision.outcome
    evidence = Evidence() if explained.is_repeat else decision.evidence
    silence = "duplicate" if explained.is_repeat else decision.silence
    values = {
        "file": explained.file,
        "number": explained.judged.number,
        "outcome": words["outcomes"][outcome],
        "procedure": words["procedures"].get(decision.procedure or "", ""),
        "silence": words["silences"][silence] if silence else "",
        "shunt": _shunt_words(explained.judged.shunt, words["shunts"]),
        "holders": [_holder_line(h, decision.entries) for h in evidence.holders],
        "receipts": [_receipt_line(r, decision.entries) for r in evidence.receipts],
        "unread": [(quotable(u.name), u.why) for u in evidence.unread],
        "findings": []
        if explained.is_repeat
        else [(f, words["consequences"][f.consequence]) for f in decision.findings],
        "letters": explained.letters,
    }
    return policy.texts.plain.get_template("explain.txt").render(**values)


def _shunt_words(shunt: str, words: Mapping[str, str]) -> str:
    name, _, detail = shunt.partition(":")
    return f"{words.get(name, name)}{' (' + detail.strip() + ')' if detail else ''}" if shunt else ""


def _holder_line(holder: Holder, entries: Iterable[Entry]) -> Mapping[str, Any]:
    return {
        "row": holder.row,
        "name": quotable(holder.name),
        "identity_number": holder.identity_number,
        "born_on": holder.born_on,
        "went_on": any(e.holder == holder for e in entries),
    }


def _receipt_line(receipt: Receipt, entries: Iterable[Entry]) -> Mapping[str, Any]:
    return {
        "file": quotable(receipt.file),
        "receipt": receipt,
        "went_on": any(e.receipt == receipt for e in entries),
    }
