"""find_page: a name, number or address → the people and mails it may mean; and one person's whole story."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from email.message import EmailMessage

from pipeline.acts.acting import version
from pipeline.acts.finding import named
from pipeline.desk.answers import Answer, Go, NotHere, Page, Visit
from pipeline.desk.people import Power
from pipeline.domain import Case, Outcome
from pipeline.domain.cases import is_number, state_of
from pipeline.domain.turkish import mask
from pipeline.ledger.desk import came_back, is_dealt_with
from pipeline.ledger.search import Named, letters_of_case, mails_of_case
from pipeline.office.shop import Shop

_MOST_FOUND = 50
# One person is named by a list, a receipt and a case; looked at before what is alike is put together.
_MOST_TRACES = 400
_LEAST_LETTERS = 3


@dataclass(frozen=True, slots=True)
class Found:
    """Somebody, or a mail, that was looked for: where it is on the desk, name, masked number, last day."""

    to: str
    number: str
    name: str
    masked: str
    day: date


def find_page(shop: Shop, visit: Visit) -> Answer:
    """Asks what is looked for, and shows what was found; a number of ours is gone to at once."""
    asked = visit.form.get("q", "").strip()
    number = asked.upper()
    if is_number(number):
        where = "/kisi/" if number.startswith("N-") else "/ileti/"
        known = shop.ledger.case(number) if where == "/kisi/" else shop.ledger.judged_number(number)
        if known:
            return Go(f"{where}{number}")
    traces = named(shop, asked, _MOST_TRACES) if len(asked) >= _LEAST_LETTERS else ()
    found = _found(traces, shop.settings.zone)
    is_more = len(found) > _MOST_FOUND or len(traces) == _MOST_TRACES
    values = {"asked": asked, "found": found[:_MOST_FOUND], "is_more": is_more}
    # Who was looked for stands in the log as the log may have it.
    looked_at = f"search {mask(asked)}" if asked else ""
    return Page("bul.html", values, looked_at=looked_at)


def _found(traces: Iterable[Named], zone: tzinfo) -> list[Found]:
    """Puts together what is about one case, or mail: cases first, then mails, the newest of each on top."""
    about: dict[str, list[Named]] = {}
    for trace in traces:
        about.setdefault(trace.about, []).append(trace)
    found = [_as_found(number, some, zone) for number, some in about.items() if number]
    return sorted(found, key=lambda one: (one.number.startswith("G-"), -one.day.toordinal()))


def _as_found(number: str, traces: Sequence[Named], zone: tzinfo) -> Found:
    name = next((trace.name for trace in traces if trace.name), "")
    digits = next((trace.number for trace in traces if trace.number), "")
    where = "/kisi/" if number.startswith("N-") else "/yazisma/"
    day = max(trace.day_in(zone) for trace in traces)
    return Found(f"{where}{number}", number, name, mask(digits) if digits else "", day)


# --- a person's story ------------------------------------------------------------------------------


def story_page(shop: Shop, visit: Visit) -> Answer:
    """Shows all cases of the person whose case is named: what happened, by which mails, what was written."""
    case = shop.ledger.case(visit.named["number"])
    if case is None:
        raise NotHere("desk_not_here")
    cases = shop.ledger.cases_of(case.identity_number)
    holder = next((c.holder for c in reversed(cases) if c.holder), None)
    return Page(
        "kisi.html",
        {
            "name": holder.name if holder else "",
            "email": holder.work_email if holder else "",
            "workplace": holder.workplace if holder else "",
            "digits": case.identity_number.digits
            if visit.person.may(Power.DECIDE)
            else str(case.identity_number),
            "cases": [_told(shop, one) for one in sorted(cases, key=lambda c: c.opened_on, reverse=True)],
            "texts": shop.policy.texts.words,
        },
        looked_at=case.number,
    )


def _told(shop: Shop, case: Case) -> dict[str, object]:
    words, mails = shop.policy.texts.words, mails_of_case(shop.ledger, case.number)
    letters = [letter for mail in mails for letter in shop.ledger.letters_about(mail.sha)]
    own = letters_of_case(shop.ledger, case.number)
    return {
        "number": case.number,
        "procedure": words["procedures"][case.procedure],
        "state": words["case_states"][state_of(case)],
        "is_closed": case.is_closed,
        "entries": shop.ledger.entries_of(case.number),
        "mails": mails,
        "letters": sorted({one.id: one for one in (*letters, *own)}.values(), key=lambda one: one.id),
    }


def mail_story(shop: Shop, visit: Visit) -> Answer:
    """Shows a mail that was found: on its desk page where it waited for a person, else what became of it."""
    judged = shop.ledger.judged_number(visit.named["number"])
    if judged is None:
        raise NotHere("desk_not_here")
    if shop.ledger.hold(judged.sha):
        return Go(f"/ileti/{judged.number}")
    words = shop.policy.texts.words
    returned = came_back(shop.ledger, judged.number)
    is_aside = bool(returned) or judged.decision.outcome is Outcome.SHUNTED
    return Page(
        "yazisma.html",
        {
            "mail": judged,
            "outcome": words["outcomes"][judged.decision.outcome],
            "silence": words["silences"].get(judged.decision.silence, ""),
            "cases": list(dict.fromkeys(entry.case for entry in judged.decision.entries)),
            "letters": shop.ledger.letters_about(judged.sha),
            "states": words["letter_states"],
            "came_back": returned,
            "is_set_aside": is_aside and not is_dealt_with(shop.ledger, judged.number),
            "seen": version(shop.ledger, judged.number),
        },
        looked_at=judged.number,
    )


def letter_page(shop: Shop, visit: Visit) -> Answer:
    """Shows a letter of ours as it was written."""
    try:
        letter = shop.ledger.letter(int(visit.named["id"]))
    except LookupError as fault:
        raise NotHere("desk_not_here") from fault
    message = email.message_from_bytes(letter.body, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    part = message.get_body(("plain",))
    values = {
        "letter": letter,
        "text": part.get_content() if part else "",
        "files": [str(one.get_filename() or "") for one in message.iter_attachments()],
        "state": shop.policy.texts.words["letter_states"][letter.state],
    }
    return Page("yazi.html", values, looked_at=f"letter {letter.id}")
