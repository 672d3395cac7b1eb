"""judge: gravest first, no claim on a guess, good rows on and bad rows back; values only."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain import (
    Attachment,
    Consequence,
    EarlyReceipt,
    Event,
    Evidence,
    Facts,
    FileKind,
    Finding,
    Holder,
    Matter,
    Outcome,
    Procedure,
    Receipt,
    ScannedForm,
    Transcript,
    Unread,
)
from pipeline.domain.cases import case_number
from pipeline.domain.turkish import IdentityNumber
from pipeline.judging.judge import judge
from pipeline.judging.read import read
from pipeline.policy.checks import Verdict
from tests.in_order import (
    AYSE,
    PEOPLE,
    POLICY,
    SHA,
    SUKRU,
    TODAY,
    facts_of,
    judged,
    mail_from,
    open_case,
    row,
    rules_found,
    slip,
    spent_on,
)
from tests.people import person

STRANGER = "ayse@posta.invalid"
BAD_NUMBER = {"identity_number": IdentityNumber("17291716062")}
ELVIN = person("Elvin Rzazadeh")


# --- one claim -------------------------------------------------------------------------------------


def test_a_row_in_order_opens_a_case() -> None:
    decision = judged(row())
    assert decision.outcome is Outcome.ACCEPTED
    assert decision.procedure is Procedure.LOST_OR_STOLEN
    assert decision.findings == decision.withheld == ()
    (entry,) = decision.entries
    assert (entry.event, entry.day, entry.proof, entry.holder) == (Event.LISTED, TODAY, SHA, row())
    assert entry.case == case_number(SHA, f"lost_or_stolen/{AYSE.identity_number}")


def test_a_receipt_in_order_pays_an_open_case() -> None:
    decision = judged(slip(), facts=facts_of(open_case()))
    assert decision.outcome is Outcome.ACCEPTED
    assert [(e.event, e.case, e.receipt) for e in decision.entries] == [(Event.PAID, "N-0000000H", slip())]


def test_all_faults_of_a_row_are_told_at_once() -> None:
    bad = row(kind="3", work_email="ayse@posta.invalid", born_on=date(2085, 1, 1), **BAD_NUMBER)
    assert sorted(rules_found(judged(bad))) == [
        "holder/born-in-the-past",
        "holder/corporate-email",
        "holder/identity-number",
        "holder/kind",
    ]


def test_a_finding_says_where_and_what_and_masks_it() -> None:
    bad = row(number=9, **BAD_NUMBER, written={**row().written, "identity_number": "17291716062"})
    (finding,) = judged(bad).findings
    assert (finding.subject, finding.index, finding.field) == ("holder", 0, "identity_number")
    assert finding.about == "liste.xls, Sayfa1, B9"
    assert finding.value == "172******62"
    assert "172******62" in finding.say
    assert "17291716062" not in repr(finding)


def test_a_mistyped_domain_gets_a_suggestion() -> None:
    address = "ayse.karaagacli@saglık.example.org"
    bad = row(work_email=address, written={**row().written, "work_email": address})
    found = {f.rule: f.suggestion for f in judged(bad).findings}
    assert found["holder/email"] == "ayse.karaagacli@saglik.example.org"


def test_one_fault_of_one_cell_is_told_once() -> None:
    full = {"given_name": "C6", "family_name": "C6"}
    doubtful = row(
        given_name=None,
        family_name=None,
        cells={**row().cells, **full},
        written={**row().written, "given_name": "Ali Can Er", "family_name": "Ali Can Er"},
        unclear={"given_name": "name_not_divisible", "family_name": "name_not_divisible"},
    )
    assert rules_found(judged(doubtful)) == ["holder/name-columns"]


# --- gravity ---------------------------------------------------------------------------------------

CLAIMS: dict[str, tuple[Holder | Receipt | Unread, Outcome]] = {
    "good": (row(PEOPLE[2], 20), Outcome.ACCEPTED),
    "known": (row(AYSE, 21), Outcome.GUIDED),
    "doubtful": (row(ELVIN, 22), Outcome.HELD),
    "odd file": (Unread("x.jpg", "no_words"), Outcome.HELD),
    "faulty": (row(PEOPLE[3], 23, kind="3"), Outcome.RETURNED),
    "broken file": (Unread("x.xls", "damaged_file"), Outcome.RETURNED),
}
GRAVITY = (Outcome.RETURNED, Outcome.HELD, Outcome.ACCEPTED, Outcome.GUIDED)


@settings(max_examples=60)
@given(st.lists(st.sampled_from(sorted(CLAIMS)), min_size=1, unique=True))
def test_the_gravest_claim_names_the_mail_in_any_company(names: list[str]) -> None:
    claims = [CLAIMS[name] for name in names]
    decision = judged(*(claim for claim, _ in claims), facts=facts_of(open_case()))

    assert decision.outcome is next(o for o in GRAVITY if o in {outcome for _, outcome in claims})
    # Good rows go on whatever stands beside them.
    assert len(decision.entries) == ("good" in names)
    assert len(decision.withheld) == ("doubtful" in names)


def test_a_fault_outranks_a_doubt_in_one_row() -> None:
    decision = judged(row(ELVIN, kind="3"))
    assert decision.outcome is Outcome.RETURNED
    assert {f.consequence for f in decision.findings} == {Consequence.RETURN, Consequence.HOLD}
    # What must be put right is not an official's to accept.
    assert decision.withheld == ()


def test_a_doubt_alone_waits_for_an_official() -> None:
    decision = judged(row(ELVIN))
    assert decision.outcome is Outcome.HELD
    assert decision.entries == ()
    assert [e.identity_number.digits for e in decision.withheld] == [ELVIN.identity_number]


@pytest.mark.parametrize("consequence", list(Consequence))
def test_a_doubt_never_becomes_a_refusal(consequence: Consequence) -> None:
    def unsure(_value: object, _wants: object) -> Verdict:
        return Verdict.UNSURE

    doubting = replace(
        POLICY,
        rules=tuple(replace(r, check=unsure, consequence=consequence, unsure="?") for r in POLICY.rules),
    )
    decision = judged(row(), slip(), Unread("x", "damaged_file"), policy=doubting)

    assert decision.outcome is Outcome.HELD
    assert {f.consequence for f in decision.findings} == {Consequence.HOLD}
    assert decision.entries == ()


# --- the mail itself -------------------------------------------------------------------------------


def test_a_finding_about_the_mail_stops_every_claim_in_it() -> None:
    decision = judged(row(), slip(), mail=mail_from(STRANGER))
    assert decision.outcome is Outcome.RETURNED
    assert decision.entries == decision.withheld == ()
    assert "submission/corporate-sender" in rules_found(decision)


def test_a_stranger_cannot_pay_an_open_case() -> None:
    decision = judged(slip(), facts=facts_of(open_case()), mail=mail_from(STRANGER))
    assert decision.outcome is Outcome.RETURNED
    assert decision.entries == decision.withheld == ()


def test_a_mail_without_anything_is_held() -> None:
    decision = judged(mail=mail_from(text="Merhaba."))
    assert decision.outcome is Outcome.HELD
    assert decision.procedure is None
    assert rules_found(decision) == ["submission/enclosure"]


# --- nothing on a guess ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        (FileKind.WORKBOOK, "Çalışma Kitabını Koru"),
        (FileKind.WORD, "Belgeyi Koru"),
        (FileKind.PDF, "yeniden PDF olarak"),
        (FileKind.ARCHIVE, "arşivden çıkarıp"),
    ],
)
def test_who_has_locked_a_file_is_told_how_that_kind_is_opened(kind: FileKind, how: str) -> None:
    locked = Transcript("d" * 64, kind, "", problem="password_protected")
    evidence = read([(Attachment("dosya", "", b"", "d" * 64), locked)], POLICY.patterns)
    decision = judged(*evidence.unread)
    assert decision.outcome is Outcome.RETURNED
    (finding,) = decision.findings
    assert how in finding.remedy
    # ... and nothing of other kinds.
    assert sum(word in finding.remedy for word in ("Çalışma Kitabını", "PDF", "arşivden")) == 1


def test_a_file_that_no_rule_speaks_of_is_held() -> None:
    decision = judged(Unread("x.bin", "a_reason_of_tomorrow"))
    assert decision.outcome is Outcome.HELD
    assert rules_found(decision) == ["file/anything-else"]


def test_even_without_that_rule_it_is_held() -> None:
    fewer = replace(POLICY, rules=tuple(r for r in POLICY.rules if r.path != "file/anything-else"))
    decision = judged(row(), Unread("x.bin", "a_reason_of_tomorrow"), policy=fewer)
    assert decision.outcome is Outcome.HELD
    assert decision.findings == ()
    assert len(decision.entries) == 1


def test_without_rules_nothing_is_accepted_but_what_the_files_say() -> None:
    bare = replace(POLICY, rules=())
    assert judged(mail=mail_from(text="Merhaba."), policy=bare).outcome is Outcome.HELD
    assert judged(slip(), policy=bare).outcome is Outcome.HELD


@pytest.mark.parametrize("field", ["rail", "amount", "paid_on", "identity_number"])
def test_a_receipt_with_a_hole_is_held(field: str) -> None:
    unread = slip(**{field: None}, unclear={field: "two_readings"})
    decision = judged(unread, facts=facts_of(open_case()))
    assert decision.outcome is Outcome.HELD
    assert decision.entries == ()
    assert {"receipt/readable", "receipt/number-readable"} & set(rules_found(decision))


@pytest.mark.parametrize(
    "field",
    [
        *("identity_number", "given_name", "family_name", "born_on", "work_email"),
        *("workplace", "kind", "card_reader", "term_years"),
    ],
)
def test_a_row_with_a_hole_goes_back(field: str) -> None:
    written = {k: v for k, v in row().written.items() if k != field}
    decision = judged(row(**{field: None}, written=written))
    assert decision.outcome is Outcome.RETURNED
    assert rules_found(decision) == ["holder/complete"]
    assert decision.entries == decision.withheld == ()


def test_the_payment_column_may_be_left_empty() -> None:
    written = {k: v for k, v in row().written.items() if k != "payment"}
    assert judged(row(payment=None, written=written)).outcome is Outcome.ACCEPTED


def test_a_receipt_that_is_not_final_is_held() -> None:
    decision = judged(slip(unclear={"state": "not_final"}), facts=facts_of(open_case()))
    assert decision.outcome is Outcome.HELD
    assert rules_found(decision) == ["receipt/final"]


def test_a_hidden_row_is_held() -> None:
    decision = judged(row(is_hidden=True))
    assert (decision.outcome, rules_found(decision)) == (Outcome.HELD, ["holder/visible"])


# --- one person more than once ---------------------------------------------------------------------


def test_the_same_row_twice_is_one_application() -> None:
    decision = judged(row(number=6), row(number=7))
    assert decision.outcome is Outcome.ACCEPTED
    assert [e.holder and e.holder.row for e in decision.entries] == [6]
    assert [(f.rule, f.index) for f in decision.findings] == [("holder/listed-once", 1)]


def test_letters_and_capitals_do_not_make_another_person() -> None:
    decision = judged(row(number=6), row(number=7, given_name="AYŞE", family_name="KARAAĞAÇLI"))
    assert rules_found(decision) == ["holder/listed-once"]


def test_of_two_differing_rows_none_is_the_right_one() -> None:
    decision = judged(row(number=6), row(SUKRU, 7), row(number=8, born_on=date(1981, 7, 25)))
    assert decision.outcome is Outcome.RETURNED
    assert [(f.rule, f.index) for f in decision.findings] == [
        ("holder/listed-differently", 0),
        ("holder/listed-differently", 2),
    ]
    assert [e.identity_number.digits for e in decision.entries] == [SUKRU.identity_number]


def test_rows_without_a_number_are_not_one_person() -> None:
    nameless = [row(PEOPLE[i], 6 + i, identity_number=None) for i in (4, 5)]
    assert {f.rule for f in judged(*nameless).findings} == set()


def test_a_row_that_waits_already_is_told_so() -> None:
    decision = judged(row(), facts=facts_of(open_case()))
    assert (decision.outcome, rules_found(decision)) == (Outcome.GUIDED, ["holder/not-waiting"])
    assert decision.entries == decision.withheld == ()
    assert "N-0000000H" in decision.findings[0].say


def test_a_change_to_an_open_case_is_an_officials_to_accept() -> None:
    decision = judged(row(work_email="ayse2@hastane1.saglik.example.org"), facts=facts_of(open_case()))
    assert (decision.outcome, rules_found(decision)) == (Outcome.HELD, ["holder/unchanged"])
    (entry,) = decision.withheld
    assert (entry.event, entry.case) == (Event.AMENDED, "N-0000000H")


# --- receipts --------------------------------------------------------------------------------------


def test_list_and_receipt_in_one_mail_open_and_pay() -> None:
    decision = judged(row(), slip())
    assert decision.outcome is Outcome.ACCEPTED
    assert [e.event for e in decision.entries] == [Event.LISTED, Event.PAID]
    assert len({e.case for e in decision.entries}) == 1


def test_a_receipt_beside_a_faulty_row_has_no_case_yet() -> None:
    decision = judged(row(kind="3"), slip())
    assert decision.outcome is Outcome.RETURNED
    assert {"holder/kind", "receipt/has-case"} == set(rules_found(decision))
    assert decision.entries == decision.withheld == ()


def test_a_receipt_beside_a_doubtful_row_waits_with_it() -> None:
    decision = judged(row(ELVIN), slip(ELVIN))
    assert decision.outcome is Outcome.HELD
    assert decision.entries == ()
    # A payment never enters the books for a case that nobody has opened.
    assert [e.event for e in decision.withheld] == [Event.LISTED, Event.PAID]
    assert len({e.case for e in decision.withheld}) == 1


def test_a_doubt_about_the_mail_keeps_list_and_receipt_together() -> None:
    doubting = replace(
        POLICY,
        rules=tuple(
            replace(r, consequence=Consequence.HOLD) if r.path == "submission/corporate-sender" else r
            for r in POLICY.rules
        ),
    )
    decision = judged(row(), slip(), mail=mail_from(STRANGER), policy=doubting)
    assert (decision.outcome, decision.entries) == (Outcome.HELD, ())
    assert rules_found(decision) == ["submission/corporate-sender"]
    assert [e.event for e in decision.withheld] == [Event.LISTED, Event.PAID]


def test_a_changed_row_beside_it_does_not_hide_a_second_payment() -> None:
    known = facts_of(open_case(receipt=slip(reference="2024051300099999")))
    decision = judged(row(work_email="ayse2@hastane1.saglik.example.org"), slip(), facts=known)
    assert decision.outcome is Outcome.HELD
    assert set(rules_found(decision)) == {"holder/unchanged", "receipt/first-payment"}
    assert decision.entries == ()


def test_the_same_receipt_twice_in_one_mail_is_spent_once() -> None:
    decision = judged(slip(), slip(file="dekont2.pdf", digest="e" * 64), facts=facts_of(open_case()))
    assert decision.outcome is Outcome.ACCEPTED
    assert [e.receipt and e.receipt.file for e in decision.entries] == ["dekont.pdf"]
    assert rules_found(decision) == ["receipt/not-again"]


def test_the_same_receipt_for_two_people_in_one_mail_is_held() -> None:
    cases = facts_of(open_case(), open_case(SUKRU, number="N-0000001F"))
    decision = judged(slip(), slip(SUKRU, file="dekont2.pdf", digest="e" * 64), facts=cases)
    assert decision.outcome is Outcome.HELD
    assert rules_found(decision) == ["receipt/unspent"]
    assert len(decision.entries) == 1


def test_a_receipt_sent_again_is_told_so() -> None:
    known = facts_of(open_case(receipt=slip()), spent=spent_on(slip(), "N-0000000H"))
    decision = judged(slip(), facts=known)
    assert (decision.outcome, rules_found(decision)) == (Outcome.GUIDED, ["receipt/not-again"])
    assert decision.entries == decision.withheld == ()


def test_a_spent_receipt_from_another_sender_is_held() -> None:
    known = facts_of(open_case(receipt=slip()), spent=spent_on(slip(), "N-0000000H", SUKRU.work_email))
    decision = judged(slip(), facts=known)
    assert (decision.outcome, rules_found(decision)) == (Outcome.HELD, ["receipt/unspent"])
    assert decision.entries == decision.withheld == ()


def test_a_receipt_spent_for_another_case_is_held() -> None:
    known = facts_of(open_case(), spent=spent_on(slip(), "N-0000001F"))
    decision = judged(slip(), facts=known)
    assert (decision.outcome, rules_found(decision)) == (Outcome.HELD, ["receipt/unspent"])
    assert decision.entries == decision.withheld == ()


def test_a_second_payment_is_held() -> None:
    known = facts_of(open_case(receipt=slip(reference="2024051300099999")))
    decision = judged(slip(), facts=known)
    assert (decision.outcome, rules_found(decision)) == (Outcome.HELD, ["receipt/first-payment"])


@pytest.mark.parametrize(
    ("changes", "outcome", "rule"),
    [
        ({"rail": "FAST"}, Outcome.RETURNED, "receipt/rail"),
        ({"rail": "EFT"}, Outcome.RETURNED, "receipt/rail"),
        ({"rail": "HAVALE"}, Outcome.RETURNED, "receipt/rail"),
        ({"rail": "NAKİT"}, Outcome.RETURNED, "receipt/rail"),
        ({"amount": Decimal("770.00")}, Outcome.RETURNED, "receipt/amount"),
        ({"paid_on": TODAY + timedelta(days=1)}, Outcome.HELD, "receipt/paid-on"),
        ({"paid_on": date(2015, 1, 1)}, Outcome.HELD, "receipt/amount"),
        (
            {"paid_on": TODAY - timedelta(days=200), "amount": Decimal("147.50")},
            Outcome.HELD,
            "receipt/recent",
        ),
        ({"amount": Decimal("1080.00")}, Outcome.HELD, "receipt/as-asked"),
    ],
)
def test_a_payment_is_judged_by_rail_amount_and_day(
    changes: dict[str, object], outcome: Outcome, rule: str
) -> None:
    decision = judged(slip(**changes), facts=facts_of(open_case()))
    assert decision.outcome is outcome
    assert rule in rules_found(decision)
    assert decision.entries == ()


def test_a_reader_that_was_asked_for_is_paid_for() -> None:
    known = facts_of(open_case(holder=row(card_reader="1")))
    assert judged(slip(amount=Decimal("1080.00")), facts=known).outcome is Outcome.ACCEPTED
    assert judged(slip(), facts=known).outcome is Outcome.HELD


def test_a_receipt_for_nobody_we_know_is_held() -> None:
    decision = judged(slip())
    assert (decision.outcome, rules_found(decision)) == (Outcome.HELD, ["receipt/has-case"])
    assert decision.withheld == ()


# --- which procedure -------------------------------------------------------------------------------


def test_a_transfer_to_the_directorate_is_not_judged_as_a_lost_card() -> None:
    transfer = slip(rail="FAST", iban=min(POLICY.directorate_accounts), layout="vakifbank-transfer")
    decision = judged(transfer, mail=mail_from(subject="NES dekontu"))
    assert decision.procedure is Procedure.FAMILY_PHYSICIAN
    assert "receipt/rail" not in rules_found(decision)
    # From somebody with an open case the very same transfer is the wrong rail.
    assert "receipt/rail" in rules_found(judged(transfer, facts=facts_of(open_case())))
    # Who tells of a loss and has no case may be either: a person looks.
    in_doubt = judged(transfer, mail=mail_from(subject="Kayıp e-imza"))
    assert in_doubt.procedure is None
    assert in_doubt.outcome is Outcome.HELD


# --- in general ------------------------------------------------------------------------------------

claims = st.lists(
    st.one_of(
        st.sampled_from(PEOPLE[:4]).flatmap(
            lambda p: st.builds(
                row,
                st.just(p),
                st.integers(6, 30),
                kind=st.sampled_from(["2", "2", "2", "3"]),
                is_hidden=st.booleans(),
                term_years=st.sampled_from(["3", "3", "5"]),
            )
        ),
        st.builds(
            slip,
            st.sampled_from(PEOPLE[:4]),
            rail=st.sampled_from(["KURUM ÖDEMESİ", "SANAL POS", "EFT", None]),
            amount=st.sampled_from([Decimal("780.00"), Decimal("1.00"), None]),
            reference=st.sampled_from(["2024051300012345", "2024051300012346", None]),
            digest=st.sampled_from(["a", "b", "c"]),
        ),
        st.builds(Unread, st.just("x"), st.sampled_from(["damaged_file", "no_words", "news"])),
    ),
    max_size=6,
)


@settings(max_examples=150)
@given(claims, st.booleans(), st.booleans())
def test_whatever_comes_only_claims_without_a_finding_go_on(
    things: list[Holder | Receipt | Unread], known: bool, private: bool
) -> None:
    known_facts = facts_of(open_case()) if known else facts_of()
    decision = judged(*things, facts=known_facts, mail=mail_from(STRANGER) if private else mail_from())

    def found(entry: object) -> list[Finding]:
        holder, receipt = getattr(entry, "holder", None), getattr(entry, "receipt", None)
        evidence = decision.evidence
        subject, group = ("holder", evidence.holders) if holder else ("receipt", evidence.receipts)
        claim = holder or receipt
        # Equal claims are one claim: the first of them counts.
        return min(
            (list(decision.findings_of(subject, i)) for i, c in enumerate(group) if c == claim), key=len
        )

    assert all(found(e) == [] for e in decision.entries)
    assert all({f.consequence for f in found(e)} <= {Consequence.HOLD} for e in decision.withheld)
    listed = [e.identity_number for e in decision.entries if e.holder]
    assert len(listed) == len(set(listed))
    paid = [e.receipt.reference for e in decision.entries if e.receipt]
    assert len(paid) == len(set(paid))
    opened = {e.case for e in decision.entries if e.holder} | ({"N-0000000H"} if known else set())
    assert all(e.case in opened for e in decision.entries if e.receipt)
    if private:
        assert decision.entries == ()
    if decision.outcome is Outcome.ACCEPTED:
        assert decision.entries
        assert {f.consequence for f in decision.findings} <= {Consequence.GUIDE}


# --- receipts against what is open -----------------------------------------------------------------

EARLY_MAIL = "cd" * 32


def early(*receipts: Receipt) -> Facts:
    return replace(facts_of(), early=tuple(EarlyReceipt(EARLY_MAIL, receipt) for receipt in receipts))


def test_a_receipt_that_came_before_the_list_pays_for_it() -> None:
    decision = judged(row(), facts=early(slip()))
    assert decision.outcome is Outcome.ACCEPTED
    assert [(e.event, e.proof) for e in decision.entries] == [(Event.LISTED, SHA), (Event.PAID, EARLY_MAIL)]
    assert len({e.case for e in decision.entries}) == 1


@pytest.mark.parametrize(
    "facts",
    [
        early(slip(SUKRU)),
        early(slip(), slip(reference="2024051300099999")),
        early(slip(amount=Decimal("1080.00"))),
        early(slip(rail="EFT")),
        replace(early(slip()), spent=spent_on(slip(), "N-0000001F")),
    ],
    ids=["another person's", "two of them", "with a reader that nobody asked for", "rail", "spent since"],
)
def test_an_early_receipt_that_leaves_a_question_goes_on_waiting(facts: Facts) -> None:
    assert [e.event for e in judged(row(), facts=facts).entries] == [Event.LISTED]


def test_an_early_receipt_waits_where_the_list_is_not_in_order() -> None:
    assert judged(row(**BAD_NUMBER), facts=early(slip())).entries == ()


def test_the_receipt_in_the_mail_itself_comes_before_an_early_one() -> None:
    later = slip(reference="2024051300099999")
    decision = judged(row(), later, facts=early(slip()))
    assert [e.receipt and e.receipt.reference for e in decision.entries] == [None, later.reference]


def test_two_payments_for_one_person_in_one_mail_are_held_and_entered_once_at_most() -> None:
    parts = (slip(amount=Decimal("500.00")), slip(amount=Decimal("280.00"), reference="2024051300099999"))
    decision = judged(*parts, facts=facts_of(open_case()))
    assert decision.outcome is Outcome.HELD
    assert "receipt/amount" not in rules_found(decision)
    assert "receipt/several" in rules_found(decision)
    assert decision.entries == ()
    assert len(decision.withheld) == 1


def test_one_payment_for_two_people_is_held() -> None:
    shared = slip(amount=Decimal("1560.00"), description=f"{AYSE.name} ve {SUKRU.identity_number} NES bedeli")
    decision = judged(shared, facts=facts_of(open_case(), open_case(SUKRU, number="N-0000001F")))
    assert (decision.outcome, rules_found(decision)) == (Outcome.HELD, ["receipt/one-number"])


def test_whoever_pays_the_debtor_counts() -> None:
    decision = judged(slip(payer="Mehmet Şükrü İnanöz"), facts=facts_of(open_case()))
    assert decision.outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("debtor", ["KARAAGACLI AYSE", "Dr. Ayşe Karaağaçlı"])
def test_a_name_alone_tells_only_where_to_look(debtor: str) -> None:
    facts = replace(facts_of(open_case()), sender_cases=(open_case(),))
    decision = judged(slip(identity_number=None, debtor=debtor), facts=facts)
    assert decision.outcome is Outcome.HELD
    assert decision.entries == decision.withheld == ()
    named = next(f for f in decision.findings if f.rule == "receipt/named-case")
    assert named.value == "N-0000000H"


def test_a_name_of_nobody_we_know_names_no_case() -> None:
    facts = replace(facts_of(open_case()), sender_cases=(open_case(),))
    decision = judged(slip(identity_number=None, debtor="AYŞE ÖRNEK"), facts=facts)
    assert "receipt/named-case" not in rules_found(decision)


@pytest.mark.parametrize(
    ("note", "rule"),
    [
        ("two_readings", "receipt/contested"),
        ("text_differs_from_picture", "receipt/text-unlike-picture"),
    ],
)
def test_a_receipt_that_contradicts_itself_is_held(note: str, rule: str) -> None:
    decision = judged(slip(notes=(note,)), facts=facts_of(open_case()))
    assert (decision.outcome, rules_found(decision)) == (Outcome.HELD, [rule])


def test_whoever_decides_sees_both_readings() -> None:
    slipped = slip(notes=("two_readings",), also_read=("780,00 TL / 788,00 TL",))
    (found,) = judged(slipped, facts=facts_of(open_case())).findings
    assert (found.rule, found.value) == ("receipt/contested", "780,00 TL / 788,00 TL")
    assert found.value in found.say


def test_an_amount_seen_in_a_picture_is_never_a_reason_to_refuse() -> None:
    facts = facts_of(open_case())
    wrong = Decimal("790.00")
    assert judged(slip(amount=wrong), facts=facts).outcome is Outcome.RETURNED
    seen = judged(slip(amount=wrong, read_by="ocr psm=11"), facts=facts)
    assert seen.outcome is Outcome.HELD
    assert "receipt/amount-seen" in rules_found(seen)


FORM = Evidence(unread=(Unread("form.pdf", "signed_form"),), forms=(ScannedForm("form.pdf"),))
OWN_FORM = replace(FORM, forms=(ScannedForm("form.pdf", IdentityNumber(AYSE.identity_number)),))
KNOWN = frozenset({open_case().number})
OTHERS_FORM = replace(FORM, forms=(ScannedForm("form.pdf", IdentityNumber(SUKRU.identity_number)),))


@pytest.mark.parametrize(
    ("evidence", "facts"),
    [
        (OWN_FORM, facts_of(open_case())),
        (FORM, replace(facts_of(), sender_cases=(open_case(),), known=KNOWN)),
        (FORM, replace(facts_of(), sent_cases=(open_case(),), known=KNOWN)),
    ],
    ids=["by-number", "own-case", "brought-case"],
)
def test_a_signed_form_is_noted_in_its_case(evidence: Evidence, facts: Facts) -> None:
    decision = judge(Matter(SHA, mail_from(), evidence), facts, POLICY)
    (noted,) = decision.entries
    assert (noted.event, noted.case, noted.proof) == (Event.FORM_SCANNED, open_case().number, SHA)
    assert (decision.outcome, decision.findings) == (Outcome.ACCEPTED, ())


@pytest.mark.parametrize(
    ("evidence", "facts"),
    [
        (FORM, facts_of()),
        (OTHERS_FORM, replace(facts_of(), sender_cases=(open_case(),), known=KNOWN)),
        (
            FORM,
            replace(
                facts_of(),
                sent_cases=(open_case(), replace(open_case(), number="N-2")),
                known=KNOWN | {"N-2"},
            ),
        ),
        # Whose case it is says the form's number, but not to everybody.
        (OWN_FORM, replace(facts_of(open_case()), known=frozenset())),
    ],
    ids=["no-case", "somebody-else's", "one-of-two", "not theirs to hear"],
)
def test_a_signed_form_without_a_certain_case_waits_and_nothing_is_entered(
    evidence: Evidence, facts: Facts
) -> None:
    decision = judge(Matter(SHA, mail_from(), evidence), facts, POLICY)
    assert (decision.outcome, rules_found(decision)) == (Outcome.HELD, ["file/signed-form"])
    assert decision.entries == decision.withheld == ()


def test_a_signed_form_in_a_mail_that_is_not_believed_is_not_noted() -> None:
    forged = mail_from(also_from=("baskasi@hastane1.saglik.example.org",))
    decision = judge(Matter(SHA, forged, OWN_FORM), facts_of(open_case()), POLICY)
    assert decision.entries == decision.withheld == ()
    assert "file/signed-form" in rules_found(decision)


def test_a_receipt_without_its_number_is_nobodys_acceptance() -> None:
    paid = judged(slip(reference=None), facts=facts_of(open_case()))
    assert (paid.outcome, rules_found(paid)) == (Outcome.HELD, ["receipt/reference-readable"])
    # A person may still accept it.
    assert [entry.event for entry in paid.withheld] == [Event.PAID]
