"""A release is a whole first line from a closed set and nothing else: hundreds of mails that are none."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import product

import pytest

from pipeline.domain import Attachment, Submission
from pipeline.policy.quoted_letter import OurLetter
from pipeline.policy.release_words import Hindrance, why_no_release
from tests.house import OFFICE
from tests.in_order import POLICY, mail_from

HEAD = "mudur@saglik.example.org"
LETTER = OurLetter(
    subject="14.06.2024 günlü kayıp/çalıntı NES başvuru listesi (2024-06-14/1, 5 kişi) – onayınıza",
    texts=(
        "Sayın İlgili,\n\n14 Haziran 2024 Cuma günü kabul edilen\n"
        "kayıp/çalıntı başvurularının listesi ektedir.\n"
        "Onaylanınca aynı dosya Kamu SM'ye gönderilir; o zamana kadar bekler.\n\n- Liste: 2024-06-14/1\n"
        "- Kişi sayısı: 5\n",
    ),
    addresses=frozenset({OFFICE.sender, HEAD, OFFICE.it_unit}),
    names=frozenset({"istatistik", "ve", "bilgi", "islem", "birimi", "mudur"}),
)
INTRODUCED = "14.06.2024 23:45 tarihinde nes@saglik.example.org şunları yazdı:"


def written(text: str, *, name: str = "Ahmet Yılmaz", html: str = "", more: bool = False) -> Submission:
    """A releaser's mail as it is after unpacking."""
    file = Attachment("resim.png", "image/png", b"x", "0" * 64, inline=True)
    mail = mail_from(sender=HEAD, text=text, subject="Ynt: " + LETTER.subject)
    headers = (("content-type", 'multipart/alternative; boundary="x"'),) if html else ()
    return replace(mail, sender_name=name, html=html, headers=headers, attachments=(file,) if more else ())


def hindrance(mail: Submission) -> Hindrance | None:
    return why_no_release(mail, POLICY.release_words, OFFICE, LETTER)


WORDS = POLICY.release_words.words
TAILS = [
    "",
    ".",
    "!",
    ", teşekkürler",
    ". Teşekkür ederim.",
    ", gönderilebilir",
    "\n\nİyi çalışmalar dilerim.",
    "\n\nSaygılarımla,\nAhmet Yılmaz\nİl Sağlık Müdürü",
    "\n-- \nUzm. Dr. Ahmet YILMAZ\nTel: 0312 000 00 00 / 12",
    f"\n\n{INTRODUCED}\n> Sayın İlgili,\n> ne yazarsa yazsın\n",
    f"\n\n{INTRODUCED}\nSayın İlgili,\n14 Haziran 2024 Cuma günü kabul edilen\nkayıp/çalıntı\n",
    "\n\n14 Haz 2024 Cum 23:45 tarihinde İstatistik ve Bilgi İşlem Birimi\n"
    "<nes@saglik.example.org> şunu yazdı:\n> x",
    "\n\n________________________________\nKimden: nes@saglik.example.org <nes@saglik.example.org>\n"
    "Gönderildi: 14 Haziran 2024 Cuma 23:45\nKime: Müdür <mudur@saglik.example.org>\n"
    "Konu: 14.06.2024 günlü kayıp/çalıntı NES başvuru listesi (2024-06-14/1, 5 kişi) – onayınıza\n\n"
    "Sayın İlgili,\n",
    "\n\n> Liste: 2024-06-14/1",
    "\n\niPhone'umdan gönderildi",
]


@pytest.mark.parametrize(("word", "tail"), list(product(WORDS, TAILS)))
def test_what_is_a_release_is_taken_for_one(word: str, tail: str) -> None:
    for said in (word, word.capitalize(), word.replace("i", "İ").upper()):
        assert hindrance(written(said + tail)) is None


REFUSALS = [
    "Onay veremiyorum. Ayşe Hanım listeye alınmasın.",
    "Onay reddedildi",
    "Onay: HAYIR",
    "Onay bekliyor",
    "Onay - listeyi durdurun",
    "Onay. 3. satırı siliniz, öyle gitsin",
    "Onay makamı ben değilim",
    "Onay kurulu toplantısındayım, dönünce bakarım",
    "Onay?",
    "Onay…",
    "Onay ❌",
    "👍",
    "Onay 👍",
    "Onay (şimdilik)",
    "Onay mı bu?",
    "Onaylanmadı",
    "Onaysız",
    "Onay yok",
    "Onaylıyorum diyemem",
    "~Onay~",
    "“Onay”",
    '"Onay"',
    "* Onay *",
    "Onay/Red",
    "Onay x",
    "Onay 5",
    "onay.",
    "Onaylıyorum ama",
    "Uygundur değil",
    "Uygun değildir",
    "RED",
    "Hayır",
    "",
    " ",
    "Re: Onay",
    "Konu: Onay",
    "> Onay",
    "Tamam",
    "Okey",
    "Approved",
    "OK",
    "Önay",
    "Onày",
    "Оnay",
    "O\u0336n\u0336a\u0336y\u0336",
    "On\u00aday",
    "Onay\u200b değil",
    "İzindeyim.\nOnay",
    "Sayın ilgili,\nOnay",
    "Onay Yılmaz",
    "Onay YILMAZ\nŞube Müdürü",
    "Müdür size tepki verdi: 👍",
    "Onay\n3",
    "Onay\n?",
    "Onay\n👎",
]
# The one that reads as a release.
REFUSALS.remove("onay.")
ADDED = [
    "Ayşe Hanım listeye alınmasın.",
    "3. satırı siliniz.",
    "Yarın gönderiniz.",
    "değil",
    "Hayır",
    "iptal",
    "İPTAL!",
    "Bekleyiniz",
    "Önce bana sorunuz",
    "Listeyi henüz görmedim",
    "Onay değil",
    "?",
    "(bir kişi hariç)",
    "NOT: durdurun",
    "PS: ikinci kişi çıkacak",
    "Dahili 3",
    "Müdür Yardımcısı Veli Bey onaylasın",
    "Eki açamadım",
    "http://x.example/",
    "Kimden: bana sorulmadı",
    "Konu: durdurun",
    "> Bu satırı çıkaralım mı?",
    "From: Veli <veli@saglik.example.org>",
    "Ayşe Kara şunu yazdı:\n> gönderelim mi?",
    "Dün 10:30 veli@saglik.example.org yazdı:\n> 3. satır çıksın mı?",
    f"{INTRODUCED}\n> Sayın İlgili,\n\n3. satırı çıkarınız",
    f"{INTRODUCED}\nListeyi göndermeyiniz",
]


@pytest.mark.parametrize("text", REFUSALS)
def test_what_is_none_is_not(text: str) -> None:
    assert hindrance(written(text)) is not None


@pytest.mark.parametrize(("word", "added"), list(product(WORDS, ADDED)))
def test_anything_added_makes_it_none(word: str, added: str) -> None:
    for mail in (f"{word}\n{added}", f"{word}\n\nTeşekkürler\n{added}", f"{added}\n{word}"):
        assert hindrance(written(mail)) is not None


def test_one_word_more_anywhere_makes_it_none() -> None:
    dice = random.Random(11)
    others = (
        "hayır yok değil sonra önce hariç dursun Ayşe üçüncü satır silinsin neden vazgeçtim 3 ? ret".split()
    )
    for _ in range(400):
        words = (
            f"{dice.choice(WORDS)} {dice.choice(['teşekkürler', 'iyi çalışmalar', 'gönderilebilir'])}".split()
        )
        words.insert(dice.randrange(len(words) + 1), dice.choice(others))
        text = "".join(word + dice.choice([" ", "\n", ", ", ". "]) for word in words)
        assert hindrance(written(text)) is not None, text


@pytest.mark.parametrize("name", ["Onay Yılmaz", "ONAY", "Yılmaz, Onay"])
def test_a_name_is_no_word_about_a_list(name: str) -> None:
    assert hindrance(written("Onay", name=name)) == Hindrance("own_name", "Onay")
    assert hindrance(written("Onay\nYılmaz\nŞube Müdürü", name=name)) is not None
    assert hindrance(written("Onaylıyorum\n\nOnay Yılmaz", name=name)) is None or name == "ONAY"


@pytest.mark.parametrize(
    "html",
    [
        "<p>Onay <b>değil</b></p>",
        "<p><s>Onay</s></p>",
        '<p style="text-decoration: line-through">Onay</p>',
        '<p>Onay</p><p style="display:none">x</p>',
        "<p>Hayır</p>",
        "<p>Onay</p><p>3. satır hariç</p>",
        # What a page shows beside its words, or in other clothes.
        "<style>.x {text-decoration: line-through}</style><p class=x>Onay</p>",
        "<style>p:after {content: ' değil'}</style><p>Onay</p>",
        "<style>p:after {content: ' değil'}<p>Onay</p>",
        '<link rel="stylesheet" href="https://example.org/a.css"><p>Onay</p>',
        "<style>@import 'https://example.org/a.css';</style><p>Onay</p>",
        '<p>Onay <img src="https://example.org/a.png" alt="değil"></p>',
        "<p style=\"background:url('https://example.org/a.png')\">Onay</p>",
        '<p>Onay <input value="vermiyorum"></p>',
    ],
)
def test_text_and_html_have_to_be_the_same_word(html: str) -> None:
    assert hindrance(written("Onay", html=html)) == Hindrance("html")


def test_a_page_with_the_same_words_changes_nothing() -> None:
    page = '<style type="text/css" style="display:none;">P {}</style><p>Onay</p><p>Ahmet Yılmaz</p>'
    assert hindrance(written("Onay\n\nAhmet Yılmaz", html=page)) is None


@pytest.mark.parametrize("number", ["10000000146", "0 100 000 01 46", "100 000 001 46"])
def test_a_persons_number_is_no_telephone(number: str) -> None:
    is_one = number.replace(" ", "") == "10000000146"
    assert (hindrance(written(f"Onay\n\nTel: {number}")) is not None) is is_one


def test_a_page_without_a_text_and_a_file_are_none() -> None:
    only_page = replace(written("Onay", html="<p>Onay</p>"), headers=(("content-type", "text/html"),))
    assert hindrance(only_page) == Hindrance("no_text")
    assert hindrance(written("Onay", more=True)) == Hindrance("file", "resim.png")


@pytest.mark.parametrize("begin", ["", "Re: ", "YNT: ", "Ynt: RE: ", "Cvp:", "Otomatik yanıt: "])
@pytest.mark.parametrize("end", ["", " ", " ONAY", " - onaylandı"])
def test_our_own_subject_answered_changes_nothing(begin: str, end: str) -> None:
    assert hindrance(replace(written("Onay"), subject=f"{begin}{LETTER.subject}{end}")) is None


ABOVE = [
    *("RED", "Onaylamıyorum", "İPTAL", "hayır", "bekletiniz", "?", "❌", "3. satır hariç", "Ayşe Kara", "7"),
    *("Fwd:", "İlt:", "uygun değildir", "durdurun", "onaylamadım"),
]


@pytest.mark.parametrize("added", ABOVE)
def test_a_word_more_in_the_subject_makes_it_none(added: str) -> None:
    for subject in (
        f"{added} {LETTER.subject}",
        f"Ynt: {LETTER.subject} {added}",
        f"{added}: 2024-06-14/1",
        f"Onay {added}",
        LETTER.subject.replace("günlü", f"günlü {added}"),
    ):
        assert hindrance(replace(written("Onay"), subject=subject)) == Hindrance("subject", subject)
