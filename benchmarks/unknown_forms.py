"""Pages of a form that nobody has described: what the ladder reads on them, beside plain tesseract.

Run it as `python -m benchmarks.unknown_forms` from the project's root. The pages are invented till receipts
in English, on narrow paper, damaged along axes that take turns. A value is read where it stands in the words
as it is printed; whether such a page is believed is no matter here, for it is not.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import statistics
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from benchmarks.receipts import Read, by_ladder, by_tesseract, rulebook
from tests.receipt_damage import damaged
from tests.receipt_material import _font

WIDTH = 226.0
AXES = ("clean 150 dpi", "skew", "faint", "noise", "jpeg", "phone", "blur", "fax")
GOODS = (
    "MILK 1L",
    "BREAD WHITE",
    "EGGS 10S",
    "SUGAR 1KG",
    "A4 PAPER",
    "TAPE 18MM",
    "GLUE",
    "RICE 5KG",
    "TEA 100S",
)
SHOPS = ("KURGU TRADING SDN BHD", "INVENTED MART", "EXAMPLE STATIONERY", "NOWHERE HARDWARE & CO")


@dataclass(frozen=True)
class Slip:
    """One till receipt, and the two values that are asked for, as they are printed."""

    pdf: bytes
    total: str
    day: str


def slip(seed: int) -> Slip:
    """Invents a till receipt."""
    dice = random.Random(f"slip {seed}")
    at = datetime(2024, 1, 1, 9) + timedelta(minutes=dice.randrange(400_000))
    day = at.strftime(dice.choice(("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y-%m-%d")))
    bought = [
        (dice.choice(GOODS), Decimal(dice.randrange(95, 9_990)) / 100) for _ in range(dice.randint(2, 8))
    ]
    total = f"{sum(price for _, price in bought):,.2f}"
    font = _font(dice.choice(("mono", "courier", "sans", "condensed", "arial")))
    size = dice.choice((7.0, 8.0, 9.0))
    rows = [
        (f"Receipt No: {dice.randrange(10**6):06d}", ""),
        (f"Date: {day} {at:%H:%M}", ""),
        *((name, f"{price:.2f}") for name, price in bought),
        ("SUBTOTAL", total),
        (dice.choice(("TOTAL", "TOTAL RM", "GRAND TOTAL", "NET TOTAL")), total),
        ("CASH", total),
        ("THANK YOU, PLEASE COME AGAIN", ""),
    ]
    stream = io.BytesIO()
    height = 90 + 2 * size * (len(rows) + 2)
    canvas = Canvas(stream, pagesize=(WIDTH, height), invariant=1)
    canvas.setFont(font, size + 2)
    canvas.drawCentredString(WIDTH / 2, height - 40, dice.choice(SHOPS))
    canvas.setFont(font, size)
    for at_row, (told, price) in enumerate(rows):
        y = height - 60 - 2 * size * at_row
        canvas.drawString(16, y, told)
        canvas.drawRightString(WIDTH - 16, y, price)
    canvas.save()
    return Slip(stream.getvalue(), total, day)


def reads(read: Read, picture: Image.Image, asked: Slip) -> tuple[bool, bool]:
    """Tells whether total and day stand in what was read."""
    words = {word.text.strip(":;|") for page in read(picture).pages for word in page.words}
    return any(asked.total in word for word in words), any(asked.day in word for word in words)


def main() -> None:
    """Prints on how many pages each way reads the total, the day, and both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=24)
    asked = parser.parse_args()
    ways = {"ladder": by_ladder(rulebook()), "psm 3": by_tesseract}
    found: dict[str, list[tuple[bool, bool]]] = {way: [] for way in ways}
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for i in range(asked.count):
        told = slip(asked.seed * 1_000 + i)
        picture = damaged(told.pdf, AXES[i % len(AXES)], asked.seed * 1_000 + i)
        for way, read in ways.items():
            before = sum(os.times()[:4])
            found[way].append(reads(read, picture, told))
            seconds[way].append(sum(os.times()[:4]) - before)
    print(f"{asked.count} pages    total   day  both  s/page")
    for way, answers in found.items():
        totals, days, both = (
            sum(values) for values in zip(*((t, d, t and d) for t, d in answers), strict=True)
        )
        print(f"{way:11} {totals:5} {days:5} {both:5}  {statistics.median(seconds[way]):6.2f}")


if __name__ == "__main__":
    main()
