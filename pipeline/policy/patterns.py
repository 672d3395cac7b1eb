"""patterns: how lists, receipts and other papers look, as the rules tell it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.lists.form import Form
from pipeline.papers.clues import weighed_by
from pipeline.papers.layouts import Layout
from pipeline.papers.others import Paper
from pipeline.papers.rails import Rails
from pipeline.papers.signed_forms import SignedForm
from pipeline.papers.strength import Terms
from pipeline.policy.companions import Companions


@dataclass(frozen=True, slots=True)
class Patterns:
    """All that the reading stage knows documents by."""

    form: Form
    layouts: Mapping[str, Layout]
    rails: Rails
    signed_form: SignedForm
    papers: Mapping[str, Paper]
    companions: Companions

    @property
    def terms(self) -> Terms:
        """Gives what tells a page of a payment from others."""
        return weighed_by(self.rails, self.layouts)
