"""likenesses: which receipts of other people look like one, are of its day and amount, and are not it.

Sums and people are kept as keyed digests only, and are gone with the mail that brought them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.domain import Receipt
from pipeline.domain.cases import receipt_key
from pipeline.ledger.book import Ledger

# Bits, of 256, in which a picture that was saved again at half its size may differ from itself.
_ALIKE = 16


def alike_receipts(ledger: Ledger, receipts: Sequence[Receipt]) -> Mapping[str, tuple[str, ...]]:
    """Names, by the digest of each receipt, the mails that brought another person's of the same looks."""
    found = {}
    for receipt in filter(_is_comparable, receipts):
        rows = ledger.query(
            "SELECT d.number, l.picture FROM likeness l JOIN decision d USING (sha) "
            "WHERE l.sum=? AND l.payment<>? AND l.person<>? ORDER BY l.rowid",
            ledger.keyed(_sum(receipt)),
            ledger.keyed(receipt_key(receipt)),
            _person(ledger, receipt),
        )
        mine = int(receipt.likeness, 16)
        near = [row["number"] for row in rows if (int(row["picture"], 16) ^ mine).bit_count() <= _ALIKE]
        if near:
            found[receipt.digest] = tuple(dict.fromkeys(near))
    return found


def note_likenesses(ledger: Ledger, sha: str, receipts: Sequence[Receipt]) -> None:
    """Keeps how the receipts of a decided mail look; call inside a transaction."""
    for receipt in filter(_is_comparable, receipts):
        ledger.execute(
            "INSERT INTO likeness (sha, picture, payment, person, sum) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING",
            sha,
            receipt.likeness,
            ledger.keyed(receipt_key(receipt)),
            _person(ledger, receipt),
            ledger.keyed(_sum(receipt)),
        )


def _is_comparable(receipt: Receipt) -> bool:
    return bool(receipt.likeness and receipt.amount and receipt.paid_on)


def _sum(receipt: Receipt) -> str:
    return f"{receipt.amount:.2f}|{receipt.paid_on}"


def _person(ledger: Ledger, receipt: Receipt) -> str:
    return ledger.keyed(receipt.identity_number.digits) if receipt.identity_number else ""
