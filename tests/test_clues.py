"""What readers of pictures are told, and how they know from it that something is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailbox_fixtures.expect import demo_policy
from pipeline.domain import Page
from pipeline.papers.clues import Clues
from pipeline.papers.strength import text_words
from pipeline.policy.places import RULES

CLUES = demo_policy().clues


def page(layout: str, *changes: tuple[str, str]) -> Page:
    text = (Path(RULES) / "layouts" / f"{layout}.toml").read_text(encoding="utf-8").split('"""')[1]
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return Page(1, 0, 0, text_words(text.strip()), "ocr psm=11")


@pytest.mark.parametrize(
    ("layout", "change", "lacking"),
    [
        ("denizbank", ("TCKN", "TCKN"), set()),
        ("denizbank", ("780,00 TL", "7B0,00 TL"), {"amount"}),
        ("denizbank", ("13.05.2024", "13.0S.2024"), {"paid_on"}),
        ("denizbank", ("GİDEN FAST DEKONTU", "GİDEN F—ST DEKONTU"), {"rail"}),
        ("denizbank", ("TR93 0001", "TR93 0007"), {"iban"}),
        ("denizbank", ("100******46", "?"), {"identity_number"}),
        # No account stands on it, and none is missed.
        ("kamusm-sanal-pos", ("Tutar", "Tutar"), set()),
    ],
)
def test_a_layout_knows_what_it_lacks(layout: str, change: tuple[str, str], lacking: set[str]) -> None:
    assert CLUES.lacking(page(layout, change)) == lacking


def test_a_page_of_no_known_layout_lacks_one_where_layouts_are_known() -> None:
    minutes = Page(1, 0, 0, text_words("Toplantı Tutanağı\nTutar 780,00 TL"), "ocr")
    assert CLUES.lacking(minutes) == {"layout"}
    assert Clues(amounts=("780.00",)).lacking(minutes) == frozenset()


def test_clues_cross_to_a_worker_as_plain_values_and_without_samples() -> None:
    told = CLUES.model_dump(mode="json")
    assert Clues.model_validate(told) == CLUES
    assert "AYŞE" not in str(told)
    assert {"300.00", "780.00"} <= set(CLUES.amounts)
