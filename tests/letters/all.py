"""Every fixture letter, by path."""

from __future__ import annotations

from tests.letters import (
    Letters,
    conversations,
    files,
    layouts,
    lists,
    neighbours,
    pictures,
    receipts,
    robots,
)

LETTERS: Letters = {
    **lists.LETTERS,
    **receipts.LETTERS,
    **pictures.LETTERS,
    **robots.LETTERS,
    **files.LETTERS,
    **layouts.LETTERS,
    **conversations.LETTERS,
    **neighbours.LETTERS,
}
