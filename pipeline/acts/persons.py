"""persons: whom a command means, and all that is kept about them."""

from __future__ import annotations

from datetime import UTC, datetime

from pipeline.domain import Arrival
from pipeline.domain.faults import OperatorFault
from pipeline.domain.turkish import IdentityNumber
from pipeline.ledger.dossier import Dossier, KeptMail, dossier_of
from pipeline.mail.unpack import body_table, unpack
from pipeline.office.shop import Shop


def person_of(shop: Shop, named: str) -> Dossier:
    """Gives the dossier of a person, named by a case (N-…) or by their identity number.

    Raises OperatorFault where nothing is kept about them, or neither is written.
    """
    named = named.strip().upper()
    if named.isdigit() and len(named) == 11:
        number = IdentityNumber(named)
    elif named.startswith("N-"):
        case = shop.ledger.case(named)
        if case is None:
            raise OperatorFault("no_such_case", number=named)
        number = case.identity_number
    else:
        raise OperatorFault("no_person")
    kept = {sha: _kept(shop, sha, number) for sha in shop.ledger.kept_mails()}
    person = dossier_of(shop.ledger, number, kept)
    if person.is_empty:
        raise OperatorFault("no_such_person", number=number)
    return person


def _kept(shop: Shop, sha: str, number: IdentityNumber) -> KeptMail:
    """Looks into a kept mail for a person; of one that cannot be taken apart at its bytes."""
    raw = shop.home.raw(sha)
    names_them = number.digits.encode() in raw
    try:
        submission = unpack(Arrival(sha, raw, datetime.min.replace(tzinfo=UTC)))
        table = body_table(submission)
    except Exception:
        return KeptMail(names_them, frozenset())
    files = (*submission.attachments, *((table,) if table else ()))
    told = (submission.subject, submission.text, submission.html, *(file.name for file in files))
    names_them = names_them or any(number.digits in text for text in told)
    names_them = names_them or any(number.digits.encode() in file.data for file in files)
    return KeptMail(names_them, frozenset(file.digest for file in files))
