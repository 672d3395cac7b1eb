"""samples_page: accepted receipts as blind questions, one after the other: the picture, and empty fields.

Nothing here tells what was read, nor whose it is, before somebody has said what they read themselves.
"""

from __future__ import annotations

from pipeline.acts.sampling import Read, answer, go_on, picture_of, questions
from pipeline.desk.answers import Answer, Go, NotHere, Page, Picture, Visit, because_of, number_in
from pipeline.domain.faults import OperatorFault
from pipeline.ledger.samples import Cause, sample_of
from pipeline.office.console import sentence
from pipeline.office.shop import Shop

_FIELDS = ("identity_number", "amount", "paid_on", "reference")
# What somebody has to put right in what they typed; all else ends the question.
_SLIPS = tuple(f"sample_value_{field}" for field in _FIELDS)
_CAUSES: tuple[Cause, ...] = ("error", "slip")


def samples_page(shop: Shop, visit: Visit) -> Answer:
    """Asks the question that is next: the oldest, or the one after what was put aside."""
    asked, last = questions(shop), number_in(visit.query.get("sonra", "")) or 0
    later = [sample for sample in asked if sample.id > last]
    return _asked(shop, (later or asked)[0].id if asked else 0, {}, "")


def _asked(shop: Shop, number: int, typed: dict[str, str], said: str) -> Page:
    values = {
        "number": number,
        "left": len(questions(shop)),
        "typed": {field: typed.get(field, "") for field in _FIELDS},
        "said": said,
    }
    about = f"sample/{number}" if number else ""
    return Page("ornek.html", values, status=409 if said else 200, looked_at=about)


def sample_picture(shop: Shop, visit: Visit) -> Answer:
    """Draws the page of a question's receipt."""
    number = int(visit.named["number"])
    sample = sample_of(shop.ledger, number)
    if sample is None or sample.verdict:
        raise NotHere("desk_not_here")
    png = picture_of(shop, number)
    return Picture(lambda: png, looked_at=f"sample/{number}")


def say_what_is_read(shop: Shop, visit: Visit) -> Answer:
    """Holds what somebody reads against what was accepted, and goes on to the next question."""
    number = int(visit.named["number"])
    typed = {field: visit.form.get(field, "").strip() for field in _FIELDS}
    read = None if visit.form.get("unreadable") else Read(**typed)
    try:
        verdict, wrong = answer(shop, number, read, visit.person.name)
    except OperatorFault as fault:
        if fault.name in _SLIPS:
            return _asked(shop, number, typed, sentence(fault))
        raise
    fields = ", ".join(shop.policy.words_for(field) for field in wrong)
    return Go("/ornek", f"sample_{verdict}", {"number": number, "fields": fields})


def let_its_kind_go_on(shop: Shop, visit: Visit) -> Answer:
    """Lets acceptances of a question's kind go on, by what somebody found the difference to be."""
    number = number_in(visit.form.get("number", ""))
    cause = next((cause for cause in _CAUSES if cause == visit.form.get("cause")), None)
    if cause is None or number is None:
        raise NotHere("desk_not_here")
    go_on(shop, number, cause, because_of(visit), visit.person.name)
    return Go("/bugun", f"sample_resumed_{cause}", {"number": number})
