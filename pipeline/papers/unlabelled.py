"""unlabelled: lines that no label of a form claims → what of them may speak of the payment, known to nobody.

An address or a greeting says nothing of it. But a sentence about the payment, an amount or a day under an
unknown label may say anything: only what officials have listed passes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache, lru_cache

from rapidfuzz.distance import OSA
from rapidfuzz.fuzz import partial_ratio

from pipeline.domain.official_files import OfficialPart
from pipeline.domain.turkish import amount_readings, fold, moments_in, squash, squeeze

# A line of so many words that ends in no full stop may go on in the next.
_WRAPPED = 5
# So many words before a colon or a gap are a label, and no sentence.
_LABEL_WORDS = 4
# Days of another time than the payment's are those of laws and contracts.
_SAME_TIME = timedelta(days=183)
# What was done to something, by nobody who is named, and what the reader is told to do.
_DONE = re.compile(r"[ln](?:d[iu]|m[iu]s(?:t[iu]r)?)$")
_ORDER = re.compile(r"(?:y|gonder|aktar)[iu]niz$")
# From so many letters on OCR may get one wrong in a word, and it still be known.
_LONG_WORD = 5
# A word of another language of so many letters is no misread one of ours.
_LONG_FOREIGN = 7
# A sentence of at least so many letters is known by so many of them, in per cent, and by this part of it.
_LONG_SENTENCE = 20
_ALIKE = 85
_LOST = 0.6
_AMOUNT = re.compile(r"(?<![\d.,])\d[\d.,]*[.,]\d{2}(?![\d.,:]|\s?/)|(?<![\d.,])\d[\d.,]*(?=\s?(?:TL|TRY|₺))")
# "EFT saatleri 08.30 - 17.00"
_TIME = re.compile(r"(?<![\d.,])(?:[01]\d|2[0-3])\.[0-5]\d(?![\d.,]|\s?(?:TL|TRY|₺))")
_DATE = re.compile(r"(?<!\d)(?:\d{1,2}[./-]\d{1,2}[./-]\d{4}|\d{4}-\d{2}-\d{2})(?!\d)")
# "Fatura Dönemi: 2019/05"
_PERIOD = re.compile(r"donem\w*\W+(?:(\d{4})[/.-](\d{1,2})|(\d{1,2})[/.-](\d{4}))(?!\d|[/.-]\d)")
# "20 Haziran 2024", "20 June 2024" and "20.06.24" are days as well.
_SPELT_DATE = re.compile(r"(?<!\d)(\d{1,2})\.? ([a-z]+),? (\d{4})(?!\d)")
_SHORT_DATE = re.compile(r"(?<![\d.,/-])(\d{2})([./])(\d{2})\2(\d{2})(?![\d.,/-]*\d)")
_MONTHS = (
    *("ocak", "subat", "mart", "nisan", "mayis", "haziran", "temmuz", "agustos", "eylul", "ekim", "kasim"),
    *("aralik", "january", "february", "march", "april", "may", "june", "july", "august", "september"),
    *("october", "november", "december"),
)
# "Oca" and "Jun" are enough.
_MONTH_LETTERS = 3
# "https://www.example.org/a" is no word of the payment.
_ADDRESS = re.compile(r"(?<!\S)\S*(?:://|@|www\.)\S*|\b[\w-]+(?:\.[\w-]{2,})+(?:/\S*)?")


_WHOLE_ADDRESS = re.compile(
    r"(?<!\S)(?:[a-z]+:/{1,3}|www\.)\S+|(?<![^\s:])[\w.+-]+@[\w-]+\.\S+|(?<![^\s:])[a-z][\w-]*(?:\.[a-z][\w-]+)+/\S*",
    re.IGNORECASE,
)


class Unlabelled(OfficialPart):
    """What may be printed without a known label, in the words of officials; a star stands for any letters.

    A sentence speaks of the payment where one of `subjects` and one of `predicates` stand in it; one of
    `negatives` does so by itself, and one of `foreign`, words of another language. `nouns` look like
    predicates and are none. `sentences` are harmless, and so are amounts and days behind `amount_labels` and
    `day_labels`. A label with one of `subjects` or `heads` in it tells something of the payment: it passes
    where it is one of those, or of `labels`. A sum behind `total_labels` is no less than what was paid.
    `lines` are harmless as they stand, with their digits: one instalment is another than three. Of a sentence
    that tells of success in known words the rest has to be of `fillers`. A day beside `print_labels` is no
    earlier than the payment's, one beside `value_labels` little later. What a label begins with that is one
    of `payer_heads` is about whoever paid; beside `person_labels`, and beside any that are unknown, no other
    person's name may stand, which words of `places` are not. `quantities` are those that are known.
    """

    subjects: tuple[str, ...]
    predicates: tuple[str, ...]
    negatives: tuple[str, ...] = ()
    nouns: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()
    amount_labels: tuple[str, ...] = ()
    day_labels: tuple[str, ...] = ()
    total_labels: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    fillers: tuple[str, ...] = ()
    print_labels: tuple[str, ...] = ()
    value_labels: tuple[str, ...] = ()
    payer_heads: tuple[str, ...] = ()
    person_labels: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    quantities: tuple[str, ...] = ()
    accepts: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of a receipt, beside which the rest of its print is weighed.

    `known` are good phrases, among them `done`, which tell of success; `names` are those of the bank, beside
    which the day of a print may stand. Where `is_seen`, a letter of what stands on the page may be misread.
    `bank` is its code where no account is paid into.
    """

    amount: Decimal | None = None
    paid_on: date | None = None
    known: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    is_seen: bool = False
    done: tuple[str, ...] = ()
    number: str | None = None
    bank: str = ""


def denied(texts: Sequence[str], words: Unlabelled) -> tuple[str, ...]:
    """Gives those of some texts that deny something: of what people write themselves no more is asked."""
    return tuple(text for text in texts if any(_matches(words.negatives, word) for word in _words(text)))


def spoken(texts: Sequence[str], read: Read, words: Unlabelled) -> tuple[str, ...]:
    """Gives those of some values that speak of the payment in words nobody knows."""
    known = _Known.of((*words.sentences, *read.known), read.done)
    return tuple(text for text in texts if words.subjects and _speaks(text, known, words, read.is_seen))


def unaccounted(lines: Sequence[str], read: Read, words: Unlabelled) -> tuple[str, ...]:
    """Gives the lines that may say something of the payment which was not read."""
    if not words.subjects:
        return ()
    # "Kullanılabilir Bakiye" is a label, and says nothing that anybody can do.
    known = _Known.of((*words.sentences, *words.labels, *words.amount_labels, *read.known), read.done)
    lines = [line for line in lines if not is_listed(line, words)]
    odd = (line for line in _sentences(lines) if _speaks(line, known, words, read.is_seen))
    counted = (line for line in lines if _counts(line, read, words) or _is_labelled_oddly(line, read, words))
    return tuple(dict.fromkeys([*odd, *counted]))


def is_listed(line: str, words: Unlabelled) -> bool:
    """Tells whether a line is one of those that say nothing new, to the digit."""
    return squash(line) in _all_letters(words.lines)


def is_telling(text: str, words: Unlabelled) -> bool:
    """Tells whether some word of a text is about the payment."""
    return any(_matches(words.subjects, word) for word in _words(text))


def has_known_label(line: str, words: Unlabelled) -> bool:
    """Tells whether a line is a known label, a gap and its value."""
    label, *values = re.split(r"\s{3,}", line.strip())
    return len(values) == 1 and squash(label) in _all_letters(words.labels)


def other_in_words(texts: Iterable[str], read: Read) -> tuple[str, ...]:
    """Gives those of some texts that tell an amount in words, another than was paid."""
    if read.amount is None:
        return ()
    return tuple(text for text in texts if (told := _amount_in_words(text)) and told != read.amount)


def no_totals(totals: Iterable[str], read: Read) -> tuple[str, ...]:
    """Gives those of some totals that are no sum of what was paid and what a bank takes for it."""
    paid = read.amount
    if paid is None:
        return ()
    return tuple(text for text in totals if any(not paid <= told < 2 * paid for told in _amounts_in(text)))


# --- sentences -----------------------------------------------------------------------------------


def _sentences(lines: Sequence[str]) -> Iterator[str]:
    """Joins what goes on in the next line, and parts it at full stops and gaps."""
    joined: list[list[str]] = []
    for line in map(str.strip, lines):
        if joined and _goes_on(joined[-1], line):
            joined[-1].append(line)
        else:
            joined.append([line])
    for parts in joined:
        text = " ".join(parts)
        yield from filter(None, map(squeeze, re.split(r"(?<=[^\W\d_])[.!?](?=\s|$)| {3,}", text)))


def _goes_on(parts: Sequence[str], line: str) -> bool:
    """Tells whether a line goes on with a sentence that the lines before it have begun."""
    last = parts[-1]
    # Only a first line can be too short: what has gone on once is long enough.
    is_long = len(parts) > 1 or len(last.split()) >= _WRAPPED
    is_open = is_long and not re.search(r"[.!?:]$| {3,}\S", last)
    return is_open and (line[:1].islower() or (last.isupper() and line.isupper()))


@dataclass(frozen=True, slots=True)
class _Known:
    phrases: tuple[str, ...]
    vocabulary: frozenset[str]
    done: tuple[str, ...] = ()

    @classmethod
    def of(cls, phrases: Iterable[str], done: Iterable[str] = ()) -> _Known:
        said = {_bare(phrase) for phrase in phrases} - {""}
        # The longest first: what is a part of a longer one must not break it.
        by_length = tuple(sorted(said, key=len, reverse=True))
        return cls(
            by_length, frozenset(word for phrase in said for word in phrase.split()), tuple(map(_bare, done))
        )

    def removed(self, words: Sequence[str], is_seen: bool) -> list[str]:
        """Leaves what is no known phrase."""
        told = [self._respelled(word) for word in words] if is_seen else words
        text = f" {' '.join(told)} "
        for phrase in self.phrases:
            text = text.replace(f" {phrase} ", " | ")
        return [word for word in text.split() if word != "|"]

    def is_nearly(self, words: Sequence[str]) -> bool:
        """Tells whether words are one known sentence, of which a picture lost some letters."""
        text = "".join(words)
        return any(
            _LOST * len(bare) <= len(text) <= len(bare) + 2
            and partial_ratio(text, bare, score_cutoff=_ALIKE) > 0
            for phrase in self.phrases
            if len(bare := phrase.replace(" ", "")) >= _LONG_SENTENCE
        )

    def _respelled(self, word: str) -> str:
        if word in self.vocabulary or len(word) < _LONG_WORD:
            return word
        return next((w for w in self.vocabulary if OSA.distance(word, w, score_cutoff=1) == 1), word)


# The phrases of rules and layouts are the same for every receipt.
@lru_cache(maxsize=4096)
def _bare(phrase: str) -> str:
    return " ".join(_words(phrase))


@cache
def _all_letters(texts: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(squash, texts))


def without_addresses(line: str) -> str:
    """Sets signs for the addresses in a line, as many: they are neither labels nor values.

    >>> without_addresses("www.example.org/Sonuc    1/1"), without_addresses("TUTAR 780.00 13.05.2024")
    ('@@@@@@@@@@@@@@@@@@@@@    1/1', 'TUTAR 780.00 13.05.2024')
    """
    return _WHOLE_ADDRESS.sub(lambda found: "@" * len(found[0]), line)


def words_in(text: str) -> list[str]:
    """Gives the words of a text, folded, without those of addresses."""
    return _words(text)


def is_made_of_labels(text: str, labels: tuple[str, ...], is_seen: bool) -> bool:
    """Tells whether a text is made of some labels and no other word."""
    return _is_of(text, labels, is_seen)


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", fold(_ADDRESS.sub(" ", text)))


def _speaks(sentence: str, known: _Known, words: Unlabelled, is_seen: bool) -> bool:
    """Tells whether a sentence says something of the payment in words that are not known.

    What is left beside known phrases has to say nothing: "… gerçekleştirilmiştir denemez".
    """
    said = _words(sentence)
    left = [w for w in known.removed(said, is_seen) if not _matches(words.nouns, w)]
    if any(_matches(words.negatives, word) for word in left) or _is_foreign(sentence, left, words, is_seen):
        return True
    if _is_label(sentence):
        return False
    if is_seen and known.is_nearly(said):
        return False
    if _is_more_than_done(said, left, known, words):
        return True
    subjects = [word for word in said if _matches(words.subjects, word)]
    if _is_said_alone(sentence, left) and bool(words.subjects):
        return True
    return bool(subjects) and any(
        # "işleminiz" is yours, and no order; "onaylayınız" is one.
        _matches(words.predicates, word)
        and not (word.endswith("niz") and word in subjects and not _ORDER.search(word))
        for word in left
    )


def _is_more_than_done(said: Sequence[str], left: Sequence[str], known: _Known, words: Unlabelled) -> bool:
    """Tells whether known words of success stand in a sentence that says more: "Tutarın yarısı ödendi"."""
    text = f" {' '.join(said)} "
    # A letter or two are dust, or "TL".
    odd = (word for word in left if len(word) > 2 and not _matches(words.fillers, word))
    return bool(words.fillers) and any(f" {phrase} " in text for phrase in known.done if phrase) and any(odd)


def _is_said_alone(sentence: str, left: Sequence[str]) -> bool:
    """Tells whether a sentence says what was done, to nothing that is named: "Emanete alındı"."""
    return not re.search(r"\d", sentence) and any(len(w) > _LONG_WORD and _DONE.search(w) for w in left)


def _is_foreign(sentence: str, left: Sequence[str], words: Unlabelled, is_seen: bool) -> bool:
    """Tells whether a sentence is in another language, or in letters in which no word here is known."""
    if not words.foreign:
        return False
    if not is_seen and any(ch.isalpha() and "LATIN" not in unicodedata.name(ch, "LATIN") for ch in sentence):
        return True
    told = [word for word in left if _matches(words.foreign, word)]
    # OCR makes a short word of dust, but neither two of them nor a long one.
    return len(told) > is_seen or any(len(word) >= _LONG_FOREIGN for word in told)


def _is_labelled_oddly(line: str, read: Read, words: Unlabelled) -> bool:
    """Tells whether a label of the line tells something of the payment, and nobody knows which."""
    if not words.heads:
        return False
    known = _Known.of((*words.labels, *words.amount_labels, *words.day_labels, *read.known))
    telling = (*words.subjects, *words.heads)
    told = map(_words, _labels_on(line))
    return any(
        any(_matches(telling, word) for word in known.removed(label, False))
        for label in told
        # "İşlem Kanah" is known as a whole; but "süresi" in an unknown one is no misread "şubesi".
        if not read.is_seen or known.removed(label, True)
    )


def _labels_on(line: str) -> Iterator[str]:
    """Gives what stands before a colon, before a gap, or alone before numbers, if it is short."""
    parts = re.split(r" {3,}", without_addresses(line).strip())
    for at, part in enumerate(parts):
        label, colon, _ = part.partition(":")
        is_before_gap = len(parts) == 2 and at == 0
        if colon or is_before_gap or (re.search(r"\d", part) and _is_label(part)):
            told = label.rpartition(",")[2] if colon else re.split(r"\d", part, maxsplit=1)[0] or part
            if 0 < len(told.split()) <= _LABEL_WORDS + bool(re.search(r"\d", told)):
                yield told


def _is_label(sentence: str) -> bool:
    sentence = _ADDRESS.sub(" ", sentence)
    before = re.match(r"[^:\d]*(?=:|\d)", sentence)
    return (
        before is not None
        and len(before[0].split()) <= _LABEL_WORDS
        and not re.search(r"[^\W\d_]{3}", sentence[before.end() :])
    )


@cache
def _pattern(signs: tuple[str, ...]) -> re.Pattern[str]:
    each = ("[a-z]*".join(map(re.escape, fold(sign).split("*"))) for sign in signs)
    return re.compile("|".join(each) or "(?!)")


def _matches(signs: tuple[str, ...], word: str) -> bool:
    return _pattern(signs).fullmatch(word) is not None


# --- amounts and days ------------------------------------------------------------------------------


def _counts(line: str, read: Read, words: Unlabelled) -> bool:
    """Tells whether a line holds another amount or day than was read, under a label that is not known."""
    amounts = _amounts_in(line)
    if _is_total(line, words, read.is_seen) and no_totals((line,), read):
        return True
    is_other = read.amount is not None and bool(amounts - {read.amount})
    if is_other and not _is_of(line, words.amount_labels, read.is_seen):
        return True
    days = {moment.date() for run in _DATE.findall(line) for moment in moments_in(run)} | _spelt_days(line)
    if read.paid_on is None:
        return False
    if _is_of_another_time(line, read.paid_on):
        return True
    near = {day for day in days if day > read.paid_on or read.paid_on - day <= _SAME_TIME}
    return bool(near - {read.paid_on}) and not _is_of(line, (*words.day_labels, *read.names), read.is_seen)


def _is_of_another_time(line: str, paid_on: date) -> bool:
    """Tells whether a line says that a bill is of a period long before or behind its payment."""
    periods = _PERIOD.findall(fold(line))
    firsts = [_day(year or last, int(month or first), "1") for year, month, first, last in periods]
    return any(abs(day - paid_on) > _SAME_TIME for told in firsts for day in told)


def _amount_in_words(text: str) -> Decimal | None:
    """Reads a whole line that tells an amount in words and no other.

    >>> _amount_in_words("YALNIZ YEDİYÜZSEKSEN TL"), _amount_in_words("Bin seksen TL elli kuruş")
    (Decimal('780'), Decimal('1080.5'))
    >>> _amount_in_words("Altı"), _amount_in_words("Yalnız Ankara")
    (None, None)
    """
    found = _IN_WORDS.fullmatch(squash(text))
    if not found:
        return None
    words = _NUMBER_WORD.findall(found["lira"])
    # One word alone, without a label or a unit, may be anything.
    if len(words) == 1 and not (found["label"] or found["unit"]):
        return None
    return Decimal(_number_of(words)) + Decimal(_number_of(_NUMBER_WORD.findall(found["kurus"] or ""))) / 100


def _number_of(words: Iterable[str]) -> int:
    thousands = rest = 0
    for word in words:
        if word == "bin":
            thousands, rest = (rest or 1) * 1000, 0
        elif word == "yuz":
            rest = (rest or 1) * 100
        else:
            rest += _NUMBER_WORDS[word]
    return thousands + rest


_ONES = "sifir bir iki uc dort bes alti yedi sekiz dokuz".split()
_TENS = "on yirmi otuz kirk elli altmis yetmis seksen doksan".split()
_NUMBER_WORDS = {
    **{word: at for at, word in enumerate(_ONES)},
    **{word: 10 * at for at, word in enumerate(_TENS, 1)},
    "yuz": 100,
    "bin": 1000,
}
_NUMBER_WORD = re.compile("|".join(sorted(_NUMBER_WORDS, key=len, reverse=True)))
_IN_WORDS = re.compile(
    f"(?P<label>(?:tutar|toplam|yalniz|yaziyla|yaziile)*)(?P<lira>(?:{_NUMBER_WORD.pattern})+)"
    f"(?P<unit>(?:turk)?(?:lirasi|lira|tl|try|dir)*)(?:(?P<kurus>(?:{_NUMBER_WORD.pattern})+)(?:kurus|kr)(?:tur)?)?"
)


def _is_total(line: str, words: Unlabelled, is_seen: bool) -> bool:
    single = tuple(label for label in words.amount_labels if label not in words.total_labels)
    return _is_of(line, words.amount_labels, is_seen) and not _is_of(line, single, is_seen)


def _amounts_in(line: str) -> set[Decimal]:
    return {abs(amount) for run in _AMOUNT.findall(_TIME.sub(" ", line)) for amount in amount_readings(run)}


def _spelt_days(line: str) -> set[date]:
    """Reads the days whose month is a word, or whose year has two digits."""
    found: set[date] = set()
    for day, name, year in _SPELT_DATE.findall(fold(line)):
        named = (at % 12 + 1 for at, month in enumerate(_MONTHS) if month.startswith(name))
        found |= {told for month in named if len(name) >= _MONTH_LETTERS for told in _day(year, month, day)}
    for day, _, month, year in _SHORT_DATE.findall(line):
        found |= _day(f"20{year}", int(month), day)
    return found


def _day(year: str, month: int, day: str) -> set[date]:
    with suppress(ValueError):
        return {date(int(year), month, int(day))}
    return set()


def _is_of(line: str, labels: tuple[str, ...], is_seen: bool) -> bool:
    return not _Known.of(labels).removed(_words(line), is_seen)
