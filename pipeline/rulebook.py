"""rulebook: rules/<subject>/<name>.toml → Rule; refuses a rule that does not prove itself."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.checks import CHECKS, Check, Verdict, ask
from pipeline.domain import Consequence, Procedure
from pipeline.faults import OperatorFault, first_wrong_key


class Subject(StrEnum):
    """What a rule is asked for each of; the name of its folder."""

    SUBMISSION = "submission"
    FILE = "file"
    HOLDER = "holder"
    RECEIPT = "receipt"


Form = Literal["", "blank-form", "filled-form"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One question, its consequence, its words and its authority; the path is its name everywhere."""

    path: str
    subject: Subject
    fields: tuple[str, ...]
    check: Check
    wants: Any
    consequence: Consequence
    procedures: frozenset[Procedure]
    say: str
    unsure: str
    remedy: str
    because: str
    # What the answer brings along, for the sender to fill in or to confirm.
    encloses: Form
    # Rules that must have nothing to say before this one is asked.
    after: frozenset[str] = frozenset()

    def verdict(self, value: object) -> Verdict:
        """Asks the rule's question of one value."""
        return ask(self.check, value, self.wants)


class _RuleFile(BaseModel):
    """The keys a rule file may have."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    field: str | list[str]
    check: str
    wants: Any = None
    wants_of: str | None = None
    consequence: Consequence = Field(alias="else")
    procedures: list[Procedure] = list(Procedure)
    say: str
    unsure: str = ""
    remedy: str
    because: str
    encloses: Form = ""
    after: list[str] = []
    accepts: list[Any]
    rejects: list[Any]
    doubts: list[Any] = []


# What a rule's sentences may speak of; filled in by the judge.
WORDS = ("value", "row", "column", "name", "suggestion", "today")
_SETTINGS = "settings/"


def load_rules(
    folder: Path, fields: Mapping[Subject, frozenset[str]], settings: Mapping[str, Sequence[str]]
) -> tuple[Rule, ...]:
    """Loads every rule below a folder, sorted by path, and makes each one prove its examples.

    `fields` says which fields each subject has; `settings` holds the lists of domains that a rule
    may name in `wants_of` as "settings/…", its examples then saying {domain} for one of them.
    Raises OperatorFault for an unknown folder, an unreadable file, an unknown key, field or check,
    missing examples, and an example that the rule judges otherwise.
    """
    _refuse_strangers(folder)
    raw = dict(_rule_files(folder))
    wants = {path: rule.get("wants") for path, rule in raw.items()}
    wants |= {_SETTINGS + key: list(values) for key, values in settings.items()}
    return tuple(_rule(path, raw, wants, fields) for path in sorted(raw))


def _refuse_strangers(folder: Path) -> None:
    # A rule in a mistyped folder would be asked of nobody, and nobody would miss it.
    known = {*Subject, "layouts", "papers", "topics", "reminders"}
    for place in sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")):
        if place not in known:
            raise OperatorFault("rule_folder", file=f"rules/{place}", known=", ".join(sorted(known)))


def _rule_files(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for subject in Subject:
        for file in sorted((folder / subject).glob("*.toml")):
            try:
                yield f"{subject}/{file.stem}", tomllib.loads(file.read_text(encoding="utf-8"))
            except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
                raise OperatorFault("rule_toml", file=f"rules/{subject}/{file.name}", why=fault) from fault


def _rule(
    path: str,
    rules: Mapping[str, Mapping[str, Any]],
    wants: Mapping[str, Any],
    known_fields: Mapping[Subject, frozenset[str]],
) -> Rule:
    where = f"rules/{path}.toml"
    try:
        file = _RuleFile.model_validate(rules[path])
    except ValidationError as fault:
        key, kind, _ = first_wrong_key(fault)
        raise OperatorFault("rule_key", file=where, key=key, kind=kind) from fault
    subject = Subject(path.split("/")[0])
    fields = (file.field,) if isinstance(file.field, str) else tuple(file.field)
    if file.check not in CHECKS:
        raise OperatorFault("rule_check", file=where, check=file.check, known=", ".join(sorted(CHECKS)))
    if unknown := set(fields) - known_fields[subject]:
        raise OperatorFault(
            "rule_field", file=where, field=min(unknown), known=", ".join(sorted(known_fields[subject]))
        )
    if file.wants_of is not None and file.wants_of not in wants:
        raise OperatorFault("rule_wants_of", file=where, rule=file.wants_of)
    for named in file.after:
        # Rules that wait for each other in a ring would all fall silent.
        if not named.startswith(f"{subject}/") or named not in rules or path in _before(named, rules):
            raise OperatorFault("rule_after", file=where, rule=named)
    rule = Rule(
        path=path,
        subject=subject,
        fields=fields,
        check=CHECKS[file.check],
        wants=wants[file.wants_of] if file.wants_of else file.wants,
        consequence=file.consequence,
        procedures=frozenset(file.procedures),
        say=file.say,
        unsure=file.unsure,
        remedy=file.remedy,
        because=file.because,
        encloses=file.encloses,
        after=frozenset(file.after),
    )
    _prove(rule, file, where)
    return rule


def _before(path: str, rules: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Gathers a rule and all that is asked before it."""
    before, further = set[str](), [path]
    while further:
        rule = further.pop()
        if rule in rules and rule not in before:
            before.add(rule)
            further += rules[rule].get("after", [])
    return before


def _prove(rule: Rule, file: _RuleFile, where: str) -> None:
    if not file.accepts or not file.rejects:
        raise OperatorFault("rule_without_examples", file=where)
    if bool(file.doubts) != bool(file.unsure):
        raise OperatorFault("rule_doubts", file=where)
    for text in (file.say, file.unsure, file.remedy):
        try:
            text.format(**dict.fromkeys(WORDS, ""))
        except (KeyError, IndexError, ValueError) as fault:
            raise OperatorFault("rule_words", file=where, text=text, known=", ".join(WORDS)) from fault
    for wanted, key, examples in (
        (Verdict.PASSES, "accepts", file.accepts),
        (Verdict.FAILS, "rejects", file.rejects),
        (Verdict.UNSURE, "doubts", file.doubts),
    ):
        for example in examples:
            if file.wants_of and file.wants_of.startswith(_SETTINGS):
                example = with_domain(example, rule.wants[0].replace("*", "org"))
            try:
                verdict = rule.verdict(example)
            except Exception as fault:
                raise OperatorFault("rule_example_unfit", file=where, key=key, example=example) from fault
            if verdict is not wanted:
                raise OperatorFault(
                    "rule_example", file=where, key=key, example=example, verdict=verdict.value
                )


def with_domain(example: Any, domain: str) -> Any:
    """Fills {domain} into an example, however deep it stands."""
    if isinstance(example, str):
        return example.replace("{domain}", domain)
    if isinstance(example, list):
        return [with_domain(item, domain) for item in example]
    if isinstance(example, dict):
        return {key: with_domain(value, domain) for key, value in example.items()}
    return example
