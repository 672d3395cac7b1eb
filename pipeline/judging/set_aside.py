"""set_aside: files that ask for nothing of their own → what they say that nobody else would hear.

A statement, a cover letter or a picture in a mail's text is answered by no letter. It may say of the receipt
beside it that its payment came back, all the same.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from decimal import Decimal

from pipeline.domain import Aside, Attachment, Evidence, OpenedFile, Receipt, Transcript
from pipeline.domain.turkish import amount_readings
from pipeline.judging.read import opened_files
from pipeline.judging.sentences import divided
from pipeline.papers.printed import lines_of
from pipeline.papers.rails import Rails, signs_on
from pipeline.papers.unlabelled import Read, unaccounted
from pipeline.policy.policy import Policy

_PICTURE = "picture"
_PAPERS = frozenset({"account_statement", "official_letter"})
# What came back to the account.
_BACK = re.compile(r"\+\s?(\d[\d.,]*)")


def set_aside(files: Iterable[tuple[Attachment, Transcript]], evidence: Evidence) -> tuple[Aside, ...]:
    """Gives the files of a mail with words of their own that its evidence says nothing of."""
    papers = {noted.name: noted.why for noted in evidence.noted if noted.why in _PAPERS}
    told = {
        *(holder.file for holder in evidence.holders),
        *(receipt.file for receipt in evidence.receipts),
        *(form.file for form in evidence.forms),
        *(unread.name for unread in evidence.unread),
    }
    found = ((file, papers.get(file.name, "")) for file in opened_files(files) if file.name not in told)
    return tuple(
        Aside(file.name, what or _PICTURE, lines)
        for file, what in found
        if (what or file.attachment.inline) and (lines := _lines(file))
    )


def hear_aside(
    aside: Sequence[Aside], receipts: Sequence[Receipt], own: Collection[str], policy: Policy
) -> str:
    """Gives the first thing that files set aside may say against the receipts beside them; "" for nothing."""
    amounts = {receipt.amount for receipt in receipts if receipt.amount is not None}
    told = (line for paper in aside for line in _against(paper, amounts, own, policy))
    return next(told, "")


def unknown_in_pictures(aside: Iterable[Aside], own: Collection[str], policy: Policy) -> str:
    """Gives the first line of pictures in a mail's text that is no logo's and no signature's; "" for none."""
    pictures = (line for paper in aside if paper.what == _PICTURE for line in paper.lines)
    return next((line for line in pictures if policy.remarks.is_unknown_in_picture(line, own)), "")


def _lines(file: OpenedFile) -> tuple[str, ...]:
    return tuple(line for page in file.transcript.pages for line in lines_of(page) if line.strip())


def _against(
    paper: Aside, amounts: Collection[Decimal], own: Collection[str], policy: Policy
) -> Iterator[str]:
    remarks = policy.remarks
    if not remarks.papers:
        return
    if paper.what == _PICTURE:
        yield from (line for line in paper.lines if remarks.is_unknown_in_picture(line, own))
    elif paper.what == "official_letter":
        said = divided("\n".join(paper.lines))
        yield from (text for text in said if remarks.is_against_in_letter(text, own))
    else:
        known = remarks.papers.statements
        yield from (
            line for line in paper.lines if _is_back(line, amounts) or _is_sign(line, known, policy.rails)
        )


def _is_back(line: str, amounts: Collection[Decimal]) -> bool:
    """Tells whether as much as was paid came back to the account."""
    return any(told in amounts for run in _BACK.findall(line) for told in amount_readings(run))


def _is_sign(line: str, known: Sequence[str], rails: Rails) -> bool:
    # Of a row's own label, day and amount nothing follows: they are those of any payment.
    words = rails.unlabelled.model_copy(update={"heads": ()})
    read = Read(known=(*known, *rails.headings, *rails.passing_words, *rails.done))
    return bool(signs_on((line,), known, rails) or unaccounted((line,), read, words))
