"""today: how things stand at this moment: figures, troubles, what was stopped, letters that did not go."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.acts.acting import Act, version
from pipeline.acts.deliveries import end_delivery, open_deliveries
from pipeline.acts.resuming import resume
from pipeline.acts.sampling import questions
from pipeline.desk.answers import Answer, Go, NotHere, NotTheirs, Page, Visit, because_of
from pipeline.desk.people import Power
from pipeline.domain import LetterState
from pipeline.ledger import troubles
from pipeline.ledger.book import StoredLetter
from pipeline.ledger.samples import tallies
from pipeline.ledger.stops import open_stop
from pipeline.office.shop import Shop


def today_page(shop: Shop, _: Visit) -> Answer:
    """Shows what is on its way, what is wrong, and what waits for a person's word."""
    ledger, told = shop.ledger, shop.policy.texts.words
    stuck = ledger.letters_in_state(LetterState.OUTCOME_UNKNOWN, LetterState.FAILED)
    numbers = {letter.id: _number(shop, letter) for letter in stuck}
    found = [(name, trouble) for name, trouble in troubles.standing(ledger).items()]
    night = ledger.last_night()
    values = {
        "counts": ledger.counts(),
        "heard": ledger.balance(night.until, shop.clock()) if night else {},
        "night": night,
        "outcomes": told["outcomes"],
        "troubles": [
            (told["troubles"].get(name.partition("/")[0], name), _advice(told, name), trouble)
            for name, trouble in found
        ],
        "stop": open_stop(ledger),
        "stops": told["stops"],
        "letters": [(letter, numbers[letter.id], version(ledger, numbers[letter.id])) for letter in stuck],
        "states": told["letter_states"],
        "seen": version(ledger, ""),
        "samples": len(questions(shop)),
        "stopped": [(tally, _bank(shop, tally.kind.bank)) for tally in tallies(ledger) if tally.stopped_by],
        "beat": shop.home.last_beat(),
    }
    return Page("bugun.html", values)


def _advice(told: Mapping[str, Mapping[str, str]], name: str) -> str:
    advice = told["trouble_advice"]
    return advice.get(name, advice.get(name.partition("/")[0], ""))


def _number(shop: Shop, letter: StoredLetter) -> str:
    """Names what a letter is about as people do: a mail by its number, all else as it is."""
    judged = shop.ledger.judged(letter.about)
    return judged.number if judged else letter.about


def _bank(shop: Shop, name: str) -> str:
    layout = shop.policy.layouts.get(name)
    return layout.name if layout else name


def go_on_again(shop: Shop, visit: Visit) -> Answer:
    """Lets what the breaker stopped go on."""
    word = visit.form.get("word", "")
    if word == "send":
        count = resume(shop, "send", _act(visit))
    elif word == "again":
        count = resume(shop, "again", _act(visit))
    else:
        raise NotHere("desk_not_here")
    return Go("/bugun", f"resumed_{word}", {"count": count})


def end_a_delivery(shop: Shop, visit: Visit) -> Answer:
    """Writes down that a letter arrived, or has it go out again."""
    number, fate = visit.form.get("number", ""), visit.form.get("fate", "")
    # A list goes to Kamu SM by the word of who may release it, whichever page that is given on.
    is_list = any(letter.is_batch for letter in open_deliveries(shop.ledger, number))
    if is_list and not visit.person.may(Power.RELEASE):
        raise NotTheirs("desk_not_theirs")
    if fate == "arrived":
        end_delivery(shop, number, "arrived", _act(visit))
    elif fate == "again":
        end_delivery(shop, number, "again", _act(visit))
    else:
        raise NotHere("desk_not_here")
    return Go("/bugun", f"doubt_{fate}", {"name": number})


def _act(visit: Visit) -> Act:
    return Act(visit.person.name, because_of(visit), visit.form.get("seen", ""))
