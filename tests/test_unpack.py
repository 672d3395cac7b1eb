"""Mails as they really are: what the headers say, which parts are files, and no mail that breaks it."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbox_fixtures.expect import demo_policy
from pipeline.domain import Arrival, Letter, Submission
from pipeline.judging.correspondence import why_silent
from pipeline.mail.rendering import render
from pipeline.mail.unpack import Malformed, plain_text, unpack
from pipeline.review.demo import FIXTURES
from pipeline.review.invented_office import OFFICE

MAIL_WORDS = demo_policy().mail_words
_SMALL = sorted(f for f in FIXTURES.rglob("*.eml") if f.stat().st_size < 40_000)


def unpacked(raw: bytes) -> Submission:
    return unpack(Arrival("0" * 64, raw, datetime(2024, 5, 13, tzinfo=UTC)))


def with_headers(*lines: str, body: str = "Merhaba") -> bytes:
    return "\r\n".join((*lines, "", body)).encode("utf-8", "surrogateescape")


@pytest.mark.parametrize(
    ("line", "subject"),
    [
        ("Subject: =?utf-8?B?S2F5xLFwIGUtaW16YQ==?=", "Kayıp e-imza"),
        ("Subject: =?iso-8859-9?Q?Kay=FDp_e-imza?=", "Kayıp e-imza"),
        ("Subject: Kayıp e-imza", "Kayıp e-imza"),
        ("Subject: =?a\0?q?x?=", "x"),
        ("Subject: =?bogus?Q?Kay=FDp?=", "Kayıp"),
        ("X-Other: 1", ""),
    ],
)
def test_subjects(line: str, subject: str) -> None:
    assert unpacked(with_headers("From: a@saglik.example.org", line)).subject == subject


def test_a_subject_in_bare_windows_1254_is_read() -> None:
    raw = b"From: a@saglik.example.org\r\nSubject: Kay\xfdp \xdeehir\r\n\r\n."
    assert unpacked(raw).subject == "Kayıp Şehir"


@pytest.mark.parametrize(
    ("line", "sender", "name"),
    [
        ("From: Ayşe <ayse@saglik.example.org>", "ayse@saglik.example.org", "Ayşe"),
        ('From: "Ay, Şe" <AYSE@saglik.example.org>', "ayse@saglik.example.org", "Ay, Şe"),
        ('From: "', "", ""),
        ("From: ayse", "", ""),
        ("From: ayse@saglik.example.org.", "", ""),
        ("From: <a\\b@saglik.example.org>", "", ""),
    ],
)
def test_senders(line: str, sender: str, name: str) -> None:
    submission = unpacked(with_headers(line))
    assert (submission.sender, submission.sender_name) == (sender, name)


def test_thread_headers_hold_only_what_may_be_sent_back() -> None:
    long = "<" + "x" * 260 + "@example.org>"
    submission = unpacked(
        with_headers(
            "From: a@saglik.example.org",
            "Message-ID: <1@example.org>",
            f"References: <0@example.org> {long} <=?utf-8?q?=ff?=@example.org> garbage",
            "In-Reply-To: <0@example.org>",
        )
    )
    assert submission.message_id == "<1@example.org>"
    assert submission.references == ("<0@example.org>",)


def test_every_part_that_is_not_the_text_is_a_file() -> None:
    mail = EmailMessage()
    mail["From"] = "a@saglik.example.org"
    mail.set_content("Ektedir")
    mail.add_alternative("<p>Ektedir</p>", subtype="html")
    mail.add_attachment(b"%PDF-1.4 x", maintype="application", subtype="pdf")
    mail.add_attachment(b"\xff\xd8\xff", maintype="image", subtype="jpeg", filename="../../etc/passwd")
    mail.add_attachment("Liste", subtype="plain", filename="liste.txt")
    submission = unpacked(mail.as_bytes())
    assert submission.text.strip() == "Ektedir"
    assert submission.html.strip() == "<p>Ektedir</p>"
    names = [(a.name, a.media_type) for a in submission.attachments]
    assert names == [
        ("ek-1.pdf", "application/pdf"),
        ("passwd", "image/jpeg"),
        ("liste.txt", "text/plain"),
    ]


def test_a_mail_that_is_a_file_has_that_file() -> None:
    raw = b"From: a@saglik.example.org\r\nContent-Type: application/pdf\r\n\r\n%PDF-1.4 x"
    (attachment,) = unpacked(raw).attachments
    assert (attachment.name, attachment.data) == ("ek-1.pdf", b"%PDF-1.4 x")


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "no_header"),
        (b"\x00\x01\x02 garbage", "no_header"),
        (b"From: a@b.example\r\nTo: " + b"x@y.example, " * 30_000 + b"\r\n\r\n.", "header_too_large"),
        (b"From: a@b.example\r\nX: " + b"x" * 300_000, "header_too_large"),
    ],
)
def test_what_is_no_mail_is_named(raw: bytes, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        unpacked(raw)


def _nested(depth: int) -> bytes:
    head = b"From: a@saglik.example.org\r\n"
    opened = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(depth)
    )
    return head + opened + b"\r\nx"


@pytest.mark.parametrize("depth", [30, 400, 10_000])
def test_a_mail_too_deep_is_set_aside(depth: int) -> None:
    with pytest.raises(Malformed, match=r"too_deep|too_many_parts"):
        unpacked(_nested(depth))


def test_a_hundred_thousand_parts_are_set_aside_at_once() -> None:
    head = b'From: a@saglik.example.org\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    begun = time.thread_time()
    with pytest.raises(Malformed, match="too_many_parts"):
        unpacked(head + b"--b\r\n\r\nx\r\n" * 100_000)
    # Not a benchmark: taking it apart first would take minutes.
    assert time.thread_time() - begun < 20


def _in_two_forms(text: str, shown: str) -> str:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "ayse@hastane1.saglik.example.org", "liste"
    mail.set_content(text)
    mail.add_alternative(f"<html><body>{shown}</body></html>", subtype="html")
    return unpacked(mail.as_bytes()).text


def test_what_stands_in_the_html_alone_is_said_too() -> None:
    said = _in_two_forms("Liste ektedir.", "<p>Liste ektedir.</p><p>Vaz<b>geçtik</b></p>")
    assert said.splitlines()[-1] == "Vazgeçtik"
    assert _in_two_forms("Liste *ektedir*.", "<p>Liste<br>ektedir.</p>").strip() == "Liste *ektedir*."
    quoted = "<p>Liste ektedir.</p><blockquote>Kartınızı iptal ettiriniz</blockquote>"
    assert "ettiriniz" not in _in_two_forms("Liste ektedir.", quoted)


def test_what_a_mail_inside_is_called_is_said_too() -> None:
    inner = EmailMessage()
    inner["From"], inner["Subject"] = "ayse@hastane1.saglik.example.org", "İPTAL"
    inner.set_content("Form ektedir.")
    outer = EmailMessage()
    outer["From"], outer["Subject"] = "personel@hastane1.saglik.example.org", "İlt: form"
    outer.set_content("Gereği için.")
    outer.add_attachment(inner)
    assert [line for line in unpacked(outer.as_bytes()).text.splitlines() if line] == [
        "Gereği için.",
        "İPTAL",
        "Form ektedir.",
    ]


def test_html_words() -> None:
    html = "<style>p{}</style><p>Sayın <b>yetkili</b>,</p><script>x()</script>kart&nbsp;kayıp<br>İyi günler"
    assert plain_text(html) == "Sayın yetkili,\nkart kayıp\nİyi günler"


def _letter_to(submission: Submission) -> bytes:
    return render(
        Letter(
            kind="held",
            about="0" * 64,
            sender=OFFICE.sender,
            recipient=submission.sender,
            subject="Otomatik yanıt",
            text="Merhaba\n",
            html="<p>Merhaba</p>",
            written_at=datetime(2024, 5, 13, tzinfo=UTC),
            answers=submission.message_id,
            references=submission.references,
        )
    )


_CRUMBS = (
    b"=?utf-8?B?", b"=?x?q?=ff?=", b'"', b"<", b">", b";charset=bogus", b"\r\n", b"\r\n\r\n", b"\xff\xfe",
    b"filename*=utf-8''%FF%", b"boundary=", b"--", b"Content-Type: message/rfc822\r\n", b"\0",
)  # fmt: skip


@settings(max_examples=300)
@given(st.integers(min_value=0, max_value=2**32))
def test_no_damaged_mail_breaks_it(seed: int) -> None:
    """Takes fixture mails, damages them mostly in the head, and has them unpacked and answered."""
    dice = random.Random(seed)
    raw = bytearray(dice.choice(_SMALL).read_bytes())
    for _ in range(dice.randint(1, 12)):
        at = dice.randrange(min(len(raw), 4000)) if dice.random() < 0.7 else dice.randrange(len(raw))
        match dice.randrange(4):
            case 0:
                raw[at] = dice.randrange(256)
            case 1:
                del raw[at : at + dice.randint(1, 60)]
            case 2:
                raw[at:at] = dice.randbytes(dice.randint(1, 10))
            case 3:
                raw[at:at] = dice.choice(_CRUMBS)
    try:
        submission = unpacked(bytes(raw))
    except Malformed:
        return
    why_silent(submission, OFFICE, MAIL_WORDS)
    if submission.sender:
        letter = _letter_to(submission)
        assert letter.isascii()
        assert max(map(len, letter.split(b"\r\n"))) <= 998
