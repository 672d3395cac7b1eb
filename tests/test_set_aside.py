"""Files that ask for nothing of their own beside a receipt: what they say against it is heard."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from pathlib import Path

import pypdfium2
import pytest

from pipeline.commands.cli import run
from pipeline.domain import Aside, Decision, Evidence, Matter, Outcome
from pipeline.domain.turkish import squeeze
from pipeline.judging.judge import judge
from pipeline.papers.clues import Clues
from pipeline.sandbox.scanner.scan import transcribe
from tests.in_order import AYSE, POLICY, SHA, facts_of, mail_from, open_case, rules_found, slip
from tests.letters import list_mail, writes
from tests.letters.receipts import BILL, paid
from tests.mails import PDF, Envelope, Part, at, attached, html, inline, mail, mixed, plain
from tests.pictures import logo_png, words_png
from tests.receipt_material import Print, print_pdf, receipt_pdf

MOVEMENTS = ("VAKIFBANK", "HESAP HAREKETLERİ", "13.05.2024    TÜBİTAK BİLGEM KAMU SM    -780,00 TL")
AGAINST_MOVEMENTS = """
14.05.2024    TÜBİTAK BİLGEM KAMU SM İADE    780,00 TL
14.05.2024    KURUM ÖDEMESİ İPTALİ    780,00 TL
13.05.2024    Kamu SM 780,00 TL BEKLEMEDE (provizyon)
Ödeme kuruma ulaşmadı, tutar hesabınıza iade edildi
14.05.2024    TÜBİTAK BİLGEM KAMU SM    +780,00 TL
""".strip().splitlines()
IDLE_MOVEMENTS = """
21.05.2024    Market alışverişi    -412,35 TL
20 Mayıs    Maaş    41.250,00 TL
Kullanılabilir Bakiye    1.250,00 TL
21.05.2024 Kamu SM kurum ödemesi    -780,00 TL
Hesap hareketleriniz bilgi içindir, dekont yerine geçmez.
İŞLEM TARİHİ    AÇIKLAMA    TUTAR    BAKİYE
""".strip().splitlines()
HEAD = ("T.C.", "ÖRNEK DEVLET HASTANESİ BAŞHEKİMLİĞİ", "Sayı    E-123", "Konu    NES ödemesi")
AGAINST_LETTERS = """
Personelimiz Ayşe Karaağaçlı'nın ödemesi iptal edilmiş, tutar iade alınmıştır.
Ayşe Karaağaçlı adına yapılan ödeme Mehmet Şükrü İnanöz'e aittir.
Ekteki ödeme belgesi hatalıdır, dikkate alınmaması gerekmektedir.
Ödeme henüz gerçekleşmemiş olup talimat verilmiştir.
Personelimiz kurumumuzdan ayrılmıştır, başvurusunun iptali gerekmektedir.
Belge örnek olarak sunulmuştur.
Söz konusu tutarın mahsubu yapılacaktır.
Bedeli kurumumuzca karşılanacaktır.
Belgenin aslı ibraz edilmemiştir.
""".strip().splitlines()
IDLE_LETTERS = """
Hastanemizde görevli Ayşe Karaağaçlı'nın elektronik imzası kaybolmuş, sertifikası iptal ettirilmiştir.
Personelimize ait ödeme dekontu ekte sunulmuştur.
Adı geçen personelin nitelikli elektronik sertifika ücreti yatırılmıştır, dekont ektedir.
İlgi yazınız gereği ödeme yapılmış olup dekontu yazımız ekinde gönderilmiştir.
Bilgilerinize arz ederim.
Bu belge, güvenli elektronik imza ile imzalanmıştır.
Belge doğrulama kodu ile adresinden doğrulanabilir.
Kurumumuz İl Sağlık Müdürü Dr. Mehmet Şükrü İnanöz
Personelimiz elektronik imza kartını kaybetmiş olup ekte ödeme dekontu sunulmaktadır.
Gereğini bilgilerinize rica ederim.
""".strip().splitlines()
AGAINST_PICTURES = """
Ödemeniz iptal edilmiştir.
İADE EDİLDİ
Bu dekont sahtedir
Refunded
Askıda
""".strip().splitlines()
IDLE_PICTURES = """
Ayşe Karaağaçlı
Hemşire
T.C. Sağlık Bakanlığı
Örnek Devlet Hastanesi
Tel: 0 312 555 12 34
www.hastane1.saglik.example.org
""".strip().splitlines()


def heard(what: str, *lines: str) -> Decision:
    aside = (Aside("yanındaki.pdf", what, lines),)
    matter = Matter(SHA, mail_from(text="Dekont ektedir."), Evidence(receipts=(slip(),)), aside=aside)
    return judge(matter, facts_of(open_case()), POLICY)


@pytest.mark.parametrize(
    ("what", "lines"),
    [
        *(("account_statement", (*MOVEMENTS, line)) for line in AGAINST_MOVEMENTS),
        *(("official_letter", (*HEAD, line, "Gereğini arz ederim.")) for line in AGAINST_LETTERS),
        *(("picture", (line,)) for line in AGAINST_PICTURES),
    ],
)
def test_what_a_paper_beside_a_receipt_says_against_it_holds_it(what: str, lines: tuple[str, ...]) -> None:
    decision = heard(what, *lines)
    assert (decision.outcome, rules_found(decision)) == (Outcome.HELD, ["receipt/remark"])


@pytest.mark.parametrize(
    ("what", "lines"),
    [
        *(("account_statement", (*MOVEMENTS, line)) for line in IDLE_MOVEMENTS),
        *(("official_letter", (*HEAD, line, "Gereğini arz ederim.")) for line in IDLE_LETTERS),
        *(("picture", (line,)) for line in IDLE_PICTURES),
    ],
)
def test_a_paper_that_says_nothing_of_it_passes(what: str, lines: tuple[str, ...]) -> None:
    assert heard(what, *lines).outcome is Outcome.ACCEPTED


def told(tmp_path: Path, capsys: pytest.CaptureFixture[str], *parts: Part, shown: str = "") -> str:
    """Sends a good receipt with something beside it, and gives the outcome."""
    pdf = receipt_pdf(BILL, paid(AYSE, "2024-06-12T10:14:09", 70))
    (tmp_path / "1.eml").write_bytes(list_mail(AYSE, at("2024-06-10", "10:05")))
    words = html(shown) if shown else plain("Dekontum ektedir.")
    sent = Envelope(writes(AYSE), "Dekont", at("2024-06-13", "10:00"))
    (tmp_path / "2.eml").write_bytes(mail(sent, mixed(words, attached(pdf, PDF, "dekont.pdf"), *parts)))
    mails = [str(tmp_path / "1.eml"), str(tmp_path / "2.eml")]
    assert run(["explain", "--json", "--today", "2024-06-14", *mails]) == 0
    return str(json.loads(capsys.readouterr().out)[-1]["outcome"])


def statement(day: str, row: str) -> bytes:
    rows = (("13.05.2024", "TÜBİTAK BİLGEM KAMU SM    -780,00 TL"), (day, row))
    return print_pdf(Print("VAKIFBANK", "KART HAREKETLERİ", rows))


def zipped(data: bytes) -> Part:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("hareket.pdf", data)
    return attached(stream.getvalue(), "application/zip", "ekler.zip")


def test_papers_beside_a_receipt_through_the_front_door(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    market = statement("14.05.2024", "MARKET    -412,35 TL")
    back = statement("14.05.2024", "KURUM ÖDEMESİ İPTALİ    780,00 TL")
    for data, outcome in ((market, "accepted"), (back, "held")):
        assert told(tmp_path, capsys, attached(data, PDF, "hareket.pdf")) == outcome
        assert told(tmp_path, capsys, zipped(data)) == outcome
    for picture, outcome in (
        (logo_png(), "accepted"),
        (words_png("Ayşe Karaağaçlı", "Örnek Devlet Hastanesi"), "accepted"),
        (words_png("Ödemeniz iptal edilmiştir."), "held"),
        (words_png("İADE EDİLDİ", size=60), "held"),
    ):
        assert told(tmp_path, capsys, inline(picture, "image/png", "a1")) == outcome
    held = base64.b64encode(words_png("Ödemeniz iptal edilmiştir.")).decode()
    for shown, outcome in (
        (f'<p>Dekontum ektedir.</p><img src="data:image/png;base64,{held}">', "held"),
        (
            '<p>Dekontum ektedir.</p><img src="https://www.example.org/a.png" alt="Ödemem iptal edildi">',
            "held",
        ),
        ('<p>Dekontum ektedir.</p><img src="cid:a1" alt="Bir logo, otomatik oluşturuldu">', "accepted"),
    ):
        assert told(tmp_path, capsys, shown=shown) == outcome


EVENT = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\n{}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ayşe Karaağaçlı\r\nORG:Örnek Devlet Hastanesi\r\n{}\r\nEND:VCARD\r\n"


@pytest.mark.parametrize(
    ("card", "words"),
    [
        (EVENT.format("SUMMARY:Ödeme\r\nDTSTART:20240613T100000"), "Ödeme"),
        (
            EVENT.format("COMMENT;LANGUAGE=tr:Bu ödemeyi\r\n  iptal\\, ettim\\nSelam"),
            "Bu ödemeyi iptal, ettim\nSelam",
        ),
        (
            EVENT.format("UID:1\r\nX-MICROSOFT-CDO-BUSYSTATUS:BUSY\r\nX-ALT-DESC:<b>Vazgeçtim</b>"),
            "Vazgeçtim",
        ),
        (
            CARD.format("NOTE;ENCODING=QUOTED-PRINTABLE:iptal=\r\n edildi"),
            "Ayşe Karaağaçlı\nÖrnek Devlet Hastanesi\niptal edildi",
        ),
        (
            CARD.format("item1.TEL:0\r\nADR:;;Örnek Sok."),
            "Ayşe Karaağaçlı\nÖrnek Devlet Hastanesi\nÖrnek Sok.",
        ),
    ],
)
def test_what_people_are_shown_of_calendars_and_cards_is_heard(card: str, words: str) -> None:
    said = transcribe(card.encode(), Clues()).said
    assert [squeeze(line) for line in said.split("\n")] == words.split("\n")


def test_a_card_or_an_invitation_beside_a_receipt(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for card, name, outcome in (
        (CARD.format("TEL:0 312 555 12 34"), "ayse.vcf", "accepted"),
        (CARD.format("NOTE:Ödeme iptal edildi"), "ayse.vcf", "held"),
        (EVENT.format("SUMMARY:Nöbet"), "davet.ics", "accepted"),
        (EVENT.format("DESCRIPTION:Bu ödemeyi iptal ettim"), "davet.ics", "held"),
    ):
        assert told(tmp_path, capsys, attached(card.encode(), "text/plain", name)) == outcome


def test_somebody_who_waits_for_a_list_may_say_it_in_a_picture_or_an_invitation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "1.eml").write_bytes(list_mail(AYSE, at("2024-06-10", "10:05")))
    signed = words_png("Ayşe Karaağaçlı", "Örnek Devlet Hastanesi")
    declined = EVENT.format("ATTENDEE:mailto:a@example.org\r\nCOMMENT:Kartı eşim getirdi")
    for part, words in (
        (inline(words_png("Kartı eşim getirdi"), "image/png", "a1"), "Kartı eşim getirdi"),
        (attached(declined.encode(), "text/calendar", "yanit.ics"), "Kartı eşim getirdi"),
        (inline(logo_png(), "image/png", "a1"), ""),
        (inline(signed, "image/png", "a1"), ""),
    ):
        sent = Envelope(writes(AYSE), "Teşekkürler", at("2024-06-13", "10:00"))
        (tmp_path / "2.eml").write_bytes(mail(sent, mixed(plain("Teşekkür ederim."), part)))
        mails = [str(tmp_path / "1.eml"), str(tmp_path / "2.eml")]
        assert run(["explain", "--json", "--today", "2024-06-14", *mails]) == 0
        (letter,) = json.loads(capsys.readouterr().out)[-1]["letters"]
        # Whoever waits is told that the row waits as well, and by which words.
        told = " ".join(letter["text"].split())
        assert ("listeye konmayacak" in told) == bool(words)
        assert words in told


def carrying(name: str, data: bytes) -> bytes:
    """A good receipt with a file inside it."""
    with pypdfium2.PdfDocument(receipt_pdf(BILL, paid(AYSE, "2024-06-12T10:14:09", 70))) as document:
        document.new_attachment(name).set_data(data)
        stream = io.BytesIO()
        document.save(stream)
    return stream.getvalue()


XML = '<?xml version="1.0"?><Fatura><Not>{}</Not></Fatura>'


@pytest.mark.parametrize(
    ("name", "data", "across"),
    [
        ("fatura.xml", XML.format("Bilgi").encode(), ()),
        ("fatura.xml", XML.format("Ödeme iptal edilmiştir").encode(), ("Ödeme iptal edilmiştir",)),
        ("not.txt", "Bu ödeme iptal edilmiştir.".encode(), ("not.txt [text]",)),
        ("Dekont", receipt_pdf(BILL, paid(AYSE, "2024-06-12T10:14:09", 71)), ("Dekont [pdf]",)),
        ("x", b"\0\1\2", ("x [?]",)),
    ],
)
def test_a_file_inside_a_receipt_is_data_that_says_nothing_against_it_or_is_told(
    name: str, data: bytes, across: tuple[str, ...]
) -> None:
    transcript = transcribe(carrying(name, data), POLICY.clues)
    assert tuple(text for page in transcript.pages for text in page.across) == across
