"""clues: what a reader of pictures is told beforehand, so that it knows when it has seen enough."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from pipeline.domain import Page
from pipeline.layouts import Layout, Rails, matching_picture, read_picture
from pipeline.printed import lines_of

# What rules ask about every payment; the account only where the bank prints one.
_ASKED = ("identity_number", "amount", "paid_on", "rail")


class Clues(BaseModel):
    """Tariff amounts such as "780.00", and the layouts by which receipts will be read; both may be empty."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    amounts: tuple[str, ...] = ()
    layouts: Mapping[str, Layout] = {}
    rails: Rails = Rails(rails=(), unfinished=())

    def lacking(self, page: Page) -> frozenset[str]:
        """Names the fields that the one layout which fits a page asks for in vain; "layout" where none fits.

        Where no layouts are known, nothing is lacking.
        """
        lines = lines_of(page)
        names = matching_picture(lines, self.layouts)
        if len(names) != 1:
            return frozenset({"layout"} if self.layouts else ())
        layout = self.layouts[names[0]]
        receipt = read_picture("", "", lines, names[0], layout, self.rails)
        asked = (*_ASKED, "iban") if "iban" in layout.labels else _ASKED
        # A rail that is not believed is read all the same.
        known = {field for field, why in receipt.unclear.items() if why == "payee_unknown"}
        return frozenset(f for f in asked if getattr(receipt, f) is None and f not in known)
