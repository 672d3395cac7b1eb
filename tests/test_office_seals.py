"""An office's seal across a receipt says nothing of the payment; whatever else is stamped there holds it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFont

from mailbox_fixtures.expect import demo_policy
from pipeline.sandbox.scanner import ocr, seals
from pipeline.sandbox.scanner.preparation import Hypothesis, upright
from pipeline.sandbox.scanner.seals import names_an_office, office_seals, without_seals
from pipeline.sandbox.scanner.tesseract import ocr_fault

RULES = demo_policy().clues
OFFICES = ("Hastanesi", "Müdürlüğü")
CLUES = RULES.model_copy(update={"rails": RULES.rails.model_copy(update={"offices": OFFICES})})
SIDE = 460
BLUE, RED = (30, 50, 160), (200, 30, 40)
OFFICE = ("T.C.", "ÖRNEK", "HASTANESİ")

needs_tesseract = pytest.mark.skipif(ocr_fault() is not None, reason="tesseract-ocr-tur is missing")


def font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype("DejaVuSans-Bold.ttf", size)


def seal(
    lines: Sequence[str], ink: tuple[int, int, int] = BLUE, turn: float = 17, rings: bool = True
) -> Image.Image:
    """Stamps lines in two rings over a few lines of black print."""
    ring = Image.new("L", (SIDE, SIDE), 0)
    draw = ImageDraw.Draw(ring)
    for inset in (12, 50) if rings else ():
        draw.ellipse((inset, inset, SIDE - inset, SIDE - inset), outline=220, width=7)
    for row, text in enumerate(lines):
        y = SIDE / 2 + 46 * (row - (len(lines) - 1) / 2)
        draw.text((SIDE / 2, y), text, 220, font(38), anchor="mm")
    page = printed("TUTAR 780,00 TL", "13.05.2024")
    layer = Image.new("RGB", page.size, "white")
    layer.paste(Image.new("RGB", ring.size, ink), (70, 20), ring.rotate(turn, Image.Resampling.BICUBIC))
    return ImageChops.multiply(page, layer)


def printed(*lines: str) -> Image.Image:
    page = Image.new("RGB", (600, 500), "white")
    for row, text in enumerate(lines):
        ImageDraw.Draw(page).text(
            (40, 150 + 120 * row), text, "black", ImageFont.truetype("DejaVuSans.ttf", 22)
        )
    return page


def with_word(page: Image.Image, text: str, ink: tuple[int, int, int], size: int = 44) -> Image.Image:
    layer = Image.new("RGB", page.size, "white")
    ImageDraw.Draw(layer).text((300, 330), text, ink, font(size), anchor="mm")
    return ImageChops.multiply(page, layer)


def found_on(page: Image.Image) -> tuple[tuple[int, int, int, int], ...]:
    return office_seals(upright(page, Hypothesis(ink="colour")), CLUES)


@needs_tesseract
@pytest.mark.parametrize("lines", [OFFICE, ("DENEME İL", "SAĞLIK", "MÜDÜRLÜĞÜ")])
def test_the_seal_of_an_office_is_known_aslant_and_over_print(lines: Sequence[str]) -> None:
    assert len(found_on(seal(lines))) == 1


@needs_tesseract
@pytest.mark.parametrize(
    "page",
    [
        seal(("T.C.", "İPTAL", "HASTANESİ")),
        seal(("T.C.", "ÖRNEK", "HASTANESİ", "İADE EDİLDİ")),
        seal(("İPTAL", "ÖRNEK", "HASTANESİ")),
        seal(("KOPYA", "T.C. ÖRNEK", "HASTANESİ")),
        seal(("T.C.", "ÖRNEK", "DERNEĞİ")),
        seal(OFFICE, rings=False),
        with_word(seal(OFFICE), "İPTAL", RED),
        with_word(seal(OFFICE, turn=0), "%/&#", BLUE),
        with_word(seal(OFFICE, turn=0), "iptal edildi", BLUE, 20),
        seal(OFFICE).convert("L").convert("RGB"),
    ],
    ids=[
        "sign as name", "sign below", "sign above", "a copy", "no office", "no rim", "another ink",
        "unread", "small print", "no colour",
    ],
)  # fmt: skip
def test_what_says_more_than_an_offices_name_is_no_offices_seal(page: Image.Image) -> None:
    assert found_on(page) == ()


@needs_tesseract
def test_black_ink_over_a_seal_stays_when_the_seal_is_wiped_off() -> None:
    black = with_word(printed("TUTAR 780,00 TL", "13.05.2024"), "İPTAL", (0, 0, 0), 90).convert("L")
    page = with_word(seal(OFFICE), "İPTAL", (0, 0, 0), 90)
    colour = upright(page, Hypothesis(ink="colour"))
    wiped = without_seals(page.convert("L"), colour, [(60, 10, 560, 490)])
    ink = [picture.point([255 if level < 60 else 0 for level in range(256)]) for picture in (black, wiped)]
    lost = sum(ImageChops.subtract(*ink).histogram()[128:]) / sum(ink[0].histogram()[128:])
    assert lost < 0.2
    assert (
        min(
            without_seals(seal(OFFICE).convert("L"), colour, [(60, 10, 560, 490)])
            .crop((300, 30, 310, 45))
            .tobytes()
        )
        > 200
    )


@pytest.mark.parametrize(("first", "looks"), [((), 1), (("RNEK",), 2), (("",), 2), (("İPTAL",), 1)])
def test_seals_are_looked_for_where_something_else_would_hold_a_page(
    first: tuple[str, ...], looks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages: list[Image.Image] = []

    def stamps_across(page: Image.Image, *_: object) -> tuple[str, ...]:
        pages.append(page)
        return first if len(pages) == 1 else ()

    monkeypatch.setattr(ocr, "stamps_across", stamps_across)
    monkeypatch.setattr(ocr, "office_seals", lambda *_: ((60, 10, 560, 490),))
    told = ocr._stamped(seal(OFFICE), Hypothesis(), (), CLUES, ocr.spent() + 60)
    assert (told, len(pages)) == (first if looks == 1 else (), looks)
    if looks == 2:
        darkest = [page.crop((290, 25, 310, 60)).getextrema()[0] for page in pages]
        assert darkest[0] < 150 < 250 < darkest[1]


def test_as_long_as_no_office_is_named_every_seal_holds() -> None:
    assert RULES.rails.offices == ()
    assert office_seals(upright(seal(OFFICE), Hypothesis(ink="colour")), RULES) == ()


def test_without_the_other_engine_no_seal_is_excused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seals, "texts_of", lambda _: None)
    assert found_on(seal(OFFICE)) == ()


@pytest.mark.parametrize(
    ("ours", "theirs", "is_office"),
    [
        ("HASTANESI", "HAZTAMESİ", True),
        ("HASIANESI", "HAZTANESİ", True),
        ("HASTANESI", "", False),
        ("", "HASTANESİ", False),
        ("HASIANESI", "HAZTAMEST", False),
        ("HATANES", "HASTANESİ", False),
        ("HASTANESI IPTALI", "HASTANESİ", False),
        ("HASTANESI", "HASTANESİ lPTAL", False),
    ],
)
def test_both_engines_have_to_read_the_kind_of_office(ours: str, theirs: str, is_office: bool) -> None:
    assert names_an_office([["T.C.", "DENEME", ours]], [f"T.C. DENEME {theirs}"], CLUES) is is_office
