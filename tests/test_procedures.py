"""The four procedures and the questions beside them: which one is meant, and what a receipt must show."""

from __future__ import annotations

import io
import shutil
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import load_workbook

from pipeline.domain import (
    Case,
    Consequence,
    Decision,
    Event,
    Facts,
    Outcome,
    Procedure,
    Receipt,
    Spent,
    Submission,
)
from pipeline.domain.cases import receipt_key
from pipeline.domain.turkish import IdentityNumber
from pipeline.letters.answer import Answered, answer
from pipeline.mail.addresses import answer_to
from pipeline.policy.mail_words import abbreviated_address, own_words, written_out
from pipeline.policy.places import REPORTS, RULES
from pipeline.policy.policy import load_policy
from pipeline.policy.topics import topics_of
from tests.in_order import AYSE, POLICY, SHA, SUKRU, TODAY, facts_of, judged, mail_from, open_case, row, slip
from tests.test_correspondence import MONDAY

ACCOUNT = "TR930001200945700044000004"
FIRST = "Mini Kart Okuyucu ve 3 Yıllık NES bedeli"
RENEWAL = "3 Yıllık NES bedeli"


def transfer(scope: str = RENEWAL, **changes: Any) -> Receipt:
    """A family physician's receipt in order: name, number, scope, account, recipient, amount, day."""
    whole = slip(
        layout="halkbank",
        rail="HAVALE",
        iban=ACCOUNT,
        payee="ANKARA İL SAĞLIK MÜDÜRLÜĞÜ",
        payer="AYŞE KARAAĞAÇLI",
        debtor=None,
        description=f"AYŞE KARAAĞAÇLI {AYSE.identity_number} {scope}",
        amount=Decimal("1080.00") if scope == FIRST else Decimal("780.00"),
    )
    return replace(whole, **changes)


def physician(receipt: Receipt, words: str = "Aile hekimiyim, dekont ektedir.", **changes: Any) -> Decision:
    return judged(receipt, mail=mail_from(text=words, subject="dekont"), **changes)


# --- B: family physicians --------------------------------------------------------------------------


@pytest.mark.parametrize("scope", [FIRST, RENEWAL])
@pytest.mark.parametrize("rail", ["HAVALE", "EFT", "FAST", "NAKİT"])
def test_a_physicians_receipt_opens_a_case_of_its_own(scope: str, rail: str) -> None:
    decision = physician(transfer(scope, rail=rail))
    assert (decision.outcome, decision.procedure) == (Outcome.ACCEPTED, Procedure.FAMILY_PHYSICIAN)
    (entry,) = decision.entries
    assert (entry.event, entry.holder, entry.procedure) == (Event.PAID, None, Procedure.FAMILY_PHYSICIAN)


FAULTS: dict[str, tuple[dict[str, Any], str, Consequence]] = {
    "another account": ({"iban": "TR330006100519786457841326"}, "receipt/account", Consequence.RETURN),
    "an account misread": ({"iban": None}, "receipt/account-readable", Consequence.HOLD),
    "another recipient": ({"payee": "ÇİÇEKLİ TEMİZLİK LTD."}, "receipt/recipient", Consequence.HOLD),
    "no number": (
        {"identity_number": None, "description": f"AYŞE KARAAĞAÇLI {RENEWAL}"},
        "receipt/number-printed",
        Consequence.RETURN,
    ),
    "no number in a photo": (
        {"identity_number": None, "description": RENEWAL, "read_by": "ocr psm=11"},
        "receipt/number-in-doubt",
        Consequence.HOLD,
    ),
    "another's number": (
        {"description": f"{SUKRU.identity_number} {RENEWAL}"},
        "receipt/one-number",
        Consequence.HOLD,
    ),
    "another's name": (
        {"payer": "MEHMET İNANÖZ", "description": RENEWAL},
        "receipt/holder-name",
        Consequence.HOLD,
    ),
    "no scope": ({"description": "e-imza"}, "receipt/scope", Consequence.RETURN),
    "half a scope": ({"description": "3 yıllık nes ücreti"}, "receipt/scope", Consequence.HOLD),
    "no description": ({"description": None}, "receipt/scope-printed", Consequence.RETURN),
    "no description in a photo": (
        {"description": None, "read_by": "ocr psm=11"},
        "receipt/scope-in-doubt",
        Consequence.HOLD,
    ),
    "last year's price": ({"amount": Decimal("147.50")}, "receipt/amount", Consequence.RETURN),
    "the other scope's price": ({"amount": Decimal("1080.00")}, "receipt/scope-amount", Consequence.HOLD),
    "an unknown price": ({"paid_on": TODAY.replace(year=2015)}, "receipt/amount", Consequence.HOLD),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_physicians_receipt_with(name: str) -> None:
    changes, rule, consequence = FAULTS[name]
    decision = physician(transfer(**changes))
    assert decision.procedure is Procedure.FAMILY_PHYSICIAN
    assert (rule, consequence) in {(f.rule, f.consequence) for f in decision.findings}
    assert decision.entries == ()
    wanted = Outcome.RETURNED if consequence is Consequence.RETURN else Outcome.HELD
    assert decision.outcome is wanted


@pytest.mark.parametrize(
    "words", ["3 YILLIK NES BEDELI", "3 yılık nes bedelı", "Dr. A. K. 3 Yillik  NES bedeli"]
)
def test_scope_words_are_read_loosely(words: str) -> None:
    assert physician(transfer(description=f"{AYSE.name} {words}")).outcome is Outcome.ACCEPTED


def paid_case(procedure: Procedure = Procedure.FAMILY_PHYSICIAN) -> Case:
    number = IdentityNumber(AYSE.identity_number)
    return Case("N-0000000H", procedure, number, TODAY, receipt=transfer(), events=(Event.PAID,))


def paid_facts(case: Case, spent: Mapping[str, Spent] | None = None) -> Facts:
    cases = {(case.identity_number, case.procedure): case}
    return Facts(TODAY, spent=spent or {}, paid_cases=cases, known=frozenset({case.number}))


def test_the_same_receipt_again_is_told_so() -> None:
    case = paid_case()
    spent = {receipt_key(transfer()): Spent(case.number, AYSE.work_email)}
    facts = paid_facts(case, spent)
    decision = physician(transfer(), facts=facts)
    assert (decision.outcome, [f.rule for f in decision.findings]) == (Outcome.GUIDED, ["receipt/not-again"])


def test_a_second_payment_waits_for_a_person() -> None:
    case = paid_case()
    facts = paid_facts(case)
    decision = physician(transfer(reference="2024000000000002"), facts=facts)
    assert [f.rule for f in decision.findings] == ["receipt/first-payment"]


def test_a_physicians_case_does_not_stand_in_the_way_of_a_list() -> None:
    case = paid_case()
    facts = paid_facts(case)
    assert judged(row(), facts=facts).outcome is Outcome.ACCEPTED


# --- which procedure is meant ----------------------------------------------------------------------

BILL = slip()
READER = slip(amount=Decimal("300.00"), reference="2024051300099999")
ELSEWHERE = transfer(iban="TR330006100519786457841326")
MEANT: dict[str, tuple[Receipt, str, set[Procedure]]] = {
    "a bill": (BILL, "Dekont ektedir.", {Procedure.LOST_OR_STOLEN}),
    "the directorate's account": (transfer(), "Ektedir.", {Procedure.FAMILY_PHYSICIAN}),
    "the account and a nurse": (
        transfer(),
        "Acil serviste hemşireyim.",
        {Procedure.FAMILY_PHYSICIAN, Procedure.OTHER_STAFF},
    ),
    "a nurse's transfer elsewhere": (ELSEWHERE, "Hemşireyim.", {Procedure.OTHER_STAFF}),
    "a physician's transfer elsewhere": (ELSEWHERE, "Aile hekimiyim.", {Procedure.FAMILY_PHYSICIAN}),
    "a transfer elsewhere": (ELSEWHERE, "Ektedir.", {Procedure.LOST_OR_STOLEN}),
    "a reader, by words and price": (READER, "Kart okuyucu ücreti.", {Procedure.CARD_READER}),
    "a reader's price alone": (READER, "Ektedir.", {Procedure.LOST_OR_STOLEN, Procedure.CARD_READER}),
    "a reader's name alone": (BILL, "Kart okuyucu.", {Procedure.LOST_OR_STOLEN, Procedure.CARD_READER}),
    "a bill of a physician": (
        BILL,
        "Aile hekimiyim.",
        {Procedure.LOST_OR_STOLEN, Procedure.FAMILY_PHYSICIAN},
    ),
}


@pytest.mark.parametrize("name", MEANT)
def test_evidence_names_the_procedure(name: str) -> None:
    receipt, words, meant = MEANT[name]
    decision = physician(receipt, words)
    found = {f.rule for f in decision.findings}
    if len(meant) == 1:
        assert decision.procedure in meant
        assert "submission/one-procedure" not in found
    else:
        assert decision.procedure is None
        assert "submission/one-procedure" in found
        assert decision.outcome is Outcome.HELD, "never refused on a doubt"


@pytest.mark.parametrize("name", MEANT)
def test_an_open_case_speaks_before_all_else(name: str) -> None:
    receipt, words, _ = MEANT[name]
    decision = physician(receipt, words, facts=facts_of(open_case()))
    assert decision.procedure is Procedure.LOST_OR_STOLEN


def test_other_staff_owe_nothing_so_their_receipt_waits() -> None:
    decision = physician(ELSEWHERE, "Hemşireyim.")
    assert decision.outcome is Outcome.HELD
    assert "receipt/none-due" in {f.rule for f in decision.findings}


def test_a_readers_receipt_is_noted_and_never_listed() -> None:
    decision = physician(READER, "Kart okuyucu ücreti.")
    (entry,) = decision.entries
    assert (decision.outcome, entry.event, entry.procedure) == (
        Outcome.ACCEPTED,
        Event.PAID,
        Procedure.CARD_READER,
    )
    letter = answer(Answered(SHA, mail_from(), MONDAY), decision, None, (), POLICY)
    assert letter is not None
    assert "kartokuyucu" in letter.text


@pytest.mark.parametrize("rail", ["EFT", "FAST", "HAVALE", "NAKİT"])
def test_the_right_rail_depends_on_the_procedure(rail: str) -> None:
    assert "receipt/rail" not in {f.rule for f in physician(transfer(rail=rail)).findings}
    lost = judged(slip(rail=rail), facts=facts_of(open_case()))
    assert (lost.outcome, "receipt/rail" in {f.rule for f in lost.findings}) == (Outcome.RETURNED, True)


def test_the_route_can_be_switched_without_code(tmp_path: Any) -> None:
    rules = shutil.copytree(RULES, tmp_path / "rules")
    route = rules / "holder" / "route.toml"
    text = route.read_text(encoding="utf-8")
    text = text.replace('wants   = ["yurttaş", "yabancı"]', 'wants   = ["yabancı"]')
    text = text.replace('accepts = ["yurttaş", "yabancı"]', 'accepts = ["yabancı"]')
    route.write_text(text.replace('rejects = ["bilinmiyor"]', 'rejects = ["yurttaş"]'), encoding="utf-8")
    self_service = load_policy(rules, REPORTS, POLICY.office)
    citizen, foreigner = row(), row(identity_number=IdentityNumber("99000000044"))
    assert judged(citizen).outcome is Outcome.ACCEPTED
    guided = judged(citizen, policy=self_service)
    assert (guided.outcome, guided.entries) == (Outcome.GUIDED, ())
    found = {f.rule for f in judged(foreigner, policy=self_service).findings}
    assert "holder/route" not in found


# --- questions -------------------------------------------------------------------------------------


def asked(words: str, facts: Facts | None = None, **changes: Any) -> Decision:
    return judged(mail=mail_from(text=words, subject="", **changes), facts=facts)


@pytest.mark.parametrize("name", [topic.name for topic in POLICY.topics])
def test_a_topic_is_known_by_its_examples_and_answered_with_its_text(name: str) -> None:
    raw = tomllib.loads((RULES / "topics" / f"{name}.toml").read_text(encoding="utf-8"))
    for words in raw["matches"]:
        decision = asked(words)
        assert decision.topic == name
        assert decision.outcome is (Outcome.HELD if raw["else"] == "hold" else Outcome.GUIDED)
        assert decision.entries == ()
        letter = answer(Answered(SHA, mail_from(), MONDAY), decision, None, (), POLICY)
        assert letter is not None
        assert letter.kind == f"topics/{name}"


def test_two_topics_wait_for_a_person() -> None:
    words = "PIN bloke oldu. Ayrıca e-imzamın süresi gelecek ay doluyor, yenileme nasıl yapılır?"
    assert len(topics_of(words, POLICY.topics)) == 2
    decision = asked(words)
    assert (decision.outcome, decision.topic) == (Outcome.HELD, "")
    assert [f.rule for f in decision.findings] == ["submission/one-topic"]


def test_words_without_a_topic_wait_for_a_person() -> None:
    decision = asked("Merhabalar, geçen konuşmuştuk, gelmem gerekir mi?")
    assert (decision.outcome, [f.rule for f in decision.findings]) == (
        Outcome.HELD,
        ["submission/enclosure"],
    )


def test_a_file_is_judged_whatever_is_asked_beside_it() -> None:
    decision = judged(row(), mail=mail_from(text="PIN bloke oldu, ne yapmalıyım?"))
    # The row goes on; what is asked is not lost, and waits for somebody to read it.
    assert (decision.outcome, decision.topic, len(decision.entries)) == (Outcome.HELD, "", 1)
    assert [f.rule for f in decision.findings] == ["remarks"]


def test_found_again_with_an_open_case_may_be_a_withdrawal() -> None:
    facts = replace(facts_of(), sender_cases=(open_case(),))
    decision = asked("Merhaba, e-imzamı buldum.", facts)
    assert (decision.outcome, decision.topic) == (Outcome.HELD, "")


QUOTED = (
    "Teşekkürler, aldım.\n\n-----Özgün İleti-----\nPIN bloke olduysa PUK kodunuzla…",
    "Teşekkürler, aldım.\n\nNES <nes@saglik.example.org> şunları yazdı:\n> e-imzanız kaybolduysa nasıl…",
    "Teşekkürler, aldım.\n> PIN bloke olduysa\n> PUK kodunuzla",
    "Teşekkürler, aldım.\n\nKimden: NES\nKonu: pin bloke",
)


@pytest.mark.parametrize("text", QUOTED)
def test_what_we_wrote_is_not_taken_for_the_senders_words(text: str) -> None:
    mail = mail_from(text=text, subject="Ynt: Otomatik yanıt: Kayıp e-imza için yapılacaklar [G-0000000H]")
    assert own_words(mail, POLICY.mail_words) == "Teşekkürler, aldım."


def test_who_asks_how_to_apply_gets_the_blank_form() -> None:
    letter = answer(
        Answered(SHA, mail_from(), MONDAY), asked("E-imzamı kaybettim, ne yapmalıyım?"), None, (), POLICY
    )
    assert letter is not None
    (form,) = letter.enclosures
    assert form.name in letter.text
    values = [cell.value for row in load_workbook(io.BytesIO(form.data)).active for cell in row]
    assert "T.C. Kimlik No" in values


def test_a_name_is_no_topic() -> None:
    text = "E-imzamı kaybettim, ne yapmalıyım?\n\nSevgi Pınarbaşılı"
    assert asked(text, sender_name="Sevgi Pınarbaşılı").topic == "how-to-apply"


# --- where is my application? ----------------------------------------------------------------------


def told(mail: Submission, *cases: Case) -> str:
    decision = judged(mail=mail, facts=replace(facts_of(*cases), sender_cases=cases))
    assert decision.topic == "where-is-it"
    letter = answer(Answered(SHA, mail, MONDAY), decision, None, (), POLICY)
    assert letter is not None
    assert letter.recipient == answer_to(mail)
    return letter.text


def test_the_state_is_told_with_the_number_masked() -> None:
    text = told(mail_from(text="Başvurum ne durumda?", subject=""), open_case())
    assert "N-0000000H" in text
    assert "100******46" in text
    assert AYSE.identity_number not in text


@pytest.mark.parametrize(
    ("case", "state"),
    [
        (open_case(), "listed"),
        (open_case(batch="2024-05-13/1"), "batched"),
        (open_case(batch="2024-05-13/1", receipt=slip()), "paid"),
        (open_case(batch="2024-05-13/1", events=(Event.FORM_RECEIVED,)), "form_received"),
        (paid_case(), "family_physician_paid"),
        (paid_case(Procedure.CARD_READER), "card_reader_paid"),
    ],
)
def test_each_state_has_its_next_step(case: Case, state: str) -> None:
    text = told(mail_from(text="Başvurum ne durumda?", subject=""), case)
    words = POLICY.texts.words
    assert words["case_states"][state].split()[-1] in text
    assert words["case_next"][state].split()[0] in text


def test_a_reply_to_of_somebody_else_hears_of_no_case() -> None:
    mail = mail_from(text="Başvurum ne durumda?", subject="", reply_to="baskasi@hastane1.saglik.example.org")
    assert "N-0000000H" not in told(mail, open_case())


def test_who_has_no_case_learns_nothing_of_others() -> None:
    assert "N-" not in told(mail_from(text="Başvurum ne durumda?", subject=""))


# --- the reader's address --------------------------------------------------------------------------

SHORT = POLICY.mail_words.abbreviations


@pytest.mark.parametrize(
    ("text", "full"),
    [
        (
            "Adresim: Çiçekli Mah. Lale Cad. No: 4/7 Kavaklı",
            "Çiçekli Mahallesi Lale Caddesi Numara 4/7 Kavaklı",
        ),
        ("çiçekli mah. lale sok. no:4 k:2 d:7", "çiçekli Mahallesi lale Sokak Numara 4 Kat 2 Daire 7"),
        ("Çiçekli Mahallesi Lale Caddesi Numara 4", ""),
        ("Dekont No: 4 ektedir", ""),
    ],
)
def test_an_abbreviated_address_is_written_out(text: str, full: str) -> None:
    found = abbreviated_address(text, SHORT)
    assert written_out(found, SHORT) == full
