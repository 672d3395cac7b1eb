"""history: a number, the ledger → what was seen, which rules decided, what followed, what would change it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.domain import Case, Entry
from pipeline.domain.acts import Done
from pipeline.domain.cases import state_of
from pipeline.domain.turkish import quotable
from pipeline.ledger.acts import acts_about
from pipeline.ledger.book import Judged, Ledger
from pipeline.ledger.listed_people import letters_after
from pipeline.policy.policy import Policy


def tell(number: str, ledger: Ledger, policy: Policy) -> str:
    """Tells in Turkish of one mail (G-…) or case (N-…); "" where the ledger knows of none."""
    entries = ledger.entries_of(number)
    case = ledger.case(number)
    mail = ledger.judged_number(number)
    mails = [mail] if mail else ledger.judged_about(number)
    if not mails and not entries:
        return ""
    return policy.texts.plain.get_template("history.txt").render(
        words=policy.texts.words,
        number=number,
        case=_case(case, entries, policy) if case else None,
        mails=[_mail(judged, ledger, policy) for judged in mails],
    )


def _case(case: Case, entries: list[Entry], policy: Policy) -> Mapping[str, Any]:
    words = policy.texts.words
    holder = case.holder
    return {
        "procedure": words["procedures"][case.procedure],
        "number": str(case.identity_number),
        "name": quotable(holder.name) if holder else "",
        "state": words["case_states"][state_of(case)],
        "next": words["case_next"][state_of(case)],
        "entries": [{"day": e.day, "event": words["events"][e.event], "proof": _proof(e)} for e in entries],
    }


def _act(done: Done, policy: Policy) -> Mapping[str, Any]:
    """Tells what a person did; of what they read on the page, what and not how it reads."""
    fields = done.body.get("fields", {})
    return {
        "at": f"{done.at.astimezone(policy.office.batching.zone):%d.%m.%Y %H:%M}",
        "by": quotable(done.by),
        "what": policy.texts.words["acts"][done.kind],
        "claims": ", ".join(str(number) for number in done.body.get("claims", ())),
        "because": quotable(done.because),
        "read": [(policy.words_for(field), quotable(value)) for field, value in fields.items()],
    }


def _proof(entry: Entry) -> str:
    # A digest is of no use to a person; mails are named below by their numbers.
    return "" if len(entry.proof) == 64 else entry.proof


def _mail(judged: Judged, ledger: Ledger, policy: Policy) -> Mapping[str, Any]:
    words, decision = policy.texts.words, judged.decision
    hold = ledger.hold(judged.sha)
    evidence = decision.evidence
    return {
        "number": judged.number,
        "at": judged.decided_at,
        "sender": quotable(judged.sender),
        "subject": quotable(judged.subject),
        "outcome": words["outcomes"][decision.outcome],
        "procedure": words["procedures"].get(decision.procedure or "", ""),
        "shunt": words["shunts"].get(judged.shunt.split(":")[0], judged.shunt),
        "silence": words["silences"][decision.silence] if decision.silence else "",
        "seen": [
            *(
                {"what": "row", "row": h.row, "file": quotable(h.file), "number": h.identity_number}
                for h in evidence.holders
            ),
            *({"what": "receipt", "receipt": r, "file": quotable(r.file)} for r in evidence.receipts),
            *({"what": "unread", "file": quotable(u.name), "why": u.why} for u in evidence.unread),
        ],
        "findings": [(f, words["consequences"][f.consequence]) for f in decision.findings],
        "letters": [
            {"subject": letter.subject, "to": letter.recipient, "state": words["letter_states"][letter.state]}
            for letter in letters_after(ledger, judged)
        ],
        "hold": hold,
        "acts": [_act(done, policy) for done in acts_about(ledger, judged.sha)],
        "is_other_policy": judged.policy != policy.fingerprint,
    }
