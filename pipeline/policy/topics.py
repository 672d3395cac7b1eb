"""topics: rules/topics/<name>.toml → Topic; what a mail without files asks about, by its words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ConfigDict, Field

from pipeline.domain import Consequence, Procedure
from pipeline.domain.faults import OperatorFault
from pipeline.domain.official_files import OfficialFile, Proved, each, refuse, validated
from pipeline.domain.turkish import heading

# What may come with the answer.
Form = Literal["", "blank-form"]

_SHORT = 3


class _TopicFile(OfficialFile):
    """The keys a topic file may have."""

    model_config = ConfigDict(populate_by_name=True)

    words: tuple[tuple[str, ...], ...] = Field(min_length=1)
    unless: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    consequence: Consequence = Field(alias="else")
    with_case: Consequence | None = None
    procedure: Procedure | None = None
    by_role: bool = False
    rivals_list_unless: tuple[str, ...] = ()
    tells_state: bool = False
    withdraws: str = ""
    encloses: Form = ""
    say: str
    because: str
    matches: tuple[str, ...]
    differs: tuple[str, ...]

    def misfits(self, path: str) -> Iterator[OperatorFault]:
        """Gives a fault where nothing would prove the topic."""
        if not self.matches or not self.differs:
            yield OperatorFault("topic_without_examples", file=path)


@dataclass(frozen=True, slots=True)
class Topic:
    """One matter people write about: its words, what becomes of the mail, and its authority.

    One phrase of every group of `words` must begin a word of the mail, and none of `unless`. With
    an open case of the sender's, `with_case` takes the place of `consequence`, and where `withdraws`
    has a sentence, the case stays off the list for Kamu SM until an official decides. The answer is the text
    of the same name below reports/replies/topics.
    """

    name: str
    words: tuple[tuple[str, ...], ...]
    unless: tuple[str, ...]
    # Where given, the mail must say nothing else: each of its words is one of these, or a number.
    only: tuple[str, ...]
    consequence: Consequence
    with_case: Consequence
    procedure: Procedure | None
    # Whether the sender's role, told by the words of rules/procedures.toml, decides about the procedure.
    by_role: bool
    # Where given, a list in a mail about this, and without one of these words, may have been the wrong step.
    rivals_list_unless: tuple[str, ...]
    tells_state: bool
    # What is said to somebody whose application may be withdrawn by such a mail; "" where none may.
    withdraws: str
    encloses: Form
    say: str
    because: str

    @property
    def path(self) -> str:
        """Names the topic as rules are named."""
        return f"topics/{self.name}"

    def is_meant(self, text: str) -> bool:
        """Tells whether a text is about this."""
        is_said = says(text, self.words) and not says(text, (self.unless,))
        return is_said and (not self.only or self._is_all(text))

    def rivals_list(self, text: str) -> bool:
        """Tells whether a list of lost or stolen cards contradicts what a text says."""
        told = self.rivals_list_unless
        return bool(told) and self.is_meant(text) and not says(text, (told,))

    def _is_all(self, text: str) -> bool:
        known = set(map(heading, self.only))
        return "?" not in text and all(w.isdigit() or w in known for w in heading(text).split())


def says(text: str, groups: Sequence[Sequence[str]]) -> bool:
    """Tells whether of every group some phrase begins a word of the text; Turkish endings may follow.

    >>> says("Kart okuyucumu kaybettim", [["kart okuyucu"], ["kayıp", "kaybet"]])
    True
    """
    words = f" {heading(text)} "
    return all(any(_begins(heading(phrase), words) for phrase in group) for group in groups)


def _begins(phrase: str, words: str) -> bool:
    # "pin" begins "Pınar" as well: so short a phrase has to be a word of its own.
    return f" {phrase}" + " " * (len(phrase) <= _SHORT) in words


def topics_of(text: str, topics: Sequence[Topic]) -> tuple[Topic, ...]:
    """Lists all topics that a text is about: one is an answer, none or two are a person's."""
    return tuple(topic for topic in topics if topic.is_meant(text))


def load_topics(raw: Mapping[str, Mapping[str, Any]]) -> tuple[Topic, ...]:
    """Validates topics by file stem, and makes each prove its examples.

    An example in `matches` must be about its topic and no other. Raises OperatorFault for an unknown
    key, a topic without examples and an example that turns out otherwise.
    """
    files = each(raw, lambda name, told: validated(_where(name), told, _TopicFile))
    topics = tuple(_topic(name, files[name]) for name in sorted(files))
    unproved = (topic for topic in topics if not isinstance(raw[topic.name], Proved))
    refuse(fault for topic in unproved for fault in _disproved(topic, files[topic.name], topics))
    return topics


def _topic(name: str, file: _TopicFile) -> Topic:
    return Topic(
        name=name,
        words=file.words,
        unless=file.unless,
        only=file.only,
        consequence=file.consequence,
        with_case=file.with_case or file.consequence,
        procedure=file.procedure,
        by_role=file.by_role,
        rivals_list_unless=file.rivals_list_unless,
        tells_state=file.tells_state,
        withdraws=file.withdraws,
        encloses=file.encloses,
        say=file.say,
        because=file.because,
    )


def _disproved(topic: Topic, file: _TopicFile, topics: Sequence[Topic]) -> Iterator[OperatorFault]:
    where = _where(topic.name)
    for example in file.matches:
        found = topics_of(example, topics)
        if found != (topic,):
            names = ", ".join(t.name for t in found)
            yield OperatorFault("topic_example", file=where, example=example, found=names or "-")
    for example in file.differs:
        if topic.is_meant(example):
            yield OperatorFault("topic_example", file=where, example=example, found=topic.name)


def _where(name: str) -> str:
    return f"rules/topics/{name}.toml"
