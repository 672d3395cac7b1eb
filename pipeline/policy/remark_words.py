"""remark_words: the parts of rules/remarks.toml, each with the words it goes by and what they are."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise

from pydantic import Field

from pipeline.domain import UNDER
from pipeline.domain.official_files import OfficialPart
from pipeline.domain.turkish import squeeze, without_addresses
from pipeline.policy.phrases import has, has_new_verb, has_other_letters, heading, single_words, without

# What people put where there is nothing to say.
NOTHING = set("-–—./, ")


class Proved(OfficialPart):
    matches: tuple[str, ...] = Field(min_length=1)
    differs: tuple[str, ...] = Field(min_length=1)


class Withdrawal(Proved):
    """Words that take somebody back off a list; `turns` turn a sentence against those it does not name."""

    always: tuple[str, ...]
    harmless: tuple[str, ...]
    signs: tuple[str, ...]
    turns: tuple[str, ...]

    def are_in(self, text: str) -> bool:
        """Tells whether a text may take somebody back."""
        return has(heading(text).split(), self.always) or has(without(text, self.harmless), self.signs)


class AboutPerson(Proved):
    """Words that hold the row of somebody who is named in the same sentence."""

    words: tuple[str, ...]

    def are_in(self, text: str) -> bool:
        """Tells whether one of the words stands in a text."""
        return has(heading(text).split(), self.words)


class Notes(Proved):
    """All words that a note may consist of and say nothing that a person would have to read.

    `places` say where something is, not that it is lost, unless one of `losses` stands beside them.
    """

    words: tuple[str, ...]
    places: tuple[str, ...]
    losses: tuple[str, ...]

    def are_all_of(self, words: Sequence[str]) -> bool:
        """Tells whether a text, given by its words, holds nothing else; numbers aside."""
        known = single_words(self.words, self.places)
        if has(words, self.places) and not has(words, self.losses):
            return False
        return all(word.isdigit() or word in known for word in words)


class Captions(Proved):
    """Words over rows, in a title or a sheet's name, by which these rows are no applications.

    `others` name applications of another kind, unless one of `ours` stands beside them. What is `harmless`
    is no caption, though it has such a word in it.
    """

    words: tuple[str, ...]
    others: tuple[str, ...]
    ours: tuple[str, ...]
    harmless: tuple[str, ...] = ()

    def are_in(self, text: str) -> bool:
        """Tells whether a text calls rows no applications, or others than ours."""
        words = heading(text).split()
        return self.take_back(text) or (has(words, self.others) and not has(words, self.ours))

    def take_back(self, text: str) -> bool:
        """Tells whether a text calls rows no applications at all."""
        return has(without(text, self.harmless), self.words)


class Sheets(Proved):
    """All words that names of sheets may consist of where people stand on several sheets of a workbook."""

    words: tuple[str, ...]

    def are_all_of(self, name: str, own: Collection[str] = ()) -> bool:
        """Tells whether a name holds nothing else, but numbers and beginnings of its rows' `own` words."""
        left = without(re.sub(r"\d+", " ", name), self.words)
        return all(len(word) >= _FEWEST_SHARED and any(o.startswith(word) for o in own) for word in left)


# Fewer letters begin words of many units and people.
_FEWEST_SHARED = 3


class Lines(Proved):
    """Lines around a list that speak of it as a whole; what a form `asks` of whoever fills it in is none."""

    pointers: tuple[str, ...]
    asks: tuple[str, ...]


class Columns(Proved):
    """Columns that are none of the form's: what stands under one may say that a row is no application.

    Under a heading with one of `against` any word does but `no`; under one that `asks`, any but `yes`; under
    any other, `refusals` alone. What is left of a heading without `harmless` counts.
    """

    against: tuple[str, ...]
    asks: tuple[str, ...]
    harmless: tuple[str, ...]
    yes: tuple[str, ...]
    no: tuple[str, ...]
    refusals: tuple[str, ...]

    def are_in(self, text: str) -> bool:
        """Tells whether a heading and the cell under it, "heading → cell", speak against the row."""
        over, _, said = text.rpartition(UNDER.strip())
        left = without(over, self.harmless)
        if has(left, self.against):
            return not _is_one_of(said, self.no)
        if has(left, self.asks):
            return not _is_one_of(said, self.yes)
        return len(left) == len(heading(over).split()) and _is_one_of(said, self.refusals)


def _is_one_of(text: str, known: tuple[str, ...]) -> bool:
    """Tells whether a text is one of some words, signs counted where there is no letter in it."""
    return any((heading(text) or squeeze(text)) == (heading(word) or word) for word in known)


class Enclosures(Proved):
    """Words by which what is enclosed is not, or not yet, meant; `earlier` speak of another
    list, which `ended` take back. `in_case` says what may be, and not what is; with one of `announced`
    the other list is still to come. In a name that speaks of another list, `corrected` is what that one was.
    """

    words: tuple[str, ...]
    in_case: tuple[str, ...]
    announced: tuple[str, ...]
    corrected: tuple[str, ...]
    earlier: tuple[str, ...]
    ended: tuple[str, ...]

    def are_in(self, text: str) -> bool:
        """Tells whether a text takes back what lies beside it."""
        is_to_come = has(heading(text).split(), self.announced)
        return has(without(text, self.in_case), self.words) and (is_to_come or not self.are_of_another(text))

    def are_of_another(self, text: str) -> bool:
        """Tells whether a text speaks of a list that is not the enclosed one."""
        return has(heading(text).split(), self.earlier)

    def end_another(self, text: str) -> bool:
        """Tells whether a text takes back a list that came before."""
        return self.are_of_another(text) and has(heading(text).split(), self.ended)


class Pointed(Proved):
    """Sentences that point at a row: by its place, where all words must be known, or by a name.

    Beside a name only what is said must be known: words with one of the `endings` of a finite verb. With one
    of `only`, who is not named is meant as well.
    """

    places: tuple[str, ...]
    only: tuple[str, ...]
    endings: tuple[str, ...]
    words: tuple[str, ...]

    def are_in(self, text: str) -> bool:
        """Tells whether a text says something unknown about a row that it names by its place."""
        folded = squeeze(text).lower().replace("i̇", "i")
        is_pointed = any(re.search(place, folded) for place in self.places)
        return is_pointed and any(not w.isdigit() and not has([w], self.words) for w in heading(text).split())

    def say_something(self, words: Iterable[str]) -> bool:
        """Tells whether one of the words says what is not known to say nothing new."""
        return has_new_verb(words, self.endings, self.words)


class Denials(Proved):
    """Sentences that deny, doubt or put off what a list says without naming anybody.

    `endings` are those of a denied verb; what `harmless` verbs deny is known to say nothing new. `words`
    doubt or put off by themselves; of several, no verb is harmless ("teyit edemedim").
    """

    endings: tuple[str, ...]
    harmless: tuple[str, ...]
    words: tuple[str, ...]

    def are_in(self, text: str) -> bool:
        """Tells whether a text denies, doubts or puts off something."""
        words = without(text, self.harmless)
        several = tuple(phrase for phrase in self.words if " " in phrase)
        is_doubted = has(words, self.words) or has(heading(text).split(), several)
        return is_doubted or any(re.search(ending, word) for word in words for ending in self.endings)


class Foreign(Proved):
    """Sentences in a language that no other word here is of: all of their words must be known.

    `signs` are words that are of no other language; a sentence with one of `notices` is a house's footer.
    """

    signs: tuple[str, ...]
    words: tuple[str, ...]
    notices: tuple[str, ...]

    def are_in(self, text: str) -> bool:
        """Tells whether a text is of another language, and says something unknown in it."""
        if has_other_letters(text):
            return True
        words = heading(text).split()
        if not has(words, self.signs) or has(words, self.notices):
            return False
        return any(not w.isdigit() and not has([w], self.words) for w in words)


class LegalNotices(Proved):
    """Sentences of a house's footer: what whoever is not meant by the mail should do with it.

    Both must be there, a condition that does not hold for us and what it is about; then the rest of the same
    paragraph is the footer's too, but for sentences with one of `never`.
    """

    conditions: tuple[str, ...]
    about: tuple[str, ...]
    never: tuple[str, ...]

    def are_in(self, text: str) -> bool:
        """Tells whether a text speaks to somebody else than us."""
        words = heading(text).split()
        return has(words, self.conditions) and self.may_go_on(text)

    def may_go_on(self, text: str) -> bool:
        """Tells whether a text may be the footer's next sentence."""
        words = heading(text).split()
        return has(words, self.about) and not has(words, self.never)


class Questions(Proved):
    """Words that ask for something the answer to a list or receipt does not tell anyway."""

    signs: tuple[str, ...]
    harmless: tuple[str, ...]
    say: str
    remedy: str

    def are_in(self, text: str) -> bool:
        """Tells whether a text asks for something else."""
        left = without(text, self.harmless)
        bare = len(left) == len(heading(text).split())
        return has(left, self.signs) or ("?" in text and bare and bool(left))


class Revisions(Proved):
    """Words by which a list, or the mail that brings it, calls itself a later state of one sent before.

    With one of `earlier` a sentence speaks of the list before, and says nothing against it where all else
    is `additional`. With one of `remains`, and nothing else than `remaining` words and names, it says who is
    left. What is told: `say` of a later state, `of_earlier` of an earlier list, `repeats` without any word.
    """

    words: tuple[str, ...]
    say: str
    remedy: str
    earlier: tuple[str, ...] = ()
    additional: tuple[str, ...] = ()
    remains: tuple[str, ...] = ()
    remaining: tuple[str, ...] = ()
    of_earlier: str = ""
    repeats: str = ""

    def are_in(self, text: str) -> bool:
        """Tells whether a text speaks of a later state of a list."""
        return has(heading(re.sub(r"[_\d]+", " ", text)).split(), self.words)

    def speak_of_earlier(self, text: str) -> bool:
        """Tells whether a text says anything of an earlier list but that this one comes in addition."""
        if not has(heading(text).split(), self.earlier):
            return False
        left = without(text, (*self.earlier, *self.additional))
        return any(not word.isdigit() for word in left)

    def keep_all(self, text: str, own: Collection[str]) -> bool:
        """Tells whether a text says that those who are left are those of the list, and nothing else."""
        if not (self.remaining and has(heading(text).split(), self.remains)):
            return False
        left = without(text, (*self.remaining, *self.remains))
        return all(word.isdigit() or word in own for word in left)


class Alone(OfficialPart):
    """What is told of words against an application that came without any file: to their sender, where
    somebody else's is meant to the desk alone; with no `say` such words go unheard, as they did.
    With one of `houses` they may be said of a whole house's list."""

    say: str
    remedy: str
    others: str
    houses: tuple[str, ...] = ()


class Payments(Proved):
    """What is said beside a receipt against the payment: of it all that is said must be known.

    `signs` speak against it by themselves, `against` in a clause with one of `subjects`; there a finite verb,
    told by the `endings` of one, must be one of `verbs`, and a denied one of `denied`. What is `harmless` is
    nothing of all that.
    """

    subjects: tuple[str, ...]
    signs: tuple[str, ...]
    against: tuple[str, ...]
    harmless: tuple[str, ...]
    endings: tuple[str, ...]
    verbs: tuple[str, ...]
    denials: tuple[str, ...]
    denied: tuple[str, ...]

    def are_in(self, text: str) -> bool:
        """Tells whether a text may say that a payment was not made, was taken back or is another's."""
        return any(self._is_against(clause) for clause in _CLAUSE.split(text))

    def are_in_letter(self, sentence: str, nouns: tuple[str, ...]) -> bool:
        """Tells the same of a sentence of a letter about a payment, which it need not name."""
        left = without(sentence, self.harmless)
        is_against = has(left, (*self.signs, *self.against))
        return is_against or self._has_unknown(without(without_addresses(" ".join(left)), nouns))

    def _is_against(self, clause: str) -> bool:
        left = without(clause, self.harmless)
        if has(left, self.signs):
            return True
        if not has(heading(clause).split(), self.subjects):
            return False
        return has(left, self.against) or self._has_unknown(without(without_addresses(clause), self.harmless))

    def _has_unknown(self, words: Sequence[str]) -> bool:
        denied = [word for word in words if any(re.search(ending, word) for ending in self.denials)]
        if any(not has([word], self.denied) for word in denied):
            return True
        others = [word for word in words if word not in denied]
        return has_new_verb(others, self.endings, (*self.verbs, *self.subjects))


class Papers(Proved):
    """What a letter, a statement or a picture of a few words may say beside a receipt, and not be against it.

    In a letter a predicate, told by `endings`, must be one of `verbs`, and so must be the word before one of
    `manners`; what one of `denials` finds must not stand there, and `nouns` only look like predicates. Of a
    statement the `statements` are known; of a picture all words must be among `pictures`. The examples are
    sentences of letters.
    """

    endings: tuple[str, ...]
    verbs: tuple[str, ...]
    denials: tuple[str, ...]
    manners: tuple[str, ...]
    nouns: tuple[str, ...]
    statements: tuple[str, ...]
    pictures: tuple[str, ...]

    def are_in(self, sentence: str, own: Collection[str] = ()) -> bool:
        """Tells whether a sentence of a letter says what is not known to say nothing new."""
        words = [w for w in without(without_addresses(sentence), self.nouns) if w not in own]
        if any(re.search(denial, word) for denial in self.denials for word in words):
            return True
        manners = single_words(self.manners)
        meant = [word for word, after in pairwise(words) if after in manners]
        return any(not has([word], self.verbs) for word in meant) or has_new_verb(
            words, self.endings, self.verbs
        )


# What is said of two things in one sentence.
_CLAUSE = re.compile(r"[,;:()]|\b(?:ama|fakat|ancak|ve)\b", re.IGNORECASE)


class Waiting(Proved):
    """All words that a mail without a list may consist of and change nothing, whose sender waits for a list.

    Of a language nobody knows all words by which somebody may leave; those that are no such words are few.
    What one other says is told by `say`; by `file` one that could not be understood, unless its name or the
    mail says that it is one of some `papers`. Known words may say something together: with `against`, or that
    something is at one of the `places`, where no verb of `losses` stands beside.
    """

    words: tuple[str, ...]
    papers: tuple[str, ...]
    signs: tuple[str, ...]
    say: str
    file: str
    remedy: str
    against: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()
    cards: tuple[str, ...] = ()

    def say_otherwise(self, text: str) -> bool:
        """Tells whether known words say together that an application or a card is in another state."""
        words = heading(text).split()
        return has(words, self.against) or any(map(self.say_where, _CLAUSE.split(text)))

    def say_where(self, clause: str) -> bool:
        """Tells whether words say where, or with whom, something is, and not where it was lost."""
        words = heading(clause).split()
        at = [word for word in words if _AT.search(word)]
        return has(at, self.places) and not has(words, self.losses)

    def are_in(self, text: str, own: Collection[str] = ()) -> bool:
        """Tells whether a text has any other word or sign in it, but for numbers and the writer's `own`."""
        bare = without_addresses(text)
        known = {*self.signs, *NOTHING}
        is_signed = any(unicodedata.category(sign) == "So" and sign not in known for sign in bare)
        left = without(bare, self.words)
        if self.say_otherwise(bare) or is_signed or has_other_letters(bare):
            return True
        return any(not _NUMBER.fullmatch(w) and len(w) > 1 and w not in own for w in left)


# "In", "at" or "with": what a Turkish word ends in, simplified, a copula behind it or none.
_AT = re.compile(r"[dt][ae](ydi|ymis|dir|yim)?$")

# A number of whatever kind, an IBAN as well.
_NUMBER = re.compile(r"(?:tr)?\d+")
