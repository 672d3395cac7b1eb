"""standing: a held mail, what people did about it → how each of its claims stands today."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Literal, cast

from pipeline.domain.acts import Done
from pipeline.domain.claims import Claim, Kind, claims_of
from pipeline.domain.turkish import IdentityNumber
from pipeline.ledger.acts import acts_about
from pipeline.ledger.book import Judged, Ledger
from pipeline.ledger.desk import Decided, decided_of, happened_since, wrote_since
from pipeline.office.shop import Shop

Happening = Literal["", "list", "receipt", "mail"]
State = Literal["open", "waits", "proposed", "accepted", "returned", "answered"]
# What waits for a happening alone is looked at again after so long: it may never happen.
_LONGEST_WAIT = timedelta(days=30)
# What ends a wait, by what happens to the person's cases.
_EVENTS: Mapping[str, tuple[str, ...]] = {"list": ("listed", "amended"), "receipt": ("paid",)}


@dataclass(frozen=True, slots=True)
class Until:
    """What a claim waits for: a day, something that happens, or whichever comes first of both.

    "list" and "receipt" are of the claim's person, "mail" is any mail of its sender.
    """

    day: date | None = None
    event: Happening = ""


@dataclass(frozen=True, slots=True)
class Amended:
    """What somebody read on the page, in their own spelling: who, when, why."""

    value: str
    by: str
    at: datetime
    because: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How one claim stands: undecided, put off, accepted by a first name, or decided; by whom, when and why.

    `desk` is whose it is, "" for everybody's. `amended` is what people read on its page, by field.
    """

    claim: Claim
    state: State = "open"
    by: str = ""
    at: datetime | None = None
    because: str = ""
    desk: str = ""
    until: Until | None = None
    amended: Mapping[str, Amended] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Tells whether somebody has to decide it still."""
        return self.state in ("open", "waits", "proposed")


def standings_of(shop: Shop, judged: Judged) -> tuple[Standing, ...]:
    """Tells how every claim of a held mail stands today."""
    ledger = shop.ledger
    acts = acts_about(ledger, judged.sha)
    decided = decided_of(ledger, judged.sha)
    return tuple(
        _decided(_back_again(shop, judged, standing), decided)
        for standing in folded(claims_of(judged.decision), acts)
    )


def folded(claims: Sequence[Claim], acts: Iterable[Done]) -> tuple[Standing, ...]:
    """Folds what people did about some claims, oldest first; what was decided is not among it."""
    standings = {claim.number: Standing(claim) for claim in claims}
    for done in acts:
        numbers = done.body.get("claims", [])
        for number in numbers or ([] if done.kind == "amend" else list(standings)):
            if number in standings:
                standings[number] = _after(standings[number], done)
    return tuple(standings.values())


def _after(standing: Standing, done: Done) -> Standing:
    told = replace(standing, by=done.by, at=done.at, because=done.because)
    match done.kind:
        case "wait":
            day = done.body["day"]
            until = Until(date.fromisoformat(day) if day else None, done.body["event"])
            return replace(told, state="waits", until=until)
        case "assign":
            return replace(standing, desk=done.body["to"])
        case "propose":
            return replace(told, state="proposed", until=None)
        case "amend":
            read = {
                name: Amended(value, done.by, done.at, done.because)
                for name, value in done.body["fields"].items()
            }
            # A first name stood under what was read before.
            return replace(standing, state="open", until=None, amended={**standing.amended, **read})
        case _:
            return standing


def _back_again(shop: Shop, judged: Judged, standing: Standing) -> Standing:
    """Takes a claim back from where it was put off to, when its day has come or what it waited for."""
    until, at = standing.until, standing.at
    if until is None or at is None:
        return standing
    begun = at.astimezone(shop.settings.zone).date()
    is_day = (until.day or begun + _LONGEST_WAIT) <= shop.today()
    if is_day or _has_happened(shop.ledger, judged, standing.claim, until.event, at):
        return replace(standing, state="open")
    return standing


def _has_happened(ledger: Ledger, judged: Judged, claim: Claim, event: Happening, at: datetime) -> bool:
    if event == "mail":
        return wrote_since(ledger, judged.sender, at)
    number = _person_of(claim, judged)
    return bool(event and number and happened_since(ledger, number, _EVENTS[event], at))


def list_has_come(shop: Shop, judged: Judged, claim: Claim) -> bool:
    """Tells whether a receipt's list is there, so that to wait for it would be to wait for nothing."""
    number = _person_of(claim, judged)
    if claim.kind is not Kind.RECEIPT or number is None:
        return False
    is_missed = shop.policy.awaits_list in {finding.rule for finding in claim.findings}
    return not is_missed or happened_since(shop.ledger, number, _EVENTS["list"], judged.decided_at)


def _person_of(claim: Claim, judged: Judged) -> IdentityNumber | None:
    kind, _, place = claim.name.partition("/")
    evidence = judged.decision.evidence
    if kind == "receipt":
        return evidence.receipts[int(place)].identity_number
    if kind == "holder":
        return evidence.holders[int(place)].identity_number
    return claim.entry.identity_number if claim.entry else None


def _decided(standing: Standing, decided: Mapping[str, Decided]) -> Standing:
    claim = standing.claim
    found = decided.get(claim.name) or (decided.get(claim.case) if claim.case else None) or decided.get("")
    if found is None:
        return standing
    return replace(
        standing,
        state=cast("State", found.state),
        by=found.by,
        at=found.at,
        because=found.because,
        until=None,
    )
