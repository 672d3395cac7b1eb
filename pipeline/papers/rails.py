"""rails: rules/rails.toml → the words of payments: which rail, which success, and what speaks against one.

Success is what is known as success: of a payment's state, kind, title, currency and payee only whole
values of closed lists pass. The signs against it are heard wherever they stand on a page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from rapidfuzz.distance import OSA

from pipeline.domain.faults import OperatorFault
from pipeline.domain.official_files import OfficialFile, OfficialPart, validated
from pipeline.domain.turkish import fold, squash, without_addresses
from pipeline.papers.unlabelled import Read, Unlabelled, unaccounted

# A word so long is several that a text layer glued: there signs are sought inside it.
_GLUED = 16
# Signs of fewer letters stand inside other words by chance.
_SHORTEST_INSIDE = 4
# From so many letters on the beginning of a name tells whose it is.
_CUT = 16
# No word repeats each of its letters so many times.
_TEXTURE = 4
# So many single letters in a row are one word, spaced out or set aslant.
_FEWEST_SPACED = 3
# What OCR may make of the number of an e-document, eight letters of 0-9 and a-f, thrice four, and twelve.
_HEX = "[0-9a-giloqsz|€$£]"
_ENVELOPE = re.compile(
    rf"(?<![^\W_]){_HEX}{{7,9}}(?: ?[-–—] ?{_HEX}{{4}}){{3}} ?[-–—] ?{_HEX}{{6,13}}(?![^\W_]|[.,]\d)",
    re.IGNORECASE,
)
# "A.Ş." and "T.A.Ş.", the last digit of a time, and "e-Dekont", as OCR sees them.
_COMPANY = re.compile(r"(?<![^\W_])(T\.? ?A\.? ?|A\.)\$(?![\w$])")
_SECOND = re.compile(r"(?<!\d)([0-2]\d[ :.][0-5]\d:[0-5])[$€£](?!\w)")
_TITLE = re.compile(r"^\W*€ ?- ?Dekont", re.IGNORECASE)
# In a word too short for a letter to be wrong, these may be one another: "ONB BANK" is QNB.
_ROUND = str.maketrans("qcg", "ooo")
# A word that goes on behind a hyphen in the next line.
_BROKEN = re.compile(r"(?<=[^\W\d_])[-‐] +(?=[^\W\d_])")
# So many letters of a short value may be lost in a picture.
_LOST = 4
# From so many letters on OCR may get one wrong in a sign, and a stamp still be read.
_LONG_SIGN = 5


# What is read of a receipt, and kept nowhere: its value must be known.
ASKED_BESIDE = ("channel", "time")


class RailWords(OfficialPart):
    """One payment rail, the words that name it, and the whole values that are known to be such a payment.

    One that says nothing without its payee is believed of layouts alone that ask who was paid. With a
    transfer an account is paid into; what is paid by an accepted rail is accepted, if all else holds.
    """

    name: str
    words: tuple[str, ...]
    whole: tuple[str, ...] = ()
    needs_payee: bool = False
    # Words by which a reader of pictures takes a page for such a payment; nothing is believed on them.
    hints: tuple[str, ...] = ()
    is_transfer: bool = False
    is_accepted: bool = False
    # Kinds of transaction by which an e-Dekont's code may call it; where none is known, none contradicts.
    codes: tuple[str, ...] = ()
    # Its words are enough where nobody has described the form (`UnknownForm`).
    is_known_anywhere: bool = False


class UnknownForm(OfficialPart):
    """How a transfer is known on a receipt of a form that nobody has described.

    `type_labels` tell what was done, others how one shall pay. Only rails that are `is_known_anywhere` count.
    Where one of `against` stands on a page, it is left to a person. `samples` are texts of such transfers,
    `others` are texts that must not be taken for one.
    """

    type_labels: tuple[str, ...]
    labels: Mapping[str, tuple[str, ...]]
    other_labels: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    samples: tuple[str, ...]
    others: tuple[str, ...]


class Rails(OfficialFile):
    """rules/rails.toml: the rails, the words of success, and the signs against it.

    `unfinished` are signs heard anywhere, `stamps` only where they stand alone, `seen_signs` in a
    picture also misread by a letter; `done`, `currencies` and
    `headings` are the known good words of states, currencies and titles. `state_labels`, `type_labels`,
    `currency_labels` and `product_labels` are labels in every layout, also at the end of longer ones;
    `passing_labels` end a
    value and are of no interest; beside those of `channel_labels` stands one of `channels`, beside those of
    `time_labels` a time. `day_words` may stand beside a day or a time, `passing_words` alone in a line.
    A page may have been printed from one of `hosts`, as from those of its layout.
    `scenarios` are those of e-Dekonts that tell of a payment which was made. `accepts` and `doubts` are
    texts without and with a sign. `surnames` are signs that are none in a person's name ("YILMAZ").
    """

    rails: tuple[RailWords, ...]
    unfinished: tuple[str, ...]
    stamps: tuple[str, ...] = ()
    seen_signs: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()
    state_labels: tuple[str, ...] = ()
    type_labels: tuple[str, ...] = ()
    currency_labels: tuple[str, ...] = ()
    product_labels: tuple[str, ...] = ()
    passing_labels: tuple[str, ...] = ()
    channel_labels: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    time_labels: tuple[str, ...] = ()
    day_words: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    passing_words: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    accepts: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    unknown_form: UnknownForm | None = None
    surnames: tuple[str, ...] = ()
    unlabelled: Unlabelled = Unlabelled(subjects=(), predicates=())

    @property
    def kinds(self) -> tuple[str, ...]:
        """Gives the whole values that are known kinds of a payment."""
        return tuple(kind for rail in self.rails for kind in rail.whole)

    @property
    def asked_labels(self) -> Mapping[str, tuple[str, ...]]:
        """Gives the labels of what decides nothing, yet must be what it is called."""
        return dict(zip(ASKED_BESIDE, (self.channel_labels, self.time_labels), strict=True))

    @property
    def transfers(self) -> frozenset[str]:
        """Names the rails from one account to another, or to one in cash."""
        return frozenset(rail.name for rail in self.rails if rail.is_transfer)

    def misfits(self, path: str) -> Iterator[OperatorFault]:
        """Gives a fault where no rail is a transfer, or none is accepted."""
        for key in ("is_transfer", "is_accepted"):
            if not any(getattr(rail, key) for rail in self.rails):
                yield OperatorFault("rails_without", file=path, key=key)

    def disproved(self, path: str) -> Iterator[OperatorFault]:
        """Gives a fault for each example heard otherwise, and each word of success with a sign in it."""
        for text in (*self.accepts, *self.done, *self.kinds, *self.headings, *self.passing_words):
            if found := signs_on((text,), (), self):
                yield OperatorFault("rails_sample", file=path, text=text, found=found[0])
        for text in self.doubts:
            if not signs_on((text,), (), self):
                yield OperatorFault("rails_sample", file=path, text=text, found="-")
        for text in self.unlabelled.accepts:
            if found := unaccounted((text,), Read(known=self.done), self.unlabelled):
                yield OperatorFault("rails_sample", file=path, text=text, found=found[0])
        for text in self.unlabelled.doubts:
            if not unaccounted((text,), Read(known=self.done), self.unlabelled):
                yield OperatorFault("rails_sample", file=path, text=text, found="-")


def load_rails(raw: Mapping[str, Any]) -> Rails:
    """Validates the parsed rails.toml and makes its words prove themselves; raises OperatorFault."""
    return validated("rules/rails.toml", raw, Rails)


def is_among(text: str, known: Iterable[str], wrong: int = 0) -> bool:
    """Tells whether a whole value is one of the known, with at most so many letters misread.

    >>> is_among("GERÇEKLEŞTİ.", ["Gerçekleşti"]), is_among("Gerçekleşti mi", ["Gerçekleşti"])
    (True, False)
    """
    bare = squash(text)
    wanted = {squash(word) for word in known}
    if bare in wanted:
        return bool(bare)
    # A digit that is another makes another thing of it: one year for three.
    return any(
        len(word) >= 2 * _LONG_SIGN - 2
        and OSA.distance(bare, word, score_cutoff=wrong) <= wrong
        and re.findall(r"\d", bare) == re.findall(r"\d", word)
        for word in wanted
        if wrong
    )


def is_seen_as(text: str, known: Iterable[str]) -> bool:
    """Tells whether a value of a picture is a known one less some letters; digits and last word count.

    >>> is_seen_as("3 Yek NES", ["3 Yıllık NES"]), is_seen_as("3 Yıllık SSL", ["3 Yıllık NES"])
    (True, False)
    """
    told = re.findall(r"[a-z]+|\d+", fold(text))
    return any(_is_left_of(told, re.findall(r"[a-z]+|\d+", fold(phrase))) for phrase in known)


def _is_left_of(told: Sequence[str], known: Sequence[str]) -> bool:
    is_same = told[-1:] == known[-1:] and [w for w in told if w.isdigit()] == [
        w for w in known if w.isdigit()
    ]
    return is_same and OSA.distance("".join(told), "".join(known), score_cutoff=_LOST) <= _LOST


def is_cut_off(text: str, known: Iterable[str]) -> bool:
    """Tells whether a value is most of a known one, as banks cut names off at a width of theirs.

    >>> is_cut_off("KAMU SERTİFİKASYON M", ["Kamu Sertifikasyon Merkezi"])
    True
    >>> is_cut_off("KAMU S", ["Kamu Sertifikasyon Merkezi"]), is_cut_off("KAMU ANA", ["Kamu Anaokulu"])
    (False, False)
    """
    bare = squash(text)
    wanted = [squash(word) for word in known]
    return len(bare) >= _CUT and any(w.startswith(bare) and len(bare) >= 0.7 * len(w) for w in wanted)


def is_made_of(text: str, known: Sequence[str]) -> bool:
    """Tells whether the letters of a text are known phrases, one after the other, and nothing else.

    >>> is_made_of("T.C. ZİRAAT BANKASI 1/1", ["Ziraat", "Bankası", "T.C."]), is_made_of("ÖN", ["Ziraat"])
    (True, False)
    """
    letters = _letters(text)
    phrases = sorted({_letters(phrase) for phrase in known} - {""}, key=len, reverse=True)
    at = 0
    while at < len(letters):
        # The longest that begins here; no pattern is kept of phrases among which there are persons' names.
        at += next((len(phrase) for phrase in phrases if letters.startswith(phrase, at)), len(letters) + 1)
    return at == len(letters)


@lru_cache(maxsize=4096)
def _letters(text: str) -> str:
    return re.sub(r"[^a-z]", "", fold(text))


def is_nearly_made_of(text: str, known: Sequence[str]) -> bool:
    """Tells the same of the words of a picture, each of which may be misread by a letter."""
    vocabulary = _vocabulary(tuple(known))
    words = (word for word in re.findall(r"[a-z]{3,}", fold(text)) if not _is_texture(word))
    return all(_nearly(word, vocabulary) for word in words)


def _is_texture(word: str) -> bool:
    # What OCR makes of a shadow or a rule: "cncncncocococncn".
    return len(word) >= _TEXTURE * len(set(word))


@cache
def _vocabulary(known: tuple[str, ...]) -> frozenset[str]:
    return frozenset(word for text in known for word in (*re.findall(r"[a-z]+", fold(text)), squash(text)))


def _nearly(word: str, vocabulary: frozenset[str]) -> bool:
    if word in vocabulary:
        return True
    if len(word) < _LONG_SIGN:
        return word.translate(_ROUND) in {known.translate(_ROUND) for known in vocabulary}
    allowed = 1
    return any(OSA.distance(word, known, score_cutoff=allowed) <= allowed for known in vocabulary)


# --- signs against a payment -------------------------------------------------------------------


def signs_on(
    lines: Sequence[str], sentences: Sequence[str], rails: Rails, seen: Sequence[str] | None = None
) -> tuple[str, ...]:
    """Gives what speaks against a payment on a page, folded; `sentences` are known ones of its bank.

    `seen` is None for a text layer. For the words of a picture it holds the good words of the page, so
    that a sign misread by a letter is heard too, where it is not nearer to one of those.
    """
    words = _without(_words(" ".join(lines)), sentences)
    told = f" {' '.join(words)} "
    # "ip-" at the end of a line and "tal" in the next are one word.
    whole = f" {' '.join(_without(_words(_BROKEN.sub('', ' '.join(lines))), sentences))} "
    found = [m[1] for text in dict.fromkeys((told, whole)) for m in _spoken(rails.unfinished).finditer(text)]
    stems = _stems(rails.unfinished)
    hidden = [w for w in words if len(w) >= _GLUED] + _spaced(words)
    found += [stem for stem in stems for word in hidden if stem in word]
    found += [word for word in hidden if word in _bare(rails.stamps)]
    if not found:
        # "İP TAL": a part of a line that is nothing but the sign, however it is parted.
        parts = (part for line in lines for part in (line, *re.split(r"\s{3,}", line)))
        alone = (squash(" ".join(_without(_words(part), sentences))) for part in parts)
        found += [stamp for stamp in alone if _is_stamp(stamp, rails)]
    if seen is not None:
        found += _misread(words, _stems(rails.seen_signs), _vocabulary(tuple(seen)))
    return tuple(dict.fromkeys(found))


def signs_in_name(name: str, rails: Rails) -> tuple[str, ...]:
    """Gives what the name of a file, or of a folder around it, says against the payment that it shows.

    >>> rails = Rails(rails=(), unfinished=("iptal*", "*lmaz"), stamps=("kopya",), surnames=("*lmaz",))
    >>> signs_in_name("iptal_edilen-dekont.pdf", rails)
    ('iptal',)
    >>> signs_in_name("Ayşe Yılmaz dekont - Kopya.pdf", rails)
    ()
    """
    spoken = _spoken(rails.surnames)
    words = re.findall(r"[a-z]+", fold(without_addresses(name)))
    told = " ".join(word for word in words if not spoken.search(f" {word} "))
    # "dekont - Kopya.pdf" is what Windows calls a copy.
    return signs_on((told,), (), rails.model_copy(update={"stamps": ()}))


def without_names(lines: Sequence[str], names: Iterable[str], rails: Rails) -> tuple[str, ...]:
    """Drops the words of persons' names that are signs elsewhere, wherever they stand on the page.

    >>> rails = Rails(rails=(), unfinished=("*lmaz",), surnames=("*lmaz",))
    >>> without_names(["AYŞE YILMAZ", "Yapılmaz"], ["AYŞE YILMAZ"], rails)
    ('AYŞE ', 'Yapılmaz')
    """
    spoken = _spoken(rails.surnames)
    words = {word for name in names for word in _words(name) if spoken.search(f" {word} ")}
    if not words:
        return tuple(lines)
    return tuple(re.sub(r"[^\W\d_]+", lambda w: "" if fold(w[0]) in words else w[0], line) for line in lines)


def without_envelope_number(line: str) -> str:
    """Sets a bare 0 for the number of an e-document (ETTN), of whose letters OCR makes words and currencies.

    >>> without_envelope_number("ETTN: 7fbb38e4-c1c9-41b5-a62c-bc06893b0e€b"), without_envelope_number("7 €")
    ('ETTN: 0', '7 €')
    """
    return _ENVELOPE.sub("0", line)


def without_misread_currencies(line: str) -> str:
    """Undoes the signs of currencies that OCR makes of letters, where no currency can stand.

    >>> without_misread_currencies("Akbank TA$ 07:54:0$"), without_misread_currencies("€-Dekont")
    ('Akbank TAS 07:54:00', 'e-Dekont')
    >>> without_misread_currencies("780,00$ A$ 780 0:0$ 7 €"), without_misread_currencies("780,00 €-Hesap")
    ('780,00$ A$ 780 0:0$ 7 €', '780,00 €-Hesap')
    """
    line = _COMPANY.sub(r"\1S", line)
    line = _SECOND.sub(r"\g<1>0", line)
    return _TITLE.sub("e-Dekont", line)


def holds_envelope_number(text: str) -> bool:
    """Tells whether the number of an e-document stands in what was read of a picture."""
    return _ENVELOPE.search(text) is not None


def _is_stamp(text: str, rails: Rails) -> bool:
    whole = _spoken(rails.unfinished).search(f" {text} ")
    return bool(text) and ((whole is not None and whole[1] == text) or text in _bare(rails.stamps))


def without_sentences(lines: Sequence[str], sentences: Sequence[str]) -> tuple[str, ...]:
    """Blanks the lines that hold nothing but known sentences of the bank."""
    told = ((line, _words(line)) for line in lines)
    # In letters of another script nothing is known.
    return tuple("" if words and not any(_without(words, sentences)) else line for line, words in told)


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+|[€$£]", fold(text))


def _without(words: list[str], sentences: Sequence[str]) -> list[str]:
    told = f" {' '.join(words)} "
    for sentence in sentences:
        # A bar stays, so that what stood before and behind does not become a phrase.
        told = told.replace(_said(sentence), " | ")
    return [word for word in told.split() if word != "|"] if told.replace("|", "").strip() else []


@cache
def _said(sentence: str) -> str:
    return f" {' '.join(_words(sentence))} "


@cache
def _bare(stamps: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(squash, stamps))


@cache
def _spoken(signs: tuple[str, ...]) -> re.Pattern[str]:
    """Makes one pattern of signs, in which a star stands for any letters."""
    each = [
        r"[a-z0-9]*".join(re.escape(" ".join(_words(part))) for part in sign.split("*"))
        for sign in (re.sub(r"\s+", " ", sign) for sign in signs)
    ]
    return re.compile(f"(?<= )({'|'.join(each) or '(?!)'})(?= )")


@cache
def _stems(signs: tuple[str, ...]) -> tuple[str, ...]:
    """Gives the bare letters of the signs that go on, such as "iptal*"."""
    bare = (squash(sign) for sign in signs if sign.endswith("*") and not sign.startswith("*"))
    return tuple(stem for stem in bare if len(stem) >= _SHORTEST_INSIDE)


def _spaced(words: Sequence[str]) -> list[str]:
    """Joins single letters to words: of a row "İ P T A L", and of a watermark that lies across the lines."""
    rows = re.findall(rf"(?<= )(?:[a-z] ){{{_FEWEST_SPACED},}}", f" {' '.join(words)} ")
    strewn = "".join(word for word in words if len(word) == 1)
    return [row.replace(" ", "") for row in rows] + [strewn, strewn[::-1]]


def _misread(words: Iterable[str], stems: tuple[str, ...], good: frozenset[str]) -> list[str]:
    others = {word for word in words if word not in good}
    return [stem for stem in _far(stems, good) for word in others if _begins_near(word, stem)]


@cache
def _far(stems: tuple[str, ...], good: frozenset[str]) -> tuple[str, ...]:
    """Gives the longer stems to which no good word is so near that one could be misread as the other."""
    long = (stem for stem in stems if len(stem) >= _LONG_SIGN)
    return tuple(stem for stem in long if not any(_begins_near(word, stem) for word in good))


def _begins_near(word: str, stem: str) -> bool:
    return len(word) >= len(stem) and OSA.distance(word[: len(stem)], stem, score_cutoff=1) <= 1
