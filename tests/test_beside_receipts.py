"""What a mail, and the name of a file, say against the payment of a receipt that is in order by itself."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.commands.cli import run
from pipeline.domain import Decision, Outcome
from tests.in_order import AYSE, POLICY, facts_of, judged, mail_from, open_case, row, rules_found, slip
from tests.letters import list_mail, writes
from tests.letters.receipts import BILL, paid
from tests.mails import PDF, Envelope, Part, at, attached, mail, mixed, plain
from tests.receipt_material import receipt_pdf

AGAINST = """
Bu ödemeyi iptal ettim, iade aldım.
Ödemem iade edildi.
Bankaya itiraz ettim, parayı geri aldım.
Ödeme arkadaşıma ait.
Bu dekont arkadaşım Mehmet içindir.
Ödemeyi henüz yapmadım, örnek gönderiyorum.
Dekontu bilgisayarda değiştirdim.
Dekontu kendim düzenledim.
Ödeme onayda bekliyor.
Para hesabıma döndü.
Ücreti iki kere ödemişim.
Talimat verdim, ödeme 20 Haziranda yapılacak.
Bu dekontu dikkate almayın.
Bu ödeme elektrik faturası içindi.
The payment was cancelled by the bank.
Payment refunded
""".strip().splitlines()
IDLE = """
E-imza ödeme dekontum ektedir.
Kayıp e-imzamı iptal ettirdim, ödeme dekontu ektedir.
Bir önceki mailimde dekont eklemeyi unuttum, ekte gönderiyorum.
Kartımdan 780 TL çekildi, dekont ekte.
Ödemeyi eşim yaptı, makbuzu taradım.
Personelimiz Ayşe Karaağaçlı'nın dekontu ektedir.
Arkadaşımın dekontu ektedir.
Ücretin yatırıldığına dair dekont ektedir. Dr. Ali Yılmaz
Ödeme sonrası kartım ne zaman gelir
Dekontu ali.kurtulmus@hastane.example adresinden de gönderdim.
Please find attached the payment receipt.
""".strip().splitlines()


def heard(words: str, **changes: str) -> Decision:
    return judged(slip(**changes), facts=facts_of(open_case()), mail=mail_from(text=words))


@pytest.mark.parametrize("words", AGAINST)
def test_what_is_said_against_a_payment_holds_its_receipt(words: str) -> None:
    decision = heard(f"Merhaba,\n\n{words}\n")
    assert decision.outcome is Outcome.HELD
    assert rules_found(decision) in (["receipt/remark"], ["remarks", "receipt/remark"])


@pytest.mark.parametrize("words", IDLE)
def test_what_people_say_of_a_payment_that_they_made_passes(words: str) -> None:
    assert not [rule for rule in rules_found(heard(f"Merhaba,\n\n{words}\n")) if rule == "receipt/remark"]


def test_words_beside_a_list_hold_the_receipt_and_not_the_row() -> None:
    mine = mail_from(text="Liste ve dekont ektedir.\n\nÖdemem sonra iade edildi.")
    decision = judged(row(), slip(), mail=mine)
    assert "receipt/remark" in rules_found(decision)
    assert [entry.event for entry in decision.entries] == ["listed"]


@pytest.mark.parametrize(
    "name",
    ["iptal edilen dekont.pdf", "dekont_iptal.pdf", "taslak.pdf", "Onay-Bekleyen.pdf", "a.zip / İPTAL/a.pdf"],
)
def test_a_files_name_and_its_folders_are_heard(name: str) -> None:
    decision = heard("Dekont ektedir.", file=name)
    assert (decision.outcome, rules_found(decision)) == (Outcome.HELD, ["receipt/remark"])
    assert decision.findings[0].value == name


@pytest.mark.parametrize(
    "name", ["dekont - Kopya.pdf", "Ayşe Yılmaz dekont.pdf", "Dekont_20240513.pdf", "~$dekont.pdf"]
)
def test_an_honest_name_passes(name: str) -> None:
    assert heard("Dekont ektedir.", file=name).outcome is Outcome.ACCEPTED


def test_rules_that_do_not_listen_to_payments_hear_nothing() -> None:
    deaf = replace(POLICY, remarks=POLICY.remarks.model_copy(update={"payments": None}))
    mine = mail_from(text="Ödemem iade edildi.")
    decision = judged(slip(), facts=facts_of(open_case()), mail=mine, policy=deaf)
    assert decision.outcome is Outcome.ACCEPTED


def zipped(name: str, data: bytes) -> Part:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, data)
    return attached(stream.getvalue(), "application/zip", "dekontlar.zip")


def test_through_the_front_door(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pdf = receipt_pdf(BILL, paid(AYSE, "2024-06-12T10:14:09", 70))
    (tmp_path / "1.eml").write_bytes(list_mail(AYSE, at("2024-06-10", "10:05")))
    sent = Envelope(writes(AYSE), "Dekont", at("2024-06-13", "10:00"))
    for words, part, outcome in (
        ("Dekontum ektedir.", attached(pdf, PDF, "dekont.pdf"), "accepted"),
        ("Dekontum ektedir ama bu ödemeyi iptal ettim.", attached(pdf, PDF, "dekont.pdf"), "held"),
        ("Dekontum ektedir.", zipped("iptal edilenler/dekont.pdf", pdf), "held"),
    ):
        (tmp_path / "2.eml").write_bytes(mail(sent, mixed(plain(words), part)))
        mails = [str(tmp_path / "1.eml"), str(tmp_path / "2.eml")]
        assert run(["explain", "--json", "--today", "2024-06-14", *mails]) == 0
        assert json.loads(capsys.readouterr().out)[-1]["outcome"] == outcome


def test_a_wrong_payment_beside_a_right_one_asks_nobody_to_pay_again() -> None:
    right = slip()
    wrong = slip(rail="FAST", reference="2024051200011111", digest="e" * 64, file="eski.pdf")
    for receipts in ((right, wrong), (wrong, right)):
        decision = judged(*receipts, facts=facts_of(open_case()))
        assert decision.outcome is Outcome.HELD
        assert "receipt/rail" in rules_found(decision)
        assert [e.receipt and e.receipt.file for e in decision.withheld if e.receipt] == [right.file]
    assert judged(wrong, facts=facts_of(open_case())).outcome is Outcome.RETURNED
