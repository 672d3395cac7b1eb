"""layout_page: a bank's form that nobody has described, begun from a receipt that waits.

A person says what each thing on the page is; the file that follows proves itself on this very page before it
is put in force. What the page says is taken from the kept mail every time, and never from a form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.desk.answers import Answer, Go, NotHere, Page, Visit, number_in
from pipeline.desk.papers import files_of, submission_of
from pipeline.desk.read_values import values_of_receipt
from pipeline.desk.rehearsed import rehearsed
from pipeline.desk.rendering import desk_words
from pipeline.desk.rules_page import demand_as_seen, difference, put_as_seen, seen_of
from pipeline.domain import OpenedFile, Receipt
from pipeline.domain.faults import OperatorFault
from pipeline.office.console import sentence
from pipeline.office.shop import Shop
from pipeline.papers.layouts import matching, matching_picture, read_picture, read_receipt
from pipeline.papers.new_layout import (
    CHOICES,
    HEADING,
    SENTENCE,
    TITLE,
    Invented,
    Printed,
    Said,
    guessed,
    is_paid_to_known,
    known_payees,
    printed_on,
    proposed,
    signs_in,
)
from pipeline.papers.printed import lines_of
from pipeline.policy.policy import Policy
from pipeline.review.changing import Change, standing, tried
from pipeline.review.rejudging import judged_again

# A receipt has fewer things on it; a form has room for no more.
_MOST_THINGS = 120
_STEM = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_OF_LINES = (TITLE, HEADING, SENTENCE)


@dataclass(frozen=True, slots=True)
class _Paper:
    """The receipt that a form is begun from: the mail's number, the file, its lines, what they say."""

    number: str
    at: int
    file: OpenedFile
    lines: Sequence[str]
    printed: Sequence[Printed]

    @property
    def is_text(self) -> bool:
        return all(page.read_by == "text" for page in self.file.transcript.pages)


def layout_page(shop: Shop, visit: Visit) -> Answer:
    """Shows what a receipt prints, with a guess at what each thing is."""
    paper = _paper(shop, visit.query.get("ileti", ""), visit.query.get("kagit", ""))
    return _form(shop, paper, {}, guessed(paper.printed, shop.policy.layouts), "")


def _form(shop: Shop, paper: _Paper, typed: Mapping[str, str], choices: Mapping[int, str], said: str) -> Page:
    values = {
        "number": paper.number,
        "at": paper.at,
        "file": paper.file.name,
        "pages": [page.number for page in paper.file.transcript.pages],
        "things": [(at, thing, choices.get(at, "")) for at, thing in enumerate(paper.printed)],
        "fields": CHOICES,
        "kinds": _OF_LINES,
        "rails": [rail.name for rail in shop.policy.rails.rails],
        "typed": {name: typed.get(name, "") for name in ("stem", "name", "bank", "rail")},
        "said": said,
    }
    return Page("duzen.html", values, status=409 if said else 200, looked_at=paper.number)


def show_layout(shop: Shop, visit: Visit) -> Answer:
    """Shows the file that follows, what it reads on this page, and what of the waiting it changes."""
    paper = _paper(shop, visit.form.get("ileti", ""), visit.form.get("kagit", ""))
    choices = _choices(paper, visit)
    try:
        change = _change(shop, paper, choices, visit)
        policy = tried(shop.settings, change)
        receipt = _read(shop, paper, policy, _stem(change))
    except OperatorFault as fault:
        return _form(shop, paper, visit.form, choices, sentence(fault))
    values: dict[str, Any] = {
        "number": paper.number,
        "at": paper.at,
        "pages": [page.number for page in paper.file.transcript.pages],
        "readings": values_of_receipt(receipt, set(receipt.unclear)),
        "text": change.text,
        "path": change.path,
        "told": difference(shop, judged_again(shop, policy)),
        "weeks": rehearsed(shop, policy),
        "again": {
            **{f"c{at}": choice for at, choice in choices.items()},
            **{name: visit.form.get(name, "").strip() for name in ("stem", "name", "bank", "rail")},
            "ileti": paper.number,
            "kagit": str(paper.at),
            "seen": seen_of(shop, change),
        },
    }
    return Page("duzen-onizleme.html", values, looked_at=paper.number)


def put_layout(shop: Shop, visit: Visit) -> Answer:
    """Puts a form in force that was shown."""
    paper = _paper(shop, visit.form.get("ileti", ""), visit.form.get("kagit", ""))
    # Before all else: a name that somebody has taken meanwhile is theirs, and no mistake.
    demand_as_seen(shop, visit, f"rules/layouts/{visit.form.get('stem', '').strip()}.toml")
    change = _change(shop, paper, _choices(paper, visit), visit)
    # A form that leaves the preview out is held to the same.
    _read(shop, paper, tried(shop.settings, change), _stem(change))
    put_as_seen(shop, visit, change)
    return Go(f"/ileti/{paper.number}/yeniden", "layout", {"name": _stem(change)})


def _paper(shop: Shop, number: str, at: str) -> _Paper:
    judged = shop.ledger.judged_number(number)
    submission = submission_of(shop, judged) if judged else None
    files = files_of(shop, submission) if submission else ()
    place = number_in(at)
    if place is None or place >= len(files):
        raise NotHere("desk_not_here")
    file = files[place]
    lines = [line for page in file.transcript.pages for line in lines_of(page)]
    printed = printed_on(lines)
    if not printed or len(printed) > _MOST_THINGS:
        raise OperatorFault("layout_not_from_here", file=file.name)
    return _Paper(number, int(at), file, lines, printed)


def _choices(paper: _Paper, visit: Visit) -> Mapping[int, str]:
    """Reads what each thing was said to be; what has a label is a field, what has none is none."""
    told: dict[int, str] = {}
    for at, thing in enumerate(paper.printed):
        choice = visit.form.get(f"c{at}", "")
        if choice in (CHOICES if thing.label else _OF_LINES):
            told[at] = choice
    return told


def _change(shop: Shop, paper: _Paper, choices: Mapping[int, str], visit: Visit) -> Change:
    stem, name, bank, rail = (visit.form.get(key, "").strip() for key in ("stem", "name", "bank", "rail"))
    path = f"rules/layouts/{stem}.toml"
    if not _STEM.fullmatch(stem) or standing(shop.settings, path):
        raise OperatorFault("layout_stem", stem=stem)
    if not name or TITLE not in choices.values() or "amount" not in choices.values():
        raise OperatorFault("layout_unsaid")
    if rail and rail not in [known.name for known in shop.policy.rails.rails]:
        raise NotHere("desk_not_here")
    if signs := signs_in(paper.printed, choices, shop.policy.rails):
        raise OperatorFault("layout_signs", line=signs[0])
    payees = known_payees(shop.policy.layouts)
    said = Said(name[:80], bank[:5], rail, choices, Invented(**desk_words()["invented"]), payees)
    text = proposed(paper.lines, paper.printed, said, shop.policy.rails)
    return Change(path, text, "")


def _stem(change: Change) -> str:
    return change.path.removeprefix("rules/layouts/").removesuffix(".toml")


def _read(shop: Shop, paper: _Paper, policy: Policy, stem: str) -> Receipt:
    """Reads the page by the new form; raises OperatorFault where others know it too, or nobody the payee."""
    fitting, reading = (matching, read_receipt) if paper.is_text else (matching_picture, read_picture)
    names = fitting(paper.lines, policy.layouts)
    if names != (stem,):
        raise OperatorFault("layout_elsewhere", found=", ".join(names) or "-")
    receipt = reading(paper.lines, stem, policy.layouts[stem], policy.rails)
    rail, payees = policy.layouts[stem].rail, policy.layouts[stem].payees
    is_open = bool(rail) and rail not in policy.rails.transfers and not payees
    if is_open or not is_paid_to_known(receipt, shop.policy.layouts, policy.rails):
        raise OperatorFault("layout_payee", payee=receipt.payee or "-")
    return receipt
