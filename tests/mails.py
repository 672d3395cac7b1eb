"""Mails as they lie in the mailbox, built with the standard library, always to the same bytes.

Contents are `email.message.Message` trees made by the small functions here; `mail` puts the
headers of one sender and the receiving servers on top and writes the whole with CRLF.
"""

from __future__ import annotations

import email
import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email import encoders
from email.charset import QP, Charset
from email.generator import BytesGenerator
from email.header import Header
from email.message import Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import encode_rfc2231, format_datetime, formataddr
from typing import TYPE_CHECKING, Any

INTAKE = "nes@saglik.example.org"
KAMU_SM = "bilgi@kamusm.example.org"
ISTANBUL = timezone(timedelta(hours=3))

if TYPE_CHECKING:
    Part = Message[str, str]
else:
    Part = Message

XLS = "application/vnd.ms-excel"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PDF = "application/pdf"
UNKNOWN = "application/octet-stream"


def at(day: str, clock: str = "09:30") -> datetime:
    """A moment in Turkey: `at("2024-05-13", "10:42")`."""
    return datetime.fromisoformat(f"{day}T{clock}:00").replace(tzinfo=ISTANBUL)


# --- contents ------------------------------------------------------------------------------------


def plain(text: str, charset: str = "utf-8") -> Part:
    """The words of a mail, quoted-printable, in the named charset."""
    return _text(text, "plain", charset)


def html(text: str, charset: str = "utf-8") -> Part:
    """The words of a mail as HTML."""
    return _text(text, "html", charset)


def _text(text: str, subtype: str, charset: str) -> Part:
    quoted = Charset(charset)
    quoted.body_encoding = QP
    return MIMEText(text, subtype, quoted)  # type: ignore[arg-type]


def mixed(*parts: Part) -> Part:
    """Words and files side by side."""
    return multipart("mixed", *parts)


def alternative(*parts: Part) -> Part:
    """The same words in several forms, the richest last."""
    return multipart("alternative", *parts)


def related(*parts: Part) -> Part:
    """HTML and the pictures it shows."""
    return multipart("related", *parts)


def multipart(subtype: str, *parts: Part) -> Part:
    """Parts under one of the rarer multipart kinds, such as "report"."""
    whole = MIMEMultipart(subtype)
    for part in parts:
        whole.attach(part)
    return whole


def attached(data: bytes, media_type: str, file_name: str | None) -> Part:
    """A file in base64; a name of other than ASCII letters goes by RFC 2231, None leaves it nameless."""
    if file_name is None:
        return _file(data, media_type, "attachment")
    if file_name.isascii():
        return _file(data, media_type, f'attachment; filename="{file_name}"')
    return attached_2231(data, media_type, file_name, "utf-8")


def attached_2231(data: bytes, media_type: str, file_name: str, charset: str) -> Part:
    """A file whose name is percent-encoded and, when long, continued, as RFC 2231 asks."""
    coded = encode_rfc2231(file_name, charset, "tr")
    if len(coded) < 60:
        return _file(data, media_type, f"attachment; filename*={coded}")
    pieces = re.findall(r"(?:%..|[^%]){1,40}", coded)
    names = "".join(f";\r\n filename*{i}*={piece}" for i, piece in enumerate(pieces))
    return _file(data, media_type, "attachment" + names)


def attached_2047(data: bytes, media_type: str, file_name: str, charset: str) -> Part:
    """A file whose name is an encoded word inside quotes: against the standard, and what Outlook does."""
    word = Header(file_name, charset, maxlinelen=1000).encode()
    part = _file(data, media_type, f'attachment; filename="{word}"')
    part.set_param("name", word)
    return part


def attached_raw(data: bytes, media_type: str, file_name: str, charset: str) -> Part:
    """A file whose name stands in the header as bare 8-bit bytes."""
    bare = file_name.encode(charset).decode("ascii", "surrogateescape")
    return _file(data, media_type, f'attachment; filename="{bare}"')


def inline(data: bytes, media_type: str, content_id: str) -> Part:
    """A picture pasted into the words, without a file name."""
    part = _file(data, media_type, "inline")
    part["Content-ID"] = f"<{content_id}>"
    return part


def bare_file(data: bytes, media_type: str) -> Part:
    """A file with neither name nor disposition, which may be the whole content of a mail."""
    return _file(data, media_type, None)


def _file(data: bytes, media_type: str, disposition: str | None) -> Part:
    part = MIMEBase(*media_type.split("/"))
    part.set_payload(data)
    encoders.encode_base64(part)
    if disposition:
        part["Content-Disposition"] = disposition
    return part


def enclosed(original: bytes) -> Part:
    """Another mail, forwarded as it is (message/rfc822)."""
    part = MIMEBase("message", "rfc822")
    part["Content-Disposition"] = "attachment"
    part.set_payload([_parsed(original)])
    return part


def _parsed(original: bytes) -> Message[Any, Any]:
    return email.message_from_bytes(original, policy=compat32)


# --- the whole mail ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sender:
    """Who writes: the name shown, the address, and the program, which shapes headers."""

    name: str
    address: str
    program: str = "Microsoft Outlook 16.0"

    @property
    def domain(self) -> str:
        return self.address.partition("@")[2]


@dataclass(frozen=True)
class Envelope:
    """Everything above the content; `more` are further headers, in order.

    `authenticated` is what our own server found about the sender's domain, without the server's name.
    """

    sender: Sender
    subject: str
    sent_at: datetime
    to: str = INTAKE
    return_path: str | None = None
    charset: str = "utf-8"
    authenticated: str | None = "pass"
    more: tuple[tuple[str, str], ...] = field(default=())

    @property
    def message_id(self) -> str:
        """The id its program gives the mail, made from sender and time."""
        name = hashlib.sha256(f"{self.sender.address} {self.sent_at} {self.subject}".encode()).hexdigest()
        return f"<{name[:24]}@{self.sender.domain}>"


def mail(envelope: Envelope, content: Part) -> bytes:
    """Writes one mail as the intake's server stored it."""
    own = [(name, value) for name, value in content.items() if name != "MIME-Version"]
    for name in dict(content.items()):
        del content[name]
    for name, value in [*_headers(envelope), *own]:
        content[name] = value
    _mark_boundaries(content, envelope.message_id)
    return written(content)


def _headers(envelope: Envelope) -> Iterator[tuple[str, str]]:
    sender = envelope.sender
    path = sender.address if envelope.return_path is None else envelope.return_path
    arrived = envelope.sent_at + timedelta(seconds=4)
    host = f"mail.{sender.domain}"
    yield "Return-Path", f"<{path}>"
    yield (
        "Received",
        f"from {host} ({host} [192.0.2.25])\r\n\tby mx.example.org with ESMTPS id "
        f"{envelope.message_id[1:11]}\r\n\tfor <{INTAKE}>; {format_datetime(arrived)}",
    )
    if envelope.authenticated is not None:
        yield (
            "Authentication-Results",
            f"mx.saglik.example.org;\r\n\tdmarc={envelope.authenticated} header.from={sender.domain};"
            f"\r\n\tspf={envelope.authenticated} smtp.mailfrom={path or host}",
        )
    yield "From", address(sender.name, sender.address, envelope.charset)
    yield "To", envelope.to
    yield "Subject", coded(envelope.subject, envelope.charset)
    yield "Date", format_datetime(envelope.sent_at)
    yield "Message-ID", envelope.message_id
    yield from envelope.more
    if sender.program:
        yield "X-Mailer", sender.program
    yield "MIME-Version", "1.0"


def address(name: str, mailbox: str, charset: str = "utf-8") -> str:
    """Writes a name and an address for a header."""
    return f"{coded(name, charset)} <{mailbox}>" if not name.isascii() else formataddr((name, mailbox))


def coded(text: str, charset: str = "utf-8") -> str:
    """Writes a header text, as encoded words where it has other than ASCII letters."""
    return text if text.isascii() else Header(text, charset).encode(linesep="\r\n")


def _mark_boundaries(whole: Message[Any, Any], name: str) -> None:
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    for number, part in enumerate(whole.walk()):
        # The parts of an enclosed mail keep what its own program gave them.
        if part.get_content_maintype() == "multipart" and not part.get_boundary():
            part.set_boundary(f"----=_Part_{number}_{digest}")
        # The standard library gives every part one; programs write it at the head of a mail only.
        if part is not whole and "From" not in part:
            del part["MIME-Version"]


def written(whole: Message[Any, Any]) -> bytes:
    """Writes a tree with CRLF, headers exactly as they were given."""
    stream = io.BytesIO()
    policy = compat32.clone(linesep="\r\n", max_line_length=None)
    BytesGenerator(stream, mangle_from_=False, policy=policy).flatten(whole)
    # The library leaves the bare line ends of message/* parts as they are.
    return re.sub(rb"(?<!\r)\n", b"\r\n", stream.getvalue())


def reply_to(*earlier: Envelope) -> tuple[tuple[str, str], ...]:
    """The headers of an answer: to the last of these mails, or to our letter that answered it."""
    ids = [one.message_id for one in earlier]
    return (("In-Reply-To", ids[-1]), ("References", "\r\n ".join(ids)))
