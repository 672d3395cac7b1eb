"""contradictions: what is printed beside a payment's values → what tells of another person, day or place.

A label may be unknown here: of what stands beside it is asked whether it fits what was read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from rapidfuzz.distance import OSA

from pipeline.domain.turkish import IdentityNumber, fold, iban_holds, moments_in, squash, squeeze
from pipeline.papers.arranged import is_name
from pipeline.papers.unlabelled import Read, Unlabelled, is_made_of_labels, words_in

# A printout is made on the day or later; money moves on the next working day, feasts between.
_LATEST_PRINT = timedelta(days=366)
_LATEST_VALUE = timedelta(days=10)
_MASKED = re.compile(r"(?<![\w*])([1-9]\d{0,5})(\*{2,})(\d{0,4})(?![\w*])")
_NUMBER = re.compile(r"(?<![\w-])[1-9]\d{10}(?![\w-])")
_DIGITS = 11
_IBAN = re.compile(r"TR(?:\s?\d){24}(?!\d)")
_OF_YEAR = r"(?:yil|donem|tahakkuk)\w*"
_YEAR = re.compile(
    rf"\b{_OF_YEAR}\W{{0,6}}(20\d\d)(?!\d|\s?[./-]\s?\d)|(?<![\d./-])(20\d\d)\W{{0,3}}{_OF_YEAR}"
)
_QUANTITY = re.compile(r"(?<![\d.,/])(\d{1,2})(\.?)\s*(taksit|yil|ay)(?:lik|li|i)?(?![a-z])")
# What a browser prints at a page's foot has its scheme before it.
_ADDRESS = re.compile(r"(?<![\w/])([a-z][a-z+-]*):/{1,3}([^/\s?#]*)\S*|(?<!\w)about:\S+", re.IGNORECASE)
_WEB = ("http", "https")
_LABEL_WORDS = 4
_OF_NAMES = frozenset("ad adi soyad soyadi isim ismi".split())


@dataclass(frozen=True, slots=True)
class Told:
    """A label, perhaps none, and what stands beside it."""

    label: str
    value: str

    @property
    def line(self) -> str:
        """Gives both as they are printed."""
        return squeeze(f"{self.label} {self.value}")


def contradicting(told: Iterable[Told], lines: Sequence[str], read: Read, words: Unlabelled) -> Iterator[str]:
    """Gives what contradicts the values that were read, beside labels of no interest and without any."""
    if not words.subjects:
        return
    of_lines = [each for line in lines for each in _told_on(line)]
    for each in (*told, *of_lines):
        if _is_another_number(each, read, words) or _is_wrong_day(each, read, words) or _is_odd(each, read):
            yield each.line
    yield from (each.line for each in of_lines if _is_another_person(each, read, words))
    yield from (
        line for line in (*lines, *(each.line for each in told)) if _is_other_count(line, read, words)
    )


def odd_addresses(lines: Iterable[str], hosts: Iterable[str], is_seen: bool) -> tuple[str, ...]:
    """Gives the lines with the address that a page was printed from, where it is none of the known hosts.

    >>> odd_addresses(["file:///C:/a.html", "https://a.example.org", "on https://b.example.org"], [], False)
    ('file:///C:/a.html', 'https://a.example.org')
    """
    known = tuple(map(str.casefold, hosts))
    return tuple(squeeze(line) for line in lines if _has_odd_address(line, known, is_seen))


def _has_odd_address(line: str, hosts: Sequence[str], is_seen: bool) -> bool:
    for part in re.split(r" {3,}", line):
        for found in _ADDRESS.finditer(part):
            scheme, host = (found[1] or "").casefold(), re.sub(r":\d+$", "", found[2] or "").casefold()
            if scheme not in _WEB or not re.search(r"\.[a-z]{2,}$", host):
                return True
            # Within a sentence it says where to go, and alone where the page was.
            is_alone = not re.search(r"[^\W\d_]", part[: found.start()] + part[found.end() :])
            if is_alone and not any(_is_host(host, known, is_seen) for known in hosts):
                return True
    return False


def _is_host(host: str, known: str, is_seen: bool) -> bool:
    return OSA.distance(host, known, score_cutoff=int(is_seen)) <= is_seen


def _told_on(line: str) -> Iterator[Told]:
    # A label may be numbered.
    parts = [re.sub(r"^\d\.\s*(?=[^\W\d])", "", part.strip()) for part in re.split(r" {3,}", line.strip())]
    if len(parts) == 2 and not re.search(r"\d", parts[0]) and ":" not in parts[1]:
        yield Told(parts[0].rstrip(" :"), parts[1])
        return
    for part in parts:
        label, colon, value = part.partition(":") if not re.match(r"[^:]*\d:\d", part) else (part, "", "")
        if colon and value.strip():
            yield Told(label.strip(), value.strip())
        else:
            before = re.match(r"[^\d*]*", part)
            at = before.end() if before else 0
            yield Told(part[:at].strip(), part[at:])


def _is_payers(told: Told, words: Unlabelled) -> bool:
    label = squash(told.label)
    return any(label.startswith(squash(head)) for head in words.payer_heads)


def _is_another_number(told: Told, read: Read, words: Unlabelled) -> bool:
    """Tells whether another person's number stands there, masked or not."""
    own = read.number
    if own is None or _is_payers(told, words):
        return False
    masks = [m[0] for m in _MASKED.finditer(told.value) if len(m[0]) == _DIGITS]
    if any(contradicts(mask, own) for mask in masks):
        return True
    numbers = set(_NUMBER.findall(told.value)) - {own}
    return any(IdentityNumber(number).is_valid for number in numbers)


def contradicts(mask: str, number: str, is_seen: bool = False) -> bool:
    """Tells whether the digits that a mask shows are others than the number's.

    On a picture a star may be read as a digit, and only the outermost two count.

    >>> contradicts("172*****060", "10000000146"), contradicts("100***146", "10000000146")
    (True, False)
    """
    found = _MASKED.search(re.sub(r"\s", "", mask))
    if found is None:
        return False
    first, last = (found[1][:2], found[3][-2:]) if is_seen else (found[1], found[3])
    return not (number.startswith(first) and number.endswith(last))


def _is_wrong_day(told: Told, read: Read, words: Unlabelled) -> bool:
    """Tells whether a day of print lies before the payment, or one of value long behind it."""
    paid = read.paid_on
    if paid is None:
        return False
    days = {moment.date() for moment in moments_in(told.value)}
    if not days:
        return False
    # A browser prints day, title and nothing else.
    beside = re.sub(r"\d[\d./:,-]*", " ", told.line)
    if is_made_of_labels(told.label, words.value_labels, read.is_seen) and told.label:
        return any(not paid <= day <= paid + _LATEST_VALUE for day in days)
    is_print = told.label and is_made_of_labels(told.label, words.print_labels, read.is_seen)
    if is_print or is_made_of_labels(beside, read.names, read.is_seen):
        return any(not paid <= day <= paid + _LATEST_PRINT for day in days)
    return False


def _is_odd(told: Told, read: Read) -> bool:
    """Tells whether an account of another bank stands on a receipt of one that pays no accounts."""
    ibans = (re.sub(r"\s", "", found) for found in _IBAN.findall(told.line))
    return bool(read.bank) and any(iban_holds(iban) and iban[4:9] != read.bank for iban in ibans)


def _is_other_count(line: str, read: Read, words: Unlabelled) -> bool:
    """Tells whether a line tells another year than the payment's, or a quantity that is not known."""
    told = f" {fold(line)} "
    for sentence in words.sentences:
        told = told.replace(f" {fold(sentence)}", " ")
    years = {int(year) for found in _YEAR.findall(told) for year in found if year}
    if read.paid_on and years - {read.paid_on.year}:
        return True
    counted = {f"{number}{dot} {unit}" for number, dot, unit in _QUANTITY.findall(told)}
    return bool(counted - set(map(fold, words.quantities)))


def _is_another_person(told: Told, read: Read, words: Unlabelled) -> bool:
    """Tells whether a name stands beside an unknown label, and it is none of those on the receipt."""
    label = words_in(told.label)
    if not label or len(label) > _LABEL_WORDS or _is_payers(told, words) or not told.value:
        return False
    if squash(told.label) in set(map(squash, words.labels)) - {squash(text) for text in words.person_labels}:
        return False
    if not (is_name(told.value) or (_OF_NAMES & set(label) and re.fullmatch(r"[^\W\d_]+", told.value))):
        return False
    known = {word for phrase in (*read.known, *words.places) for word in words_in(phrase)}
    return any(word not in known for word in words_in(told.value))
