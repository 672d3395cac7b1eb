"""The vocabulary rules are written in: one small function each, value and wants in, verdict out.

A check never sees a mail, a ledger or a clock; what it needs to know of them is in the value. Every
check but `present` passes over an absent value, so that a missing cell is complained of once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import Enum
from fnmatch import fnmatchcase
from typing import Any

from rapidfuzz.distance import OSA
from rapidfuzz.fuzz import partial_ratio, ratio

from pipeline.domain.turkish import IdentityNumber, fold, heading, iban_holds, lower


class Verdict(Enum):
    """What a check says: yes, no, or that nobody can tell from here (which never becomes a no)."""

    PASSES = "passes"
    FAILS = "fails"
    UNSURE = "unsure"


Check = Callable[[Any, Any], Verdict]


def _yes(holds: bool) -> Verdict:
    return Verdict.PASSES if holds else Verdict.FAILS


def present(value: object, wants: None) -> Verdict:
    """Asks that there is a value at all."""
    return _yes(value not in (None, "", ()))


def absent(value: object, wants: None) -> Verdict:
    """Asks that there is no such value."""
    return _yes(value in (None, "", ()))


def one_of(value: str, wants: Sequence[str]) -> Verdict:
    """Asks for one of the wanted words; case and Turkish letters do not matter."""
    return _yes(fold(value) in {fold(w) for w in wants})


def none_of(value: str, wants: Sequence[str]) -> Verdict:
    """Asks for anything but the listed words; case and Turkish letters do not matter."""
    return _yes(fold(value) not in {fold(w) for w in wants})


def only_known(value: Sequence[str], wants: Sequence[str]) -> Verdict:
    """Asks that each of some texts is one of the wanted ones; case, blanks and dots do not matter.

    A text of which nothing could be read is none of them.
    """
    known = {_bare(text) for text in wants}
    return _yes(all(_bare(text) in known for text in value))


def _bare(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", fold(text))


def identity_number(value: IdentityNumber | str, wants: None) -> Verdict:
    """Asks for eleven digits with both check digits right, and not a well-known filler.

    Source of the check digits: the population register's published algorithm.
    """
    number = value if isinstance(value, IdentityNumber) else IdentityNumber(value)
    return _yes(number.is_valid and not number.is_filler)


def not_foreigner(value: IdentityNumber | str, wants: None) -> Verdict:
    """Asks for a citizen's number; numbers that begin with 99 are given to foreigners."""
    number = value if isinstance(value, IdentityNumber) else IdentityNumber(value)
    return _yes(not (number.is_valid and number.is_foreigner))


_NAME = re.compile(r"[A-Za-zÇĞİÖŞÜçğıöşüÂâÎîÛû]+(?:['’\- ]+[A-Za-zÇĞİÖŞÜçğıöşüÂâÎîÛû]+)*")


def name(value: str, wants: None) -> Verdict:
    """Asks for 2 to 100 Turkish letters with blanks, apostrophes or hyphens, nothing abbreviated."""
    return _yes(2 <= len(value) <= 100 and _NAME.fullmatch(value) is not None)


def named_once(value: Mapping[str, str | None], wants: None) -> Verdict:
    """Asks that `given_name` and `family_name` are two names; unsure where one stands within the other.

    The same whole name in both is surely one too many; the same single word may be somebody's name.
    """
    given, family = (heading(value[key] or "").split() for key in ("given_name", "family_name"))
    if not given or not family:
        return Verdict.PASSES
    if given == family:
        return Verdict.FAILS if len(given) > 1 else Verdict.UNSURE
    is_in_both = given[-len(family) :] == family or family[: len(given)] == given
    return Verdict.UNSURE if is_in_both else Verdict.PASSES


def no_word_of(value: str, wants: Sequence[str]) -> Verdict:
    """Asks that no whole word is one of the listed ones; case and Turkish letters do not matter."""
    return _yes(not {heading(w) for w in wants} & set(heading(value).split()))


def long_enough(value: str, wants: int) -> Verdict:
    """Asks for at least so many letters."""
    return _yes(sum(ch.isalpha() for ch in value) >= wants)


def email(value: str, wants: None) -> Verdict:
    """Asks for the shape of one e-mail address, in ASCII letters."""
    return _yes(re.fullmatch(r"[A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}", value) is not None)


def domain(value: str, wants: Sequence[str]) -> Verdict:
    """Asks for an address at one of the wanted domains or below them; `*` stands for one label."""
    host = lower_ascii(value.rpartition("@")[2])
    return _yes(any(within(host, pattern) for pattern in wants))


def outside_domains(value: Sequence[str], wants: Sequence[str]) -> Verdict:
    """Asks that none of some hosts is one of the listed domains or below them."""
    return _yes(not any(within(lower_ascii(host), pattern) for host in value for pattern in wants))


def within(host: str, pattern: str) -> bool:
    """Tells whether a host is the pattern's domain or one below it.

    >>> within("a.saglik.gov.tr", "saglik.gov.tr"), within("xsaglik.gov.tr", "saglik.gov.tr")
    (True, False)
    >>> within("ism.example.org", "example.*"), within("example.evil.test", "example.*")
    (True, False)
    """
    labels, wanted = host.split("."), lower_ascii(pattern).split(".")
    tail = labels[-len(wanted) :]
    return len(tail) == len(wanted) and all(
        fnmatchcase(label, want) for label, want in zip(tail, wanted, strict=True)
    )


def same_unit(value: Mapping[str, Any], wants: Sequence[str]) -> Verdict:
    """Asks that the sender (`sender`) writes for a holder (`work_email`) of the own mail domain.

    Domains in `vouched`, for which an official let this sender write before, pass as well; so do
    addresses outside the wanted domains, which are another rule's matter.
    """
    sender, holder = (lower_ascii(value[key]).rpartition("@")[2] for key in ("sender", "work_email"))
    if not all(any(within(host, pattern) for pattern in wants) for host in (sender, holder)):
        return Verdict.PASSES
    return _yes(sender == holder or holder in value["vouched"])


def lower_ascii(text: str) -> str:
    """Lower-cases by ASCII rules, as domain names want it."""
    return text.strip().casefold()


def nearest_domain(address: str, domains: Sequence[str]) -> str | None:
    """Suggests the address with a mistyped domain put right, or nothing where none is near.

    >>> nearest_domain("a.b@saglık.example.org", ["saglik.example.org"])
    'a.b@saglik.example.org'
    >>> nearest_domain("a.b@hastane1.saglik,example.org", ["saglik.example.org"])
    'a.b@hastane1.saglik.example.org'
    >>> nearest_domain("a.b@ism.saglk.example.org", ["saglik.example.org"])
    'a.b@ism.saglik.example.org'
    >>> nearest_domain("a.b@posta.invalid", ["saglik.example.org"])
    """
    local, at, host = address.strip().replace(" ", "").rpartition("@")
    if not at or not local:
        return None
    labels = fold(host).replace(",", ".").strip(".").split(".")
    if any(within(".".join(labels), domain) for domain in domains):
        suggestion = f"{fold(local)}@{'.'.join(labels)}"
        return suggestion if suggestion != lower(address) else None
    # A pattern such as "example.*" names no domain that could be suggested.
    near = [pair for domain in domains if "*" not in domain for pair in _corrections(labels, domain)]
    return f"{fold(local)}@{min(near)[1]}" if near else None


def _corrections(labels: Sequence[str], domain: str) -> list[tuple[int, str]]:
    """Puts a domain in place of a host's last labels, with how many letters that changes."""
    found = []
    for kept in range(len(labels)):
        edits = OSA.distance(".".join(labels[kept:]), domain)
        if edits <= max(2, len(domain) // 5):
            found.append((edits, ".".join((*labels[:kept], domain))))
    return found


def not_after(value: Mapping[str, date], wants: None) -> Verdict:
    """Asks that a day (`day`) is not later than another (`today`)."""
    return _yes(value["day"] is None or value["day"] <= value["today"])


def age_between(value: Mapping[str, date], wants: Sequence[int]) -> Verdict:
    """Asks that a person born on `born_on` is, on `today`, between two ages in whole years.

    A day after `today` is another rule's matter and passes.
    """
    born, today = value["born_on"], value["today"]
    if born is None or born > today:
        return Verdict.PASSES
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return _yes(wants[0] <= years <= wants[1])


def within_days(value: Mapping[str, date], wants: int) -> Verdict:
    """Asks that `day` lies at most so many days before `today`."""
    if value["day"] is None:
        return Verdict.PASSES
    return _yes((value["today"] - value["day"]).days <= wants)


def tariff(value: Mapping[str, Any], wants: Sequence[Mapping[str, Any]]) -> Verdict:
    """Asks for a price of the tariff in force on the payment day; unsure where that day has none.

    The value holds `amount`, `paid_on` and `baskets`, the lists of items whose sum would be right.
    Each row of the wants holds `from` and `until` (both days included), a price in TL (KDV included)
    for each item, and `grace_days` in which its prices hold already before or still after.
    """
    amount, paid_on = value["amount"], value["paid_on"]
    if amount is None or paid_on is None:
        return Verdict.PASSES
    if not any(_in_force(row, paid_on, 0) for row in wants):
        return Verdict.UNSURE
    near = [row for row in wants if _in_force(row, paid_on, row["grace_days"])]
    prices = {sum(Decimal(row[item]) for item in basket) for row in near for basket in value["baskets"]}
    return _yes(Decimal(str(amount)) in prices)


def account(value: str, wants: Sequence[str]) -> Verdict:
    """Asks for one of the wanted accounts, by the digits of the IBAN with its bank code.

    Unsure where the check digits do not hold: then it was misread, or mistyped.
    """
    bare = re.sub(r"\s", "", value).upper()
    if not iban_holds(bare):
        return Verdict.UNSURE
    return _yes(bare in {re.sub(r"\s", "", w) for w in wants})


# What a phrase may lose to a printer, a clerk or a camera and still be that phrase, and below which
# it is another; out of 100, by the best aligned piece of the text.
_SAME_PHRASE, _OTHER_PHRASE = 88, 55


def scope(value: str, wants: Sequence[Mapping[str, Any]]) -> Verdict:
    """Asks for the words (`words`) of one of the wanted rows, read loosely; unsure where they are near."""
    best = max((_likeness(row["words"], value) for row in wants), default=0)
    if any(_is_scope(row["words"], value) for row in wants):
        return Verdict.PASSES
    return Verdict.UNSURE if best >= _OTHER_PHRASE else Verdict.FAILS


def items_of(value: str, scopes: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Gives the items of the first scope whose words stand in a text, the longest words first.

    >>> rows = [{"words": "3 Yıllık NES bedeli", "items": ["nes"]}]
    >>> items_of("AYŞE KARAAĞAÇLI 3 YILLIK NES BEDELI", rows), items_of("e-imza", rows)
    (('nes',), ())
    >>> items_of("1 Yıllık NES bedeli", rows), items_of("3YILLIK NES BEDELI", rows)
    ((), ('nes',))
    """
    found = [
        row for row in sorted(scopes, key=lambda row: -len(row["words"])) if _is_scope(row["words"], value)
    ]
    return tuple(found[0]["items"]) if found else ()


def _is_scope(words: str, text: str) -> bool:
    """Tells whether a text holds the words, and no other number of years: of 1 or 13 nobody makes 3."""
    told = _YEARS.findall(heading(text))
    return _likeness(words, text) >= _SAME_PHRASE and (not told or told == _YEARS.findall(heading(words)))


_YEARS = re.compile(r"(?<!\d)(\d{1,3}) ?(?:y[i1l]{1,2}l|sene)")


def _likeness(phrase: str, text: str) -> float:
    phrase, text = heading(phrase), heading(text)
    # A shorter text would be sought in the phrase instead.
    return partial_ratio(phrase, text) if len(text) >= len(phrase) else ratio(phrase, text)


def similar(value: str, wants: Sequence[str]) -> Verdict:
    """Asks for a name like one of the wanted, which banks cut off and write without Turkish letters."""
    folded = heading(value)
    return _yes(
        any(
            ratio(folded, heading(w)[: len(folded)]) >= _SAME_PHRASE
            and len(folded) >= min(12, len(w))
            and _has_its_words(folded, heading(w))
            for w in wants
        )
    )


def _has_its_words(name: str, wanted: str) -> bool:
    """Tells whether no word of a name is another than the wanted one's: "İLÇE" is no "İL"."""
    if wanted.replace(" ", "").startswith(name.replace(" ", "")):
        return True
    words = wanted.split()
    return all(any(w.startswith(word) or OSA.distance(word, w) <= 1 for w in words) for word in name.split())


def names_person(value: Mapping[str, str], wants: int) -> Verdict:
    """Asks that so many words of a person's `name` stand in `printed`; titles and order do not count."""
    words = {w for w in heading(value["name"]).split() if len(w) > 1}
    printed = set(heading(value["printed"]).split())
    return _yes(len(words & printed) >= min(wants, len(words)))


def given_name(value: Mapping[str, str], wants: Sequence[str]) -> Verdict:
    """Asks that a word of a person's given `name` stands in `printed`, perhaps cut off, masked or misread.

    Family names change, and spouses share them; given names do neither. Of several names printed, which
    " / " parts, each must be the person's, with no other beside: no more words than a further given name and
    a further `family` name, none set apart, and none of those that are listed ("vekili").
    """
    told = value["printed"].split(" / ")
    is_alone = not any(_is_with_another(value, printed, frozenset(map(fold, wants))) for printed in told)
    return _yes(is_alone and all(_is_given(value["name"], printed) for printed in told))


# How many words of a name may be neither given nor family name as we know them.
_FURTHER = 2


def _is_with_another(value: Mapping[str, str], printed: str, apart: frozenset[str]) -> bool:
    own = heading(f"{value['name']} {value.get('family', '')}").split()
    words = [re.sub(r"[^a-z*]", "", word) for word in fold(printed).split()]
    further = [w for w in words if len(w) > 1 and "*" not in w and not _is_of(w, own) and w not in _TITLES]
    if apart & set(words):
        return True
    # "AYŞE KARAAĞAÇLI (VEKİL)", "… - TEST": what is set apart is no name of hers.
    behind = re.findall(r"\(\s*([a-z]{2,})|\s[-–]\s+([a-z]{2,})", fold(printed))
    if any(not _is_of(word, own) for found in behind for word in found if word):
        return True
    is_family_known = any(_is_of(w, heading(value.get("family", "")).split()) for w in words)
    return len(further) > _FURTHER - is_family_known


_TITLES = frozenset("dr doc prof uzm op sn sayin bay bayan av dt ecz hem asst yrd".split())


def _is_of(word: str, own: Sequence[str]) -> bool:
    """Tells whether a word is one of some names, cut off, glued to the next or misread by a letter."""
    if not word:
        return False
    glued = "".join(own)
    return any(
        name.startswith(word) or word.startswith(name) or _is_like(name, word, False) for name in own
    ) or (glued.startswith(word) or word.startswith(glued))


def _is_given(name: str, printed: str) -> bool:
    names = [w for w in heading(name).split() if len(w) > 1] or heading(name).split()
    # "AY*** KA***" and "AYŞE K." show a name's beginning; a text layer without blanks glues them all.
    words = [(re.sub(r"[^a-z]", "", word), not word.isalpha()) for word in fold(printed).split()]
    glued = "".join(word for word, _ in words)
    return any(_is_like(given, word, is_cut) for given in names for word, is_cut in words if word) or any(
        len(given) > 3 and glued.startswith(given) for given in names
    )


def _is_like(name: str, word: str, is_cut: bool) -> bool:
    if is_cut and name.startswith(word):
        return True
    return name == word or (len(name) >= 5 and OSA.distance(name, word, score_cutoff=1) <= 1)


# From the year on in which numbers of transactions can be told from other digits.
_FIRST_YEAR, _LAST_YEAR = 2015, 2099


def dated(value: Mapping[str, Any], wants: int) -> Verdict:
    """Asks that a long `reference` that begins with a day or a year begins with that of `day`.

    So many days may lie between the two, for a payment that is booked after midnight or a feast.
    """
    if found := re.match(r"(\d{2})(\d{2})(20\d{2})\d{6,}$", value["reference"]):
        # "13052024…": only a whole day that there was, for many numbers hold a 20 there by chance.
        begins = _day(found[3], found[2], found[1])
        return _yes(begins is None or abs((begins - value["day"]).days) <= wants)
    found = re.match(r"(20\d{2})(\d{2})(\d{2})(?:\d{6,})?$", value["reference"])
    year = int(found[1]) if found else 0
    if not found or not _FIRST_YEAR <= year <= _LAST_YEAR:
        return Verdict.PASSES
    begins = _day(*found.groups())
    if begins is None:
        return _yes(year == value["day"].year)
    return _yes(abs((begins - value["day"]).days) <= wants)


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _in_force(row: Mapping[str, Any], day: date, grace_days: int) -> bool:
    before, after = (row["from"] - day).days, (day - row["until"]).days
    return bool(before <= grace_days and after <= grace_days)


CHECKS: Mapping[str, Check] = {
    check.__name__: check
    for check in (
        present,
        absent,
        one_of,
        none_of,
        only_known,
        identity_number,
        not_foreigner,
        name,
        named_once,
        no_word_of,
        long_enough,
        email,
        domain,
        outside_domains,
        not_after,
        age_between,
        within_days,
        tariff,
        same_unit,
        account,
        scope,
        similar,
        names_person,
        given_name,
        dated,
    )
}


def ask(check: Check, value: object, wants: object) -> Verdict:
    """Asks a check, passing over an absent value unless the check is about presence itself."""
    if value in (None, "", ()) and check not in (present, absent):
        return Verdict.PASSES
    return check(value, wants)
