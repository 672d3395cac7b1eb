"""read: (Attachment, Transcript)… → Evidence"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from rapidfuzz.fuzz import partial_ratio

from pipeline.domain import (
    Attachment,
    Evidence,
    FileKind,
    Holder,
    OpenedFile,
    Page,
    Receipt,
    Region,
    ScannedForm,
    Transcript,
    Unread,
)
from pipeline.evidence_strength import repaired_numbers, strength
from pipeline.layouts import (
    Layout,
    matching,
    matching_picture,
    numbers_in,
    read_picture,
    read_receipt,
    respelled,
    stands_of,
)
from pipeline.papers import paper_on
from pipeline.patterns import Patterns
from pipeline.printed import PrintedLine, lines_of, printed_lines, region_at
from pipeline.sheets import Form, read_list
from pipeline.signed_forms import SignedForm
from pipeline.turkish import IdentityNumber, heading, squeeze

# Day 0 of the two date systems of workbooks (the first counts a 29 February 1900 that never was).
_SERIALS_FROM = date(1899, 12, 30)
_SERIALS_FROM_1904 = date(1904, 1, 1)
# A picture with fewer words than this, set in the mail's text, is a logo or a signature.
_FEWEST_WORDS = 8
_FINDERS = {"text": numbers_in}
# How much of a heading, in percent, must be as the form prints it: the rules of a table cut letters off.
_MISREAD = 85
_SHORTEST_HEADING = 10


def read(files: Sequence[tuple[Attachment, Transcript]], patterns: Patterns) -> Evidence:
    """Reads what the files of one mail say: holders, receipts, and names of what says nothing."""
    form, signed_form = patterns.form, patterns.signed_form
    holders: list[Holder] = []
    receipts: list[Receipt] = []
    unread: list[Unread] = []
    pasted: list[Holder] = []
    noted: list[Unread] = []
    forms: list[ScannedForm] = []
    printed: dict[str, set[IdentityNumber]] = {}
    for file in opened_files(files):
        name, transcript = file.name, file.transcript
        if file.attachment.is_body:
            pasted += read_list(name, transcript.sheets, form, _day_zero(transcript)).holders
            continue
        noted += [Unread(name, note) for note in transcript.notes]
        if file.attachment.inline and _is_decoration(transcript):
            continue
        if transcript.problem:
            unread.append(Unread(name, _why_unread(transcript, form)))
        elif transcript.sheets and transcript.kind is FileKind.WORD:
            # A table in a letter is a list that somebody typed again, whatever it looks like.
            unread.append(Unread(name, "word_document"))
        elif transcript.sheets:
            reading = read_list(name, transcript.sheets, form, _day_zero(transcript))
            holders += reading.holders
            if reading.why_none or reading.lacks_columns:
                unread.append(Unread(name, reading.why_none or "columns_missing"))
        else:
            other = tuple(p for p in transcript.pages if not signed_form.is_on(lines_of(p)))
            is_there = len(other) < len(transcript.pages)
            if is_there:
                forms.append(_form(name, [p for p in transcript.pages if p not in other], signed_form))
            found = _read_pages(name, replace(transcript, pages=other), patterns)
            if is_there and _is_of_the_form(found, other):
                unread.append(Unread(name, "signed_form"))
                continue
            if is_there:
                # The form and a receipt are often scanned into one file.
                noted.append(Unread(name, "signed_form"))
            paper = paper_on(_all_lines(other), patterns.papers) if _says_little(found) else ""
            if paper:
                unread.append(Unread(name, paper))
            elif not isinstance(found, Unread):
                receipts += found
            else:
                unread.append(found)
                printed[name] = _numbers_on(other)
    # What comes beside a list or a receipt and asks for nothing of its own is no matter for a person.
    people = {holder.identity_number for holder in holders}
    beside = {u for u in unread if (holders or receipts) and u.why in ("official_letter", "too_small")}
    beside |= {u for u in unread if receipts and u.why == "account_statement"}
    if holders:
        beside |= {u for u in unread if u.why == "list_as_picture" and people == printed.get(u.name)}
    return Evidence(
        holders=tuple(holders),
        receipts=_without_copies(receipts),
        unread=tuple(u for u in unread if u not in beside),
        # A table beside a file that is a list is the file again, or an answered mail's.
        pasted=() if holders else tuple(pasted),
        noted=(*noted, *(u for u in unread if u in beside)),
        forms=tuple(forms),
    )


def opened_files(files: Iterable[tuple[Attachment, Transcript]]) -> Iterator[OpenedFile]:
    """Lists every file of a mail with the files inside it, no two under the same name."""
    names: set[str] = set()
    for attachment, transcript in files:
        name, number = attachment.name, 1
        while name in names:
            number += 1
            name = f"{attachment.name} ({number})"
        names.add(name)
        yield from _with_inner(name, attachment, transcript, False)


def _with_inner(
    name: str, attachment: Attachment, transcript: Transcript, is_inner: bool
) -> Iterator[OpenedFile]:
    if not transcript.inner or transcript.problem:
        yield OpenedFile(name, attachment, transcript, is_inner)
    for inner_name, inner in transcript.inner:
        yield from _with_inner(f"{name} / {inner_name}", attachment, inner, True)


def _is_decoration(transcript: Transcript) -> bool:
    words = sum(len(page.words) for page in transcript.pages)
    return transcript.kind is FileKind.PICTURE and words < _FEWEST_WORDS


def _day_zero(transcript: Transcript) -> date:
    return _SERIALS_FROM_1904 if any(sheet.since_1904 for sheet in transcript.sheets) else _SERIALS_FROM


def _all_lines(pages: Iterable[Page]) -> list[str]:
    return [line for page in pages for line in lines_of(page)]


def _numbers_on(pages: Iterable[Page]) -> set[IdentityNumber]:
    return {
        number
        for page in pages
        for line in lines_of(page)
        for number in _FINDERS.get(page.read_by, repaired_numbers)(line)
    }


def _is_of_the_form(found: tuple[Receipt, ...] | Unread, pages: Sequence[Page]) -> bool:
    """Tells whether other pages beside a signed form are blank, its second page or its back."""
    if not isinstance(found, Unread) or found.why not in ("no_words", "unknown_document"):
        return False
    return not any(strength(page.words, ()).is_receipt_like for page in pages)


def _says_little(found: tuple[Receipt, ...] | Unread) -> bool:
    """Tells whether nothing of a payment could be read, so that a page may be another paper."""
    if isinstance(found, Unread):
        return found.why == "unknown_document"
    return not any(receipt.amount or receipt.paid_on for receipt in found)


def _read_pages(name: str, transcript: Transcript, patterns: Patterns) -> tuple[Receipt, ...] | Unread:
    """Reads the receipt that pages hold together, or one on each where every page is whole by itself."""
    if len(transcript.pages) > 1:
        single = [_read_one(name, replace(transcript, pages=(p,)), patterns) for p in transcript.pages]
        slips = tuple(s for s in single if isinstance(s, Receipt) and s.identity_number and s.amount)
        if len(slips) == len(single):
            return slips
    found = _read_one(name, transcript, patterns)
    return found if isinstance(found, Unread) else (found,)


def _read_one(name: str, transcript: Transcript, patterns: Patterns) -> Receipt | Unread:
    printed = [line for page in transcript.pages for line in printed_lines(page)]
    lines = [line.text for line in printed]
    if not any(map(squeeze, lines)):
        return Unread(name, "no_words")
    ways = {page.read_by for page in transcript.pages}
    is_text = ways == {"text"}
    # A bank's own text is spelled as the bank spells it; only what was seen may be misread.
    fitting, reading = (matching, read_receipt) if is_text else (matching_picture, read_picture)
    names = fitting(lines, patterns.layouts)
    if len(names) == 1:
        layout = patterns.layouts[names[0]]
        receipt = reading(name, transcript.digest, lines, names[0], layout, patterns.rails)
        way = ways.pop() if len(ways) == 1 else "mixed"
        stands = _stands(printed, lines if is_text else respelled(lines, layout), layout)
        looks = next((page.likeness for page in transcript.pages if page.words), "")
        return replace(receipt, read_by=way, notes=transcript.notes, stands=stands, likeness=looks)
    if names:
        return Unread(name, "two_layouts")
    return Unread(name, "list_as_picture" if _looks_like_list(lines, patterns.form) else "unknown_document")


def _why_unread(transcript: Transcript, form: Form) -> str:
    # Too few words for a receipt, yet enough to know the form by: its sender is told to send the workbook.
    if transcript.problem == "illegible" and _looks_like_list(_all_lines(transcript.pages), form):
        return "list_as_picture"
    return transcript.problem


def _form(name: str, pages: Sequence[Page], signed_form: SignedForm) -> ScannedForm:
    numbers = {
        number
        for page in pages
        # Digits may be misread, and repaired, only where they were seen.
        if (number := signed_form.number_on(lines_of(page), _FINDERS.get(page.read_by, repaired_numbers)))
    }
    return ScannedForm(name, numbers.pop() if len(numbers) == 1 else None)


def _stands(
    printed: Sequence[PrintedLine], lines: Sequence[str], layout: Layout
) -> Mapping[str, tuple[Region, ...]]:
    """Keeps where everything was read, for a person to be shown it."""
    return {
        field: tuple(region for spans in told if (region := region_at(printed, spans)))
        for field, told in stands_of(lines, layout).items()
    }


def _looks_like_list(lines: Sequence[str], form: Form) -> bool:
    """Tells whether the form's title, or three of its rarer headings, stand in a text."""
    text = heading(" ".join(lines))
    rare = ("work_email", "workplace", "kind", "card_reader", "term_years", "payment")
    told = sum(any(_stands_in(text, heading(alias)) for alias in form.column(f).aliases) for f in rare)
    return heading(form.title) in text or told >= 3


def _stands_in(text: str, words: str) -> bool:
    # What is as short as "ödeme" stands on every receipt.
    is_telling = _SHORTEST_HEADING <= len(words) <= len(text)
    return is_telling and partial_ratio(words, text, score_cutoff=_MISREAD) > 0


def _without_copies(receipts: Iterable[Receipt]) -> tuple[Receipt, ...]:
    """Drops a receipt whose very bytes stand in the same mail already, and one printed twice in a file."""
    return tuple({(r.digest, r.identity_number, r.reference): r for r in receipts}.values())
