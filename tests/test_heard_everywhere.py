"""Words that a mail says in another place, or in other letters, than most: its sender said them."""

from __future__ import annotations

import codecs
import quopri
import struct
from dataclasses import replace

import pytest

from pipeline.judging.hearing import hear
from pipeline.mail.unpack import plain_text
from pipeline.papers.clues import Clues
from pipeline.policy.mail_words import own_words
from pipeline.sandbox.scanner.scan import transcribe
from tests.house import House, body
from tests.in_order import AYSE, POLICY, SUKRU, mail_from, row
from tests.letters import list_of, writes
from tests.mails import XLS, Envelope, at, attached, html, mail, mixed, plain
from tests.test_unpack import unpacked
from tests.workbooks import tnef

FOUND = "Kartımı buldum, iptal edin."
QUOTED = "14.06.2024 09:12 tarihinde NES <nes@saglik.example.org> yazdı:"


def own(text: str) -> str:
    return own_words(mail_from(text=text, subject=""), POLICY.mail_words)


@pytest.mark.parametrize(
    "text",
    [
        # Below, and between, the lines of a quotation that are marked as such.
        f"Merhaba\n\n{QUOTED}\n> Listeniz alındı.\n> Teşekkürler\n\n{FOUND}\n",
        f"Merhaba\n\n{QUOTED}\n> Listeniz alındı.\n{FOUND}\n> Teşekkürler\n",
        f"{QUOTED}\n\n> Listeniz alındı.\n\n{FOUND}\n",
        # A line that somebody drew, and a signature that begins like a field.
        f"Liste ektedir.\n________________________________\n{FOUND}\n",
        f"Liste ektedir.\nGönderen: Personel Birimi\n\n{FOUND}\n",
    ],
)
def test_what_is_written_around_a_quotation_is_the_senders(text: str) -> None:
    assert FOUND in own(text)
    assert "Listeniz alındı" not in own(text)


@pytest.mark.parametrize(
    "text",
    [
        f"Teşekkürler\n\n{QUOTED}\n{FOUND}\n",
        f"Teşekkürler\n\n{QUOTED}\n> {FOUND}\n",
        f"Teşekkürler\n________________________________\nKimden: NES\nGönderildi: Cuma\nKime: A\n\n{FOUND}\n",
        f"Teşekkürler\n\nGönderen: NES\nTarih: 14 Haziran\nKonu: x\n\n{FOUND}\n",
        f"Teşekkürler\n\nFrom: NES\nDate: 14.06.2024\nTo: A\n\n{FOUND}\n",
        f"Teşekkürler\n-----Özgün İleti-----\n{FOUND}\n",
    ],
)
def test_a_quotation_is_not_the_senders(text: str) -> None:
    assert FOUND not in own(text)
    assert "Teşekkürler" in own(text)


def test_cells_and_headings_of_html_do_not_run_into_each_other() -> None:
    page = "<h2>Liste</h2>ektedir<table><tr><td>Hülya Şimşekoğlu</td><td>vazgeçti</td></tr></table>"
    assert plain_text(page).split("\n") == ["Liste", "ektedir", "Hülya Şimşekoğlu vazgeçti"]


@pytest.mark.parametrize("text", ["İ P T A L", "V A Z G E Ç T İ M , i p t a l"])
def test_a_word_set_wide_is_a_word(text: str) -> None:
    holders = (row(AYSE), row(SUKRU, 7))
    assert set(hear("Liste", text, holders, POLICY.remarks).rows) == {0, 1}
    named = tuple(replace(h, written={**h.written, "over": text}) for h in holders)
    assert set(hear("Liste", "Liste ektedir.", named, POLICY.remarks).rows) == {0, 1}


def test_words_of_sixteen_bits_are_read_whatever_the_mail_calls_them() -> None:
    called = {
        "utf-16": "utf-8",
        "utf-16-le": "utf-8",
        "utf-16-be": "utf-8",
        "utf-32": "utf-32",
        "utf-7": "utf-7",
    }
    for charset, told in called.items():
        head = f"From: a@example.org\r\nContent-Type: text/plain; charset={told}\r\n".encode()
        raw = head + b"Content-Transfer-Encoding: 8bit\r\n\r\n" + FOUND.encode(charset)
        assert FOUND in unpacked(raw).text


@pytest.mark.parametrize("charset", ["utf-8", "windows-1254", "utf-16"])
def test_a_stray_zero_hides_no_words(charset: str) -> None:
    head = f"From: a@example.org\r\nContent-Type: text/plain; charset={charset}\r\n"
    body = f"Liste ektedir.\0\n{FOUND[:3]}\0{FOUND[3:]}".encode("utf-8" if charset == "utf-16" else charset)
    raw = head.encode() + b"Content-Transfer-Encoding: 8bit\r\n\r\n" + body
    assert "Liste ektedir." in unpacked(raw).text
    assert FOUND in unpacked(raw).text


TURKISH = "Kartımı buldum, başvurumu iptal edin."
WRITTEN = {
    # A mark of pairs, and none behind it.
    "marked, UTF-8": codecs.BOM_UTF16_LE + TURKISH.encode(),
    "marked the other way, UTF-8": codecs.BOM_UTF16_BE + TURKISH.encode(),
    "marked, Windows": codecs.BOM_UTF16_LE + TURKISH.encode("cp1254"),
    "marked, an odd byte more": codecs.BOM_UTF16_LE + TURKISH.encode() + b"x",
    "marked the wrong way": codecs.BOM_UTF16_BE + TURKISH.encode("utf-16-le"),
    # Pairs amid letters of one byte, as where a server adds something.
    "pairs, then UTF-8": "Liste".encode("utf-16") + b"\r\n" + TURKISH.encode(),
    "UTF-8, then pairs": b"Liste ektedir.\r\n" + TURKISH.encode("utf-16"),
    "pairs, then a house's footer": TURKISH.encode("utf-16-le") + b"\r\nSaglik Mudurlugu, Ornek Cadde " * 3,
    "pairs, then an end of line": TURKISH.encode("utf-16") + b"\n",
    "two marks, pairs": codecs.BOM_UTF8 + TURKISH.encode("utf-16"),
    # Four bytes for each.
    "fours": TURKISH.encode("utf-32"),
    "fours without a mark": TURKISH.encode("utf-32-le"),
    "fours the other way": TURKISH.encode("utf-32-be"),
    # What the mail calls Western was written in Turkey.
    "Windows": TURKISH.encode("cp1254"),
    "marked UTF-8": codecs.BOM_UTF8 + TURKISH.encode(),
}


@pytest.mark.parametrize("called", ["utf-8", "utf-16", "us-ascii", "iso-8859-1", "windows-1252", "x-unknown"])
@pytest.mark.parametrize("how", WRITTEN)
def test_words_are_heard_whatever_marks_them_and_whatever_the_mail_calls_them(how: str, called: str) -> None:
    head = f"From: a@example.org\r\nContent-Type: text/plain; charset={called}\r\n"
    raw = head.encode() + b"Content-Transfer-Encoding: 8bit\r\n\r\n" + WRITTEN[how]
    assert TURKISH in unpacked(raw).text


@pytest.mark.parametrize("text", ["لقد وجدت بطاقتي", "Я нашёл карту", "我找到了我的卡"])
def test_other_scripts_are_read_as_their_mark_says(text: str) -> None:
    head = b"From: a@example.org\r\nContent-Type: text/plain; charset=utf-8\r\n"
    raw = head + b"Content-Transfer-Encoding: 8bit\r\n\r\n" + text.encode("utf-16")
    assert unpacked(raw).text == text


def test_a_list_whose_words_bear_a_mark_of_sixteen_bits_is_held(house: House) -> None:
    """The mark made Chinese of all that was said beside the list, and it went on."""
    form = attached(list_of(AYSE), XLS, "liste.xls")
    envelope = Envelope(writes(AYSE), "Kayıp e-imza", at("2024-06-14", "08:00"))
    raw = mail(envelope, mixed(plain("WORDS"), form))
    house.deliver_raw(raw.replace(b"WORDS", quopri.encodestring(codecs.BOM_UTF16_LE + TURKISH.encode())))
    house.poll()
    assert house.filed() == {"held": 1}
    assert TURKISH in " ".join(body(house.letters()[0]).split())
    house.nightly()
    assert not [letter for letter in house.letters() if letter["X-NES-Intake"] == "batch"]


def test_every_subject_of_a_mail_is_heard() -> None:
    raw = b"From: a@example.org\r\nSubject: liste\r\nSubject: vazgectim\r\nSubject: liste\r\n\r\nx"
    assert unpacked(raw).subject == "liste / vazgectim"


def test_what_a_winmail_says_is_said() -> None:
    whole = tnef("liste.xls", list_of(AYSE))
    body = FOUND.encode("cp1254") + b"\0"
    said = struct.pack("<BII", 1, 0x0002800C, len(body)) + body + struct.pack("<H", sum(body) & 0xFFFF)
    found = transcribe(whole[:6] + said + whole[6:], Clues())
    assert found.said == FOUND
    assert [name for name, _ in found.inner] == ["liste.xls"]


def test_a_table_in_the_html_alone_takes_somebody_back() -> None:
    page = f"<p>Liste ektedir.</p><table><tr><td>{AYSE.name}</td><td>vazgeçti</td></tr></table>"
    raw = mail(Envelope(writes(SUKRU), "Liste", at("2024-06-14")), mixed(html(page), plain("")))
    told = hear("Liste", unpacked(raw).text, (row(AYSE), row(SUKRU, 7)), POLICY.remarks)
    assert set(told.rows) == {0}
