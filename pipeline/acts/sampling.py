"""sampling: an accepted receipt as a blind question: the picture, empty fields, what do you read?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from pipeline.acts.acting import Act, Deed, acting, version
from pipeline.acts.kept_files import kept_files
from pipeline.domain import Arrival, Receipt, ReceiptKind
from pipeline.domain.acts import Done
from pipeline.domain.faults import OperatorFault
from pipeline.domain.turkish import IdentityNumber, amount_readings, moments_in, squash
from pipeline.ledger.samples import (
    Cause,
    Said,
    Sample,
    Verdict,
    ask_again,
    note_cause,
    note_verdict,
    open_samples,
    sample_of,
)
from pipeline.office.shop import Shop
from pipeline.papers.printed import whole_page
from pipeline.sandbox.cutting import card_boxes, cut_out

# As it is written for a number that is not printed.
NOT_PRINTED = "-"
_ABOUT = "sample/"


@dataclass(frozen=True, slots=True)
class Read:
    """What a person reads on the picture, as typed: number, amount, day, and the payment's own number."""

    identity_number: str
    amount: str
    paid_on: str
    reference: str


def questions(shop: Shop) -> list[Sample]:
    """Lists the open questions, the oldest first; nothing in them tells what was read."""
    return open_samples(shop.ledger)


def picture_of(shop: Shop, number: int) -> bytes:
    """Has the page of a question's receipt drawn again by a sealed worker: a PNG; card numbers are covered.

    Raises OperatorFault where there is no such question, or no picture to be had any more.
    """
    sample = _asked(shop, number)
    receipt = _receipt(shop, sample)
    arrival = Arrival(sample.sha, shop.home.raw(sample.sha), shop.clock())
    for file in kept_files(arrival, shop.ledger):
        pages = [page for page in file.transcript.pages if page.words]
        if file.name != receipt.file or not pages:
            continue
        told = {region.page for regions in receipt.stands.values() for region in regions}
        page = next((page for page in pages if page.number in told), pages[0])
        digest = file.transcript.digest
        png = cut_out(shop.readers, file.attachment.data, digest, whole_page(page), list(card_boxes(page)))
        if png:
            return png
    raise OperatorFault("sample_unseen", number=number)


def answer(shop: Shop, number: int, read: Read | None, by: str) -> tuple[Verdict, tuple[str, ...]]:
    """Holds what a person reads against what was accepted; None for what nobody can read.

    Gives the verdict and the fields that differ. The first wrong one holds further acceptances of its kind.
    Raises OperatorFault for a question that is answered already, and for what cannot be a value.
    """
    sample = _asked(shop, number)
    if sample.verdict:
        raise OperatorFault("sample_answered", number=number, by=sample.read_by)
    wrong = tuple(differing(_receipt(shop, sample), read)) if read else ()
    verdict: Verdict = "unclear" if read is None else "wrong" if wrong else "right"
    with acting(shop, _deed(sample, verdict, wrong), Act(by, "", version(shop.ledger, _about(number)))):
        note_verdict(shop.ledger, sample, verdict, wrong, Said(by, shop.clock()))
    return verdict, wrong


def answer_again(shop: Shop, done: Done, act: Act) -> None:
    """Puts a question and its answer back as they were; raises OperatorFault where they are others now."""
    asked, said = done.body.get("asked"), Said(act.by, shop.clock())
    # Acts of the first weeks do not tell what was asked.
    if asked is None:
        raise OperatorFault("act_differs", number=done.about)
    kind = ReceiptKind(asked["bank"], asked["reading"])
    drawn_on = date.fromisoformat(asked["drawn_on"])
    sample = Sample(_number(done), done.sha, asked["place"], kind, drawn_on)
    verdict, wrong = done.body["verdict"], done.body["wrong"]
    with acting(shop, _deed(sample, verdict, wrong), act):
        if not ask_again(shop.ledger, sample):
            raise OperatorFault("act_differs", number=done.about)
        note_verdict(shop.ledger, sample, verdict, wrong, said)


def go_on_again(shop: Shop, done: Done, act: Act) -> None:
    """Lets acceptances go on as somebody did; raises OperatorFault where the question stops nothing."""
    _go_on(shop, _asked(shop, _number(done)), done.body["cause"], act)


def _about(number: int) -> str:
    return f"{_ABOUT}{number}"


def _number(done: Done) -> int:
    return int(done.about.removeprefix(_ABOUT))


def _deed(sample: Sample, verdict: Verdict, wrong: Sequence[str]) -> Deed:
    # With the question, for in a ledger that is rebuilt nobody has drawn it.
    asked = {
        "place": sample.place,
        "bank": sample.kind.bank,
        "reading": sample.kind.reading,
        "drawn_on": sample.drawn_on.isoformat(),
    }
    body = {"verdict": verdict, "wrong": list(wrong), "asked": asked}
    return Deed("sample", _about(sample.id), sample.sha, body)


def go_on(shop: Shop, number: int, cause: Cause, because: str, by: str) -> Sample:
    """Lets acceptances of a question's kind go on, after a person has said what the finding was."""
    sample = _asked(shop, number)
    _go_on(shop, sample, cause, Act(by, because, version(shop.ledger, _about(number))))
    return sample


def _go_on(shop: Shop, sample: Sample, cause: Cause, act: Act) -> None:
    if not sample.is_stopping:
        raise OperatorFault("sample_not_stopping", number=sample.id)
    with acting(shop, Deed("sample-resume", _about(sample.id), sample.sha, {"cause": cause}), act):
        note_cause(shop.ledger, sample, cause, Said(act.by, shop.clock(), act.because))


def _asked(shop: Shop, number: int) -> Sample:
    sample = sample_of(shop.ledger, number)
    if sample is None:
        raise OperatorFault("sample_unknown", number=number)
    return sample


def _receipt(shop: Shop, sample: Sample) -> Receipt:
    judged = shop.ledger.judged(sample.sha)
    receipts = judged.decision.evidence.receipts if judged else ()
    if sample.place >= len(receipts):
        raise OperatorFault("sample_unseen", number=sample.id)
    return receipts[sample.place]


def differing(receipt: Receipt, read: Read) -> Iterator[str]:
    """Names the fields that a person reads otherwise; raises OperatorFault for a value that is none."""
    number = IdentityNumber("".join(ch for ch in read.identity_number if ch.isdigit()))
    # Who writes two days, or more than one amount, has not said which.
    amounts, moments = amount_readings(read.amount), moments_in(read.paid_on)
    reference = "" if read.reference.strip() == NOT_PRINTED else squash(read.reference)
    is_value = {
        "identity_number": number.is_valid,
        "amount": len(amounts) == 1,
        "paid_on": len(moments) == 1,
        "reference": bool(reference) or read.reference.strip() == NOT_PRINTED,
    }
    for field, holds in is_value.items():
        if not holds:
            raise OperatorFault(f"sample_value_{field}")
    same = {
        "identity_number": number == receipt.identity_number,
        "amount": amounts == (receipt.amount,),
        "paid_on": [moment.date() for moment in moments] == [receipt.paid_on],
        "reference": reference == squash(receipt.reference or ""),
    }
    yield from (field for field, is_same in same.items() if not is_same)
