"""cards: a calendar's entry or a business card → the words that somebody may have written into it."""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterator
from contextlib import suppress

# What programs write there for each other. Whatever else stands there, people are shown.
_TECHNICAL = frozenset(
    "begin end version prodid uid rev method calscale dtstamp dtstart dtend due duration created last- "
    "modified sequence status transp class priority rrule rdate exdate recurrence-id tzid tzname "
    "tzoffsetfrom tzoffsetto tzurl organizer attendee trigger action repeat related-to photo logo sound "
    "key geo tz tel email url mailer source profile kind bday anniversary gender lang x-wr-timezone "
    "x-wr-relcalid freebusy attach".split()
)
# A name of Microsoft's own, of which there are many, says nothing to people; X-ALT-DESC does.
_OF_PROGRAMS = re.compile(r"x-(?:microsoft|ms|mozilla|apple|lic|google|abuid)[\w-]*", re.IGNORECASE)
_FOLD = re.compile(r"\r?\n[ \t]")
_SOFT = re.compile(r"=\r?\n")


def words_of_card(text: str) -> str:
    """Gives what a calendar or a card shows to people, a line for each of its fields."""
    # A soft break looks like a folded line as well.
    whole = _SOFT.sub("", text) if "quoted-printable" in text.lower() else text
    return "\n".join(_shown(_FOLD.sub("", whole)))


def _shown(text: str) -> Iterator[str]:
    for line in text.splitlines():
        head, colon, value = line.partition(":")
        name, _, told = head.partition(";")
        name = name.rpartition(".")[2].strip().lower()
        if not colon or name in _TECHNICAL or _OF_PROGRAMS.fullmatch(name):
            continue
        if "quoted-printable" in told.lower():
            with suppress(ValueError):
                value = quopri.decodestring(value.encode()).decode("utf-8", "replace")
        value = re.sub(r"\\[nN]", "\n", value)
        value = re.sub(r"<[^>]*>", " ", re.sub(r"\\([,;\\])", r"\1", value))
        # The parts of a name or an address stand between semicolons.
        if value := re.sub(r";+", " ", value).strip():
            yield value
