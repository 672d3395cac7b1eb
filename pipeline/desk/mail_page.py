"""mail_page: one held mail on the desk: what came, what was read and doubted, and what is decided of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, cast

from pipeline.acts.acting import Act
from pipeline.acts.amending import amend, fields_of, judged_today
from pipeline.acts.faults import Refused
from pipeline.acts.putting_off import assign, deal_with, wait
from pipeline.acts.settling import Word, preview, settle
from pipeline.acts.standing import Happening, Standing, Until, list_has_come
from pipeline.acts.waiting import MailOnDesk, mail_on_desk
from pipeline.desk.answers import Answer, Go, NotHere, Page, Picture, Visit, because_of, number_in
from pipeline.desk.papers import files_of, papers_of, picture_of_page, picture_of_place, submission_of
from pipeline.desk.people import People, Power
from pipeline.desk.read_values import ReadValue, values_of_holder, values_of_receipt
from pipeline.desk.rendering import desk_words
from pipeline.domain import Decision, Entry, Finding, Holder, Receipt
from pipeline.domain.claims import Claim, Kind, Verb
from pipeline.domain.turkish import date_of, mask, masked, number_date, quotable
from pipeline.ledger.book import Judged
from pipeline.mail.unpack import plain_text
from pipeline.office.shop import Shop

# What people wrote is read here, and not stored: so much of it is shown.
_MOST_TEXT = 6_000
# What is told when a claim is decided.
_NOTICES = {Verb.ACCEPT: "accepted", Verb.RETURN: "returned", Verb.ANSWER: "answered"}
_HAPPENINGS: tuple[Happening, ...] = ("", "list", "receipt", "mail")


@dataclass(frozen=True, slots=True)
class Shown:
    """One claim as it is shown: how it stands, what was read, what would follow, what may be done with it.

    `findings` are as of today, by what people have read since; of them, `faults` are what nobody may say
    yes to. `fields` are what can be typed as the page has it. Whose list is there waits for none.
    """

    standing: Standing
    title: str
    readings: Sequence[ReadValue]
    engine: str
    findings: Sequence[Finding]
    faults: Sequence[Finding]
    is_for_two: bool
    follows: str
    verbs: Sequence[Verb]
    fields: Sequence[str]
    has_list: bool

    @property
    def claim(self) -> Claim:
        """Gives the claim itself."""
        return self.standing.claim


def mail_page(shop: Shop, visit: Visit) -> Answer:
    """Shows one mail that waited or waits for a person."""
    on_desk = _on_desk(shop, visit)
    judged, words = on_desk.judged, shop.policy.texts.words
    submission = submission_of(shop, judged)
    files = files_of(shop, submission) if submission else ()
    text = (submission.text.strip() or plain_text(submission.html)) if submission else ""
    shown = [_shown(shop, judged, standing) for standing in on_desk.standings]
    people = People(shop.home).all().values()
    # Whoever compares a value with a page needs it whole; whoever only looks does not.
    if not visit.person.may(Power.DECIDE):
        shown, text = [_masked(one) for one in shown], masked(text)
    return Page(
        "ileti.html",
        {
            "mail": judged,
            "silence": words["silences"].get(judged.decision.silence, ""),
            "state": on_desk.state,
            "claims": shown,
            "first": next((one for one in shown if one.standing.is_open), None),
            "papers": papers_of(files, judged),
            "files": [file.name for file in files],
            "text": text[:_MOST_TEXT],
            "is_cut": len(text) > _MOST_TEXT,
            "letters": on_desk.letters,
            "states": words["letter_states"],
            "acts": on_desk.acts,
            "seen": on_desk.version,
            "colleagues": sorted(person.name for person in people if person.may(Power.DECIDE)),
            "tomorrow": shop.today() + timedelta(days=1),
        },
        looked_at=judged.number,
    )


def _masked(shown: Shown) -> Shown:
    """Hides the identity numbers among the values of a claim, and those that people have read since."""
    readings = [
        replace(one, value=_hidden(one.field, one.value), written=_hidden(one.field, one.written))
        for one in shown.readings
    ]
    amended = {
        name: replace(read, value=_hidden(name, read.value)) for name, read in shown.standing.amended.items()
    }
    return replace(shown, readings=readings, standing=replace(shown.standing, amended=amended))


def _hidden(field: str, text: str) -> str:
    # Letters or dots among its digits make a number no other one.
    return mask(text) if field == "identity_number" else masked(text)


def _on_desk(shop: Shop, visit: Visit) -> MailOnDesk:
    on_desk = mail_on_desk(shop, visit.named["number"])
    if on_desk is None:
        raise NotHere("desk_not_here")
    return on_desk


def _shown(shop: Shop, judged: Judged, standing: Standing) -> Shown:
    claim = standing.claim
    value = _value(judged.decision, claim)
    now = judged_today(shop, judged, claim) if standing.is_open else None
    findings = now.claim.findings if now else claim.findings
    doubted = {finding.field for finding in findings}
    return Shown(
        standing=standing,
        findings=findings,
        faults=now.faults if now else (),
        is_for_two=bool(now and now.is_for_two),
        fields=fields_of(claim.kind) if now else (),
        title=_title(claim, value),
        readings=_readings(value, doubted),
        engine=value.read_by if isinstance(value, Receipt) else "",
        follows=follows(shop, now.claim.entry) if now and now.claim.entry and not now.faults else "",
        verbs=_verbs(now.claim, shop.policy.awaits_list, now.faults) if now else (),
        has_list=list_has_come(shop, judged, claim),
    )


def _verbs(claim: Claim, awaits_list: str, faults: Sequence[Finding]) -> Sequence[Verb]:
    fitting = claim.fitting(awaits_list)
    return [verb for verb in fitting if not (faults and verb is Verb.ACCEPT)]


def _value(decision: Decision, claim: Claim) -> Holder | Receipt | None:
    kind, _, index = claim.name.partition("/")
    if kind == Kind.HOLDER:
        return decision.evidence.holders[int(index)]
    if kind == Kind.RECEIPT:
        return decision.evidence.receipts[int(index)]
    return claim.entry.holder or claim.entry.receipt if claim.entry else None


def _readings(value: Holder | Receipt | None, doubted: set[str]) -> Sequence[ReadValue]:
    if isinstance(value, Holder):
        return values_of_holder(value, doubted)
    return values_of_receipt(value, doubted) if value else ()


def _title(claim: Claim, value: Holder | Receipt | None) -> str:
    if isinstance(value, Holder):
        return quotable(value.name)
    if isinstance(value, Receipt):
        return quotable(value.debtor or value.payer or "")
    return claim.case


def follows(shop: Shop, entry: Entry) -> str:
    """Says what would follow from a yes, in the words of the report."""
    told: Mapping[str, Any] = shop.policy.texts.report["sections"]["held"]["accepting"]
    who = entry.holder.name if entry.holder else entry.case
    return str(told[entry.event].format(people=quotable(who)))


# --- acts ------------------------------------------------------------------------------------------


def decide(shop: Shop, visit: Visit) -> Answer:
    """Does what a form about one claim says."""
    number, word = visit.named["number"], _word(visit)
    settled = settle(shop, number, [word], _act(visit, word.text))
    to = f"/ileti/{number}" if settled.is_open else "/bekleyenler"
    if settled.proposed:
        return Go("/bekleyenler", "proposed", {"number": number})
    notice = _NOTICES[word.verb] if settled.letter or word.verb is not Verb.ANSWER else "closed"
    return Go(to, notice, {"number": number})


def show_letter(shop: Shop, visit: Visit) -> Answer:
    """Shows the letter that a decision would send, before it is made."""
    number, word = visit.named["number"], _word(visit)
    _on_desk(shop, visit)
    letter = preview(shop, number, [word], _act(visit, word.text).because)
    again = {name: visit.form.get(name, "") for name in ("claim", "verb", "text", "because", "seen")}
    return Page("mektup.html", {"letter": letter, "number": number, "again": again, "verb": word.verb})


def put_off(shop: Shop, visit: Visit) -> Answer:
    """Puts one claim off until a day or until something happens."""
    number, event = visit.named["number"], cast("Happening", visit.form.get("event", ""))
    typed = visit.form.get("day", "").strip()
    if event not in _HAPPENINGS:
        raise NotHere("desk_not_here")
    day = date_of(typed)
    if typed and day is None:
        raise Refused("wait_no_day", number=number, day=typed)
    wait(shop, number, [_claim(visit)], Until(day, event), _act(visit, ""))
    told = (number_date(day) if day else "", desk_words()["happenings"][event])
    return Go("/bekleyenler", "put_off", {"number": number, "until": " ya da ".join(filter(None, told))})


def hand_on(shop: Shop, visit: Visit) -> Answer:
    """Gives one claim to a colleague, or back to everybody."""
    number, to = visit.named["number"], visit.form.get("to", "")
    if to and to not in People(shop.home).all():
        raise NotHere("desk_not_here")
    assign(shop, number, [_claim(visit)], to, _act(visit, ""))
    return Go("/bekleyenler", "handed_on" if to else "handed_back", {"number": number, "to": to})


def correct(shop: Shop, visit: Visit) -> Answer:
    """Writes down what somebody read on the page; the rules judge the claim by it."""
    number, prefix = visit.named["number"], "f-"
    fields = {
        name.removeprefix(prefix): value.strip()
        for name, value in visit.form.items()
        if name.startswith(prefix) and value.strip()
    }
    amend(shop, number, _claim(visit), fields, _act(visit, ""))
    return Go(f"/ileti/{number}", "corrected", {"number": number})


def see_to(shop: Shop, visit: Visit) -> Answer:
    """Notes that somebody has seen to a mail that was set aside."""
    number = visit.named["number"]
    deal_with(shop, number, _act(visit, ""))
    return Go("/bekleyenler", "dealt", {"number": number})


def _act(visit: Visit, text: str) -> Act:
    because = visit.form.get("because", "").strip() or text or because_of(visit)
    return Act(visit.person.name, because, visit.form.get("seen", ""))


def _claim(visit: Visit) -> int:
    claim = number_in(visit.form.get("claim", ""))
    if claim is None:
        raise NotHere("desk_not_here")
    return claim


def _word(visit: Visit) -> Word:
    verb = next((verb for verb in _NOTICES if verb == visit.form.get("verb")), None)
    if verb is None:
        raise NotHere("desk_not_here")
    return Word(_claim(visit), verb, visit.form.get("text", "").strip())


# --- pictures --------------------------------------------------------------------------------------


def page_picture(shop: Shop, visit: Visit) -> Answer:
    """Draws one page of a file."""
    judged, files = _files(shop, visit)
    file = _at(files, visit.named["at"])
    number = int(visit.named["page"])
    return Picture(lambda: picture_of_page(shop, file, number), looked_at=judged.number)


def place_picture(shop: Shop, visit: Visit) -> Answer:
    """Draws one place on a page, large."""
    judged, files = _files(shop, visit)
    file = _at(files, visit.named["at"])
    papers = {paper.at: paper for paper in papers_of(files, judged)}
    sheets = papers[int(visit.named["at"])].sheets if int(visit.named["at"]) in papers else ()
    places = {place.at: place for sheet in sheets for place in sheet.places}
    place = places.get(int(visit.named["place"]))
    if place is None:
        raise NotHere("desk_not_here")
    return Picture(lambda: picture_of_place(shop, file, place.region), looked_at=judged.number)


def _files(shop: Shop, visit: Visit) -> tuple[Judged, Sequence[Any]]:
    judged = _on_desk(shop, visit).judged
    submission = submission_of(shop, judged)
    return judged, files_of(shop, submission) if submission else ()


def _at(files: Sequence[Any], at: str) -> Any:
    if not int(at) < len(files):
        raise NotHere("desk_not_here")
    return files[int(at)]
