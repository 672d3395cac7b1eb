"""Words of somebody who waits that were not heard for where they stood, or in which letters they were."""

from __future__ import annotations

import pytest

from pipeline.mail.unpack import plain_text
from pipeline.policy.mail_words import own_subject
from tests.house import House, Kept, body
from tests.in_order import POLICY, mail_from
from tests.letters import list_mail, writes
from tests.mails import XLS, Envelope, alternative, at, attached, html, mail, mixed, plain
from tests.people import person
from tests.test_conversation import hear, listed
from tests.workbooks import entry, official, xls

AYSE, CANAN = person("Ayşe Karaağaçlı"), person("Canan Şahinbaşlı")
FOUND = "E-imza kartımı buldum, başvurumu iptal edin."
BOTH = {AYSE.identity_number, CANAN.identity_number}
# "I have found the card", in languages that no list of words here knows.
FOREIGN = ("Я нашла карту, отмените заявку", "لقد وجدت البطاقة", "卡找到了，请取消", "Βρήκα την κάρτα")


@pytest.fixture(scope="module")
def kept(lasting_house: House, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    hear(lasting_house, *(list_mail(who, at("2024-06-10", "10:00")) for who in (AYSE, CANAN)))
    return Kept(lasting_house, tmp_path_factory.mktemp("kept"))


@pytest.fixture
def waiting(kept: Kept) -> House:
    """A house in which Ayşe and Canan are waiting for the night's list."""
    return kept.again()


def said(subject: str, part: object) -> bytes:
    return mail(Envelope(writes(AYSE), subject, at("2024-06-10", "17:00")), part)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("Otomatik yanıt aldım, başvurumu iptal etmek istiyorum", FOUND),
        ("Teslim edilemeyen kartım hakkında", FOUND),
        ("Ofis dışı görevde kartım bulundu", FOUND),
        ("Okundu: başvurum", FOUND),
        # Two signs of a program; what speaks against an application is heard all the same.
        ("İzindeyim", f"Yıllık izindeyim. {FOUND}"),
        ("Mesajınız alındı", f"Mesajınız bize ulaştı diye yanıt geldi. {FOUND}"),
    ],
)
def test_whoever_writes_like_a_program_is_heard(waiting: House, subject: str, words: str) -> None:
    hear(waiting, said(subject, plain(words)))
    assert waiting.filed().get("NES/Inceleme") or waiting.ask("SELECT sha FROM hold WHERE state='open'")
    assert listed(waiting) == {CANAN.identity_number}


def test_a_question_under_a_programs_subject_is_read_by_somebody(waiting: House) -> None:
    hear(
        waiting, said("Teslim edilemeyen kart", plain("Kartım kurye tarafından getirilmedi, ne yapmalıyım?"))
    )
    assert waiting.ask("SELECT outcome, silence FROM decision ORDER BY rowid DESC LIMIT 1") == [
        ("held", "may_be_automatic")
    ]


@pytest.mark.parametrize("words", FOREIGN)
def test_whatever_another_script_says_keeps_the_row_off(waiting: House, words: str) -> None:
    hear(waiting, said("e-imza", plain(f"Merhaba,\n{words}")))
    assert listed(waiting) == {CANAN.identity_number}


@pytest.mark.parametrize("words", FOREIGN)
def test_a_colleague_who_names_somebody_in_another_script_is_heard(waiting: House, words: str) -> None:
    hear(
        waiting,
        mail(Envelope(writes(CANAN), "e-imza", at("2024-06-10", "17:00")), plain(f"{AYSE.name} {words}")),
    )
    assert AYSE.identity_number not in listed(waiting)


def listing(words: str, name: str = "liste.xls", **more: str) -> bytes:
    """A list of somebody who has none yet, with something written in a place beside it."""
    who = person("Nuray Işıklıtepe")
    part = mixed(plain(words), attached(xls(official(entry(who, **more))), XLS, name))
    return mail(Envelope(writes(who), "Kayıp e-imza", at("2024-06-10", "17:00")), part)


@pytest.mark.parametrize("words", FOREIGN)
@pytest.mark.parametrize("place", ["mail", "file", "note"])
def test_another_script_beside_a_list_holds_its_rows(waiting: House, words: str, place: str) -> None:
    raw = {
        "mail": lambda: listing(f"Liste ektedir. {words}."),
        "file": lambda: listing("Liste ektedir.", name=f"{words.split(',')[0]}.xls"),
        "note": lambda: listing("Liste ektedir.", note=f"Kayıp {words}"),
    }[place]()
    hear(waiting, raw)
    assert listed(waiting) == BOTH
    assert waiting.ask("SELECT outcome FROM decision ORDER BY rowid DESC LIMIT 1") == [("held",)]


QUOTED = "<div>Sayın Ayşe Karaağaçlı,</div><div>Başvurunuz listeye alındı.</div>"
BELOW = {
    "Thunderbird": (
        '<div class="moz-cite-prefix">10.06.2024 tarihinde nes@saglik.example.org yazdı:<br></div>'
        f'<blockquote type="cite" cite="mid:x">{QUOTED}</blockquote><p>{FOUND}</p>'
    ),
    "Gmail": (
        '<div class="gmail_quote"><div class="gmail_attr">10 Haz 2024 tarihinde nes şunu yazdı:<br></div>'
        f'<blockquote class="gmail_quote">{QUOTED}</blockquote></div><div>{FOUND}</div>'
    ),
    "Apple Mail": (
        '<div><blockquote type="cite"><div>10 Haz 2024 tarihinde nes şunları yazdı:</div>'
        f"<div>{QUOTED}</div></blockquote></div><div>{FOUND}</div>"
    ),
    "in between": (
        f'<div>nes şunu yazdı:</div><blockquote type="cite">{QUOTED}</blockquote><div>{FOUND}</div>'
        f'<blockquote type="cite">{QUOTED}</blockquote>'
    ),
    "set in, and no quotation": f"<div>Merhaba</div><blockquote>{FOUND}</blockquote>",
}


@pytest.mark.parametrize("program", BELOW)
@pytest.mark.parametrize("above", ["", "<p>Merhaba,</p>"])
def test_words_below_what_is_quoted_are_heard(waiting: House, program: str, above: str) -> None:
    hear(waiting, said("Re: Otomatik yanıt", html(above + BELOW[program])))
    assert listed(waiting) == {CANAN.identity_number}
    assert "karara bağlanana kadar" in " ".join(body(waiting.letters()[2]).split())


def test_words_below_a_quotation_in_the_html_alone_are_heard(waiting: House) -> None:
    shown = alternative(plain("Merhaba,\n"), html(f"<p>Merhaba,</p>{BELOW['Thunderbird']}"))
    hear(waiting, said("Re: Otomatik yanıt", shown))
    assert listed(waiting) == {CANAN.identity_number}


def test_a_quoted_block_bears_the_sign_of_quotations() -> None:
    assert plain_text("<p>a</p><blockquote type=cite>b<br>c<p>d</p></blockquote>e") == "a\n> b\n> c\n> d\ne"
    assert plain_text("<p>a</p><blockquote style='margin: 2em'>b</blockquote>") == "a\nb"


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("Ynt: VAZGEÇTİM", ""),
        ("Ynt: Vazgeçtim, başvurumu iptal edin", "Teşekkürler"),
        ("Re: Otomatik yanıt: Listeye alındı [G-0000000H] – kartımı buldum iptal edin", "Teşekkürler"),
    ],
)
def test_a_withdrawal_in_the_subject_of_an_answer_is_heard(waiting: House, subject: str, words: str) -> None:
    hear(waiting, said(subject, plain(words)))
    assert listed(waiting) == {CANAN.identity_number}


@pytest.mark.parametrize(
    "subject", ["Ynt: Otomatik yanıt: Listeye alındı [G-0000000H]", "Re: Kayıp e-imza", "Ynt: YNT: e-imza"]
)
def test_thanks_under_the_subject_of_a_thread_change_nothing(waiting: House, subject: str) -> None:
    hear(waiting, said(subject, plain("Teşekkürler")))
    assert listed(waiting) == BOTH


@pytest.mark.parametrize(
    ("subject", "own"),
    [
        ("Kart çantamdan çıktı [G-0000000H]", "Kart çantamdan çıktı [G-0000000H]"),
        ("Ynt: Kart çantamdan çıktı", "Kart çantamdan çıktı"),
        ("RE: Ynt: Otomatik yanıt: Listeye alındı [G-0000000H] – buldum", "buldum"),
        ("Ynt: Hatırlatma: dekontunuz gelmedi [N-0000000H]", ""),
        ("", ""),
    ],
)
def test_of_an_answers_subject_what_is_ours_is_not_the_senders(subject: str, own: str) -> None:
    assert own_subject(mail_from(subject=subject), POLICY.mail_words) == own
