"""trial: a page of nobody's, by which a reader shows that it can read."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageDraw, ImageFont


def trial_page() -> bytes:
    """Draws a small page with one line of print, as PNG: it takes all that a photographed receipt takes."""
    page = Image.new("L", (900, 160), 255)
    ImageDraw.Draw(page).text((40, 40), "DENEME 1234567890", fill=0, font=ImageFont.load_default(60))
    drawn = BytesIO()
    page.save(drawn, "PNG")
    return drawn.getvalue()
