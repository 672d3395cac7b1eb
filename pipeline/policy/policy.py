"""policy: rules/ and reports/ → Policy, with the fingerprint that every decision stores."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipeline.domain import Office, Procedure
from pipeline.domain.faults import OperatorFault
from pipeline.domain.official_files import Faults, Proved, Raw, Value, parsed, refuse, told_apart
from pipeline.domain.turkish import fold
from pipeline.lists.form import Form, load_form
from pipeline.lists.kamusm_answers import AnswerForm, load_answer_form
from pipeline.papers.clues import Clues
from pipeline.papers.layouts import Layout, prove_layouts, read_layouts
from pipeline.papers.others import Paper, load_papers
from pipeline.papers.rails import Rails, load_rails
from pipeline.papers.signed_forms import SignedForm, load_signed_form
from pipeline.papers.transfers import prove_transfers
from pipeline.policy.companions import Companions, load_companions
from pipeline.policy.completion import Completion, load_completion
from pipeline.policy.mail_words import MailWords, load_mail_words
from pipeline.policy.patterns import Patterns
from pipeline.policy.places import Places
from pipeline.policy.procedures import load_procedure_words
from pipeline.policy.release_words import ReleaseWords, load_release_words
from pipeline.policy.remarks import Remarks, load_remarks
from pipeline.policy.reminders import Reminder, prove_reminders, read_reminders
from pipeline.policy.rulebook import Meaning, Rule, load_rules
from pipeline.policy.tariff import ITEMS
from pipeline.policy.text_proofs import prove_texts
from pipeline.policy.texts import Texts, load_texts
from pipeline.policy.topics import Topic, load_topics
from pipeline.policy.views import known_fields
from pipeline.policy.working_days import WorkingDays, load_working_days


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything read from rules/ and reports/, and who we are; the core needs nothing else."""

    rules: tuple[Rule, ...]
    form: Form
    layouts: Mapping[str, Layout]
    rails: Rails
    signed_form: SignedForm
    papers: Mapping[str, Paper]
    companions: Companions
    procedure_words: Mapping[Procedure, tuple[str, ...]]
    mail_words: MailWords
    topics: tuple[Topic, ...]
    working_days: WorkingDays
    completion: Completion
    release_words: ReleaseWords
    remarks: Remarks
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
        return Patterns(self.form, self.layouts, self.rails, self.signed_form, self.papers, self.companions)

    @property
    def clues(self) -> Clues:
        """Gives what helps in reading pictures: the amounts that the tariff knows, and the layouts."""
        # Its samples are proved before a reader hears of a layout.
        layouts = {stem: known.model_copy(update={"samples": ()}) for stem, known in self.layouts.items()}
        form = self.rails.unknown_form
        form = form.model_copy(update={"samples": (), "others": ()}) if form else None
        unlabelled = self.rails.unlabelled.model_copy(update={"accepts": (), "doubts": ()})
        unasked = {"accepts": (), "doubts": (), "unknown_form": form, "unlabelled": unlabelled}
        rails = self.rails.model_copy(update=unasked)
        amounts = sorted({row[item] for row in self.tariff for item in ("nes", "reader")})
        return Clues(amounts=tuple(amounts), layouts=layouts, rails=rails)

    @property
    def tariff(self) -> Sequence[Mapping[str, Any]]:
        """Gives the prices, by the days they hold."""
        return tuple(self._wants("tariff"))

    def fees_at(self, moment: datetime) -> Mapping[str, Decimal] | None:
        """Gives what each item of the tariff costs on that day here, in TL; None where nobody knows it."""
        return self.fees_on(moment.astimezone(self.office.batching.zone).date())

    def fees_on(self, day: date) -> Mapping[str, Decimal] | None:
        """Gives what each item of the tariff costs on a day, in TL; None where nobody knows it."""
        row = next((row for row in self.tariff if row["from"] <= day <= row["until"]), None)
        return {item: Decimal(row[item]) for item in ITEMS} if row else None

    @property
    def scopes(self) -> Sequence[Mapping[str, Any]]:
        """Gives what a family physician's receipt may be for: the words, and the items to be paid."""
        return tuple(self._wants("scopes"))

    @property
    def directorate_accounts(self) -> frozenset[str]:
        """Gives the accounts that family physicians pay into, as IBANs without blanks."""
        return frozenset(re.sub(r"\s", "", iban) for iban in self._wants("accounts"))

    @property
    def directorate_names(self) -> tuple[str, ...]:
        """Gives whose name a family physician's receipt shows as the payee."""
        return tuple(name for rule in self.rules if "payee" in rule.fields for name in rule.wants)

    @property
    def awaits_list(self) -> str:
        """Names the rule that holds a receipt which came before its debtor's list."""
        return next((rule.path for rule in self.rules if rule.means == "awaits_list"), "")

    def _wants(self, meaning: Meaning) -> Any:
        # No rules folder loads without it; a policy that is put together without rules knows no price.
        return next((rule.wants for rule in self.rules if rule.means == meaning), ())

    def words_for(self, field: str) -> str:
        """Names a field as the form or a receipt prints it."""
        column = next((c for c in self.form.columns if c.field == field), None)
        return column.heading.split("\n")[0] if column else self.texts.field_names.get(field, field)


def load_policy(rules: Path, reports: Path, office: Office) -> Policy:
    """Reads and proves two folders; raises OperatorFault with all that is to be put right."""
    return policy_from(Places(rules, reports), office)


def policy_from(
    places: Places,
    office: Office,
    *,
    is_proved: Callable[[str], bool] = lambda _fingerprint: False,
    known: Callable[[str], Policy | None] = lambda _fingerprint: None,
) -> Policy:
    """Reads the rules and texts in force and proves them; raises OperatorFault with all that is wrong.

    Files of a fingerprint that `is_proved`, by this program and for this office, have every key and name
    looked at, but their examples are not judged again, and no text is filled before one is asked for. What is
    `known` by its fingerprint for this office is what the files say.
    """
    files = places.files()
    if policy := known(_fingerprint(files)):
        return policy
    for name, folder in (("rules/", places.rules), ("reports/", places.reports)):
        _refuse_gaps(folder, [path for path in _NEEDED if path.startswith(name) and path not in files])
    try:
        return _loaded(files, office, is_proved=is_proved)
    except OperatorFault as fault:
        refuse(_where_they_lie(places, told_apart(fault)))
        raise


def _where_they_lie(places: Places, faults: Sequence[OperatorFault]) -> Iterator[OperatorFault]:
    """Names the office's own files by where they are: a path alone looks like one of the program's."""
    own = places.own()
    for fault in faults:
        path = str(fault.details.get("file", ""))
        if path in own:
            fault = OperatorFault(fault.name, **{**fault.details, "file": places.file_of(path)})
        yield fault


def policy_of_files(files: Mapping[str, bytes], office: Office) -> Policy:
    """Loads rules and texts that were in force before, and proves them; raises OperatorFault."""
    _refuse_gaps(Path("-"), [path for path in _NEEDED if path not in files])
    return _loaded(files, office)


def kept_policy(files: Mapping[str, bytes], office: Office) -> Policy:
    """Loads rules and texts as they were kept; raises OperatorFault for what this program cannot take.

    Words that were kept by an earlier version of the program need have no sentence that is new since.
    """
    missing = [path for path in _NEEDED if path not in files and path not in _SHOWN]
    _refuse_gaps(Path("-"), missing)
    return _loaded(files, office, is_kept=True)


def _loaded(
    files: Mapping[str, bytes],
    office: Office,
    *,
    is_kept: bool = False,
    is_proved: Callable[[str], bool] = lambda _fingerprint: False,
) -> Policy:
    fingerprint = _fingerprint(files)
    is_known = is_proved(fingerprint)
    read = _Read(files, is_known)
    faults = read.faults
    parts = _parts(read)
    faults.note(*_answerless(read.files))
    domains = {"corporate_domains": office.corporate_domains}
    book = faults.attempt(lambda: load_rules(read.files, known_fields(), domains, is_proved=is_known))
    faults.attempt(lambda: refuse(_unknown_rails(book(), parts["rails"]())))
    texts = faults.attempt(lambda: load_texts(read.files, is_kept=is_kept, is_proved=is_known))
    if not is_known:
        _prove(parts, faults)
        faults.attempt(lambda: prove_texts(texts(), office))
    faults.refuse()
    return Policy(
        rules=book(),
        texts=texts(),
        office=office,
        fingerprint=fingerprint,
        files=read.files,
        **{name: part() for name, part in parts.items()},
    )


def _parts(read: _Read) -> Mapping[str, Callable[[], Any]]:
    """Reads every part of a policy that a file, or a folder of files, of its own tells, by its name."""
    one, many = read.one, read.many
    return {
        "rails": one("rails", load_rails),
        "layouts": many("layouts", read_layouts),
        "form": one("nes-list", load_form),
        "signed_form": one("signed-form", load_signed_form),
        "papers": many("papers", load_papers),
        "companions": one("companions", load_companions),
        "procedure_words": one("procedures", load_procedure_words),
        "mail_words": one("mail", load_mail_words),
        "release_words": one("release", load_release_words),
        "remarks": one("remarks", load_remarks),
        "answer_form": one("kamusm-answer", load_answer_form),
        "completion": one("completion", load_completion),
        "working_days": one("calendar", load_working_days),
        "reminders": many("reminders", read_reminders),
        "topics": many("topics", load_topics),
    }


def _prove(parts: Mapping[str, Callable[[], Any]], faults: Faults) -> None:
    """Has the parts judged by the examples that they bring."""
    rails = parts["rails"]
    faults.attempt(lambda: prove_layouts(parts["layouts"](), rails()))
    faults.attempt(lambda: prove_transfers(rails()))
    faults.attempt(
        lambda: prove_reminders(parts["reminders"](), parts["completion"](), parts["working_days"]())
    )


# Without these the folders are none of ours, whatever else is in them.
_NEEDED = (
    *(
        f"rules/{name}.toml"
        for name in (
            "calendar companions completion kamusm-answer mail nes-list "
            "procedures rails release remarks signed-form"
        ).split()
    ),
    *(f"reports/{name}.toml" for name in ("browse", "nightly", "terminal", "words")),
)


# What is shown to officials alone, and decides nothing.
_SHOWN = ("reports/browse.toml",)


def _refuse_gaps(folder: Path, missing: Sequence[str]) -> None:
    if missing:
        raise OperatorFault("files_missing", folder=folder, files=", ".join(missing))


class _Read:
    """Both folders as bytes, each file by its path, and what is found wrong while they are loaded."""

    def __init__(self, files: Mapping[str, bytes], is_proved: bool) -> None:
        self.files, self.faults, self._is_proved = files, Faults(), is_proved

    def one(self, name: str, load: Callable[[Mapping[str, Any]], Value]) -> Callable[[], Value]:
        """Loads one file of rules/."""
        path = f"rules/{name}.toml"
        return self.faults.attempt(lambda: load(self._parsed(path, self.files[path])))

    def many(
        self, folder: str, load: Callable[[Mapping[str, Mapping[str, Any]]], Value]
    ) -> Callable[[], Value]:
        """Loads all files of a folder in rules/ by their stems; a broken one hides no other."""
        stems = dict(_stems(self.files, f"rules/{folder}/", ".toml"))
        raw = self.faults.each(stems, lambda stem, data: self._parsed(f"rules/{folder}/{stem}.toml", data))
        return self.faults.attempt(lambda: load(raw))

    def _parsed(self, path: str, data: bytes) -> Mapping[str, Any]:
        told = parsed(path, data)
        return Proved(told) if self._is_proved else told


def _stems(files: Mapping[str, Raw], folder: str, suffix: str) -> Iterator[tuple[str, Raw]]:
    for path, data in files.items():
        stem = path.removeprefix(folder).removesuffix(suffix)
        if path == f"{folder}{stem}{suffix}" and "/" not in stem:
            yield stem, data


def _unknown_rails(rules: Sequence[Rule], rails: Rails) -> Iterator[OperatorFault]:
    """Gives a fault for each rail that a rule wants and that no receipt can have."""
    known = [rail.name for rail in rails.rails]
    for rule in rules:
        if rule.fields == ("rail",) and isinstance(rule.wants, list | tuple):
            for rail in rule.wants:
                if fold(str(rail)) not in map(fold, known):
                    where, names = f"rules/{rule.path}.toml", ", ".join(known)
                    yield OperatorFault("rail_unknown", file=where, rail=rail, known=names)


def _answerless(files: Mapping[str, bytes]) -> Iterator[OperatorFault]:
    """Gives a fault for each topic and reminder without a text of the same name."""
    for stem, _ in _stems(files, "rules/reminders/", ".toml"):
        if f"reports/replies/reminders/{stem}.txt" not in files:
            yield OperatorFault("reminder_without_text", reminder=stem)
    for stem, _ in _stems(files, "rules/topics/", ".toml"):
        if f"reports/replies/topics/{stem}.txt" not in files:
            yield OperatorFault("topic_without_text", topic=stem)


def _fingerprint(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, body in files.items():
        digest.update(f"{name}\0".encode())
        digest.update(hashlib.sha256(body).digest())
    return digest.hexdigest()
