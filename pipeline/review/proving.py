"""proving: what is wrong with settings, rules and texts that load all the same; nothing is connected to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from typing import Any

from pipeline.domain import Consequence, Outcome, Procedure, Subject
from pipeline.domain.official_files import parsed
from pipeline.policy.checks import Verdict, absent, present
from pipeline.policy.policy import Policy
from pipeline.policy.rulebook import Rule, with_domain

# Lists come in this procedure alone, so that a rule about rows is asked in no other.
_LISTED = frozenset({Procedure.LOST_OR_STOLEN})
_UNKNOWN_WORD = "·"
_OCCASIONS = (
    *("settled-accepted", "settled-returned", "settled-answered", "settled-mixed"),
    *("complete", "release", "returned-by-kamu-sm", "on-a-list"),
)


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing to put right: its kind, by which the sentence is found, where, and what else to name."""

    kind: str
    where: str
    other: str = ""


def prove(policy: Policy) -> list[Defect]:
    """Lists every defect of loaded rules and texts; an empty list is a clean bill."""
    examples = {rule.path: _examples(policy, rule) for rule in policy.rules}
    return [
        *_never_asked(policy),
        *_contradictions(policy, examples),
        *_unnoticed(policy, examples),
        *_unheard(policy),
        *_reminded_by_chance(policy),
    ]


# --- rules that can never fire, or never be satisfied ------------------------------------------


def _never_asked(policy: Policy) -> Iterator[Defect]:
    for rule in policy.rules:
        asked_in = _LISTED if rule.subject is Subject.HOLDER else frozenset(Procedure)
        if not rule.procedures & asked_in:
            yield Defect("never_asked", rule.path)


Examples = Mapping[str, list[tuple[Verdict, Any]]]


def _contradictions(policy: Policy, examples: Examples) -> Iterator[Defect]:
    """Finds two rules about one field that no example, nor a word no rule knows, can satisfy both."""
    for one, other in combinations(policy.rules, 2):
        shared = set(one.fields) & set(other.fields)
        if one.subject is not other.subject or not shared or not one.procedures & other.procedures:
            continue
        good = [value for rule in (one, other) for _, value in examples[rule.path]] + [_UNKNOWN_WORD]
        if not any(_passes(one, value) and _passes(other, value) for value in good):
            yield Defect("contradiction", one.path, other.path)


def _passes(rule: Rule, value: object) -> bool:
    try:
        return rule.verdict(value) is Verdict.PASSES
    except Exception:  # an example of another shape: the other rule asks of the field as a whole
        return False


# --- examples that prove nothing ---------------------------------------------------------------


def _unnoticed(policy: Policy, examples: Examples) -> Iterator[Defect]:
    """Finds rules whose examples would not notice another check, or emptied wants, in their place."""
    for rule in policy.rules:
        for name, mutant in _mutants(rule):
            if not _is_noticed(mutant, rule, examples[rule.path]):
                yield Defect(f"unnoticed_{name}", rule.path)


def _mutants(rule: Rule) -> Iterator[tuple[str, Rule]]:
    for verdict in (Verdict.PASSES, Verdict.FAILS):
        yield f"always_{verdict.value}", replace(rule, check=partial(_always, verdict))
    if isinstance(rule.wants, list | tuple) and rule.wants:
        yield "wants_emptied", replace(rule, wants=type(rule.wants)())


def _always(verdict: Verdict, _value: object, _wants: object) -> Verdict:
    return verdict


def _is_noticed(mutant: Rule, rule: Rule, examples: list[tuple[Verdict, Any]]) -> bool:
    # Only these two are asked of an absent value, and so must be what stands in their place.
    asks_of_absence = rule.check in (present, absent)
    for wanted, value in examples:
        try:
            verdict = mutant.check(value, mutant.wants) if asks_of_absence else mutant.verdict(value)
        except Exception:  # what cannot be asked any more has been noticed
            return True
        if verdict is not wanted:
            return True
    return False


def _examples(policy: Policy, rule: Rule) -> list[tuple[Verdict, Any]]:
    path = f"rules/{rule.path}.toml"
    raw = parsed(path, policy.files[path])
    domain = rule.wants[0].replace("*", "org") if str(raw.get("wants_of", "")).startswith("settings/") else ""
    wanted = {"accepts": Verdict.PASSES, "rejects": Verdict.FAILS, "doubts": Verdict.UNSURE}
    return [
        (verdict, with_domain(example, domain) if domain else example)
        for key, verdict in wanted.items()
        for example in raw.get(key, [])
    ]


def _reminded_by_chance(policy: Policy) -> Iterator[Defect]:
    """Finds reminders whose examples would not notice another number of days, or that nothing stops them."""
    for reminder in policy.reminders:
        for name, mutant in reminder.mutants():
            if mutant.is_proved(policy.completion, policy.working_days):
                yield Defect(f"reminder_unnoticed_{name}", reminder.name)


# --- texts that nobody receives ----------------------------------------------------------------


def answerable() -> frozenset[str]:
    """Names the outcomes that a letter may be written for."""
    return frozenset(o.value for o in Outcome if o not in (Outcome.IGNORED, Outcome.SHUNTED))


def _unheard(policy: Policy) -> Iterator[Defect]:
    """Finds replies that no outcome and no topic sends, and outcomes that no rule can bring about."""
    heard = {*answerable(), *_OCCASIONS, *(f"topics/{topic.name}" for topic in policy.topics)}
    heard |= {f"reminders/{reminder.name}" for reminder in policy.reminders}
    texts = {path: body for path, body in policy.files.items() if re.fullmatch(r"reports/.+\.txt", path)}
    for path in texts:
        if not path.startswith("reports/replies/"):
            continue
        name = path.removeprefix("reports/replies/").removesuffix(".txt")
        file = path.rpartition("/")[2]
        is_part = file.startswith("_")
        if not is_part and name not in heard:
            yield Defect("text_unheard", f"replies/{name}")
        if is_part and not any(f"/{file}" in body.decode("utf-8") for body in texts.values()):
            yield Defect("text_unheard", f"replies/{name}")
    reached = {rule.consequence for rule in policy.rules} | {topic.consequence for topic in policy.topics}
    for consequence in Consequence:
        if consequence not in reached:
            yield Defect("outcome_unreached", consequence.value)
