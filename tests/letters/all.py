"""Every fixture letter, by path."""

from __future__ import annotations

from tests.letters import (
    Letters,
    acts,
    coded,
    conversations,
    doubtful_receipts,
    edited,
    files,
    forms,
    layouts,
    lists,
    neighbours,
    parts,
    pictures,
    receipts,
    robots,
    rows,
    trust,
)

LETTERS: Letters = {
    **lists.LETTERS,
    **receipts.LETTERS,
    **doubtful_receipts.LETTERS,
    **pictures.LETTERS,
    **robots.LETTERS,
    **files.LETTERS,
    **forms.LETTERS,
    **layouts.LETTERS,
    **conversations.LETTERS,
    **neighbours.LETTERS,
    **acts.LETTERS,
    **parts.LETTERS,
    **rows.LETTERS,
    **trust.LETTERS,
    **edited.LETTERS,
    **coded.LETTERS,
}
