"""continuity: is this ledger the newest there is? The mail folders remember what an older copy has forgotten.

A folder of a virtual machine that is put back from a snapshot looks whole. But letters that it does not know
of lie among the copies, or mails that it never heard in the folders they were filed into: it would answer
them again and send the same list a second time. Looked for before anything is judged or sent.
"""

from __future__ import annotations

import email
import email.policy
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from email.message import EmailMessage
from typing import TYPE_CHECKING

from pipeline.domain import OfficeLetter, Outcome
from pipeline.domain.faults import OperatorFault
from pipeline.domain.troubles import Trouble
from pipeline.ledger import folders
from pipeline.ledger.rebuilding import as_copy
from pipeline.ledger.seals import codes_in
from pipeline.mail.imap import Fetched, Head, Mailbox, Unfetched
from pipeline.office.emergency import call_for_help
from pipeline.office.shop import Run, Shop, imap_account
from pipeline.office.watch import Watch, mailbox_trouble

if TYPE_CHECKING:
    from pipeline.office.settings import Account


def assure_newest(shop: Shop, watch: Watch, run: Run) -> None:
    """Raises OperatorFault where the folders know more than the ledger; then nothing runs until `rebuild`.

    A server that is away is no proof of anything: the run goes on with what it has.
    """
    for account in shop.settings.accounts:
        name = mailbox_trouble(account)
        if watch.seen.get(name):
            continue
        what = ""
        with watch.unless_away(name), Mailbox(watch.imap(account)) as mailbox:
            what = _look(shop, account, mailbox, run)
        if what:
            fault = OperatorFault("ledger_older", home=shop.home.folder, what=what)
            shop.home.demand_rebuild(fault)
            trouble = Trouble("ledger", fault.name, shop.clock(), shop.clock())
            call_for_help(shop.settings, shop.policy, shop.home, trouble)
            raise fault


@dataclass(frozen=True, slots=True)
class _Looked:
    """How far a folder was looked at: (UIDVALIDITY, UIDNEXT), and the newest arrival in it."""

    folder: str
    until: tuple[int, int]
    newest: datetime | None


def _look(shop: Shop, account: Account, mailbox: Mailbox, run: Run) -> str:
    """Looks at what is new in the folders; names the first that knows more than the ledger, or ""."""
    looked: list[_Looked] = []
    lived = folders.last_lived(shop.ledger, run.noted)
    for folder, is_copies in _folders(shop, account):
        state = mailbox.state_of(folder)
        if state is None:
            continue
        first = folders.known_until(shop.ledger, account.name, folder, state.uidvalidity)
        if first == state.uidnext:
            continue
        heads = list(mailbox.heads(folder, first, account.since)) if state.messages else []
        # With copies a mail that somebody has put into a folder by hand is not taken for one of ours.
        counts = is_copies or lived is None or shop.settings.sent_copies is None
        if counts and any(
            _is_lost(shop, head) if is_copies else _is_unheard(shop, account, folder, head, lived)
            for head in heads
        ):
            return folder
        newest = max((head.received_at for head in heads), default=None)
        looked.append(_Looked(folder, (state.uidvalidity, state.uidnext), newest))
    if looked:
        with shop.ledger.transaction():
            for one in looked:
                folders.note_folder(shop.ledger, account.name, one.folder, one.until, one.newest)
    return ""


def _folders(shop: Shop, account: Account) -> Iterator[tuple[str, bool]]:
    """Gives the folders to look into, and whether copies of our letters lie there."""
    kept = shop.settings.sent_copies
    if kept and kept.account == account.name:
        yield kept.folder, True
    for folder in dict.fromkeys(getattr(account.file_into, outcome) for outcome in Outcome):
        if folder != account.folder:
            yield folder, False


def _is_lost(shop: Shop, head: Head) -> bool:
    """Tells whether a copy is of a letter that the ledger has not."""
    copy = as_copy(head.raw, shop.policy.office.sender)
    return copy is not None and not folders.has_sent(shop.ledger, copy.message_id)


def _is_unheard(shop: Shop, account: Account, folder: str, head: Head, lived: datetime | None) -> bool:
    """Tells whether a filed mail is one that the ledger has not."""
    if lived is not None and head.received_at <= lived:
        # What was there by then and was not heard, somebody has filed by hand.
        return False
    if folders.knows_mail(shop.ledger, head.size, head.received_at):
        return False
    sha = _digest(shop, account, folder, head.uid)
    return sha != "" and not folders.knows_bytes(shop.ledger, sha)


def _digest(shop: Shop, account: Account, folder: str, uid: int) -> str:
    """Fetches a mail and gives its digest, "" where it cannot be had."""
    with Mailbox(replace(imap_account(account), folder=folder)) as mailbox:
        mailbox.select()
        for mail in mailbox.fetch([uid], shop.settings.budget.largest_mail_bytes):
            if isinstance(mail, Fetched):
                return hashlib.sha256(mail.raw).hexdigest()
    return ""


def codes_outside(shop: Shop) -> list[str]:
    """Reads the code of the audit log from the newest report among the copies; none without copies.

    Raises MailboxFault where they cannot be looked at.
    """
    kept = shop.settings.sent_copies
    if kept is None:
        return []
    account = next(a for a in shop.settings.accounts if a.name == kept.account)
    sender, largest = shop.policy.office.sender, shop.settings.budget.largest_mail_bytes
    with Mailbox(replace(imap_account(account), folder=kept.folder)) as mailbox:
        if mailbox.state_of(kept.folder) is None:
            return []
        mailbox.select()
        reports = [
            (copy.written_at, head.uid)
            for head in mailbox.heads(kept.folder, 1, account.since)
            if (copy := as_copy(head.raw, sender)) and copy.kind == OfficeLetter.NIGHTLY
        ]
        newest = [uid for _, uid in sorted(reports)[-1:]]
        return [code for mail in mailbox.fetch(newest, largest) for code in _codes(mail)][:1]


def _codes(mail: Fetched | Unfetched) -> list[str]:
    if isinstance(mail, Unfetched):
        return []
    message = email.message_from_bytes(mail.raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    text = message.get_body(("plain",))
    return codes_in(text.get_content()) if text else []
