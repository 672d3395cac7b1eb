"""Whatever comes and is said, in any order: nobody twice on a list, nothing spent twice, one answer each."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from pipeline.ledger.custody import broken_links
from tests.office_days import Days, an_office

STEPS = 40


@pytest.mark.parametrize("seed", range(6))
def test_days_drawn_by_chance_keep_every_promise(seed: int, tmp_path: Path) -> None:
    more = '[batch]\nto = "it_unit"\n' if seed % 3 == 0 else ""
    with an_office(tmp_path, more) as shop:
        days = Days(shop, Random(seed))
        for _ in range(STEPS):
            days.step()
            assert days.wrong() == [], "\n".join(days.done)
        assert list(broken_links(shop.ledger, shop.home)) == [], "\n".join(days.done)


def test_the_days_have_what_they_are_about(tmp_path: Path) -> None:
    """A drawing that never held, refused, spent or listed anything would prove nothing."""
    told: list[str] = []
    for seed in range(5):
        (tmp_path / str(seed)).mkdir()
        with an_office(tmp_path / str(seed)) as shop:
            days = Days(shop, Random(f"about {seed}"))
            for _ in range(STEPS):
                days.step()
            told += days.done
            for event in ("listed", "amended", "batched", "paid"):
                told += [event] * len(shop.ledger.query("SELECT 1 FROM entry WHERE event=?", event))
    story = "\n".join(told)
    for what in ("listed", "amended", "batched", "paid", "settle_stale", "again", "N-", "accept", "return"):
        assert what in story, story
