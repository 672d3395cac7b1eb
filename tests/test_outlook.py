"""The HTML of our mails keeps to what Outlook knows, whose renderer is Word: a closed list of the good."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser

import pytest

from tests.test_texts import LETTERS

# Word ignores the last five, and loses nothing by it.
_HARMLESS = frozenset({"max-width", "overflow-wrap", "word-break", "height", "white-space"})
_LETTERS = frozenset({"color", "font-family", "font-size", "font-weight", "line-height"})
_BOX = frozenset({"border-top", "border-bottom", "padding", "background"})
# What stands in a table's cells may be padded; paragraphs and headings have margins alone.
ALLOWED: Mapping[str, frozenset[str]] = {
    "body": frozenset({"margin", "padding", "background"}),
    "table": _LETTERS | _HARMLESS | {"width", "background", "border-top", "border-collapse"},
    "td": _LETTERS | _HARMLESS | _BOX,
    "th": _LETTERS | _HARMLESS | _BOX,
    **{name: _LETTERS | _HARMLESS | {"margin"} for name in ("h1", "h2", "p", "li")},
    **{name: frozenset({"margin", "padding-left"}) for name in ("ul", "ol")},
    "span": _LETTERS | _HARMLESS | {"background"},
    "a": frozenset({"color"}),
    "img": _HARMLESS | {"border"},
    **{name: frozenset[str]() for name in ("html", "head", "meta", "title", "style", "tr", "br", "wbr")},
}


class _Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {key: value or "" for key, value in attrs}))


def faults(html: str) -> Iterator[str]:
    """Lists what Outlook would not show as it is meant."""
    for tag, attributes in _Tags(html).tags:
        if tag not in ALLOWED:
            yield f"<{tag}>"
            continue
        for rule in filter(None, attributes.get("style", "").split(";")):
            name, _, value = rule.partition(":")
            if name not in ALLOWED[tag] or re.search(r"var\(|calc\(|url\(|rgb|\d(vw|vh|rem)\b", value):
                yield f"<{tag}> {rule}"
        needed = {"table": ("width", "cellpadding", "cellspacing", "border"), "img": ("width", "alt")}
        yield from (f"<{tag}> without {name}" for name in needed.get(tag, ()) if name not in attributes)
    for style in re.findall(r"(?s)<style>(.*?)</style>", html):
        # What is not within a media query is for Word as well.
        if re.sub(r"@media[^{]*\{([^{}]*\{[^{}]*\})*\s*\}", "", style).strip():
            yield "<style> outside of a media query"
    if "<!--" in html or "xmlns:v" in html:
        yield "a comment, or VML"


@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_is_set_in_what_outlook_knows(name: str) -> None:
    assert sorted(set(faults(LETTERS[name]().html))) == []


@pytest.mark.parametrize(
    "html",
    [
        '<div style="padding:4px">x</div>',
        '<p style="padding:4px">x</p>',
        '<p style="display:flex">x</p>',
        '<td style="position:absolute">x</td>',
        '<td style="color:var(--ink)">x</td>',
        "<table><tr><td>x</td></tr></table>",
        '<img src="x" alt="">',
        "<style>p { float:left }</style>",
        "<!--[if mso]>x<![endif]-->",
    ],
)
def test_what_outlook_does_not_know_is_seen(html: str) -> None:
    assert list(faults(html))
