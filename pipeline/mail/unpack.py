"""unpack: Arrival → Submission"""

from __future__ import annotations

import base64
import codecs
import email
import email.policy
import hashlib
import logging
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from email.header import decode_header
from email.message import Message
from email.mime.text import MIMEText
from email.utils import getaddresses
from html.parser import HTMLParser

import mailparser

from pipeline.domain import NEW_PART, Arrival, Attachment, Bounce, Submission
from pipeline.domain.turkish import heading, quotable, squeeze
from pipeline.mail import cms
from pipeline.mail.uuencoded import without_files

_ATOM = r"[A-Za-z0-9!#$%&'*+/^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"

# It writes to the log what it could not decode: a stranger's words, and maybe somebody's number.
logging.getLogger("mailparser").addHandler(logging.NullHandler())
logging.getLogger("mailparser").propagate = False

# Beyond these a mail is nobody's application, and costs more than it could be worth to read.
_LARGEST_HEAD = 256 * 1024
_MOST_PARTS = 100
_DEEPEST = 20
# Mails inside that have to be decoded, or unwrapped, before they can be taken apart.
_MOST_WRAPPED = 20

# What a server says about another mail; what claims to be any other kind is looked at, whatever it claims.
_REPORT_PARTS = {
    "text/rfc822-headers",
    "message/delivery-status",
    "message/global-delivery-status",
    "message/disposition-notification",
    "message/global-disposition-notification",
    "message/feedback-report",
    "message/x-draft-info",
}
# How servers call parts that have no name, between which a program has cut the words of a mail.
_PROGRAMS_NAME = re.compile(r"att\d{3,}(?:\.(?:txt|html?|dat|bin|c))?", re.IGNORECASE)
# A part that is a mail, and the codes that such a part may not have.
_MAIL_INSIDE = re.compile(
    rb"(?im)^content-type[ \t]*:[ \t]*(?:\r?\n[ \t]+)?(message/(?:rfc822|global))(?![\w-])"
)
_END_OF_HEAD, _LONGEST_PART_HEAD = re.compile(rb"\n\r?\n"), 4096
_CODED_AS = re.compile(rb"(?im)^content-transfer-encoding[ \t]*:\s*(?:base64|quoted-printable)\b")
_CODED = "application/x-coded-mail"
# What a mail that stands in a file begins with.
_MAIL_HEADER = re.compile(
    rb"\s*(?:return-path|received|from|to|date|subject|message-id|mime-version|content-[a-z-]+|x-[\w-]+):",
    re.IGNORECASE,
)
# Shares of a text in pairs of bytes that are zeros where letters have them, and where they have none.
_MANY, _FEW = 0.35, 0.05
# ... in fours; and of bytes that are nothing in Turkish, one by one or in pairs.
_MANY_IN_FOURS, _OTHERS = 0.6, 0.25
# A letter's words are read this far; and a table in a letter is looked for this far.
_LONGEST_TEXT, _LONGEST_HTML = 200_000, 2_000_000
# The standard library takes the square of its length to read a parameter, and minutes for uuencoded millions.
_LONGEST_PARAMETERS, _LARGEST_UUENCODED = 4096, 2_000_000
_END_OF_LINE = rb"(?:\r\n|\r|\n)"
_FOLDED = rb"[^\r\n]*(?:" + _END_OF_LINE + rb"[ \t][^\r\n]*)*"
_FROM = re.compile(rb"(?im)(?:^|\r)from[ \t]*:(" + _FOLDED + rb")")
_PARAMETERS = re.compile(rb"(?im)(?:^|\r)content-(?:type|disposition)[ \t]*:" + _FOLDED)
_PICTURE_IN_HTML = re.compile(
    r"data:image/([\w.+-]{1,20})[^,\"'<>]{0,80};base64,([A-Za-z0-9+/=%\s]+)", re.IGNORECASE
)
_ENDINGS = {
    "application/pdf": ".pdf",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "application/vnd.ms-excel": ".xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
}


class Malformed(Exception):
    """A mail that cannot be taken apart within bounds; it is shunted with this reason."""


def unpack(arrival: Arrival) -> Submission:
    """Takes a mail apart; raises Malformed where it has no header or is beyond every bound."""
    head, tree = _parsed(arrival.raw)
    sender_name, sender = _first_address(tree, "from")
    parts = list(_leaves(tree, 0, [_MOST_WRAPPED]))
    texts = [p for p in parts if _is_body(p, tree)]
    heard = [p for p in parts if p not in texts and _is_heard(p)]
    plain = [without_files(_text(p)) for p in texts if p.get_content_type() == "text/plain"]
    html = "\n".join(_text(p) for p in texts if p.get_content_type() == "text/html")[:_LONGEST_HTML]
    words = _joined(text[:_LONGEST_TEXT] for text, _files in plain) or _joined(
        plain_text(_text(p)[:_LONGEST_HTML]) for p in texts
    )
    others = [p for p in parts if p not in texts and p.get_content_type() not in _REPORT_PARTS]
    return Submission(
        sender=sender,
        sender_name=sender_name,
        recipients=tuple(address for _, address in _addresses(tree, ("to", "cc"))),
        subject=_subject(tree),
        message_id=_message_id(_header(tree, "message-id")),
        references=_message_ids(_header(tree, "references") + " " + _header(tree, "in-reply-to")),
        text=_with_heard(words, heard, _only_shown(html, words)),
        html=html,
        attachments=(
            *_attachments(others, html, heard, [file for _words, files in plain for file in files]),
            *_pictures_in(html),
        ),
        headers=tuple((key.lower(), _as_written(value)) for key, value in _raw_headers(tree)),
        also_from=_other_writers(tree, head, sender),
        reply_to=next((a for _, a in _addresses(tree, ("reply-to",))), ""),
        hands=tuple(a for _, a in _mailboxes(tree, ("sender", "resent-from", "resent-sender"))),
        bounce=_bounce(tree),
        reports=tuple(_reports(tree, 0)),
    )


def _subject(tree: Message) -> str:
    """Gives a mail's subject; where it has several, programs show one or another of them."""
    lines = (value for key, value in _raw_headers(tree) if key.lower() == "subject")
    return " / ".join(dict.fromkeys(filter(None, (squeeze(_decoded(line)) for line in lines))))


def sender_of(raw: bytes) -> str:
    """Gives the address that a mail, or its head alone, comes from, as `unpack` does; "" for none."""
    end = re.search(rb"\r?\n\r?\n", raw)
    head = raw[: end.start() if end else _LARGEST_HEAD][:_LARGEST_HEAD]
    only_from = Message()
    for line in _FROM.finditer(head):
        only_from["From"] = line[1].decode("ascii", "surrogateescape")
    return _first_address(only_from, "from")[1]


# Where the mail that is answered or passed on begins in the words of usual mail programs.
_QUOTED_HTML = re.compile(
    r"<blockquote|<div[^<>]+(gmail_quote|divRplyFwdMsg|moz-cite-prefix|yahoo_quoted)|<hr[^<>]+stopSpelling",
    re.IGNORECASE,
)
# ... and where nothing in their HTML says where it ends, so that all below is taken for quoted.
_QUOTED_TO_THE_END = re.compile(
    r"<blockquote>|<div[^<>]+(divRplyFwdMsg|yahoo_quoted)|<hr[^<>]+stopSpelling", re.IGNORECASE
)


def body_table(submission: Submission) -> Attachment | None:
    """Gives the tables in a mail's own text as a file to be read; None where there are none."""
    quoted = _QUOTED_HTML.search(submission.html)
    own = submission.html[: quoted.start()] if quoted else submission.html
    if "<table" not in own.lower():
        return None
    # Said outright, whatever charset the text itself speaks of.
    data = f"<html><body>{own}</body></html>".encode("utf-8-sig", "replace")
    digest = hashlib.sha256(data).hexdigest()
    return Attachment("", "text/html", data, digest, is_body=True)


def _parsed(raw: bytes) -> tuple[mailparser.MailParser | None, Message]:
    end = re.search(rb"\r?\n\r?\n", raw)
    head = raw[: end.start()] if end else raw[: _LARGEST_HEAD + 1]
    if len(head) > _LARGEST_HEAD:
        raise Malformed("header_too_large")
    if not re.search(rb"(?im)^[!-9;-~]+[ \t]*:", head):
        raise Malformed("no_header")
    tree = _tree(raw)
    try:
        # Only what it is asked for, who wrote: it decodes all it gets, and keeps several copies of it.
        writers = "".join(f"From:{value}\r\n" for key, value in _raw_headers(tree) if key.lower() == "from")
        return mailparser.parse_from_bytes(writers.encode("ascii", "surrogateescape") + b"\r\n"), tree
    except Exception:  # it raises whatever its own decoding raises; one bad header loses no mail
        return None, tree


def _tree(raw: bytes) -> Message:
    if raw.count(b"\n--") > 20 * _MOST_PARTS or raw.lower().count(b"boundary=") > 5 * _DEEPEST:
        raise Malformed("too_many_parts")
    if any(len(found[0]) > _LONGEST_PARAMETERS for found in _PARAMETERS.finditer(raw)):
        raise Malformed("header_too_large")
    try:
        return email.message_from_bytes(_coded_mails_as_bytes(raw), policy=email.policy.compat32)
    except RecursionError as fault:
        raise Malformed("too_deep") from fault


def _coded_mails_as_bytes(raw: bytes) -> bytes:
    """Calls enclosed mails in base64 or quoted-printable what they are, bytes.

    The library would take the code itself for a mail, for no mail may be coded (RFC 2046); programs do it.
    """
    pieces, last = [], 0
    for found in _MAIL_INSIDE.finditer(raw):
        least = max(0, found.start() - _LONGEST_PART_HEAD)
        begin = max(
            least, raw.rfind(b"\n\n", least, found.start()), raw.rfind(b"\n\r\n", least, found.start())
        )
        end = _END_OF_HEAD.search(raw, found.end(), found.end() + _LONGEST_PART_HEAD)
        if end and _CODED_AS.search(raw, begin, end.end()):
            pieces += [raw[last : found.start(1)], _CODED.encode()]
            last = found.end(1)
    return b"".join([*pieces, raw[last:]]) if pieces else raw


# --- headers -----------------------------------------------------------------------------------


def _raw_headers(tree: Message) -> list[tuple[str, str]]:
    return [(str(key), str(value)) for key, value in tree._headers]  # type: ignore[attr-defined]


def _header(tree: Message, name: str) -> str:
    return next((value for key, value in _raw_headers(tree) if key.lower() == name), "")


def _one_line(value: str) -> str:
    return squeeze(_decoded(value))


def _as_written(value: str) -> str:
    """Gives a header that servers read on one line, encoded words left shut: no server speaks in them.

    A server writes down what a stranger told it; decoded, that could end a comment and go on as the server.
    """
    return squeeze(value.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


def _decoded(value: str) -> str:
    """Decodes RFC 2047 words and raw eight-bit bytes, guessing Turkish where nothing is said."""
    try:
        pieces = decode_header(re.sub(r"\r?\n[ \t]", " ", value))
    except Exception:  # binascii and codec errors of several kinds
        pieces = [(value, None)]
    return unicodedata.normalize("NFC", "".join(_piece(text, charset) for text, charset in pieces))


def _piece(text: bytes | str, charset: str | None) -> str:
    if isinstance(text, str):
        # Bytes above 127 in a header come as surrogates; letters that are letters already stay.
        text = text.encode("utf-8", "surrogateescape")
    return _guessed(text, charset)


def _guessed(data: bytes, charset: str | None) -> str:
    told = re.sub(r"[^a-z0-9]", "", (charset or "").lower())
    data = data.removeprefix(codecs.BOM_UTF8)
    is_marked = data[:2] in _MARKS_OF_PAIRS or told.startswith(("utf16", "ucs2"))
    if b"\0" in data or is_marked:
        return _of_wide_letters(data, charset, is_marked)
    # What is UTF-8 is nothing else by chance, and what calls itself Western was often written in Turkish.
    turkish = "windows-1254" if told in _WESTERN else charset
    for candidate in (
        None if "2022" in told or told == "utf7" else "utf-8",
        turkish,
        "utf-8",
        "windows-1254",
    ):
        if not candidate or candidate.lower() in ("unknown-8bit", "us-ascii", "ascii"):
            continue
        try:
            return data.decode(candidate)
        except (LookupError, ValueError):  # unknown, undecodable, or not even a name
            continue
    return data.decode("latin-1")


_MARKS_OF_PAIRS = (b"\xff\xfe", b"\xfe\xff")
_WESTERN = ("iso88591", "latin1", "windows1252", "cp1252")
# Letters of Turkish in pairs of bytes, in the midst of others: half of each pair is a zero, or a one.
_RUN_OF_PAIRS = re.compile(rb"(?s)(?P<le>(?:.[\0\1]){4,})|(?P<be>(?:[\0\1].){4,})")
_PLAIN = bytes([0, 1, *b"\t\n\r", *range(0x20, 0x7F)])


def _of_wide_letters(data: bytes, charset: str | None, is_marked: bool) -> str:
    """Decodes what may be written in pairs of bytes or in fours, whatever the mail calls it.

    Neither a mark at its beginning, nor a stray zero, nor what a server has added to it, must make other
    letters of all that is written, or of the rest: then none of its words would be heard.
    """
    if data.count(0) > _MANY_IN_FOURS * len(data):
        for fours in ("utf-32", "utf-32-le", "utf-32-be"):
            with suppress(UnicodeDecodeError):
                return data.decode(fours).lstrip("\ufeff")
    if pairs := _of_pairs(data):
        even = len(data) // 2 * 2
        return (data[:even].decode(pairs, "replace") + data[even:].decode("latin-1")).lstrip("\ufeff")
    if is_marked and len(data.translate(None, _PLAIN)) > _OTHERS * len(data):
        # Of other scripts hardly a byte is one of ours.
        return data.decode("utf-16", "replace").lstrip("\ufeff")
    return "".join(_in_pieces(data, None if is_marked else charset))


def _in_pieces(data: bytes, charset: str | None) -> Iterator[str]:
    """Decodes letters in pairs of bytes in the midst of letters in one, each for itself."""
    at = 0
    for run in _RUN_OF_PAIRS.finditer(data):
        yield _unmarked(data[at : run.start()], charset)
        yield run[0].decode("utf-16-le" if run["le"] else "utf-16-be", "replace")
        at = run.end()
    yield _unmarked(data[at:], charset)


def _unmarked(data: bytes, charset: str | None) -> str:
    for mark in _MARKS_OF_PAIRS:
        data = data.removeprefix(mark).removesuffix(mark)
    return _guessed(data.replace(b"\0", b""), charset)


def _of_pairs(data: bytes) -> str:
    """Names the charset of letters written in pairs of bytes, whatever the mail calls it; "" for none.

    Of Turkish in such pairs nearly every second byte is a zero, and hardly another one.
    """
    zeros = {"utf-16-be": data[::2].count(0), "utf-16-le": data[1::2].count(0)}
    likely = max(zeros, key=lambda name: zeros[name])
    is_so = zeros[likely] > _MANY * len(data) and min(zeros.values()) < _FEW * len(data)
    return likely if is_so else ""


def _first_address(tree: Message, name: str) -> tuple[str, str]:
    return next(iter(_addresses(tree, (name,))), ("", ""))


def _addresses(tree: Message, names: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(squeeze(_decoded(n)), a) for n, a in _mailboxes(tree, names) if _is_address(a)]


def _mailboxes(tree: Message, names: tuple[str, ...]) -> list[tuple[str, str]]:
    """Lists all that stands where an address should, with the name beside it as written."""
    values = [value for key, value in _raw_headers(tree) if key.lower() in names]
    # Split before decoding: an encoded name may hold commas and angle brackets of its own.
    try:
        found = getaddresses([re.sub(r"\r?\n[ \t]", " ", value) for value in values])
    except RecursionError:  # brackets in brackets, thousands deep
        return []
    return [(n, a.strip().lower()) for n, a in found]


# Names in quotation marks, comments and encoded words hold signs that make no address.
_NAMES = re.compile(r'"(?:\\.|[^"\\])*"|\((?:\\.|[^()\\])*\)|=\?[^?\s]*\?[bBqQ]\?[^?\s]*\?=')


def _other_writers(tree: Message, head: mailparser.MailParser | None, sender: str) -> tuple[str, ...]:
    """Lists who else may have written a mail, be it in a form that nobody could answer.

    A From that two readers read differently is read by servers and people in two ways as well.
    """
    found = [a for _, a in _mailboxes(tree, ("from",)) if "@" in a]
    written = [value for key, value in _raw_headers(tree) if key.lower() == "from"]
    if sum(_NAMES.sub(" ", value).count("@") for value in written) > len(found):
        found += [_one_line(value) for value in written]
    try:
        found += [a.strip().lower() for _, a in getattr(head, "from_", None) or () if "@" in a]
    except Exception:  # whatever its decoding raises
        found += [_one_line(value) for value in written[1:]]
    return tuple(dict.fromkeys(quotable(a) for a in found if a != sender))


def _is_address(text: str) -> bool:
    """Tells whether a letter could be addressed to this: dot-atoms on both sides, nothing quoted."""
    return re.fullmatch(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+", text.strip()) is not None


def _message_id(text: str) -> str:
    return next(iter(_message_ids(text)), "")


def _message_ids(text: str) -> tuple[str, ...]:
    found = re.findall(r"<[\x21-\x3b\x3d\x3f-\x7e]{1,248}>", text)
    # "=?" begins an encoded word: no Message-ID holds one, and it would be decoded on the way out.
    return tuple(dict.fromkeys(i for i in found if "=?" not in i))[-20:]


# --- parts -------------------------------------------------------------------------------------


def _leaves(part: Message, depth: int, spare: list[int]) -> Iterator[Message]:
    """Lists the parts that hold no others; `spare` counts down the wrapped mails that may be opened yet."""
    if depth > _DEEPEST:
        raise Malformed("too_deep")
    inner = _wrapped_mail(part)
    children = part.get_payload()
    if depth and (subject := _header(part, "subject")):
        # What a mail inside is called, nobody else would hear.
        yield MIMEText(f"{_one_line(subject)}\n\n", "plain", "utf-8")
    if inner is not None and spare[0] > 0:
        spare[0] -= 1
        yield from _leaves(inner, depth + 1, spare)
    elif part.is_multipart() and isinstance(children, list) and not _is_report(part):
        for child in children:
            if isinstance(child, Message):
                yield from _leaves(child, depth + 1, spare)
    else:
        yield part


def _is_report(part: Message) -> bool:
    # The library takes the fields of these for mails of their own.
    return part.get_content_type() in _REPORT_PARTS


def _reports(part: Message, depth: int) -> Iterator[str]:
    """Names what a server says in a mail of its own; a report that somebody encloses is not theirs."""
    children = part.get_payload()
    if _is_report(part):
        yield part.get_content_type()
    elif part.get_content_maintype() == "multipart" and isinstance(children, list) and depth <= _DEEPEST:
        for child in children:
            if isinstance(child, Message):
                yield from _reports(child, depth + 1)


def _wrapped_mail(part: Message) -> Message | None:
    """Opens a mail that stands in a part as coded, signed or attached bytes; None where there is none.

    The standard library leaves all of these shut: an enclosed mail in base64, whose words it takes for a
    body; a mail that is signed as a whole; an .eml that goes by no media type of its own.
    """
    media_type, name = part.get_content_type(), _file_name(part).lower()
    if part.is_multipart():
        return None
    if "pkcs7" in media_type or name.endswith((".p7m", ".p7s")):
        data = _unsigned(_bytes(part))
    elif name.endswith(".eml") or media_type in ("message/rfc822", "message/global", _CODED):
        data = _bytes(part)
    else:
        return None
    return _tree(data) if _MAIL_HEADER.match(data) else None


def _unsigned(data: bytes) -> bytes:
    """Takes the signature off a mail; no bytes where there is no mail under it."""
    plain = cms.binary(data)
    try:
        return (cms.unwrapped(plain) if cms.is_cms(plain) else None) or b""
    except (cms.Broken, cms.Sealed):
        return b""


def _is_body(part: Message, tree: Message) -> bool:
    if part.get_content_type() not in ("text/plain", "text/html"):
        return False
    # A part without a Content-Type is text by default; a whole mail without one is its body.
    return part is tree or (not _file_name(part) and part.get_content_disposition() != "attachment")


def _is_heard(part: Message) -> bool:
    """Tells whether a part that goes as a file holds words that a program has cut off the mail's own."""
    name = _file_name(part)
    if part.get_content_maintype() != "text" and part.get_content_type() != "application/octet-stream":
        return False
    if not (_PROGRAMS_NAME.fullmatch(name) or (not name and part.get_content_maintype() == "text")):
        return False
    head = _bytes(part)[:4096]
    return not re.match(rb"%PDF-|PK\x03\x04|BEGIN:V|-----BEGIN", head) and not re.search(
        rb"[\x00-\x08\x0e-\x1a]", head
    )


def _with_heard(words: str, heard: Iterable[Message], shown: str) -> str:
    """Adds to the words of a mail those that stand in parts of their own, each behind a sign of its own."""
    more = (_text(part)[:_LONGEST_TEXT] for part in heard)
    told = (*(plain_text(text) if re.match(r"\s*<", text) else text for text in more), shown)
    return "".join([words, *(f"\n{NEW_PART}\n{text}" for text in told if text.strip())])[:_LONGEST_TEXT]


def _only_shown(html: str, words: str) -> str:
    """Gives the lines of a mail's HTML with a word that its plain text has not; people see the HTML."""
    quoted = _QUOTED_TO_THE_END.search(html)
    lines = plain_text(html[: quoted.start()] if quoted else html).split("\n")
    known = set(heading(words).split())
    # By what is quoted one sees where the sender's own words go on.
    told = [line for line in lines if line.startswith(">") or not known.issuperset(heading(line).split())]
    return "\n".join(told) if any(not line.startswith(">") for line in told) else ""


def _attachments(
    parts: list[Message], html: str, heard: list[Message], taken_out: list[tuple[str, bytes]]
) -> tuple[Attachment, ...]:
    if len(parts) + len(taken_out) > _MOST_PARTS:
        raise Malformed("too_many_parts")
    return (
        *(_attachment(part, number, html, heard) for number, part in enumerate(parts, start=1)),
        *(_file(_shown_name(name), "application/octet-stream", data) for name, data in taken_out),
    )


def _attachment(part: Message, number: int, html: str, heard: list[Message]) -> Attachment:
    media_type = part.get_content_type()
    name = _file_name(part) or f"ek-{number}{_ENDINGS.get(media_type, '')}"
    file = _file(name, media_type, _bytes(part))
    return replace(file, inline=_is_inline(part, html), is_heard=part in heard)


def _pictures_in(html: str) -> tuple[Attachment, ...]:
    """Takes out the pictures that a mail's HTML holds itself; people see them like any other."""
    found = list(dict.fromkeys(_PICTURE_IN_HTML.findall(html)))
    if len(found) > _MOST_PARTS:
        raise Malformed("too_many_parts")
    pictures = (
        _file(f"resim-{number}.{kind.partition('+')[0].lower()}", f"image/{kind.lower()}", _of_base64(data))
        for number, (kind, data) in enumerate(found, start=1)
    )
    return tuple(replace(picture, inline=True) for picture in pictures)


def _of_base64(data: str) -> bytes:
    plain = re.sub(r"%([0-9A-Fa-f]{2})", lambda coded: chr(int(coded[1], 16)), data)
    letters = re.sub(r"[^A-Za-z0-9+/]", "", plain)
    # One letter too many is none of any byte.
    letters = letters[: len(letters) - (len(letters) % 4 == 1)]
    return base64.b64decode(letters + "=" * (-len(letters) % 4))


def _file(name: str, media_type: str, data: bytes) -> Attachment:
    return Attachment(name, media_type, data, hashlib.sha256(data).hexdigest())


def _is_inline(part: Message, html: str) -> bool:
    """Tells whether a part is set in the mail's text, as logos are; some programs call that an attachment."""
    content_id = str(part.get("Content-ID") or "").strip(" <>")
    is_shown = f"cid:{content_id}" in html
    return bool(content_id) and (is_shown or part.get_content_disposition() != "attachment")


def _file_name(part: Message) -> str:
    try:
        name = part.get_filename() or ""
    except Exception:  # RFC 2231 decoding raises several kinds
        name = ""
    return _shown_name(_decoded(name))


def _shown_name(name: str) -> str:
    # A name is data: it is shown, and nothing is ever written under it.
    shown = "".join(ch for ch in name if ch.isprintable())
    return squeeze(shown.replace("\\", "/").rpartition("/")[2])[:120]


def _bytes(part: Message) -> bytes:
    is_uu = "uu" in str(part.get("Content-Transfer-Encoding", ""))
    try:
        is_long = is_uu and len(str(part.get_payload())) > _LARGEST_UUENCODED
        data = part.get_payload() if is_long else part.get_payload(decode=True)
    # What bad encodings raise. Anything else says nothing of the mail, which is set aside for a person.
    except (ValueError, LookupError):
        data = None
    if isinstance(data, bytes):
        return data
    return str(part.get_payload()).encode("utf-8", "surrogateescape")


def _joined(texts: Iterable[str]) -> str:
    return "\n".join(texts)[:_LONGEST_TEXT]


def _text(part: Message) -> str:
    try:
        charset = part.get_content_charset()
    except Exception:  # a charset parameter that cannot be decoded
        charset = None
    return unicodedata.normalize("NFC", _guessed(_bytes(part), charset)).replace("\r\n", "\n")


_BLOCKS = frozenset(
    "address article blockquote br dd div dl dt footer h1 h2 h3 h4 h5 h6 header hr li ol p pre section "
    "table tr ul".split()
)
_CELLS = ("td", "th")


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        # Each piece of the text, and whether it is of another mail.
        self.words: list[tuple[str, bool]] = []
        self._silent = 0
        self._open: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in ("style", "script")
        if tag == "img" and not self._silent:
            self._add(_instead_of_picture(dict(attrs)))
        if tag in _BLOCKS:
            self._add("\n")
        elif tag in _CELLS:
            self._add(" ")
        if tag == "blockquote":
            self._open.append(_is_citing(dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("style", "script") and self._silent > 0
        if tag in _BLOCKS:
            self._add("\n")
        if tag == "blockquote" and self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._add(data)

    def _add(self, text: str) -> None:
        self.words.append((text, any(self._open)))


def _is_citing(told: Mapping[str, str | None]) -> bool:
    """Tells whether a block quotes another mail; programs set a text in with the same tag."""
    return told.get("type") == "cite" or "cite" in told or "quote" in (told.get("class") or "")


def _instead_of_picture(told: Mapping[str, str | None]) -> str:
    """Gives the words that people are shown where a picture does not come with the mail."""
    is_enclosed = (told.get("src") or "").strip().lower().startswith(("cid:", "data:"))
    return "" if is_enclosed else f" {told.get('alt') or ''} "


def plain_text(html: str) -> str:
    """Takes the words out of an HTML text, a line per block, a quoted one behind the sign of quotations."""
    reader = _Words()
    reader.feed(html)
    lines: list[list[str]] = [[]]
    quoted: set[int] = set()
    for text, is_quoted in reader.words:
        for at, piece in enumerate(text.split("\n")):
            if at:
                lines.append([])
            lines[-1].append(piece)
            if is_quoted and piece.strip():
                quoted.add(len(lines))
    told = ((number, squeeze("".join(line))) for number, line in enumerate(lines, start=1))
    return "\n".join(f"> {line}" if number in quoted else line for number, line in told if line)


# --- bounces -----------------------------------------------------------------------------------


def _bounce(tree: Message) -> Bounce | None:
    """Reads what a delivery report (RFC 3464), or an old server's X-Failed-Recipients, says has failed."""
    parts = list(tree.walk())
    fields = [dict(_lowered(part)) for part in parts if "action" in part or "final-recipient" in part]
    failed = [f for f in fields if f.get("action", "failed").lower() == "failed"]
    told = failed[0] if failed else {"final-recipient": _header(tree, "x-failed-recipients")}
    is_report = tree.get_content_type() == "multipart/report" and failed and "action" in told
    recipient = told.get("final-recipient", "").rpartition(";")[2].strip().lower()
    if not is_report and not recipient:
        return None
    return Bounce(
        message_ids=_message_ids(" ".join(_quoted_ids(parts[1:] or parts))),
        recipient=recipient if _is_address(recipient) else "",
        status=quotable(told.get("status", ""))[:20],
        diagnostic=quotable(told.get("diagnostic-code", "").rpartition(";")[2])[:200],
    )


def _lowered(part: Message) -> Iterator[tuple[str, str]]:
    return ((key.lower(), _one_line(value)) for key, value in _raw_headers(part))


def _quoted_ids(parts: list[Message]) -> Iterator[str]:
    """Lists the Message-IDs that stand in the parts of a report: of the mail returned, or quoted of it."""
    for part in parts:
        yield _header(part, "message-id")
        if not part.is_multipart() and part.get_content_maintype() == "text":
            yield from re.findall(r"(?im)^[ \t>]*message-id:\s{0,4}(<[^<>\s]+>)", _text(part))
