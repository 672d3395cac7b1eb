"""patterns: how lists, receipts and other papers look, as the rules tell it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.layouts import Layout, Rails
from pipeline.papers import Paper
from pipeline.sheets import Form
from pipeline.signed_forms import SignedForm


@dataclass(frozen=True, slots=True)
class Patterns:
    """All that the reading stage knows documents by."""

    form: Form
    layouts: Mapping[str, Layout]
    rails: Rails
    signed_form: SignedForm
    papers: Mapping[str, Paper]
