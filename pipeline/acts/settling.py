"""settling: a held mail, a person's words about its claims → what is made, what is told, what waits still.

A claim is judged again on the day of the word, for what was held may be overtaken. Several claims that are
decided together are told in one letter; what is decided later is told later, with what waits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from pydantic import TypeAdapter

from pipeline.acts.acting import Act, Deed, acting, demand_version
from pipeline.acts.amending import judged_today
from pipeline.acts.faults import KnownFault, NotFitting, Refused, SecondName, TellsTooMuch
from pipeline.acts.held import held_mail, words_of
from pipeline.acts.named import letters_to_named
from pipeline.acts.second_names import could_be_one
from pipeline.acts.standing import folded
from pipeline.domain import Entry, HoldState, Letter
from pipeline.domain.cases import is_number
from pipeline.domain.claims import Claim, Kind, Verb
from pipeline.domain.faults import OperatorFault
from pipeline.domain.turkish import quotable, squeeze, visible
from pipeline.judging.discretion import name_told, without_numbers
from pipeline.ledger.acts import acts_about
from pipeline.ledger.book import Judged
from pipeline.ledger.likenesses import note_likenesses
from pipeline.ledger.settlements import (
    Settlement,
    claims_left,
    decided_claims,
    made_today,
    not_any_more,
    note_numbers,
    note_settlement,
)
from pipeline.letters.settled import Refusal, Verdicts, answer_settled
from pipeline.office.planning import plan
from pipeline.office.shop import Shop
from pipeline.policy.robots import MAY_BE_AUTOMATIC

_STATES: Mapping[Verb, HoldState] = {
    Verb.ACCEPT: HoldState.ACCEPTED,
    Verb.RETURN: HoldState.RETURNED,
    Verb.ANSWER: HoldState.ANSWERED,
}
# Silences that an official's yes ends, for who wrote is then believed.
_ENDED_BY_YES = ("not_authentic", "over_budget", MAY_BE_AUTOMATIC)
_NUMBER = re.compile(r"\b[GN]-[0-9A-Z]{8}\b")


@dataclass(frozen=True, slots=True)
class Word:
    """What is decided of one claim, by its place in the mail, or of all that still waits (0).

    `text` is what the sender reads: the reason of a return ("" for the act's), or an answer ("" for none).
    """

    claim: int
    verb: Verb
    text: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of a settlement: the mail's number, whether some of it waits still, and its letter."""

    number: str
    is_open: bool
    letter: Letter | None
    # The claims that were accepted by a first name, and wait for a second.
    proposed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class AsRead:
    """What a held mail says by the readers and rules of a day, and the cases its sender may not hear of."""

    entries: tuple[Entry, ...]
    untold: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Ruling:
    """One claim with what is decided of it."""

    claim: Claim
    verb: Verb
    text: str


@dataclass(frozen=True, slots=True)
class Weighed:
    """Everything that follows from some words, before any of it is written."""

    rulings: tuple[_Ruling, ...]
    # By the claim's name, what is written for it.
    made: Mapping[str, Entry]
    letter: Letter | None


AS_READ = TypeAdapter(AsRead)


# --- whom a number means -----------------------------------------------------------------------


def meant(shop: Shop, number: str) -> tuple[Judged, tuple[int, ...]]:
    """Finds the held mail and the places of the claims that a number means; () for all that still waits.

    A number is a mail's ("G-…"), a claim's in it ("G-…/2"), or a case's ("N-…"). Raises OperatorFault.
    """
    number, _, place = number.upper().partition("/")
    if not is_number(number) or (place and not place.isdigit()):
        raise OperatorFault("bad_number", number=number)
    holds = [(held, claims_left(shop.ledger, held)) for held in shop.ledger.open_holds()]
    found = [
        (held, claims)
        for held, claims in holds
        if number == held.number or number in {c.case for c in claims}
    ]
    if not found:
        raise OperatorFault("no_such_number", number=number)
    if len(found) > 1:
        raise OperatorFault("several_holds", number=number, mails=", ".join(h.number for h, _ in found))
    held, claims = found[0]
    if number != held.number:
        return held, tuple(c.number for c in claims if c.case == number)
    if place and int(place) not in {c.number for c in claims}:
        raise OperatorFault("no_such_claim", number=number, claim=place)
    return held, (int(place),) if place else ()


# --- the act -----------------------------------------------------------------------------------


def settle(shop: Shop, number: str, words: Sequence[Word], act: Act) -> Settled:
    """Decides claims of a held mail (G-…): what is accepted is written, and its sender told, all or nothing.

    Raises Overtaken where somebody was faster, another Refused where a word does not fit, and OperatorFault
    where the ledger of today does not let an entry be made.
    """
    held = held_mail(shop, number)
    demand_version(shop, number, act)
    if first := _for_a_second_name(shop, held, words, act.by):
        propose(shop, number, first, act)
        return Settled(held.number, True, None, first)
    weighed = weigh(shop, held, words, act.because)
    body = {
        "words": [{"claim": w.claim, "verb": w.verb, "text": w.text} for w in words],
        **followed_by(weighed),
    }
    with acting(shop, Deed("settle", held.number, held.sha, body), act):
        _carry_out(shop, held, words, weighed, act)
        is_open = bool((shop.ledger.hold(held.sha) or {}).get("state") == HoldState.OPEN)
    return Settled(held.number, is_open, weighed.letter)


def propose(shop: Shop, number: str, claims: Sequence[int], act: Act) -> None:
    """Notes the first of the two names that a yes to some claims takes; nothing follows from it yet."""
    held = held_mail(shop, number)
    names = [c.name for c in claims_left(shop.ledger, held) if c.number in claims]
    body = {"claims": list(claims), "names": names}
    with acting(shop, Deed("propose", held.number, held.sha, body), act):
        pass


def accept_as_read(shop: Shop, number: str, read: AsRead, act: Act) -> Settled:
    """Accepts a held mail (G-…) for what it says today, where that is not what was held.

    The mail stays as it was judged; what is written is kept with the act, which needs no reading to be done
    again. Raises as `settle` does.
    """
    held = held_mail(shop, number)
    demand_version(shop, number, act)
    if decided_claims(shop.ledger, held.sha):
        raise Refused("reread_partly", number=held.number)
    made = made_today(held, read.entries, shop.today())
    if wrong := not_any_more(shop.ledger, held, made):
        raise OperatorFault("settle_stale", number=held.number, stale=wrong)
    untold = tuple(sorted({*held.decision.untold, *read.untold}))
    held = replace(held, decision=replace(held.decision, untold=untold))
    rulings = tuple(_Ruling(claim, Verb.ACCEPT, "") for claim in claims_left(shop.ledger, held))
    letter = _letter(shop, held, Verdicts(_told(held, made), [], ()), rulings)
    # As a text, for what is kept in another order would be another receipt when it is done again.
    body = {"read": AS_READ.dump_json(read).decode()}
    weighed = Weighed(rulings, {f"as-read/{at}": entry for at, entry in enumerate(made)}, letter)
    with acting(shop, Deed("reread", held.number, held.sha, body), act):
        _carry_out(shop, held, [Word(0, Verb.ACCEPT)], weighed, act)
        note_likenesses(shop.ledger, held.sha, [entry.receipt for entry in made if entry.receipt])
    return Settled(held.number, False, letter)


def _meant(shop: Shop, held: Judged, words: Sequence[Word]) -> list[Claim]:
    """Lists the claims that are to be accepted."""
    yes = [word.claim for word in words if word.verb is Verb.ACCEPT]
    left = claims_left(shop.ledger, held)
    return [claim for claim in left if claim.number in yes or 0 in yes]


def _for_a_second_name(shop: Shop, held: Judged, words: Sequence[Word], by: str | None) -> tuple[int, ...]:
    """Names the claims whose yes takes two, and has had none; raises KnownFault where none is to be had.

    Raises SecondName where one person says both; nobody says anything yet with None.
    """
    acts = acts_about(shop.ledger, held.sha)
    first = []
    for claim in _meant(shop, held, words):
        judgement = judged_today(shop, held, claim)
        # Of all that waits, what can be accepted is; a fault that is named is refused by its name.
        if judgement.claim.entry is None and claim.number not in {word.claim for word in words}:
            continue
        if judgement.faults:
            says = tuple(dict.fromkeys(finding.say for finding in judgement.faults))
            raise KnownFault(f"{held.number}/{claim.number}", says)
        (standing,) = folded([claim], acts)
        if judgement.is_for_two and standing.state != "proposed":
            first.append(claim.number)
        elif judgement.is_for_two and by is not None and could_be_one(standing.by, by):
            raise SecondName(f"{held.number}/{claim.number}", standing.by)
    return tuple(first)


def followed_by(weighed: Weighed) -> Mapping[str, object]:
    """Tells what some words are about and make, so that they are never said again of anything else."""
    made = {name: [entry.case, entry.event] for name, entry in weighed.made.items()}
    return {"names": [ruling.claim.name for ruling in weighed.rulings], "made": made}


def preview(shop: Shop, number: str, words: Sequence[Word], because: str) -> Letter | None:
    """Writes the letter that `settle` would send, and keeps nothing; refuses what that would refuse."""
    held = held_mail(shop, number)
    _for_a_second_name(shop, held, words, None)
    return weigh(shop, held, words, because).letter


def _carry_out(shop: Shop, held: Judged, words: Sequence[Word], weighed: Weighed, act: Act) -> None:
    now, ledger = shop.clock(), shop.ledger
    is_whole = len(words) == 1 and words[0].claim == 0
    for ruling in weighed.rulings[:1] if is_whole else weighed.rulings:
        because = ruling.text if ruling.text and ruling.verb is Verb.RETURN else act.because
        claim = None if is_whole else _with_entry(ruling.claim, weighed.made)
        note_settlement(ledger, held, Settlement(_STATES[ruling.verb], because, act.by, now, claim))
    note_numbers(ledger, held, weighed.made.values())
    ledger.add_entries(weighed.made.values(), held.sender)
    if weighed.letter:
        plan(ledger, weighed.letter, now)
    made = tuple(weighed.made.values())
    for letter in letters_to_named(ledger, made, words_of(shop, held), shop.policy, now) if made else ():
        plan(ledger, letter, now)


def settle_as_formerly(shop: Shop, held: Judged, verb: Verb, act: Act, case: str) -> None:
    """Decides a held mail, or one case of it, as before acts were kept: `replay` alone asks for it."""
    claims = [claim.number for claim in claims_left(shop.ledger, held) if case and claim.case == case]
    words = [Word(claim, verb) for claim in claims] or [Word(0, verb)]
    with shop.ledger.transaction():
        weighed = weigh(shop, held, words, act.because)
        if case:
            first = weighed.rulings[0]
            by_case = replace(first, claim=replace(first.claim, name=case))
            weighed = replace(weighed, rulings=(by_case,))
        _carry_out(shop, held, words, weighed, act)


def _with_entry(claim: Claim, made: Mapping[str, Entry]) -> Claim:
    return replace(claim, entry=made.get(claim.name, claim.entry))


# --- what follows ------------------------------------------------------------------------------


def weigh(shop: Shop, held: Judged, words: Sequence[Word], because: str) -> Weighed:
    """Thinks out what follows from some words today; writes nothing."""
    judged = [judged_today(shop, held, claim) for claim in claims_left(shop.ledger, held)]
    waiting = [judgement.claim for judgement in judged]
    # What people have read may have made it another's matter.
    untold = {*held.decision.untold, *(case for judgement in judged for case in judgement.untold)}
    held = replace(held, decision=replace(held.decision, untold=tuple(sorted(untold))))
    rulings = tuple(chain.from_iterable(_rulings(held.number, waiting, word, because) for word in words))
    if len({r.claim.name for r in rulings}) < len(rulings):
        raise Refused("claim_twice", number=held.number)
    accepted = [r.claim for r in rulings if r.verb is Verb.ACCEPT and r.claim.entry]
    entries = made_today(held, [c.entry for c in accepted if c.entry], shop.today())
    if wrong := not_any_more(shop.ledger, held, entries):
        raise OperatorFault("settle_stale", number=held.number, stale=wrong)
    made = {claim.name: entry for claim, entry in zip(accepted, entries, strict=True)}
    for ruling in rulings:
        _demand_discretion(held, ruling, because)
    left = [claim for claim in waiting if claim.name not in {r.claim.name for r in rulings}]
    is_whole = len(words) == 1 and words[0].claim == 0
    name = (
        ""
        if is_whole or not (left or decided_claims(shop.ledger, held.sha))
        else _name(held, rulings, waiting)
    )
    verdicts = _verdicts(held, rulings, made, because)
    verdicts = replace(verdicts, waiting=_told(held, (c.entry for c in left)) if name else (), name=name)
    letter = _letter(shop, held, verdicts, rulings)
    if letter is None and any(word.verb is Verb.ANSWER and word.text for word in words):
        raise Refused("answer_to_nobody", number=held.number)
    return Weighed(rulings, made, letter)


def _rulings(number: str, waiting: Sequence[Claim], word: Word, because: str) -> Iterator[_Ruling]:
    if word.verb not in _STATES:
        raise NotFitting(number, word.verb, Kind.MAIL)
    if word.claim:
        claim = next((c for c in waiting if c.number == word.claim), None)
        if claim is None:
            raise OperatorFault("no_such_claim", number=number, claim=word.claim)
        if not claim.fits(word.verb):
            raise NotFitting(f"{number}/{claim.number}", word.verb, claim.kind)
        yield _Ruling(claim, word.verb, word.text)
        return
    if word.verb is Verb.ACCEPT and not any(claim.entry for claim in waiting):
        raise OperatorFault("nothing_withheld", number=number)
    for claim in waiting:
        # Who asks is answered, and not sent back.
        verb = Verb.ANSWER if claim.kind is Kind.QUESTION and word.verb is Verb.RETURN else word.verb
        yield _Ruling(claim, verb, word.text or because if verb is not word.verb else word.text)


def _verdicts(held: Judged, rulings: Sequence[_Ruling], made: Mapping[str, Entry], because: str) -> Verdicts:
    refused, answers = [], []
    for ruling in rulings:
        if ruling.verb is Verb.RETURN:
            entry = next(iter(_told(held, [ruling.claim.entry])), None)
            refused.append(Refusal(entry, ruling.text or because))
        elif ruling.verb is Verb.ANSWER and ruling.text:
            answers.append(ruling.text)
    return Verdicts(_told(held, made.values()), refused, tuple(dict.fromkeys(answers)))


def _told(held: Judged, entries: Iterable[Entry | None]) -> tuple[Entry, ...]:
    """Gives entries as the sender may hear of them."""
    return without_numbers((entry for entry in entries if entry), held.decision)


def _name(held: Judged, rulings: Sequence[_Ruling], waiting: Sequence[Claim]) -> str:
    """Names what a letter is about: by its case where it is about all of that, else by places in the mail."""
    named = {ruling.claim.name for ruling in rulings}
    cases = {ruling.claim.case for ruling in rulings}
    case = next(iter(cases))
    is_all_of_it = len(cases) == 1 and case and named == {c.name for c in waiting if c.case == case}
    if is_all_of_it and (
        case not in held.decision.untold or case in {e.case for e in held.decision.withheld}
    ):
        return name_told(case, held.decision)
    return "claims-" + "+".join(str(number) for number in sorted(r.claim.number for r in rulings))


def _letter(shop: Shop, held: Judged, verdicts: Verdicts, rulings: Sequence[_Ruling]) -> Letter | None:
    is_told = verdicts.made or verdicts.refused or verdicts.answers
    if not is_told or not _is_answered(held, rulings):
        return None
    told = {entry.case for entry in verdicts.made} - set(held.decision.untold)
    paid = frozenset(case.number for case in map(shop.ledger.case, told) if case and case.receipt)
    verdicts = replace(verdicts, paid_before=paid)
    return answer_settled(held.sha, words_of(shop, held), verdicts, shop.policy, shop.clock())


def _is_answered(held: Judged, rulings: Sequence[_Ruling]) -> bool:
    """Tells whether the sender hears of it: accepted means believed, robots never hear."""
    silence = held.decision.silence
    says_yes = any(ruling.verb is Verb.ACCEPT for ruling in rulings)
    return not silence or (says_yes and silence in _ENDED_BY_YES)


def _demand_discretion(held: Judged, ruling: _Ruling, because: str) -> None:
    """Refuses an official's words that name what their reader may not hear of, or write out what none may."""
    decision = held.decision
    own = {entry.case for entry in (*decision.entries, *decision.withheld)} - set(decision.untold)
    own |= {held.number, *(case.number for case in decision.told)}
    told = ruling.text or (because if ruling.verb is Verb.RETURN else "")
    if strangers := [n for n in _NUMBER.findall(told.upper()) if n not in own]:
        raise TellsTooMuch(held.number, strangers[0])
    if ruling.verb is not Verb.ANSWER:
        return
    for line in map(visible, told.splitlines()):
        if quotable(line) != squeeze(line):
            raise TellsTooMuch(held.number, quotable(line))
