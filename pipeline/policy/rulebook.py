"""rulebook: rules/<subject>/<name>.toml → Rule; refuses a rule that does not prove itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, ConfigDict, Field

from pipeline.domain import Consequence, Procedure, Subject
from pipeline.domain.faults import OperatorFault
from pipeline.domain.official_files import Faults, OfficialFile, parsed, refuse, validated
from pipeline.policy.checks import CHECKS, Check, Verdict, ask
from pipeline.policy.tariff import load_tariff
from pipeline.policy.unread import FOLDERS_OF_RULES

Form = Literal["", "blank-form", "filled-form"]
# What the program asks a rule for besides its verdict: prices, what receipts say they are for, our accounts,
# and which rule holds a receipt that came before its debtor's list. One rule each, whatever it is called.
Override = Literal["", "two", "none"]
Meaning = Literal["", "tariff", "scopes", "accounts", "awaits_list"]


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
    # What is said where the right thing is printed in another place, and nothing is refused.
    elsewhere: str = ""
    means: Meaning = ""
    # What to do about a payment below, or above, every price it may be for; "" where `remedy` says it.
    too_little: str = ""
    too_much: str = ""
    # Who may say yes to what it finds: "" a person to a doubt and nobody to a fault, "two" two people to
    # both, "none" nobody to either.
    override: Override = ""

    def verdict(self, value: object) -> Verdict:
        """Asks the rule's question of one value."""
        return ask(self.check, value, self.wants)

    def would_do(self, others: Iterable[object]) -> bool:
        """Tells whether one of the values that are printed elsewhere would do, or may."""
        return bool(self.elsewhere) and any(self.verdict(other) is not Verdict.FAILS for other in others)


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


class _RuleFile(OfficialFile):
    """The keys a rule file may have."""

    model_config = ConfigDict(populate_by_name=True)

    field: Annotated[tuple[str, ...], BeforeValidator(_listed)]
    check: str
    wants: Any = None
    wants_of: str | None = None
    consequence: Consequence = Field(alias="else")
    procedures: tuple[Procedure, ...] = tuple(Procedure)
    say: str
    unsure: str = ""
    elsewhere: str = ""
    remedy: str
    too_little: str = ""
    too_much: str = ""
    because: str
    encloses: Form = ""
    means: Meaning = ""
    override: Override = ""
    after: tuple[str, ...] = ()
    accepts: tuple[Any, ...]
    rejects: tuple[Any, ...]
    doubts: tuple[Any, ...] = ()


# What a rule's sentences may speak of; filled in by the judge.
WORDS = ("value", "row", "column", "name", "suggestion", "today")
# And in what is to be done: how and what one pays from today on; where a price is asked for, which was right.
PAYING_WORDS = ("ways", "today_costs")
PRICE_WORDS = ("prices", "difference")
_SETTINGS = "settings/"
_IN_A_FOLDER = re.compile(r"rules/([^/.][^/]*)/")


def load_rules(
    all_files: Mapping[str, bytes],
    fields: Mapping[Subject, frozenset[str]],
    settings: Mapping[str, Sequence[str]],
    *,
    is_proved: bool = False,
) -> tuple[Rule, ...]:
    """Loads every rule among the files of rules/, sorted by path, and makes each one prove its examples.

    `fields` says which fields each subject has; `settings` holds the lists of domains that a rule
    may name in `wants_of` as "settings/…", its examples then saying {domain} for one of them.
    Raises OperatorFault for an unknown folder, an unreadable file, an unknown key, field or check,
    missing examples, and, unless the same files are proved already, an example that is judged otherwise.
    """
    faults = Faults()
    faults.note(*_strangers(all_files))
    found = _rule_files(all_files)
    raw = faults.each(found, lambda path, data: parsed(_where(path), data))
    files = faults.each(raw, lambda path, told: validated(_where(path), told, _RuleFile))
    priced = {p: f for p, f in files.items() if f.check == "tariff" and f.wants_of is None}
    tariffs = faults.each(priced, lambda path, file: load_tariff(_where(path), file.wants))
    told = {path: file.wants for path, file in files.items() if path not in priced} | dict(tariffs)
    wants = told | {_SETTINGS + key: list(values) for key, values in settings.items()}
    # What a broken file would have said to another rule is asked when it is whole again.
    known = {*found, *wants}
    asked = {p: f for p, f in files.items() if (f.wants_of or p) in wants or (f.wants_of or p) not in known}
    book = _Book(asked, frozenset(found), wants, fields, is_proved)
    rules = faults.each(asked, lambda path, _: _rule(path, book))
    if rules.keys() == found.keys():
        faults.note(*_meanings(rules.values()))
    faults.refuse()
    return tuple(rules[path] for path in sorted(rules))


def _meanings(rules: Iterable[Rule]) -> Iterator[OperatorFault]:
    """Gives a fault for each meaning that no rule has, or more than one."""
    for meaning in filter(None, get_args(Meaning)):
        paths = [rule.path for rule in rules if rule.means == meaning]
        if not paths:
            yield OperatorFault("rule_meaning_missing", meaning=meaning)
        for path in paths[1:]:
            yield OperatorFault(
                "rule_meaning_twice", file=_where(path), meaning=meaning, other=_where(paths[0])
            )


def _strangers(files: Mapping[str, bytes]) -> Iterator[OperatorFault]:
    # A rule in a mistyped folder would be asked of nobody, and nobody would miss it.
    known = FOLDERS_OF_RULES
    for place in sorted({m[1] for m in map(_IN_A_FOLDER.match, files) if m}):
        if place not in known:
            yield OperatorFault("rule_folder", file=f"rules/{place}", known=", ".join(sorted(known)))


def _rule_files(files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    return {
        path: files[_where(path)]
        for subject in Subject
        for path in sorted(
            m[1] for m in (re.fullmatch(rf"rules/({subject}/[^/.][^/]*)\.toml", name) for name in files) if m
        )
    }


def _where(path: str) -> str:
    return f"rules/{path}.toml"


@dataclass(frozen=True, slots=True)
class _Book:
    """What a rule is checked against: the files that are whole, the names of all, and what they want."""

    files: Mapping[str, _RuleFile]
    names: frozenset[str]
    wants: Mapping[str, Any]
    fields: Mapping[Subject, frozenset[str]]
    is_proved: bool = False


def _rule(path: str, book: _Book) -> Rule:
    refuse(_misfits(path, book))
    file = book.files[path]
    rule = Rule(
        path=path,
        subject=Subject(path.split("/")[0]),
        fields=file.field,
        check=CHECKS[file.check],
        wants=book.wants[file.wants_of or path],
        consequence=file.consequence,
        procedures=frozenset(file.procedures),
        say=file.say,
        unsure=file.unsure,
        remedy=file.remedy,
        because=file.because,
        encloses=file.encloses,
        after=frozenset(file.after),
        elsewhere=file.elsewhere,
        override=file.override,
        means=file.means,
        too_little=file.too_little,
        too_much=file.too_much,
    )
    if not book.is_proved:
        refuse(_disproved(rule, file))
    return rule


def _misfits(path: str, book: _Book) -> Iterator[OperatorFault]:
    """Gives a fault for each name in a rule that nothing goes by: a check, a field, another rule."""
    where, file, subject = _where(path), book.files[path], Subject(path.split("/")[0])
    if file.check not in CHECKS:
        yield OperatorFault("rule_check", file=where, check=file.check, known=", ".join(sorted(CHECKS)))
    fields = book.fields[subject]
    for field in sorted(set(file.field) - fields):
        yield OperatorFault("rule_field", file=where, field=field, known=", ".join(sorted(fields)))
    if file.wants_of is not None and file.wants_of not in book.wants:
        yield OperatorFault("rule_wants_of", file=where, rule=file.wants_of)
    for named in file.after:
        # Rules that wait for each other in a ring would all fall silent.
        is_ring = path in _before(named, book.files)
        if not named.startswith(f"{subject}/") or named not in book.names or is_ring:
            yield OperatorFault("rule_after", file=where, rule=named)


def _before(path: str, files: Mapping[str, _RuleFile]) -> set[str]:
    """Gathers a rule and all that is asked before it."""
    before, further = set[str](), [path]
    while further:
        rule = further.pop()
        if rule in files and rule not in before:
            before.add(rule)
            further += files[rule].after
    return before


def _disproved(rule: Rule, file: _RuleFile) -> Iterator[OperatorFault]:
    where = _where(rule.path)
    if not file.accepts or not file.rejects:
        yield OperatorFault("rule_without_examples", file=where)
    if bool(file.doubts) != bool(file.unsure):
        yield OperatorFault("rule_doubts", file=where)
    if file.consequence is Consequence.RETURN and not file.remedy:
        yield OperatorFault("rule_remedy", file=where)
    remedies = (file.remedy, file.too_little, file.too_much)
    remedy_words = (*PAYING_WORDS, *(PRICE_WORDS if file.check == "tariff" else ()))
    for text in (file.say, file.unsure, file.elsewhere, *remedies):
        known = (*WORDS, *(remedy_words if text in remedies else ()))
        try:
            text.format(**dict.fromkeys(known, ""))
        except (KeyError, IndexError, ValueError):
            yield OperatorFault("rule_words", file=where, text=text, known=", ".join(known))
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
            except Exception:
                yield OperatorFault("rule_example_unfit", file=where, key=key, example=example)
                continue
            if verdict is not wanted:
                told = {"key": key, "example": example, "verdict": verdict.value}
                yield OperatorFault("rule_example", file=where, **told)


def with_domain(example: Any, domain: str) -> Any:
    """Fills {domain} into an example, however deep it stands."""
    if isinstance(example, str):
        return example.replace("{domain}", domain)
    if isinstance(example, list):
        return [with_domain(item, domain) for item in example]
    if isinstance(example, dict):
        return {key: with_domain(value, domain) for key, value in example.items()}
    return example
