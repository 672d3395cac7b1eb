"""procedures: which of the four procedures a mail's files, or its words, belong to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipeline.domain import Evidence, Facts, Procedure, Receipt
from pipeline.policy.checks import Verdict, similar, tariff
from pipeline.policy.policy import Policy
from pipeline.policy.topics import Topic, says


def procedures_of(evidence: Evidence, words: str, facts: Facts, policy: Policy) -> frozenset[Procedure]:
    """Names the procedures that a mail's files may belong to: none where there are none, two in doubt.

    The right rail depends on the procedure, and not on the bank: an open case speaks first, then rail
    and account, then the words of the mail and of the receipts.
    """
    if evidence.holders or evidence.pasted:
        return frozenset({Procedure.LOST_OR_STOLEN})
    receipts = evidence.receipts
    if not receipts:
        return frozenset()
    if any(r.identity_number in facts.cases for r in receipts):
        return frozenset({Procedure.LOST_OR_STOLEN})
    text = "\n".join([words, *(r.description or "" for r in receipts)])
    named = frozenset(p for p, phrases in policy.procedure_words.items() if says(text, (phrases,)))
    if all(r.rail in policy.rails.transfers for r in receipts):
        if all(_is_to_directorate(r, policy) for r in receipts):
            # Who lost a card and paid there too is told neither way before a person has looked.
            return (named & {Procedure.OTHER_STAFF, Procedure.LOST_OR_STOLEN}) | {Procedure.FAMILY_PHYSICIAN}
        if not named and any(r.iban is None and r.payee is None for r in receipts):
            return frozenset({Procedure.FAMILY_PHYSICIAN, Procedure.LOST_OR_STOLEN})
        return named - {Procedure.CARD_READER} or frozenset({Procedure.LOST_OR_STOLEN})
    staff = named - {Procedure.CARD_READER, Procedure.LOST_OR_STOLEN}
    return staff | _bought(receipts, Procedure.CARD_READER in named, policy)


def _is_to_directorate(receipt: Receipt, policy: Policy) -> bool:
    """Tells whether a transfer may have gone to the directorate, by its account or else by its name.

    Where its account stands beside another one, it is not sure that it was not paid into; where it is
    masked or cannot be read, the name tells.
    """
    if receipt.iban or receipt.payee is None:
        return bool({receipt.iban, *receipt.elsewhere.ibans} & policy.directorate_accounts)
    return similar(receipt.payee, policy.directorate_names) is Verdict.PASSES


def _bought(receipts: Iterable[Receipt], is_reader_named: bool, policy: Policy) -> frozenset[Procedure]:
    """Tells a certificate from a card reader by price and words; both where they contradict."""
    payments = [{"amount": r.amount, "paid_on": r.paid_on, "baskets": (("reader",),)} for r in receipts]
    is_reader_priced = all(p["amount"] and tariff(p, policy.tariff) is Verdict.PASSES for p in payments)
    if is_reader_named and is_reader_priced:
        return frozenset({Procedure.CARD_READER})
    if is_reader_named or is_reader_priced:
        return frozenset({Procedure.LOST_OR_STOLEN, Procedure.CARD_READER})
    return frozenset({Procedure.LOST_OR_STOLEN})


def asked_about(topics: Sequence[Topic], words: str, policy: Policy) -> frozenset[Procedure]:
    """Names the procedures that the one topic of a mail without files belongs to."""
    if len(topics) != 1:
        return frozenset()
    if topics[0].by_role:
        roles = (Procedure.FAMILY_PHYSICIAN, Procedure.OTHER_STAFF)
        return frozenset(role for role in roles if says(words, (policy.procedure_words[role],)))
    return frozenset(t.procedure for t in topics if t.procedure)
