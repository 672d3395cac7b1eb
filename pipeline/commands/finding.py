"""Finding somebody: find."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from pipeline.acts.finding import Found, Story, find, story
from pipeline.commands.options import by_whom, with_settings
from pipeline.domain.cases import state_of
from pipeline.domain.turkish import quotable
from pipeline.office.console import DONE, SET_ASIDE, harmless
from pipeline.office.opening import opened
from pipeline.office.settings import load_settings
from pipeline.policy.policy import Policy


@click.command("find")
@with_settings
@click.argument("text", nargs=-1, required=True)
@by_whom
def find_command(settings_file: Path, text: tuple[str, ...], by: str) -> int:
    """Adının bir parçası, T.C. kimlik no, e-posta, numara ya da dekont numarasıyla bir kişiyi bulur.

    Bir kişi bulunursa bütün öyküsünü, çok kişi bulunursa kim olduklarını yazar. Kimin baktığı kaydedilir.
    """
    with opened(load_settings(settings_file)) as shop:
        found = find(shop, " ".join(text), by)
        stories = [story(shop, found[0], by)] if len(found) == 1 else [_brief(one) for one in found]
        people = [_person(one, shop.policy) for one in stories]
        told = shop.policy.texts.plain.get_template("find.txt").render(people=people)
    click.echo(harmless(told), nl=False)
    return DONE if found else SET_ASIDE


def _brief(found: Found) -> Story:
    return Story(found, (), (), (), ())


def _person(told: Story, policy: Policy) -> Mapping[str, Any]:
    words = policy.texts.words
    return {
        "names": [quotable(name) for name in told.found.names],
        "number": told.found.number,
        "addresses": [quotable(address) for address in told.found.addresses],
        "cases": [
            {
                "number": case.number,
                "procedure": words["procedures"][case.procedure],
                "state": words["case_states"][state_of(case)],
                "entries": [
                    {"day": e.day, "event": words["events"][e.event]}
                    for e in told.entries
                    if e.case == case.number
                ],
            }
            for case in told.found.cases
        ],
        "mails": [
            {
                "number": mail.number,
                "day": mail.decided_at.astimezone(policy.office.batching.zone).date(),
                "outcome": words["outcomes"][mail.decision.outcome],
                "sender": quotable(mail.sender),
                "subject": mail.subject,
            }
            for mail in told.mails
        ],
        "letters": [
            {"subject": quotable(letter.subject), "state": words["letter_states"][letter.state]}
            for letter in told.letters
        ],
    }
