"""finding: a name, a number, an address or a reference → the people who are meant, and a person's story.

Looking at somebody's file is an act too: it is noted under the name of whoever looks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.acts.taking_in import as_typed
from pipeline.domain import Case, Entry, Holder, Receipt
from pipeline.domain.acts import Done
from pipeline.domain.cases import is_number, spelled_alike
from pipeline.domain.turkish import IdentityNumber, fold
from pipeline.ledger.acts import acts_about
from pipeline.ledger.book import Judged, StoredLetter
from pipeline.ledger.search import MOST, Named, people_named, traces_of
from pipeline.ledger.trail import note_act
from pipeline.office.shop import Shop

# A row of so many digits is a receipt's reference, as banks spell it.
_FEWEST_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Found:
    """Somebody who may be meant: names and addresses as they were written, mails (digests) the newest first.

    Without an identity number each mail's person stands alone; who has one is one person, with `cases`.
    """

    number: IdentityNumber | None
    names: tuple[str, ...]
    addresses: tuple[str, ...]
    mails: tuple[str, ...]
    cases: tuple[Case, ...] = ()


@dataclass(frozen=True, slots=True)
class Story:
    """All that happened with a person: cases with their entries, mails, letters and what people did."""

    found: Found
    entries: tuple[Entry, ...]
    mails: tuple[Judged, ...]
    letters: tuple[StoredLetter, ...]
    acts: tuple[Done, ...]


def find(shop: Shop, text: str, by: str) -> tuple[Found, ...]:
    """Finds the people that a text means, and notes who asked.

    It may be parts of a name, an identity number, an address, a number of ours, a receipt's reference.
    """
    note_act(shop.ledger, shop.clock(), f"searched by {by}", shop.ledger.keyed(fold(text)))
    return tuple(_people(shop, named(shop, text)))


def story(shop: Shop, found: Found, by: str) -> Story:
    """Tells everything about somebody who was found, and notes who looked."""
    ledger = shop.ledger
    about = found.cases[0].number if found.cases else _number_of(shop, found.mails[0])
    note_act(ledger, shop.clock(), f"looked at by {by}", about)
    judged = [judged for sha in found.mails if (judged := ledger.judged(sha))]
    cases = [case.number for case in found.cases]
    letters = {
        letter.id: letter for about in (*found.mails, *cases) for letter in ledger.letters_about(about)
    }
    acts = {done.id: done for about in (*found.mails, *cases) for done in acts_about(ledger, about)}
    return Story(
        found,
        tuple(entry for case in cases for entry in ledger.entries_of(case)),
        tuple(judged),
        tuple(letters[key] for key in sorted(letters)),
        tuple(acts[key] for key in sorted(acts)),
    )


def named(shop: Shop, text: str, most: int = MOST) -> Sequence[Named]:
    """Names whom a text means, newest first; a number of ours means its person."""
    ledger, number = shop.ledger, as_typed(text)
    if is_number(number):
        return _of_number(shop, number)
    bare = "".join(text.split())
    # An identity number may be read out in groups.
    found = people_named(ledger, bare if bare.isdigit() else text, most)
    if found or sum(ch.isdigit() for ch in text) < _FEWEST_DIGITS or "@" in text or len(text.split()) > 1:
        return found
    return people_named(ledger, spelled_alike(text), most)


def _of_number(shop: Shop, number: str) -> list[Named]:
    """Names the person of a case, or everybody whom a mail names."""
    ledger = shop.ledger
    if case := ledger.case(number):
        return traces_of(ledger, case.identity_number) or [Named("", "", case.identity_number.digits, "")]
    judged = [ledger.judged_number(number), *ledger.judged_about(number)]
    return [_in_mail(mail) for mail in judged if mail]


def _in_mail(judged: Judged) -> Named:
    evidence = judged.decision.evidence
    claims: tuple[Holder | Receipt, ...] = (*evidence.holders, *evidence.receipts)
    numbers = {number.digits for claim in claims if (number := claim.identity_number)}
    # One person's mail is that person's; of several only the sender is sure.
    digits = numbers.pop() if len(numbers) == 1 else ""
    return Named(judged.sha, "", digits, judged.sender, judged.number, at=judged.decided_at)


def _people(shop: Shop, found: Iterable[Named]) -> Iterable[Found]:
    groups: dict[str, list[Named]] = {}
    ordered = sorted(found, key=lambda one: not one.number)
    # Who writes from a person's own address is that person, whatever the mail tells.
    owners = {one.address.lower(): one.number for one in ordered if one.number and one.address}
    for one in ordered:
        address = one.address.lower()
        whose = one.number or owners.get(address) or address or f"{one.sha}/{one.name}"
        groups.setdefault(whose, []).append(one)
    for group in groups.values():
        digits = group[0].number
        number = IdentityNumber(digits) if digits else None
        # Of a person with a number every mail counts, found by this word or not.
        known = traces_of(shop.ledger, number) if number else group
        every = [*known, *(one for one in group if one not in known)]
        yield Found(
            number,
            tuple(dict.fromkeys(one.name for one in every if one.name)),
            tuple(dict.fromkeys(one.address for one in every if one.address)),
            tuple(dict.fromkeys(one.sha for one in every if one.sha)),
            tuple(shop.ledger.cases_of(number)) if number else (),
        )


def _number_of(shop: Shop, sha: str) -> str:
    judged = shop.ledger.judged(sha)
    return judged.number if judged else ""
