"""The fixture mails, by what they are about: each module's `LETTERS` maps a path to its writer.

A path is "<expected outcome>/<slug>"; the writer's docstring is its line in the README. A writer
returns the bytes of one mail, or, for a conversation, the bytes of each mail by its file name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from tests.mails import XLS, Envelope, Part, Sender, attached, mail, mixed, plain
from tests.people import Person
from tests.workbooks import Grid, Value, entry, official, xls

Writer = Callable[[], bytes] | Callable[[], dict[str, bytes]]
Letters = Mapping[str, Writer]

OUTLOOK = "Microsoft Outlook 16.0"
IPHONE = "iPhone Mail (21E236)"
ANDROID = "Samsung Email 6.1"
WEBMAIL = "Roundcube Webmail/1.4.15"


def writes(who: Person, program: str = OUTLOOK) -> Sender:
    """The person as a sender, from the work address."""
    return Sender(who.name, who.work_email, program)


def list_of(*people: Person, **changes: Value) -> bytes:
    """The official .xls with one lost-or-stolen row each, the named fields written otherwise."""
    return xls(official(*(entry(who, **changes) for who in people)))


def as_xls(grid: Grid, name: str) -> Part:
    """A grid as an attached .xls."""
    return attached(xls(grid), XLS, name)


def list_envelope(who: Person, sent_at: datetime) -> Envelope:
    """Under which a holder sends the own list in the conversations."""
    return Envelope(writes(who), "Kayıp e-imza başvurusu", sent_at)


def list_mail(who: Person, sent_at: datetime, **changes: Value) -> bytes:
    """The first mail of most conversations: a holder's own list, filled in as it should be."""
    words = (
        "Merhaba,\n\n"
        "E-imzamı kaybettim, Kamu SM'yi arayıp iptal ettirdim. Doldurduğum form ektedir.\n\n"
        f"İyi çalışmalar dilerim.\n{who.name}\n{who.workplace}\n"
    )
    form = attached(list_of(who, **changes), XLS, f"FORM-001-003_{who.file_name}.xls")
    return mail(list_envelope(who, sent_at), mixed(plain(words), form))
