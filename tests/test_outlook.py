"""The HTML of our mails keeps to what Outlook knows, whose renderer is Word: a closed list of the good."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.browser import CHROMIUM, a_browser
from tests.test_texts import LETTERS, written

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
    assert sorted(set(faults(written(name).html))) == []


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


def _outermost(html: str) -> list[str]:
    """Gives the tables that stand in no other."""
    tables, depth, begins = [], 0, 0
    for tag in re.finditer(r"<(/?)table\b", html):
        if not tag[1]:
            begins = begins if depth else tag.start()
            depth += 1
            continue
        depth -= 1
        if not depth:
            tables.append(html[begins : tag.end()])
    assert depth == 0
    return tables


@pytest.mark.parametrize("name", [name for name in LETTERS if name.startswith("report")])
def test_no_table_holds_a_whole_report(name: str) -> None:
    # Word breaks a table like a page after some 1800 pixels, through whatever stands there.
    html = written(name).html
    tables = _outermost(html)
    assert len(tables) > 3
    assert {table.count("<h2") for table in tables[1:-1]} == {1}
    assert sum(table.count("<h2") for table in tables) == html.count("<h2")


_CUT_OFF = """
[...document.querySelectorAll("body *")].filter((one) => {
  const {left, right, width} = one.getBoundingClientRect();
  const hides = one.clientWidth && one.scrollWidth > one.clientWidth + 1;
  return width && (left < -1 || right > WIDTH + 1 || hides);
}).map((one) => one.outerHTML.slice(0, 120))
"""


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this system")
def test_nothing_is_cut_off_on_a_small_telephone(tmp_path: Path) -> None:
    told = [written(name) for name in ("report", "report of a night without a list", "settled, mixed")]
    pages = [letter.html for letter in told]
    pages += [
        file.data.decode() for letter in told for file in letter.enclosures if file.name.endswith(".html")
    ]
    assert len(pages) > len(told)
    with a_browser(tmp_path / "profile") as browser:
        browser.size(360, 740)
        for at, html in enumerate(pages):
            page = tmp_path / f"{at}.html"
            page.write_text(html, encoding="utf-8")
            browser.open(page.as_uri())
            # A telephone that makes room for what is too wide tells an `innerWidth` of its own.
            assert browser.run("document.documentElement.scrollWidth") == 360, html[:300]
            assert browser.run(_CUT_OFF.replace("WIDTH", "360")) == []
