"""An official's word in a test: about a held mail, or one case of it."""

from __future__ import annotations

from pipeline.acts.acting import Act, version
from pipeline.acts.settling import Settled, Word, settle
from pipeline.domain.claims import Verb
from pipeline.ledger.book import Judged
from pipeline.ledger.settlements import claims_left
from pipeline.office.shop import Shop


def say(shop: Shop, held: Judged, word: str, because: str, by: str, case: str = "") -> Settled:
    """Decides a held mail, or one case of it, as somebody who has just looked at it."""
    claims = [c.number for c in claims_left(shop.ledger, held) if case and c.case == case]
    act = Act(by, because, version(shop.ledger, held.number))
    return settle(shop, held.number, [Word(claim, Verb(word)) for claim in claims or [0]], act)
