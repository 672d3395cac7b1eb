"""read: (Attachment, Transcript)… → Evidence"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from rapidfuzz.fuzz import partial_ratio

from pipeline.domain import (
    NEW_PART,
    Attachment,
    Coded,
    Evidence,
    FileKind,
    Holder,
    OpenedFile,
    Page,
    Receipt,
    ScannedForm,
    Submission,
    Transcript,
    Unread,
)
from pipeline.domain.turkish import IdentityNumber, heading, squeeze
from pipeline.lists.columns import compared, in_doubt_of_letters
from pipeline.lists.form import Form
from pipeline.lists.sheets import ListReading, read_list
from pipeline.papers.aslant import beside_its_name
from pipeline.papers.codes import confirmed, confirming, with_codes
from pipeline.papers.layouts import (
    matching,
    matching_picture,
    numbers_in,
    read_picture,
    read_receipt,
    respelled,
)
from pipeline.papers.others import paper_on
from pipeline.papers.printed import lines_of, printed_lines
from pipeline.papers.rails import signs_on
from pipeline.papers.signed_forms import SignedForm
from pipeline.papers.sources import sources_on
from pipeline.papers.stands import stands_on
from pipeline.papers.strength import repaired_numbers, strength
from pipeline.papers.transfers import read_transfer, transfer_stands
from pipeline.papers.unlabelled import Read, unaccounted
from pipeline.policy.companions import COMPANION, companions_among
from pipeline.policy.patterns import Patterns

# Day 0 of the two date systems of workbooks (the first counts a 29 February 1900 that never was).
_SERIALS_FROM = date(1899, 12, 30)
_SERIALS_FROM_1904 = date(1904, 1, 1)
# A picture with fewer words than this, set in the mail's text, is a logo or a signature.
_FEWEST_WORDS = 8
_FINDERS = {"text": numbers_in}
_LOCKED = {FileKind.PDF: "locked_pdf", FileKind.ARCHIVE: "locked_archive"}
_NOTHING_TO_READ = frozenset({"damaged_file", "no_pages", "empty_file", "unknown_format"})
# How much of a heading, in percent, must be as the form prints it: the rules of a table cut letters off.
_MISREAD = 85
_SHORTEST_HEADING = 10
# So many of the numbers that stand beside a list's rows are named.
_MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class _Told:
    """What files say, before it is weighed what of it stands beside the rest."""

    holders: tuple[Holder, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    unread: tuple[Unread, ...] = ()
    pasted: tuple[Holder, ...] = ()
    noted: tuple[Unread, ...] = ()
    # Rows that only show how the form is filled in: worth a word where somebody is listed as well.
    samples: tuple[Unread, ...] = ()
    forms: tuple[ScannedForm, ...] = ()
    # By file that gave nothing, the identity numbers that are printed in it.
    printed: Mapping[str, frozenset[IdentityNumber | None]] = field(default_factory=dict)

    def and_then(self, other: _Told) -> _Told:
        """Adds what the next file says."""
        samples = other.samples if self.holders or other.holders else ()
        return _Told(
            holders=self.holders + other.holders,
            receipts=self.receipts + other.receipts,
            unread=self.unread + other.unread,
            pasted=self.pasted + other.pasted,
            noted=self.noted + other.noted + samples,
            forms=self.forms + other.forms,
            printed={**self.printed, **other.printed},
        )


def read(files: Sequence[tuple[Attachment, Transcript]], patterns: Patterns) -> Evidence:
    """Reads what the files of one mail say: holders, receipts, and names of what says nothing."""
    opened = tuple(opened_files(files))
    told = _Told()
    for file in opened:
        told = told.and_then(_told_by(file, patterns))
    told = replace(told, holders=tuple(compared(told.holders)), unread=_letters_known(told.unread, opened))
    silent = companions_among(opened, (u.name for u in told.unread), patterns.companions)
    beside = {u for u in told.unread if u.name in silent or _is_beside(u, told)}
    data = {file.name: file.transcript.codes for file in opened if file.transcript.problem == "payment_data"}
    beside |= {u for u in told.unread if confirming(data.get(u.name, ()), told.receipts, patterns.rails)}
    noted = (Unread(u.name, COMPANION) if u.name in silent else u for u in told.unread if u in beside)
    return Evidence(
        holders=told.holders,
        receipts=_without_copies(told.receipts),
        unread=tuple(u for u in told.unread if u not in beside),
        # A table beside a file that is a list is the file again, or an answered mail's.
        pasted=() if told.holders else told.pasted,
        noted=(*told.noted, *noted),
        forms=told.forms,
    )


def _letters_known(unread: Iterable[Unread], opened: Iterable[OpenedFile]) -> tuple[Unread, ...]:
    """Knows a cover letter by its name where nothing in it can be read; else it is judged by what it says."""
    covers = {file.name for file in opened if "cover_letter" in file.transcript.notes}
    return tuple(
        Unread(u.name, "official_letter") if u.name in covers and u.why in _NOTHING_TO_READ else u
        for u in unread
    )


def _is_beside(unread: Unread, told: _Told) -> bool:
    """Tells whether a file comes beside a list or a receipt and asks for nothing of its own."""
    match unread.why:
        case "official_letter" | "too_small":
            return bool(told.holders or told.receipts)
        case "account_statement":
            return bool(told.receipts)
        case "list_as_picture":
            people = frozenset(holder.identity_number for holder in told.holders)
            return bool(people) and people == told.printed.get(unread.name)
    return False


def _told_by(file: OpenedFile, patterns: Patterns) -> _Told:
    """Reads one file: as a list, or as papers."""
    name, transcript = file.name, file.transcript
    if file.attachment.is_body:
        return _Told(
            pasted=tuple(read_list(name, transcript.sheets, patterns.form, _day_zero(transcript)).holders)
        )
    told = _Told(noted=tuple(Unread(name, note) for note in transcript.notes))
    if file.attachment.inline and _is_decoration(transcript):
        return told
    if transcript.problem:
        return told.and_then(_Told(unread=(Unread(name, _why_unread(transcript, patterns.form)),)))
    if transcript.sheets and transcript.kind is FileKind.WORD:
        # A table in a letter is a list that somebody typed again, whatever it looks like.
        return told.and_then(_Told(unread=(Unread(name, "word_document"),)))
    return told.and_then(_on_list(file, patterns.form) if transcript.sheets else _on_pages(file, patterns))


def _on_list(file: OpenedFile, form: Form) -> _Told:
    name, transcript = file.name, file.transcript
    reading = read_list(name, transcript.sheets, form, _day_zero(transcript))
    return _Told(
        holders=tuple(in_doubt_of_letters(reading.holders, transcript.notes)),
        unread=tuple(_unread_of(file, reading)),
        samples=(Unread(name, "samples", ", ".join(reading.samples)),) if reading.samples else (),
    )


def _on_pages(file: OpenedFile, patterns: Patterns) -> _Told:
    """Reads pages that hold receipts, the signed form, or both, or another paper."""
    name, transcript = file.name, file.transcript
    signed_form = patterns.signed_form
    other = tuple(p for p in transcript.pages if not signed_form.is_on(lines_of(p)))
    found = _read_pages(name, replace(transcript, pages=other), patterns)
    told = _Told()
    if len(other) < len(transcript.pages):
        form = _form(name, [p for p in transcript.pages if p not in other], signed_form)
        if _is_of_the_form(found, other, patterns):
            return _Told(forms=(form,), unread=(Unread(name, "signed_form"),))
        # The form and a receipt are often scanned into one file.
        told = _Told(forms=(form,), noted=(Unread(name, "signed_form"),))
    paper = paper_on(_all_lines(other), patterns.papers) if _says_little(found) else ""
    if paper:
        return replace(told, unread=(Unread(name, paper),))
    if isinstance(found, Unread):
        return replace(told, unread=(found,), printed={name: _numbers_on(other)})
    return replace(told, receipts=found)


def _unread_of(file: OpenedFile, reading: ListReading) -> Iterator[Unread]:
    """Names what a list does not say, and which of its rows nobody can tell to be a person's or not."""
    name = file.name
    if reading.why_none == "not_our_form" and _is_web_page(file):
        yield Unread(name, "web_page")
    elif reading.why_none == "heading_mistyped" or (
        not reading.why_none and reading.lacking and reading.near
    ):
        yield Unread(name, "heading_mistyped", "; ".join(reading.near))
    elif reading.why_none:
        yield Unread(name, reading.why_none)
    elif reading.lacking and reading.holders:
        yield Unread(name, "columns_missing", ", ".join(reading.lacking))
    if reading.unaccounted:
        yield Unread(name, "rows_unaccounted", ", ".join(reading.unaccounted))
    if reading.beside:
        yield Unread(name, "numbers_beside", ", ".join(map(str, reading.beside[:_MOST_NAMED])))


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


def said_in(submission: Submission, files: Iterable[tuple[Attachment, Transcript]]) -> Submission:
    """Adds to a mail's words those of the mails that were saved as files and sent with it."""
    said = (f"\n{NEW_PART}\n{words}" for _file, transcript in files for words in _said(transcript))
    return replace(submission, text="".join([submission.text, *said]))


def _said(transcript: Transcript) -> Iterator[str]:
    if transcript.said.strip():
        yield transcript.said.replace("\r\n", "\n")
    for _name, inner in transcript.inner:
        yield from _said(inner)


def _with_inner(
    name: str, attachment: Attachment, transcript: Transcript, is_inner: bool
) -> Iterator[OpenedFile]:
    if not transcript.inner or transcript.problem:
        yield OpenedFile(name, attachment, transcript, is_inner)
    for inner_name, inner in transcript.inner:
        # What only wraps a file, such as a signature, has no name for it.
        inside = f"{name} / {inner_name}" if inner_name else name
        yield from _with_inner(inside, attachment, inner, True)


def _is_web_page(file: OpenedFile) -> bool:
    """Tells whether a table that is no list comes from a saved page, and not from Excel, which saves such."""
    is_markup = file.transcript.format in ("html", "mhtml")
    return is_markup and not file.name.casefold().endswith((".xls", ".xlsx"))


def _is_decoration(transcript: Transcript) -> bool:
    words = sum(len(page.words) for page in transcript.pages)
    return transcript.kind is FileKind.PICTURE and words < _FEWEST_WORDS


def _day_zero(transcript: Transcript) -> date:
    return _SERIALS_FROM_1904 if any(sheet.since_1904 for sheet in transcript.sheets) else _SERIALS_FROM


def _all_lines(pages: Iterable[Page]) -> list[str]:
    return [line for page in pages for line in lines_of(page)]


def _numbers_on(pages: Iterable[Page]) -> frozenset[IdentityNumber | None]:
    return frozenset(
        number
        for page in pages
        for line in lines_of(page)
        for number in _FINDERS.get(page.read_by, repaired_numbers)(line)
    )


def _is_of_the_form(found: tuple[Receipt, ...] | Unread, pages: Sequence[Page], patterns: Patterns) -> bool:
    """Tells whether other pages beside a signed form are blank, its second page or its back."""
    if not isinstance(found, Unread) or found.why not in ("no_words", "unknown_document"):
        return False
    return not any(strength(page.words, patterns.terms).is_receipt_like for page in pages)


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
    for start in range(1, len(transcript.pages)):
        if not isinstance(found, Unread) or not _is_by_the_way(transcript.pages[start - 1], patterns):
            break
        found = _read_one(name, replace(transcript, pages=transcript.pages[start:]), patterns)
    return found if isinstance(found, Unread) else (found,)


def _is_by_the_way(page: Page, patterns: Patterns) -> bool:
    """Tells whether a page in front of a receipt says nothing of a payment, as advertisements do not."""
    if strength(page.words, patterns.terms).is_receipt_like or page.across:
        return False
    lines, rails = lines_of(page), patterns.rails
    read = Read(known=(*rails.headings, *rails.passing_words), is_seen=page.read_by != "text")
    return not (signs_on(lines, (), rails) or unaccounted(lines, read, rails.unlabelled))


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
        receipt = reading(lines, names[0], layout, patterns.rails)
        way = ways.pop() if len(ways) == 1 else "mixed"
        stands = stands_on(printed, lines if is_text else respelled(lines, layout), layout, patterns.rails)
        codes = _codes_on(transcript)
        looks = next((page.likeness for page in transcript.pages if page.words), "")
        across = [text for page in transcript.pages for text in page.across]
        return replace(
            with_codes(receipt, codes, patterns.rails),
            file=name,
            digest=transcript.digest,
            read_by=way,
            notes=transcript.notes,
            across=tuple(across) if is_text else beside_its_name(across, layout, patterns.rails),
            also_read=tuple(text for page in transcript.pages for text in page.otherwise),
            stands=stands,
            sources=sources_on(transcript.pages, stands, confirmed(receipt, codes)),
            likeness=looks,
        )
    if names:
        return Unread(name, "two_layouts")
    transfer = read_transfer(name, transcript.digest, lines, patterns.rails) if is_text else None
    if transfer:
        codes, stands = _codes_on(transcript), transfer_stands(printed, patterns.rails)
        sources = sources_on(transcript.pages, stands, confirmed(transfer, codes))
        told = replace(transfer, notes=transcript.notes, sources=sources)
        is_across = any(page.across for page in transcript.pages)
        is_as_coded = with_codes(transfer, codes, patterns.rails) == transfer
        # What is hidden, added, unlike its picture or said otherwise by a code leaves it to a person.
        if not told.suspicions and not is_across and is_as_coded:
            return replace(transfer, sources=sources)
    return Unread(name, "list_as_picture" if _looks_like_list(lines, patterns.form) else "unknown_document")


def _codes_on(transcript: Transcript) -> tuple[Coded, ...]:
    return (*transcript.codes, *(coded for page in transcript.pages for coded in page.codes))


def _why_unread(transcript: Transcript, form: Form) -> str:
    # Too few words for a receipt, yet enough to know the form by: its sender is told to send the workbook.
    if transcript.problem == "illegible" and _looks_like_list(_all_lines(transcript.pages), form):
        return "list_as_picture"
    # Where a password is taken off depends on what wrote the file.
    if transcript.problem == "password_protected":
        return _LOCKED.get(transcript.kind, transcript.problem)
    return transcript.problem


def _form(name: str, pages: Sequence[Page], signed_form: SignedForm) -> ScannedForm:
    numbers = {
        number
        for page in pages
        # Digits may be misread, and repaired, only where they were seen.
        if (number := signed_form.number_on(lines_of(page), _FINDERS.get(page.read_by, repaired_numbers)))
    }
    return ScannedForm(name, numbers.pop() if len(numbers) == 1 else None)


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
    told = {
        (r.digest, r.identity_number, r.reference, r.layout, r.rail, r.amount, r.paid_on): r for r in receipts
    }
    return tuple(told.values())
