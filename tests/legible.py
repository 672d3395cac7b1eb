"""What keeps somebody from using a page, as axe-core (vendored, MPL-2.0) and a look at the focus find it."""

from __future__ import annotations

from pathlib import Path

from tests.browser import Browser

_AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text("utf-8")
# A small telephone, the screens of offices, and the same screen at 200 %.
SCREENS = ((360, 740, 1), (1366, 768, 1), (683, 384, 2))
_RUN = """
axe.run(document, {resultTypes: ["violations"]}).then(({violations}) => violations.flatMap(
  ({id, nodes}) => nodes.map(({target, failureSummary}) => `${id} ${target}: ${failureSummary}`)
))
"""
# What axe does not look at: that one sees where one is.
_FOCUS = """
(() => {
  const first = document.querySelector("main a, main button, main summary");
  first?.focus({focusVisible: true});
  return !first || getComputedStyle(first).outlineStyle !== "none";
})()
"""


def wrong_on(browser: Browser) -> list[str]:
    """Lists what is wrong with the page that is open, on every screen; [] for nothing."""
    wrong = []
    browser.run(_AXE)
    for width, height, scale in SCREENS:
        browser.size(width, height, scale)
        # Not innerWidth: on a telephone the window grows with a page that is too wide.
        if browser.run("document.documentElement.scrollWidth") > width:
            wrong.append(f"wider than {width}")
        wrong += [f"{width}: {one}" for one in browser.run(_RUN)]
    return wrong if browser.run(_FOCUS) else [*wrong, "focus"]
