"""lists_page: the lists for Kamu SM: tonight's, those waiting for a release, those that went; its answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipeline.acts.acting import Act, version
from pipeline.acts.deliveries import end_delivery
from pipeline.acts.kamusm_answers import import_answer, preview_answer
from pipeline.acts.off_list import kept_off
from pipeline.acts.releasing import release_list
from pipeline.desk.answers import Answer, Download, Go, NotHere, Page, Visit, because_of
from pipeline.domain import Case
from pipeline.ledger.casework import StoredBatch, stored_batch
from pipeline.letters.list_letter import batch_digest
from pipeline.lists.form import XLSX
from pipeline.office.shop import Shop

# So many past lists are shown.
_MOST_LISTS = 30
# ... and of tonight's so many people.
_MOST_ROWS = 300


@dataclass(frozen=True, slots=True)
class Row:
    """One person on a list; `is_leaving` where the case was closed since."""

    number: str
    name: str
    masked: str
    workplace: str
    is_leaving: bool


def lists_page(shop: Shop, _: Visit) -> Answer:
    """Shows what tonight's list will hold, what waits for a release, and the lists that were made."""
    waiting = {f"{row['day']}/{row['number']}" for row in shop.ledger.unreleased()}
    lists = []
    for row in shop.ledger.batches(_MOST_LISTS):
        name = f"{row['day']}/{row['number']}"
        letters = [letter for letter in shop.ledger.letters_about(name) if letter.is_batch]
        lists.append({**row, "name": name, "waits": name in waiting, "letters": letters})
    off = kept_off(shop.ledger)
    queued = shop.ledger.unbatched_cases()
    tonight = [case for case in queued if case.number not in off]
    values = {
        "tonight": [row_of(case) for case in tonight[:_MOST_ROWS]],
        "count": len(tonight),
        "off": [(row_of(case), off[case.number]) for case in queued if case.number in off],
        "lists": lists,
        "waiting": [one for one in lists if one["waits"]],
        "states": shop.policy.texts.words["letter_states"],
    }
    return Page("listeler.html", values)


def list_page(shop: Shop, visit: Visit) -> Answer:
    """Shows one list with its people, and what may be done with it."""
    stored = _stored(shop, visit)
    name = stored.batch.name
    letters = [letter for letter in shop.ledger.letters_about(name) if letter.is_batch]
    values = {
        "name": name,
        "rows": [row_of(case) for case in stored.batch.cases],
        "waits": stored.is_for_release and stored.released_at is None,
        "by": stored.released_by,
        "at": stored.released_at,
        "letters": letters,
        "stuck": any(letter.state in ("failed", "in_doubt") for letter in letters),
        "digest": batch_digest(stored.batch),
        "has_file": bool(stored.batch.workbook),
        "seen": version(shop.ledger, name),
        "states": shop.policy.texts.words["letter_states"],
    }
    return Page("liste.html", values, looked_at=name)


def list_file(shop: Shop, visit: Visit) -> Answer:
    """Gives the list itself, the very bytes that go to Kamu SM."""
    stored = _stored(shop, visit)
    batch = stored.batch
    if not batch.workbook:
        raise NotHere("desk_not_here")
    name = f"nes-listesi-{batch.day}-{batch.number}.xlsx"
    return Download(name, XLSX, batch.workbook, looked_at=f"{batch.name} xlsx")


def release(shop: Shop, visit: Visit) -> Answer:
    """Sends a list that waited to Kamu SM."""
    name = _name(visit)
    released = release_list(shop, name, _act(visit))
    return Go("/listeler", "released", {"name": name, "count": released.count})


def send_again(shop: Shop, visit: Visit) -> Answer:
    """Ends the doubt about a list's letter: it arrived, or the same bytes go out again."""
    name, fate = _name(visit), visit.form.get("fate", "")
    if fate == "arrived":
        end_delivery(shop, name, "arrived", _act(visit))
    elif fate == "again":
        end_delivery(shop, name, "again", _act(visit))
    else:
        raise NotHere("desk_not_here")
    return Go("/listeler", f"doubt_{fate}", {"name": name})


def _act(visit: Visit) -> Act:
    return Act(visit.person.name, because_of(visit), visit.form.get("seen", ""))


def _name(visit: Visit) -> str:
    return f"{visit.named['day']}/{visit.named['number']}"


def _stored(shop: Shop, visit: Visit) -> StoredBatch:
    stored = stored_batch(shop.ledger, _name(visit))
    if stored is None:
        raise NotHere("desk_not_here")
    return stored


def row_of(case: Case) -> Row:
    """Gives a case as a list shows it."""
    holder = case.holder
    name = holder.name if holder else ""
    workplace = holder.workplace or "" if holder else ""
    return Row(case.number, name, str(case.identity_number), workplace, case.is_closed)


# --- Kamu SM's answer ------------------------------------------------------------------------------


def show_answer(shop: Shop, visit: Visit) -> Answer:
    """Shows what an answer of Kamu SM would change, before it does."""
    name, data = visit.files.get("dosya", ("", b""))
    if not data:
        return Go("/listeler", "no_file")
    told = preview_answer(shop, name, data)
    visit.session.file = (name, data)
    values: dict[str, Any] = {"name": name, "told": told, "seen": version(shop.ledger, "")}
    return Page("yanit.html", values, looked_at="answer of Kamu SM")


def read_answer_back(shop: Shop, visit: Visit) -> Answer:
    """Reads the answer back that was shown."""
    if visit.session.file is None:
        return Go("/listeler", "no_file")
    name, data = visit.session.file
    done = import_answer(shop, name, data, _act(visit))
    visit.session.file = None
    fills = {key: len(getattr(done, key)) for key in ("accepted", "returned", "known", "left")}
    return Go("/listeler", "answer_repeated" if done.is_repeat else "answer_read", fills)
