"""An official's word acts on the facts of its day: one person once, one receipt once, one case alone."""

from __future__ import annotations

import io
import re
import sqlite3
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, timedelta
from typing import get_args

import pytest
from openpyxl import load_workbook

from pipeline.commands.cli import run
from pipeline.domain import Batching, Case, Procedure
from pipeline.domain.settling import Stale, Why
from pipeline.domain.turkish import IdentityNumber
from pipeline.ledger.custody import broken_links
from pipeline.ledger.home import Home
from pipeline.office.console import BAD_CONFIGURATION, DONE, words
from pipeline.policy.list_days import ListDays, Waiting, select
from pipeline.review.rebuild import make_way, rebuild
from pipeline.review.replay import replay
from tests.house import EVIDENCE, MORNING, NIGHT, House, body
from tests.letters import list_mail, list_of, writes
from tests.letters.acts import foreigner_sends_twice, held_receipt_sent_twice, two_held_rows
from tests.mails import XLS, Envelope, Sender, at, attached, mail, mixed, plain
from tests.people import person
from tests.test_judge import POLICY
from tests.words_said import say

OFFICIAL = ("--by", "M. Memur", "--because", "kimliği görüldü")


def settle(house: House, number: str, word: str) -> tuple[int, str]:
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        code = run(["settle", "--settings", str(house.file), number, word, *OFFICIAL])
    return code, said.getvalue()


def holds(house: House) -> list[tuple[str, list[str]]]:
    with house.opened() as shop:
        return [(j.number, [e.case for e in j.decision.withheld]) for j in shop.ledger.open_holds()]


def letter(house: House, kind: str) -> str:
    house.poll(MORNING + timedelta(days=4000))
    found = [body(m) for m in house.letters() if str(m["X-NES-Intake"]).startswith(kind)]
    return " ".join(found[-1].split()) if found else ""


def people_listed(house: House) -> list[str]:
    return [
        str(cell)
        for mail in house.letters()
        if mail["X-NES-Intake"] == "batch"
        for part in mail.iter_attachments()
        for row in load_workbook(io.BytesIO(part.get_content())).active.values
        for cell in row
        if re.fullmatch(r"\d{11}", str(cell))
    ]


# --- the same thing held twice -----------------------------------------------------------------


def test_a_person_who_is_held_twice_is_accepted_once(house: House) -> None:
    for raw in foreigner_sends_twice().values():
        house.deliver_raw(raw)
    house.poll()
    (first, (case,)), (second, (other,)) = holds(house)
    assert case != other
    # Once as an official does, in a process of its own.
    assert house.command("settle", first, "accept", *OFFICIAL).returncode == DONE

    code, told = settle(house, second, "accept")
    assert code == BAD_CONFIGURATION
    assert f"{second}: kabul edilemedi" in told
    assert f"{other}: bu kişinin açık bir başvurusu var ({case})" in told
    assert holds(house) == [(second, [other])], "it waits still"
    assert case in letter(house, "settled")

    house.nightly(NIGHT + timedelta(days=4001))
    assert people_listed(house) == [person("Noura Haddadi").identity_number]
    assert settle(house, second, "return")[0] == DONE
    assert holds(house) == []


def test_two_secretaries_of_another_unit_bring_the_same_person_once(house: House) -> None:
    who = person("Özgür Hatipkaya")
    for n, name in enumerate(("Recep Büyükırmak", "Ümit Gündoğmuş")):
        sender = person(name)
        form = attached(list_of(who), XLS, "FORM-001-003.xls")
        envelope = Envelope(writes(sender), "Kayıp e-imza", at("2024-06-10", f"0{n + 8}:20"))
        house.deliver_raw(mail(envelope, mixed(plain("Arkadaşımızın formu ektedir.\n"), form)))
    house.poll()
    (first, _), (second, _) = holds(house)
    assert settle(house, second, "accept")[0] == DONE
    assert settle(house, first, "accept")[0] == BAD_CONFIGURATION
    house.nightly(NIGHT + timedelta(days=4001))
    assert people_listed(house) == [who.identity_number]


def test_a_receipt_that_is_held_twice_is_spent_once(house: House) -> None:
    for raw in held_receipt_sent_twice().values():
        house.deliver_raw(raw)
    house.poll(MORNING + timedelta(days=650))
    (first, (case,)), (second, _) = holds(house)
    assert settle(house, first, "accept")[0] == DONE
    code, told = settle(house, second, "accept")
    assert code == BAD_CONFIGURATION
    assert f"dekont bu arada {case} başvurusu için kullanılmış" in told
    assert [number for number, _ in holds(house)] == [second]
    assert house.ask("SELECT count(*) FROM spent") == [(1,)]
    assert house.ask("SELECT count(*) FROM entry WHERE event='paid'") == [(1,)]


def test_an_older_correction_does_not_undo_a_newer_one(house: House) -> None:
    who = person("Cüneyt İpekçioğlu")
    house.deliver_raw(list_mail(who, at("2024-06-10", "09:00")))
    house.poll()
    for clock, workplace in (("10:00", "ESKİ BİRİM"), ("11:00", "YENİ BİRİM")):
        house.deliver_raw(list_mail(who, at("2024-06-10", clock), workplace=workplace))
    house.poll()
    (older, (case,)), (newer, _) = holds(house)
    assert settle(house, newer, "accept")[0] == DONE
    code, told = settle(house, older, "accept")
    assert code == BAD_CONFIGURATION
    assert f"{case}: başvuru daha sonra gelen bir iletiyle düzeltilmiş" in told
    with house.opened() as shop:
        found = shop.ledger.case(case)
        assert found
        assert found.holder
        assert found.holder.workplace == "YENİ BİRİM"


def test_corrections_in_their_order_are_both_accepted(house: House) -> None:
    who = person("Cüneyt İpekçioğlu")
    house.deliver_raw(list_mail(who, at("2024-06-10", "09:00")))
    house.poll()
    for clock, workplace in (("10:00", "ESKİ BİRİM"), ("11:00", "YENİ BİRİM")):
        house.deliver_raw(list_mail(who, at("2024-06-10", clock), workplace=workplace))
    house.poll()
    for number, _ in holds(house):
        assert settle(house, number, "accept")[0] == DONE


# --- one case alone ----------------------------------------------------------------------------


def test_a_case_is_settled_alone_and_the_rest_waits(house: House) -> None:
    house.deliver_raw(two_held_rows())
    house.poll()
    ((number, (one, two)),) = holds(house)
    code, told = settle(house, one.lower(), "accept")
    assert code == DONE
    assert told.splitlines() == [f"{one}: kabul edildi.", f"  {number}: iletinin gerisi bekliyor."]
    assert holds(house) == [(number, [two])]
    assert house.ask("SELECT case_number FROM entry") == [(one,)]

    written = letter(house, "settled-accepted/")
    decided, waiting = written.split("İncelenmeyi sürdürenler")
    assert re.search(rf"Ayşe Karaağaçlı \(\d+\. satır\), başvuru no {one}", decided)
    assert two not in decided
    assert "aşağıdakine bakıldı ve uygun bulundu" in decided
    assert re.search(rf"Hülya Şimşekoğlu \(\d+\. satır\), başvuru no {two}", waiting)

    # Said twice it is unknown; nothing is widened to the mail.
    assert settle(house, one, "accept")[0] == BAD_CONFIGURATION
    assert settle(house, one, "return")[0] == BAD_CONFIGURATION
    house.nightly(NIGHT + timedelta(days=4001))
    assert people_listed(house) == [person("Ayşe Karaağaçlı").identity_number]

    # The last one closes the mail; its letter speaks of it alone.
    code, told = settle(house, two, "return")
    assert (code, told.splitlines()) == (DONE, [f"{two}: iade edildi."])
    assert holds(house) == []
    assert house.ask("SELECT state FROM hold") == [("accepted",)]
    written = letter(house, "settled-returned/")
    assert f"başvuru no {two}" in written
    assert one not in written
    assert "İncelenmeyi sürdürenler" not in written
    assert house.ask("SELECT count(*) FROM entry WHERE case_number=?", two) == [(0,)]
    with house.opened() as shop:
        assert list(broken_links(shop.ledger, shop.home)) == []


def test_the_mails_own_number_settles_all_that_still_waits(house: House) -> None:
    house.deliver_raw(two_held_rows())
    house.poll()
    ((number, (one, two)),) = holds(house)
    assert settle(house, one, "return")[0] == DONE
    assert settle(house, number, "accept")[0] == DONE
    assert holds(house) == []
    assert house.ask("SELECT case_number FROM entry") == [(two,)], "what was returned stays returned"
    with house.opened() as shop:
        assert shop.ledger.waiting_since(two)


def test_a_case_that_was_settled_alone_is_made_again_by_replay_and_rebuild(house: House) -> None:
    house.more = EVIDENCE
    house.write()
    house.deliver_copies()
    house.deliver_raw(two_held_rows())
    house.poll()
    with house.opened(MORNING + timedelta(hours=1)) as shop:
        (held,) = shop.ledger.open_holds()
        one, two = (e.case for e in held.decision.withheld)
        say(shop, held, "accept", "kimliği görüldü", "M. Memur", one)
    house.poll(MORNING + timedelta(hours=2))
    house.nightly(NIGHT)
    with house.opened(NIGHT + timedelta(hours=1)) as shop:
        again = replay(shop, NIGHT.date())
    assert (again.is_equal, again.settlements) == (True, 1), again.differences

    (house.home / "ledger.db").unlink()
    assert make_way(Home(house.home)) == "ledger_gone"

    with house.opened(NIGHT + timedelta(hours=2)) as shop:
        rebuilt = rebuild(shop)
    assert rebuilt.settled == 1
    assert holds(house) == [(held.number, [two])]
    assert house.ask("SELECT case_number, event FROM entry ORDER BY id") == [
        (one, "listed"),
        (one, "batched"),
    ]


def test_one_case_of_others_is_settled_without_its_number_and_made_again(house: House) -> None:
    """Another unit changes two people's cases, which are held; it hears of no case, be it in a header."""
    house.more = EVIDENCE
    house.write()
    house.deliver_copies()
    both = [person("Ayşe Karaağaçlı"), person("Hülya Şimşekoğlu")]
    for sender, more in (
        (both[0].work_email, {}),
        ("personel@hastane2.saglik.example.org", {"born_on": "01.01.1990"}),
    ):
        form = attached(list_of(*both, **more), XLS, "FORM-001-003.xls")
        envelope = Envelope(Sender("Personel Birimi", sender), "Kayıp e-imza", at("2024-06-10", "09:12"))
        house.deliver_raw(mail(envelope, mixed(plain("Liste ektedir.\n"), form)))
        house.poll()
    with house.opened(MORNING + timedelta(hours=1)) as shop:
        (held,) = shop.ledger.open_holds()
        cases = [e.case for e in held.decision.withheld]
        assert len(cases) == 2
        assert set(held.decision.untold) == set(cases)
        for case, word in zip(cases, ("accept", "return"), strict=True):
            (now,) = shop.ledger.open_holds()
            say(shop, now, word, "görüşüldü", "M. Memur", case)
    house.poll(MORNING + timedelta(hours=2))
    told = [m for m in house.letters() if "/" in str(m["X-NES-Intake"])]
    assert {str(m["X-NES-Intake"]) for m in told} == {"settled-accepted/1", "settled-returned/2"}
    assert all(m["To"] == "personel@hastane2.saglik.example.org" for m in told)
    for letter_told in told:
        everything = str(letter_told.items()) + "".join(
            part.get_content() for part in letter_told.walk() if part.get_content_maintype() == "text"
        )
        assert not [case for case in cases if case in everything]
        assert "Hülya Şimşekoğlu" in everything
        assert "başvuru no" not in everything

    (house.home / "ledger.db").unlink()
    make_way(Home(house.home))
    with house.opened(NIGHT) as shop:
        assert rebuild(shop).settled == 2
    assert holds(house) == []
    assert house.ask("SELECT case_number, event FROM entry WHERE event='amended'") == [(cases[0], "amended")]


def test_whom_an_official_let_a_sender_write_for_counts_only_where_accepted(house: House) -> None:
    sender = Sender("Recep Büyükırmak", person("Recep Büyükırmak").work_email)
    one, two = person("Özgür Hatipkaya"), person("Zeliha Yağızer")
    form = attached(list_of(one, two), XLS, "FORM-001-003.xls")
    house.deliver_raw(
        mail(Envelope(sender, "Liste", at("2024-06-10")), mixed(plain("Form ektedir.\n"), form))
    )
    house.poll()
    ((_, (first, second)),) = holds(house)
    assert settle(house, first, "accept")[0] == DONE
    with house.opened() as shop:
        assert shop.ledger._vouched(sender.address) == {one.work_email.partition("@")[2]}
    assert settle(house, second, "return")[0] == DONE
    with house.opened() as shop:
        assert shop.ledger._vouched(sender.address) == {one.work_email.partition("@")[2]}


# --- the nets below ----------------------------------------------------------------------------


def a_case(number: str, days: int = 0) -> Case:
    who = IdentityNumber(person("Noura Haddadi").identity_number)
    return Case(number, Procedure.LOST_OR_STOLEN, who, MORNING.date() - timedelta(days=days))


def test_a_list_takes_nobody_twice_whatever_the_ledger_says() -> None:
    waiting = [Waiting(a_case(n), MORNING.astimezone(UTC)) for n in ("N-1", "N-2")]
    chosen = select(MORNING.date(), None, waiting, (), ListDays(Batching(), POLICY.working_days))
    assert [case.number for case in chosen.cases] == ["N-1"]
    assert [case.number for case in chosen.twins] == ["N-2"]


def test_the_ledger_itself_opens_one_case_for_a_person(house: House) -> None:
    house.deliver_raw(list_mail(person("Cüneyt İpekçioğlu"), at("2024-06-10", "09:00")))
    house.poll()
    copied = (
        "INSERT INTO entry (case_number, procedure, identity_number, event, day, proof, holder) "
        "SELECT ?, procedure, identity_number, ?, day, ?, CASE WHEN ? THEN holder END FROM entry LIMIT 1"
    )
    with house.opened() as shop:

        def enter(case: str, event: str, has_holder: bool) -> None:
            with shop.ledger.transaction():
                shop.ledger.execute(copied, case, event, f"{case}/{event}", has_holder)

        with pytest.raises(sqlite3.IntegrityError, match="one open case"):
            enter("N-OTHER", "listed", True)
        (case,) = shop.ledger.all_cases()
        enter(case.number, "closed", False)
        enter("N-OTHER", "listed", True)
        # As in a ledger of before: two open cases, and one place on the lists of a night.
        enter(case.number, "amended", True)
        with shop.ledger.transaction():
            shop.ledger.execute("INSERT INTO batch VALUES ('2024-06-14', 1, 'x', 1, x'', 0)")
            shop.ledger.execute("INSERT INTO batch VALUES ('2024-06-14', 2, 'x', 1, x'', 0)")
            shop.ledger.execute("INSERT INTO batch_row VALUES ('N-OTHER', '2024-06-14', 1, 1)")
        with pytest.raises(sqlite3.IntegrityError, match="lists of a night once"), shop.ledger.transaction():
            shop.ledger.execute("INSERT INTO batch_row VALUES (?, '2024-06-14', 2, 1)", case.number)


def test_every_reason_has_its_sentence() -> None:

    told: dict[str, str] = words()["stale"]
    assert set(told) == set(get_args(Why))
    stales: Sequence[Stale] = [Stale("N-1", why, "N-2") for why in get_args(Why)]
    assert all("N-1" in told[s.why].format(case=s.case, other=s.other) for s in stales)
