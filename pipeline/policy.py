"""policy: rules/ and reports/ → Policy, with the fingerprint that every decision stores."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pipeline.clues import Clues
from pipeline.completion import Completion, load_completion
from pipeline.domain import Office, Procedure
from pipeline.faults import OperatorFault, first_wrong_key
from pipeline.kamusm_answers import AnswerForm, load_answer_form
from pipeline.layouts import Layout, Rails, load_layouts, load_rails
from pipeline.mailwords import MailWords, load_mail_words
from pipeline.papers import Paper, load_papers
from pipeline.patterns import Patterns
from pipeline.release_words import ReleaseWords, load_release_words
from pipeline.reminders import Reminder, load_reminders
from pipeline.rulebook import Rule, load_rules
from pipeline.sheets import Form, load_form
from pipeline.signed_forms import SignedForm, load_signed_form
from pipeline.texts import Texts, load_texts
from pipeline.topics import Topic, load_topics
from pipeline.views import known_fields
from pipeline.working_days import WorkingDays, load_working_days

_HOUSE = Path(__file__).resolve().parent
# In a checkout the two folders stand beside the package, in an installed wheel inside it.
_DATA = _HOUSE.parent if (_HOUSE.parent / "rules").is_dir() else _HOUSE / "_data"
RULES = _DATA / "rules"
REPORTS = _DATA / "reports"


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything read from rules/ and reports/, and who we are; the core needs nothing else."""

    rules: tuple[Rule, ...]
    form: Form
    layouts: Mapping[str, Layout]
    rails: Rails
    signed_form: SignedForm
    papers: Mapping[str, Paper]
    procedure_words: Mapping[Procedure, tuple[str, ...]]
    mail_words: MailWords
    topics: tuple[Topic, ...]
    working_days: WorkingDays
    completion: Completion
    release_words: ReleaseWords
    answer_form: AnswerForm
    reminders: tuple[Reminder, ...]
    texts: Texts
    office: Office
    fingerprint: str
    # All of both folders, by path: what a replay needs to judge by them again.
    files: Mapping[str, bytes] = field(repr=False)

    @property
    def patterns(self) -> Patterns:
        """Gives what documents are known by."""
        return Patterns(self.form, self.layouts, self.rails, self.signed_form, self.papers)

    @property
    def clues(self) -> Clues:
        """Gives what helps in reading pictures: the amounts that the tariff knows, and the layouts."""
        # Its samples are proved before a reader hears of a layout.
        layouts = {stem: known.model_copy(update={"samples": ()}) for stem, known in self.layouts.items()}
        amounts = sorted({row[item] for row in self.tariff for item in ("nes", "reader")})
        return Clues(amounts=tuple(amounts), layouts=layouts, rails=self.rails)

    @property
    def tariff(self) -> Sequence[Mapping[str, Any]]:
        """Gives the prices, by the days they hold."""
        return tuple(self._wants("receipt/amount"))

    @property
    def scopes(self) -> Sequence[Mapping[str, Any]]:
        """Gives what a family physician's receipt may be for: the words, and the items to be paid."""
        return tuple(self._wants("receipt/scope"))

    @property
    def directorate_accounts(self) -> frozenset[str]:
        """Gives the accounts that family physicians pay into, as IBANs without blanks."""
        return frozenset(re.sub(r"\s", "", iban) for iban in self._wants("receipt/account"))

    def _wants(self, path: str) -> Any:
        return next((rule.wants for rule in self.rules if rule.path == path), ())

    def words_for(self, field: str) -> str:
        """Names a field as the form or a receipt prints it."""
        column = next((c for c in self.form.columns if c.field == field), None)
        return column.heading.split("\n")[0] if column else self.texts.field_names.get(field, field)


def load_policy(rules: Path, reports: Path, office: Office) -> Policy:
    """Reads and proves both folders; raises OperatorFault with what to put right."""
    layout_files = {p.stem: _toml(p) for p in sorted((rules / "layouts").glob("*.toml"))}
    try:
        rails = load_rails(_toml(rules / "rails.toml"))
        layouts = load_layouts(layout_files, rails)
        form = load_form(_toml(rules / "nes-list.toml"))
        signed_form = load_signed_form(_toml(rules / "signed-form.toml"))
        papers = load_papers({p.stem: _toml(p) for p in sorted((rules / "papers").glob("*.toml"))})
        mail_words = load_mail_words(_toml(rules / "mail.toml"))
        release_words = load_release_words(_toml(rules / "release.toml"))
        answer_form = load_answer_form(_toml(rules / "kamusm-answer.toml"))
        completion = load_completion(_toml(rules / "completion.toml"))
    except ValidationError as fault:
        key, kind, _ = first_wrong_key(fault)
        raise OperatorFault("rule_key", file=fault.title, key=key, kind=kind) from fault
    working_days = load_working_days(_toml(rules / "calendar.toml"))
    reminder_files = {p.stem: _toml(p) for p in sorted((rules / "reminders").glob("*.toml"))}
    reminders = load_reminders(reminder_files, completion, working_days)
    for reminder in reminders:
        if not (reports / "replies" / "reminders" / f"{reminder.name}.txt").is_file():
            raise OperatorFault("reminder_without_text", reminder=reminder.name)
    topics = load_topics({p.stem: _toml(p) for p in sorted((rules / "topics").glob("*.toml"))})
    for topic in topics:
        if not (reports / "replies" / f"{topic.path}.txt").is_file():
            raise OperatorFault("topic_without_text", topic=topic.name)
    files = {**_files("rules", rules), **_files("reports", reports)}
    return Policy(
        rules=load_rules(rules, known_fields(), {"corporate_domains": office.corporate_domains}),
        form=form,
        layouts=layouts,
        rails=rails,
        signed_form=signed_form,
        papers=papers,
        procedure_words={
            Procedure(name): tuple(phrases) for name, phrases in _toml(rules / "procedures.toml").items()
        },
        mail_words=mail_words,
        topics=topics,
        working_days=working_days,
        completion=completion,
        release_words=release_words,
        answer_form=answer_form,
        reminders=reminders,
        texts=load_texts(reports),
        office=office,
        fingerprint=_fingerprint(files),
        files=files,
    )


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise OperatorFault("rule_toml", file=file.name, why=fault) from fault


def _files(name: str, folder: Path) -> dict[str, bytes]:
    """Reads a folder whole; what it is called on this machine says nothing about what is in it."""
    found = sorted(f for f in folder.rglob("*") if f.is_file() and not f.name.startswith("."))
    return {f"{name}/{file.relative_to(folder).as_posix()}": file.read_bytes() for file in found}


def _fingerprint(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, body in files.items():
        digest.update(f"{name}\0".encode())
        digest.update(hashlib.sha256(body).digest())
    return digest.hexdigest()
