"""rendering: Letter → the bytes that every attempt sends, the same for the same letter."""

from __future__ import annotations

import hashlib
import re
from email.generator import BytesGenerator
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage, MIMEPart
from email.policy import EmailPolicy
from email.utils import format_datetime
from io import BytesIO

from pipeline.domain import Letter
from pipeline.mail.headers import ABOUT_HEADER, LOOP_HEADER, NUMBER_HEADER


class _Policy(EmailPolicy):
    """The standard library's policy, which loses the space between two words where it folds a subject."""

    def fold_binary(self, name: str, value: str) -> bytes:
        """Folds a header (called by the generator)."""
        if name != "Subject" or value.isascii():
            return super().fold_binary(name, value)
        written = Header(value, "utf-8", self.max_line_length, name).encode(linesep=self.linesep)
        return f"{name}: {written}{self.linesep}".encode("ascii")


class _Generator(BytesGenerator):
    """The standard library's generator, which writes a text line by line: a large enclosure has thousands."""

    def _write_lines(self, lines: str) -> None:
        # Where a later library calls it otherwise, this is not called, and only slower.
        self.write("\r\n".join(_LINE_END.split(lines)))


_LINE_END = re.compile(r"\r\n|\r|\n")
# Seven-bit and folded at 76, so that no server on the way has to touch a byte.
_POLICY = _Policy(linesep="\r\n", cte_type="7bit", max_line_length=76)


def message_id(letter: Letter) -> str:
    """Makes the letter's Message-ID from what it is and answers, so that a repeat is the same letter."""
    return message_id_of(letter.kind, letter.about, letter.recipient, letter.sender)


def message_id_of(kind: str, about: str, recipient: str, sender: str) -> str:
    """Makes the Message-ID of a letter of ours from what it is, about what, to whom and from whom."""
    name = hashlib.sha256(f"{kind}\0{about}\0{recipient}".encode()).hexdigest()
    # Short enough for one line: a folded Message-ID is read wrongly by some.
    return f"<{name[:24]}@{sender.rpartition('@')[2]}>"


def content_id(picture: str) -> str:
    """Makes the name by which a letter's HTML shows one of its pictures.

    >>> content_id("nights.png")
    'nights.png@nes-intake'
    """
    return f"{picture}@nes-intake"


def render(letter: Letter) -> bytes:
    """Renders a letter as text and HTML with its enclosures; a header can hold one line only."""
    message = EmailMessage(_POLICY)
    message["From"] = Address(addr_spec=letter.sender)
    message["To"] = Address(addr_spec=letter.recipient)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(letter.written_at)
    message["Message-ID"] = message_id(letter)
    if letter.answers:
        message["In-Reply-To"] = letter.answers
        message["References"] = " ".join(dict.fromkeys((*letter.references, letter.answers)))
    message["Auto-Submitted"] = "auto-replied" if letter.answers else "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message[LOOP_HEADER] = letter.kind
    message[ABOUT_HEADER] = letter.about
    if letter.number:
        message[NUMBER_HEADER] = str(letter.number)
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    html = message.get_body(("html",))
    for picture in letter.pictures:
        assert isinstance(html, MIMEPart)
        _, _, sub = picture.media_type.partition("/")
        cid = f"<{content_id(picture.name)}>"
        html.add_related(
            picture.data, maintype="image", subtype=sub, cid=cid, filename=picture.name, disposition="inline"
        )
    for enclosure in letter.enclosures:
        main, _, sub = enclosure.media_type.partition("/")
        charset = {"charset": "utf-8"} if main == "text" else {}
        message.add_attachment(
            enclosure.data, maintype=main, subtype=sub, filename=enclosure.name, params=charset
        )
    _set_boundaries(message, hashlib.sha256(message_id(letter).encode()).hexdigest()[:24])
    stream = BytesIO()
    _Generator(stream, policy=_POLICY).flatten(message)
    return stream.getvalue()


def _set_boundaries(message: MIMEPart, seed: str) -> None:
    # The standard library would draw them by chance, and the bytes would differ every time.
    for number, part in enumerate(p for p in message.walk() if p.is_multipart()):
        part.set_boundary(f"={seed}-{number}=")
