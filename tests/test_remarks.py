"""What is said beside a list or a receipt is heard: notes, subjects, words; whom it means, who says it."""

from __future__ import annotations

import random
import tomllib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pipeline.domain import Decision, Event, Outcome
from pipeline.domain.cases import disputed
from pipeline.domain.faults import OperatorFault
from pipeline.judging.hearing import hear
from pipeline.policy.naming import named, names
from pipeline.policy.places import RULES
from pipeline.policy.remarks import load_remarks
from pipeline.sandbox.workers import WorkerPool
from tests.desk import MONDAY, Desk
from tests.in_order import POLICY, facts_of, judged, mail_from, open_case, row, rules_found, slip
from tests.letters import list_of, writes
from tests.mails import XLS, Envelope, Sender, at, attached, mail, mixed, plain
from tests.people import Person, person
from tests.workbooks import entry, official, xls

ALI, SUKRU, HULYA = (
    person(n) for n in ("İbrahim Halil Küçükdere", "Mehmet Şükrü İnanöz", "Hülya Şimşekoğlu")
)
OFFICE = Sender("Çınarlı Personel", "personel@hastane1.saglik.example.org")
REMARKS = POLICY.remarks


def listed(decision: Decision) -> set[str]:
    return {e.identity_number.digits for e in decision.entries if e.event is Event.LISTED}


def of(
    *people: Person, words: str = "Liste ektedir.", subject: str = "Kayıp e-imza", **notes: str
) -> Decision:
    """Judges a list of these people by a secretary, with notes in the first of its rows."""
    first, *others = (row(who, 6 + n) for n, who in enumerate(people))
    first = replace(first, written={**first.written, **notes})
    return judged(
        first, *others, mail=mail_from(OFFICE.address, sender_name=OFFICE.name, text=words, subject=subject)
    )


# --- sentences by the hundred ------------------------------------------------------------------------

WITHDRAWN = (
    "{kim} kartını buldu, başvurusunu iptal ediniz",
    "{kim} e-imzasını bulmuş",
    "{kim} vazgeçti",
    "{kim} için başvuru yapılmasın",
    "{kim} listeden çıkarılsın lütfen",
    "{kim} için gerek kalmadı",
    "{kim} adına gönderilen satırı dikkate almayınız",
    "{kim} emekli oldu",
    "{kim} kurumumuzdan ayrılmıştır, işleme almayın",
    "{kim} kartı çantasından çıktı",
    "{kim} sehven yazılmıştır",
    "{kim} başvurusunun iptalini rica ederim",
    "{kim} için şimdilik bekletin",
    "{kim} başvurusunu siliniz",
    "{kim} artık e-imza istemiyor",
)
CLOTHES = (
    "{0}.", "Merhaba,\n\nListe ektedir. {0}.\n\nİyi çalışmalar", "Ekte 3 kişi var.\n{0}\nTeşekkürler",
    "Sayın yetkili,\nkayıp formları ektedir; {0}!", "Ayrıca {0}. 444 5 576 arandı, iptal ettirildi.",
)  # fmt: skip


def spoken(who: Person, dice: random.Random) -> str:
    """A person as people name others: with or without endings and titles, in capitals, over a line's end."""
    name = dice.choice([who.name, who.name.upper(), f"{who.name}'ın", f"{who.given_name}\n{who.family_name}"])
    return dice.choice([name, f"Hemşire {name}", f"{who.family_name} Hanım", name])


@pytest.mark.parametrize("seed", range(200))
def test_whoever_is_taken_back_beside_the_list_waits_and_the_others_go_on(seed: int) -> None:
    dice = random.Random(seed)
    people = [ALI, SUKRU, HULYA]
    meant = dice.choice(people)
    sentence = dice.choice(WITHDRAWN).format(kim=spoken(meant, dice))
    if dice.random() < 0.2:
        decision = of(*people, subject=f"Kayıp listesi - {sentence}")
    else:
        decision = of(*people, words=dice.choice(CLOTHES).format(sentence))
    assert decision.outcome is Outcome.HELD, sentence
    assert listed(decision) == {p.identity_number for p in people if p is not meant}, sentence
    (waiting,) = decision.withheld
    assert waiting.identity_number.digits == meant.identity_number


@pytest.mark.parametrize("sentence", WITHDRAWN)
@pytest.mark.parametrize("nobody", ["Arkadaş", "Bir personelimiz", "Kendisi", "2. sıradaki", "Adı geçen"])
def test_where_nobody_is_named_everybody_waits(nobody: str, sentence: str) -> None:
    decision = of(ALI, SUKRU, words=f"Liste ektedir.\n\n{sentence.format(kim=nobody)}.")
    assert (decision.outcome, listed(decision)) == (Outcome.HELD, set())


@pytest.mark.parametrize(
    "words",
    [
        f"{ALI.name} hariç hepsini iptal ediniz.",
        f"{ALI.name} dışındakiler vazgeçti.",
        f"Sadece {ALI.name} işleme alınsın, diğerleri beklesin.",
    ],
)
def test_a_sentence_that_turns_against_those_it_does_not_name_holds_all(words: str) -> None:
    assert listed(of(ALI, SUKRU, words=words)) == set()


@pytest.mark.parametrize(
    "words",
    [
        "E-imzamı kaybettim, Kamu SM'yi arayıp iptal ettirdim. Form ektedir.",
        "Kartımın iptal edilmesi ve yeni kartımın çıkarılması için liste ektedir.",
        "Hastanemizde bulunan 3 personelin listesi ektedir, iptal işlemleri yapıldı. Alındı mı?",
        f"Personelimiz {ALI.name} ve arkadaşlarının kayıp formları ektedir. Gereğini yapar mısınız?",
        "Çantamla birlikte çalındı, bulamıyorum. 444 5 576'yı aradım iptal oldu. Kusura bakmayın.",
        "Kart kayıp, sertifikam iptal edildi. İşleme alınmasını rica ederim.",
        "",
    ],
)
def test_what_people_usually_write_holds_nobody(words: str) -> None:
    decision = of(ALI, SUKRU, HULYA, words=words)
    assert (decision.outcome, len(listed(decision))) == (Outcome.ACCEPTED, 3)


@pytest.mark.parametrize("field", ["note", "kind_note", "reader_note"])
@pytest.mark.parametrize(
    "note",
    ["VAZGEÇTİ, kartını buldu. İPTAL", "iptal", "buldu", "soyadı değişti", "çip arızalı", "?", "e-posta: x"],
)
def test_a_note_that_says_anything_holds_its_row(note: str, field: str) -> None:
    decision = of(ALI, SUKRU, **{field: note})
    assert (decision.outcome, listed(decision)) == (Outcome.HELD, {SUKRU.identity_number})
    assert "holder/remark" in rules_found(decision)


@pytest.mark.parametrize(
    "note",
    ["Kayıp", "kart çalındı", "Cüzdanıyla birlikte kayboldu, iptal ettirildi", "0312 000 00 00", "acil", "-"],
)
def test_a_note_that_says_nothing_holds_nobody(note: str) -> None:
    assert of(ALI, SUKRU, note=note).outcome is Outcome.ACCEPTED


@pytest.mark.parametrize(
    "word", ["yanlış yazılmış, doğrusu farklı", "henüz karar vermedi", "bilgileri değişti"]
)
def test_who_is_spoken_of_otherwise_waits_as_well(word: str) -> None:
    assert listed(of(ALI, SUKRU, words=f"Liste ektedir. {ALI.name} {word}.")) == {SUKRU.identity_number}


@pytest.mark.parametrize(
    "words", ["Kartım ne zaman gelir?", "PIN kodumu da sıfırlar mısınız?", "Taksit olur mu, nasıl öderim"]
)
def test_a_question_beside_holds_nothing_up_and_is_not_lost(words: str) -> None:
    decision = of(ALI, SUKRU, words=f"Liste ektedir. {words}")
    assert (decision.outcome, len(listed(decision))) == (Outcome.HELD, 2)
    assert rules_found(decision) == ["remarks"]
    assert words.rstrip(".")[:20] in decision.findings[0].say


def test_a_receipt_beside_which_somebody_is_taken_back_is_not_counted() -> None:
    decision = judged(
        slip(), facts=facts_of(open_case()), mail=mail_from(text="Kartı buldum, ödemeyi iade edin.")
    )
    assert (decision.outcome, decision.entries) == (Outcome.HELD, ())


@pytest.mark.parametrize("key", ["withdrawal", "about_person", "notes", "questions"])
@pytest.mark.parametrize("side", ["matches", "differs"])
def test_an_example_that_turns_out_otherwise_is_refused(key: str, side: str) -> None:
    raw = tomllib.loads((RULES / "remarks.toml").read_text(encoding="utf-8"))
    other = "differs" if side == "matches" else "matches"
    raw[key][side] = raw[key][other]
    with pytest.raises(OperatorFault, match="remark_example"):
        load_remarks(raw)


# --- through the front door --------------------------------------------------------------------------


def list_with(notes: dict[Person, str], sender: Sender, sent: str, words: str, **envelope: Any) -> bytes:
    """A secretary's list, with a note beside each person."""
    rows = [
        entry(who, work_email=f"p{n}@{OFFICE.domain}", note=note)
        for n, (who, note) in enumerate(notes.items())
    ]
    form = attached(xls(official(*rows)), XLS, "liste.xls")
    return mail(
        Envelope(sender, "Kayıp e-imza", at("2024-05-13", sent), **envelope), mixed(plain(words), form)
    )


def test_the_note_column_and_the_words_of_a_real_list_are_heard(readers: WorkerPool) -> None:
    desk = Desk(readers)
    words = f"Liste ektedir. {HULYA.name} kartını buldu,\nbaşvurusunu iptal ediniz.\n"
    judged = desk.take(list_with({ALI: "vazgeçti", SUKRU: "", HULYA: ""}, OFFICE, "09:00", words))
    assert listed(judged.decision) == {SUKRU.identity_number}
    assert len(judged.decision.withheld) == 2
    assert "vazgeçti" in desk.told(judged)


def test_who_is_on_the_list_already_comes_off_it_by_a_note_in_the_next(readers: WorkerPool) -> None:
    desk = Desk(readers)
    first = desk.take(list_with({ALI: "", SUKRU: ""}, OFFICE, "09:00", "Liste ektedir."))
    second = desk.take(list_with({ALI: "iptal", SUKRU: ""}, OFFICE, "10:00", "Liste ektedir."))
    (case,) = {e.case for e in first.decision.entries if e.identity_number.digits == ALI.identity_number}
    assert [(e.event, e.case) for e in second.decision.withheld] == [(Event.WITHDRAWN, case)]
    assert disputed([second.decision]) == {case}


UNBELIEVED = {
    "forged": {"authenticated": "fail"},
    "a stranger": {"sender": Sender("x", "x@posta.invalid"), "authenticated": "pass"},
}


@pytest.mark.parametrize("name", UNBELIEVED)
@pytest.mark.parametrize("kind", ["words", "row"])
def test_nobody_who_is_not_believed_keeps_anybody_off_the_list(
    name: str, kind: str, readers: WorkerPool
) -> None:
    desk = Desk(readers)
    first = desk.take(list_with({ALI: "", SUKRU: ""}, OFFICE, "09:00", "Liste ektedir."))
    (answer,) = desk.ledger.letters_about(first.sha)
    thread = (("In-Reply-To", answer.message_id), ("References", answer.message_id))
    told: dict[str, Any] = {"sender": OFFICE, **UNBELIEVED[name]}
    sender = told.pop("sender")
    if kind == "words":
        envelope = Envelope(sender, "iptal", at("2024-05-13", "10:00"), more=thread, **told)
        raw = mail(envelope, plain(f"{ALI.name} kartını buldu, başvurusunu iptal edin.\n"))
    else:
        raw = list_with({ALI: "iptal"}, sender, "10:00", "Listeden çıkarın.", more=thread, **told)
    judged = desk.take(raw, MONDAY + timedelta(hours=1))
    assert disputed(held.decision for held in desk.ledger.open_holds()) == frozenset()
    assert judged.decision.entries == ()
    # Nor does it hold up a later row of the same person, or the sender's next list.
    again = desk.take(
        list_with({ALI: "", SUKRU: ""}, OFFICE, "11:00", "Bir daha gönderiyorum."),
        MONDAY + timedelta(hours=2),
    )
    assert again.decision.outcome is Outcome.GUIDED
    if name == "a stranger":
        assert (judged.decision.outcome, judged.decision.withheld) == (Outcome.RETURNED, ())
        assert desk.ledger.hold(judged.sha) is None


def test_a_list_of_ones_own_beside_which_it_is_taken_back_waits(readers: WorkerPool) -> None:
    words = "Form ektedir ama sonra kartımı buldum, gerek kalmadı.\n"
    form = attached(list_of(HULYA), XLS, "form.xls")
    judged = Desk(readers).take(
        mail(Envelope(writes(HULYA), "Kayıp", at("2024-05-13", "09:00")), mixed(plain(words), form))
    )
    assert (judged.decision.outcome, judged.decision.entries) == (Outcome.HELD, ())


# --- what is known as harmless, and nothing else --------------------------------------------------

SUBJECTS = ("bu kişiler", "arkadaşlar", "personelimizden biri", "ekteki başvurular", "listedekiler")
DENIED = (
    "kaybetmedi", "kaybetmediler", "çalışmıyor", "başvurmuyor", "başvurmadılar",
    "onaylanmamıştır", "imzalamamış",
    "uygun görülmemektedir", "kabul etmediler", "reddedildi", "sahip çıkmıyor",
)  # fmt: skip


@pytest.mark.parametrize("denied", DENIED)
@pytest.mark.parametrize("who", SUBJECTS)
@pytest.mark.parametrize(
    "clothes", ["Liste ektedir; {0} {1}.", "{0} {1}. Liste ektedir.", "Liste ektedir.\n\nNot: {0} {1}"]
)
def test_a_denial_that_names_nobody_holds_everybody(who: str, denied: str, clothes: str) -> None:
    assert listed(of(ALI, SUKRU, words=clothes.format(who, denied))) == set()


@pytest.mark.parametrize(
    "words",
    [
        "Bilgileri teyit edemedim.",
        "Numarasından emin olamadım.",
        "Henüz karar veremedik.",
        "Başhekimin onayını alamadık.",
        "Ekteki liste uygun bulunmamıştır.",
        "Bu liste taslaktır, hata varsa düzeltip asıl listeyi göndereceğim.",
        "Ekteki liste taslaktır, düzeltilmiş hâlini yarın göndereceğim.",
    ],
)
def test_a_doubt_is_no_less_one_for_a_harmless_verb_beside_it(words: str) -> None:
    assert listed(of(ALI, SUKRU, words=f"Liste ektedir. {words}")) == set()


def test_a_denial_that_names_somebody_holds_that_row() -> None:
    words = f"Liste ektedir. {ALI.name} kartını kaybetmediğini söyledi, kaybetmemiştir."
    assert listed(of(ALI, SUKRU, words=words)) == {SUKRU.identity_number}


HARMLESS = (
    "Kartımı evde, arabada her yerde aradım ama bulamadım.",
    "Nerede düşürdüğümü hatırlamıyorum, iptal ettirdim.",
    "E-imzam olmadığı için reçete yazamıyorum, acil rica ederim.",
    "Kart okuyucu istemiyorum.",
    "Not: kart okuyucu istenmemektedir.",
    "Formda hata varsa lütfen bildiriniz.",
    "Polis tutanağı almadım, şifremi kimseyle paylaşmadım.",
    "Daha önce gönderdiğim form ulaşmamış, tekrar gönderiyorum.",
    "Gerekmedikçe bu e-postayı yazdırmayınız.",
    "Uz. Dr. Ayşe KORKMAZ\nBaşhekim Yardımcısı",
    "Mesajın alıcısı değilseniz dikkate almayınız ve siliniz. Mesajı saklamayınız.",
    "Size yanlışlıkla ulaşmışsa lütfen göndereni haberdar ediniz ve mesajı sisteminizden siliniz.",
    "This e-mail is confidential. If you are not the intended recipient please delete it.",
    "Bu mesajın içeriği üçüncü kişilere açıklanamaz ve hukuken bağlayıcı değildir.",
    "Bu e-postanın size yanlışlıkla ulaşması durumunda kullanmayınız, çoğaltmayınız, göndereni uyarınız.",
    "Please find attached the list. Best regards",
    "Sent from my iPhone",
)


@pytest.mark.parametrize("words", HARMLESS)
def test_what_people_and_houses_always_write_holds_nobody(words: str) -> None:
    listing = of(ALI, SUKRU, words=f"Kayıp listemiz ektedir.\n\n{words}")
    assert (listing.outcome, len(listed(listing))) == (Outcome.ACCEPTED, 2)


@pytest.mark.parametrize(
    "words",
    [
        "Bu liste yanlışlıkla gönderilmiştir. Mesajı siliniz.",
        "Mesajın alıcısı değilseniz siliniz. Ekteki listeyi dikkate almayınız.",
        "Mesajın alıcısı değilseniz siliniz.\n\nVazgeçtik.",
        "Bir önceki mesajımı aldıysanız dikkate almayınız, vazgeçtik.",
        "E-postam ulaştıysa dikkate almayınız.",
        "Bu mail size ulaştıysa işleme almayınız.",
        f"Bu mesajı yanlışlıkla aldıysanız {ALI.name} ve {SUKRU.name} için işlem yapmayınız.",
        "Please cancel this list.",
        "The card was found in my car.",
        "Va\u00adzgeç\u200btik.",
    ],
)
def test_a_withdrawal_is_none_of_a_houses_words(words: str) -> None:
    assert listed(of(ALI, SUKRU, words=f"Liste ektedir.\n\n{words}")) == set()


@pytest.mark.parametrize("sign", ["❌", "✗", "X", "×", "✘ ", "!", "*", "?", "👎", "--❌--", "#"])
def test_a_note_without_a_word_is_idle_only_where_it_says_that_there_is_nothing(sign: str) -> None:
    assert listed(of(ALI, SUKRU, note=sign)) == {SUKRU.identity_number}
    assert not POLICY.remarks.is_idle(sign)
    assert all(map(POLICY.remarks.is_idle, ("-", "--", "/", ".", "– –", "Tel: +90 312 000 00 00")))


@pytest.mark.parametrize("said", ["iptal", "İPTAL", "vazgeçti", "çıkarıldı iptal"])
def test_the_column_of_running_numbers_is_heard_too(said: str) -> None:
    assert listed(of(ALI, SUKRU, number=said)) == {SUKRU.identity_number}


@pytest.mark.parametrize(
    "name",
    [
        "iptal edilenler.xls", "İPTAL_EDİLEN_2.xls", "taslak1.xls", "ESKİ LİSTE.xls", "deneme.xls",
        "hatalı liste.xls", "vazgeçenler (2).xlsx",
        "iptal edilenler - düzeltilmiş.xlsx", "vazgecenler_dun.xls",
        "listeler.zip / iptal edilenler/liste.xls", "listeler.zip / Eski/2024/liste.xls",
    ],
)  # fmt: skip
def test_what_a_file_or_its_folder_is_called_stands_over_its_rows(name: str) -> None:
    first, second = replace(row(ALI, 6), file=name), row(SUKRU, 6)
    told = judged(
        first, second, mail=mail_from(OFFICE.address, sender_name=OFFICE.name, text="Liste ektedir.")
    )
    assert listed(told) == {SUKRU.identity_number}


@pytest.mark.parametrize(
    "name",
    [
        "liste.xls", "FORM-001-003 (2) son.xls", "Eskişehir.xls", "düzeltilmiş hatalı liste.xls",
        "NES kayıp listesi - düzeltilmiş.xlsx", "eski liste düzeltildi.xls",
        "kayıp-çalıntı_2024.zip / a/b.xls",
    ],
)  # fmt: skip
def test_an_ordinary_name_of_a_file_says_nothing(name: str) -> None:
    decision = judged(replace(row(ALI, 6), file=name))
    assert listed(decision) == {ALI.identity_number}


# --- what a mail passes on ------------------------------------------------------------------------

HEADS = (
    "---------- Forwarded message ---------\nFrom: {0}\nDate: Mon, May 27, 2024\nSubject: e-imza\n\n",
    "-------- İletilmiş İleti --------\nKonu: e-imza\nTarih: 27.05.2024\nKimden: {0}\n\n",
    "Kimden: {0}\nGönderilme: Pazartesi\nKime: x@example.org\nKonu: e-imza\n\n",
    "-----Özgün İleti-----\nKimden: {0}\nKonu: e-imza\n\n",
    "27.05.2024 tarihinde {0} yazdı:\n> ",
)


@pytest.mark.parametrize("head", HEADS)
def test_a_mail_passed_on_is_heard_unless_we_wrote_it(head: str) -> None:
    said = f"Liste ektedir.\n\n{head}Kartımı buldum, listeden çıkarın.\n"
    theirs = said.format(f"{ALI.name} <{ALI.work_email}>")
    assert listed(of(ALI, SUKRU, words=theirs, subject="İlt: e-imza")) == set()
    if "Kimden" in head or "From" in head:
        ours = said.format(f"Birim <{POLICY.office.own_addresses[0]}>")
        assert len(listed(of(ALI, SUKRU, words=ours, subject="İlt: e-imza"))) == 2


@pytest.mark.parametrize("head", HEADS[2:])
def test_an_answer_does_not_pass_on_what_it_quotes(head: str) -> None:
    said = f"Liste ektedir.\n\n{head}Kartımı buldum, listeden çıkarın.\n".format(ALI.work_email)
    assert len(listed(of(ALI, SUKRU, words=said, subject="Ynt: e-imza"))) == 2


def test_what_a_mail_passed_on_quotes_is_not_passed_on() -> None:
    said = (
        f"Form ektedir.\n\nKimden: {ALI.work_email}\nKonu: e-imza\n\nFormum ektedir.\n\n"
        "Kimden: baskasi@example.org\nKonu: eski\n\nListeden çıkarın.\n"
    )
    assert len(listed(of(ALI, SUKRU, words=said, subject="FW: e-imza"))) == 2


# --- the sender's own address in somebody else's row ----------------------------------------------


@pytest.mark.parametrize(
    ("address", "name", "is_held"),
    [
        (OFFICE.address, OFFICE.name, True),
        (OFFICE.address, "", True),
        ("rad12@hastane1.saglik.example.org", ALI.name, False),
        (ALI.work_email, "", False),
    ],
)
def test_the_senders_own_address_in_the_row_of_somebody_else_is_asked_about(
    address: str, name: str, is_held: bool
) -> None:
    holder = replace(row(ALI, 6), work_email=address)
    decision = judged(holder, mail=mail_from(address, sender_name=name, text="Liste ektedir."))
    assert ("holder/email-of-sender" in rules_found(decision)) is is_held


# --- more than can be heard ------------------------------------------------------------------------


def test_more_words_than_can_be_held_against_so_many_rows_are_for_a_person() -> None:
    rows = [row(ALI, 6 + n) for n in range(1000)]
    few, many = ("Listenin 3. satırı ektedir. " * times for times in (2, 200))
    assert not hear("Kayıp e-imza", few, rows, REMARKS).rows
    # Nobody waits for minutes until they have been, and nobody goes on unheard.
    assert len(hear("Kayıp e-imza", many, rows, REMARKS).rows) == len(rows)


def test_names_are_found_in_any_sentence_as_one_by_one() -> None:
    dice = random.Random(5)
    people = [
        replace(row(ALI), given_name=given, family_name=family)
        for given in ("Su", "Ayşe", "Ali Can")
        for family in ("Öz", "Yılmaz", "Su")
    ]
    for _ in range(300):
        who = dice.choice(people)
        words = [*dice.choice(WITHDRAWN).format(kim=who.name).split(), "Su'yun", "Yılmazlar", "Ayşe"]
        said = " ".join(dice.sample(words, dice.randint(1, len(words))))
        assert {i for i, one in enumerate(people) if names(said, one)} <= {*named(said, people)}
