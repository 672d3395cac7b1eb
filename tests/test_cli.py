"""The commands: their exit codes, their help, and what they say."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from jinja2 import TemplateNotFound

from pipeline.acts.acting import Act, version
from pipeline.acts.putting_off import deal_with
from pipeline.commands import mailroom
from pipeline.commands.cli import COMMANDS, commands, run
from pipeline.domain import Outcome, Procedure
from pipeline.ledger.home import Home
from pipeline.night import closing
from pipeline.office.console import (
    BAD_CONFIGURATION,
    DONE,
    OUR_FAULT,
    SET_ASIDE,
    TRY_LATER,
    WRONG_COMMAND,
    progress_bar,
)
from tests.house import COMMAND, FIXTURES, House, body
from tests.mails import ISTANBUL
from tests.people import PEOPLE
from tests.servers import free_ports

LIST = "accepted/ordinary-single-list"
HELD = "held/five-year-term"
NAMES = sorted(COMMANDS)


class Said:
    """One run of a command in this process: its exit code and what it said."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def tell(house: House, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command with the house's settings."""

    def told(command: str, *words: str) -> Said:
        code = run([command, "--settings", str(house.file), *words])
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return told


def one_line(text: str) -> bool:
    return text.count("\n") == 1 and text.endswith("\n")


# --- exit codes ----------------------------------------------------------------------------------


def test_the_codes_are_those_that_cron_and_systemd_know() -> None:
    codes = (DONE, SET_ASIDE, WRONG_COMMAND, OUR_FAULT, TRY_LATER, BAD_CONFIGURATION)
    assert codes == (0, 1, os.EX_USAGE, os.EX_SOFTWARE, os.EX_TEMPFAIL, os.EX_CONFIG)


def test_poll_says_what_it_did(tell: Any, house: House) -> None:
    house.deliver(LIST, "returned/bad-identity-number")
    said = tell("poll")
    assert (said.code, said.err) == (DONE, "")
    assert said.out == "Alınan ileti: 2, karar verilen: 2, ayrılan: 0, gönderilen yazı: 2\n"


def test_poll_tells_that_something_was_set_aside(tell: Any, house: House) -> None:
    house.deliver("shunted/garbage")
    assert tell("poll").code == SET_ASIDE
    # Once; afterwards there is nothing new to look at.
    assert tell("poll").code == DONE


def test_a_night_is_closed_once(tell: Any, house: House) -> None:
    house.deliver(LIST)
    tell("poll")
    first, second = tell("nightly"), tell("nightly")
    assert (first.code, second.code) == (DONE, DONE)
    assert re.fullmatch(r"Gece kapandı: \d{4}-\d\d-\d\d, rapor no 1\n", first.out)
    assert "daha önce kapanmış" in second.out
    assert len(house.smtp.received) == 3


def test_a_night_can_be_named(tell: Any, house: House) -> None:
    assert "2024-06-14" in tell("nightly", "--day", "2024-06-14").out
    assert "daha önce" in tell("nightly", "--day", "2024-06-13").out
    assert house.ask("SELECT day FROM night") == [("2024-06-14",)]


@pytest.mark.parametrize(
    "words",
    [
        ["pol"],
        ["poll", "--fast"],
        ["poll", "extra"],
        ["nightly", "--day", "yesterday"],
        ["settle"],
        ["settle", "G-0000000H"],
        ["settle", "G-0000000H", "perhaps", "--because", "x", "--by", "y"],
        ["settle", "G-0000000H", "accept", "--by", "y"],
        ["settle", "G-0000000H", "accept", "--because", "x"],
        ["explain"],
        ["explain", "--today", "soon", "x.eml"],
    ],
    ids=" ".join,
)
def test_a_wrong_command_is_64(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NES_INTAKE_OFFICIAL", raising=False)
    assert run(words) == WRONG_COMMAND
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "--help" in captured.err


@pytest.mark.parametrize("command", ["poll", "nightly", "serve", "status"])
def test_no_settings_are_78(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--settings", "/yok/ayarlar.toml"]) == BAD_CONFIGURATION
    assert one_line(capsys.readouterr().err)


@pytest.mark.parametrize("command", ["poll", "nightly", "settle"])
def test_another_process_at_work_is_75(command: str, tell: Any, house: House) -> None:
    more = ("G-0000000H", "accept", "--because", "x", "--by", "y") if command == "settle" else ()
    with Home(house.home).lock():
        said = tell(command, *more)
    assert (said.code, said.out) == (TRY_LATER, "")
    assert one_line(said.err)
    assert "Bitmesini bekleyiniz" in said.err


def test_status_does_not_wait_for_a_process_at_work(tell: Any, house: House) -> None:
    with Home(house.home).lock():
        assert tell("status").code == DONE


@pytest.mark.parametrize("port", ["imap_port", "smtp"])
def test_a_server_that_is_away_is_75(port: str, tell: Any, house: House) -> None:
    house.deliver(LIST)
    (closed,) = free_ports(1)
    old = house.smtp.port if port == "smtp" else house.box.server.port
    text = house.file.read_text(encoding="utf-8")
    house.file.write_text(text.replace(f"port = {old}", f"port = {closed}"), encoding="utf-8")
    said = tell("poll")
    assert said.code == TRY_LATER
    assert one_line(said.err)
    assert "Sonraki çalıştırmada yeniden denenecek." in said.err
    # Nothing is lost by it.
    house.write()
    assert tell("poll").code == DONE
    assert len(house.smtp.received) == 1
    assert house.filed() == {"accepted": 1}


def test_a_wrong_password_is_75_and_is_tried_once(tell: Any, house: House) -> None:
    (house.folder / "imap-secret").write_text("yanlis-parola", encoding="utf-8")
    said = tell("poll")
    assert said.code == TRY_LATER
    assert one_line(said.err)
    assert "yanlis-parola" not in said.err


def test_a_full_disk_is_75(tell: Any, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.deliver(LIST)

    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Home, "keep", full)
    said = tell("poll")
    assert said.code == TRY_LATER
    assert one_line(said.err)
    monkeypatch.undo()
    assert "Alınan ileti: 1" in tell("poll").out


def test_a_fault_of_the_program_is_not_the_worlds(tell: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cron keeps silent about "try later": what no later run finds right by itself is called otherwise."""

    def breaks(*_: object) -> None:
        raise TemplateNotFound("replies/_selam.txt")

    monkeypatch.setattr(closing, "report_of", breaks)
    said = tell("nightly", "--day", "2024-06-13")
    assert said.code == OUR_FAULT
    assert "TemplateNotFound at " in said.err


def test_a_damaged_ledger_is_78(tell: Any, house: House) -> None:
    tell("poll")
    (house.home / "ledger.db").write_bytes(b"no ledger at all" * 500)
    for command in ("poll", "nightly", "status"):
        said = tell(command)
        assert (said.code, said.out) == (BAD_CONFIGURATION, "")
        assert "son yedeği geri yükleyiniz" in said.err


def test_a_home_that_others_read_is_78(tell: Any, house: House) -> None:
    tell("poll")
    house.home.chmod(0o755)
    said = tell("poll")
    assert said.code == BAD_CONFIGURATION
    assert "chmod 700" in said.err


def test_a_missing_kept_mail_is_78(tell: Any, house: House) -> None:
    house.deliver(HELD)
    tell("poll")
    ((number,),) = house.ask("SELECT number FROM decision")
    for file in house.home.glob("mail/*/*.eml"):
        file.unlink()
    said = tell("settle", str(number), "return", "--because", "x", "--by", "y")
    assert said.code == BAD_CONFIGURATION
    assert "Yedekten geri yükleyiniz" in said.err


def test_the_real_command_gives_its_code_and_says_nothing_else(house: House) -> None:
    """Under cron whatever is printed becomes a mail: no progress bar, no warning, no traceback."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(COMMAND), "poll", "--settings", str(house.file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert one_line(done.stdout)
    wrong = subprocess.run([str(COMMAND), "pol"], capture_output=True, text=True, check=False)
    assert (wrong.returncode, wrong.stdout) == (64, "")
    made = [path for path in house.home.rglob("*") if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)]
    assert made == []


# --- help ----------------------------------------------------------------------------------------


def paths_below(command: click.Command, path: str = "") -> Iterator[str]:
    """Names all commands below a group, by how they are typed."""
    for name in command.list_commands(click.Context(command)) if isinstance(command, click.Group) else ():
        below = command.get_command(click.Context(command), name)
        assert below
        yield f"{path} {name}".strip()
        yield from paths_below(below, f"{path} {name}")


PATHS = [path for path in paths_below(commands) if " " in path]
# What click says unless it is told otherwise.
ENGLISH = r"Usage|Options|Commands|OPTION|COMMAND|ARGS|\[default|required|Show this|INTEGER|TEXT|PATH|%Y"


@pytest.mark.parametrize("path", PATHS)
def test_no_command_below_a_command_has_help_in_english(
    path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*path.split(), "--help"]) == DONE
    out = capsys.readouterr().out
    assert out.startswith(f"Kullanım: nes-intake {path}")
    assert not re.search(ENGLISH, out)


@pytest.mark.parametrize("command", [None, *NAMES])
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_every_command_has_help_in_turkish(
    command: str | None, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([command, option] if command else [option]) == DONE
    captured = capsys.readouterr()
    assert captured.err == ""
    assert f"Kullanım: nes-intake {command or ''}".strip() in captured.out
    assert not re.search(ENGLISH, captured.out)
    assert re.search(r"[çğıöşüÇĞİÖŞÜ]", captured.out)
    if command is None:
        assert all(name in captured.out for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_help_of_all_says_what_the_commands_own_says(name: str) -> None:
    command = commands.get_command(None, name)
    assert command
    assert command.get_short_help_str(limit=1000) == COMMANDS[name][1]


def test_these_are_the_commands() -> None:
    assert {"demo", "explain", "nightly", "poll", "serve", "settle", "status"} <= set(NAMES)


# --- status --------------------------------------------------------------------------------------


def test_status_before_anything(tell: Any) -> None:
    said = tell("status")
    assert said.code == DONE
    assert "henüz yok" in said.out


def test_a_poll_that_was_killed_is_over_with_the_next_run(tell: Any, house: House) -> None:
    """Later polls that hear nothing write nothing, and the dead one would stand there as the last."""
    house.deliver(LIST)
    tell("poll")
    began = json.loads(tell("status", "--json").out)["last_poll"]["started_at"]
    killed = datetime.now(UTC) + timedelta(seconds=2)
    connection = sqlite3.connect(house.home / "ledger.db")
    connection.execute("INSERT INTO run (command, started_at) VALUES ('poll', ?)", (killed.isoformat(),))
    connection.commit()
    connection.close()
    beat = house.home / "heartbeat"
    for seconds, is_broken in ((0, True), (300, False)):
        at = (killed + timedelta(seconds=seconds)).timestamp()
        os.utime(beat, (at, at))
        assert ("yarıda kaldı" in tell("status").out) == is_broken
    assert json.loads(tell("status", "--json").out)["last_poll"]["started_at"] == began


def test_status_shows_what_waits_and_changes_nothing(tell: Any, house: House) -> None:
    house.deliver(LIST, HELD)
    tell("poll")
    tell("nightly")
    before = (house.home / "ledger.db").read_bytes()
    text, machine = tell("status"), tell("status", "--json")
    assert (text.code, machine.code) == (DONE, DONE)
    state = json.loads(machine.out)
    assert state["last_poll"]["outcome"] == "done"
    assert datetime.fromisoformat(state["last_poll"]["started_at"]) <= datetime.now(UTC)
    assert datetime.fromisoformat(state["last_beat"]) <= datetime.now(UTC)
    assert state["last_night"]["number"] == 1
    assert (state["night_due"], state["troubles"], state["letters_in_doubt"]) == (None, {}, 0)
    assert (state["outcomes"]["held"], state["outcomes"]["accepted"]) == (1, 1)
    assert state["letters"] == {"done": 4}
    assert datetime.fromisoformat(state["oldest_hold"]) <= datetime.now(UTC)
    # A program reads UTC, a person the office's clock, and no word of the program's own.
    for at in (state["last_beat"], state["last_poll"]["started_at"], state["oldest_hold"]):
        assert f"{datetime.fromisoformat(at).astimezone(ISTANBUL):%d.%m.%Y %H:%M}" in text.out
    assert f"{date.fromisoformat(state['last_night']['day']):%d.%m.%Y}, rapor no 1" in text.out
    assert "+00:00" not in text.out
    assert "(done)" not in text.out
    counts = {
        k: state[k] for k in ("waiting", "undecided", "to_file", "letters_to_send", "letters_failed", "held")
    }
    assert counts == {
        "waiting": 0,
        "undecided": 0,
        "to_file": 0,
        "letters_to_send": 0,
        "letters_failed": 0,
        "held": 1,
    }
    ((number,),) = house.ask("SELECT number FROM decision WHERE outcome='held'")
    assert state["held_mails"] == [number]
    assert str(number) in text.out
    assert "Görevli bekleyen: 1" in text.out
    assert state["set_aside"] == 0
    assert (house.home / "ledger.db").read_bytes() == before


def test_status_names_what_was_set_aside_until_somebody_has_looked(
    tell: Any, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.deliver("shunted/garbage", LIST)
    tell("poll")
    ((number,),) = house.ask("SELECT number FROM decision WHERE outcome='shunted'")
    told = tell("status").out
    assert re.search(rf"son 30 gün\): 1\n  {number} ", told)
    assert json.loads(tell("status", "--json").out)["set_aside"] == 1
    monkeypatch.setattr(mailroom, "_MOST_ASIDE", 0)
    assert "… ve 1 ileti daha" in tell("status").out
    with house.opened(datetime.now(UTC)) as shop:
        deal_with(shop, number, Act("M. Memur", "elle yanıtlandı", version(shop.ledger, number)))
    told = tell("status").out
    assert number not in told
    assert "son 30 gün): 0" in told


def test_check_of_a_file_that_is_not_there_looks_at_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", "--settings", str(tmp_path / "ayarlar.toml")]) == BAD_CONFIGURATION
    said = capsys.readouterr()
    assert "ayarlar.toml: ayar dosyası yok ya da boş" in said.err
    assert "sorun yok" not in said.out


# --- settle --------------------------------------------------------------------------------------


@pytest.fixture
def held(tell: Any, house: House) -> str:
    """The number of a held mail whose list row an official may let through."""
    house.deliver(HELD)
    tell("poll")
    ((number,),) = house.ask("SELECT number FROM decision WHERE outcome='held'")
    return str(number)


def settled(tell: Any, number: str, word: str) -> Said:
    said = tell("settle", number, word, "--because", "Telefonla doğrulandı.", "--by", "bir.gorevli")
    assert isinstance(said, Said)
    return said


def test_an_official_lets_a_held_mail_through(tell: Any, house: House, held: str) -> None:
    assert settled(tell, held.lower(), "accept").code == DONE
    assert house.ask("SELECT state, because, settled_by FROM hold") == [
        ("accepted", "Telefonla doğrulandı.", "bir.gorevli")
    ]
    assert house.ask("SELECT event, proof FROM entry") == [("listed", f"settle/{held}")]
    tell("poll")
    answer = house.letters()[-1]
    assert answer["X-NES-Intake"] == "settled-accepted"
    assert answer["In-Reply-To"] == house.letters()[0]["In-Reply-To"]
    tell("nightly")
    assert [str(x["X-NES-Intake"]) for x in house.letters()[2:]] == ["batch", "nightly"]
    assert 'held_mails": []' in tell("status", "--json").out


def test_an_official_sends_a_held_mail_back(tell: Any, house: House, held: str) -> None:
    assert settled(tell, held, "return").code == DONE
    tell("poll")
    answer = house.letters()[-1]
    assert answer["X-NES-Intake"] == "settled-returned"
    assert "Telefonla doğrulandı." in body(answer)
    assert house.ask("SELECT count(*) FROM entry") == [(0,)]
    tell("nightly")
    assert [str(x["X-NES-Intake"]) for x in house.letters()[2:]] == ["nightly"]


def test_the_number_of_the_case_will_do_as_well(tell: Any, house: House, held: str) -> None:
    with house.opened() as shop:
        (hold,) = shop.ledger.open_holds()
    assert hold.number == held
    assert settled(tell, hold.decision.withheld[0].case, "accept").code == DONE


def test_a_mail_is_settled_once(tell: Any, house: House, held: str) -> None:
    settled(tell, held, "accept")
    again = settled(tell, held, "return")
    assert again.code == BAD_CONFIGURATION
    assert "bekleyen bir ileti yok" in again.err
    assert house.ask("SELECT state FROM hold") == [("accepted",)]
    tell("poll")
    assert len(house.smtp.received) == 2


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("G-0000000H", "bekleyen bir ileti yok"),
        ("G-0000001H", "denetim harfi"),
        ("17291716060", "denetim harfi"),
    ],
)
def test_a_wrong_number_settles_nothing(tell: Any, house: House, held: str, number: str, words: str) -> None:
    said = settled(tell, number, "accept")
    assert said.code == BAD_CONFIGURATION
    assert one_line(said.err)
    assert words in said.err
    assert house.ask("SELECT state FROM hold") == [("open",)]
    assert held


def test_nothing_can_be_accepted_where_nothing_was_withheld(tell: Any, house: House) -> None:
    house.deliver("held/complaint")
    tell("poll")
    ((number,),) = house.ask("SELECT number FROM decision")
    said = settled(tell, str(number), "accept")
    assert said.code == BAD_CONFIGURATION
    assert "iade ya da yanıtlandı ile kapatınız" in said.err
    assert settled(tell, str(number), "return").code == DONE


def test_somebody_is_kept_off_the_list_and_let_on_again_in_turkish_words(tell: Any, house: House) -> None:
    house.deliver(LIST)
    tell("poll")
    ((case,),) = house.ask("SELECT case_number FROM entry")
    reason = ("--by", "M. Memur", "--because", "Belgesi soruldu")
    assert tell("off-list", case, "belki", *reason).code == WRONG_COMMAND
    assert tell("off-list", case, "geri", *reason).code == BAD_CONFIGURATION
    off = tell("off-list", case.lower(), "cikar", *reason)
    assert (off.code, one_line(off.out), f"{case}: listeden çıkarıldı" in off.out) == (DONE, True, True)
    again = tell("off-list", case, "çıkar", *reason)
    assert (again.code, "zaten çıkarılmış" in again.err) == (BAD_CONFIGURATION, True)
    tell("nightly")
    assert house.ask("SELECT * FROM batch_row") == []
    assert tell("off-list", case, "geri", *reason).code == DONE
    assert house.ask('SELECT kind, about, "by", because FROM act') == [
        (kind, case, "M. Memur", "Belgesi soruldu") for kind in ("off_list", "on_list")
    ]


# --- explain -------------------------------------------------------------------------------------

NUMBER = r"\d{3}\*{6}\d{2}"
SHAPES: Mapping[str, Mapping[str, tuple[type, ...]]] = {
    "findings": {"rule": (str,), "consequence": (str,), "about": (str,), "say": (str,)},
    "holders": {
        "row": (int,),
        "identity_number": (str, type(None)),
        "accepted": (bool,),
        "given_name": (str, type(None)),
        "born_on": (str, type(None)),
        "work_email": (str, type(None)),
    },
    "receipts": {
        "layout": (str,),
        "rail": (str, type(None)),
        "amount": (str, type(None)),
        "paid_on": (str, type(None)),
        "reference": (str, type(None)),
        "identity_number": (str, type(None)),
        "accepted": (bool,),
        "sources": (dict,),
    },
    "unread": {"name": (str,), "why": (str,)},
    "letters": {"to": (str,), "subject": (str,), "text": (str,)},
}  # fmt: skip


def explained(capsys: pytest.CaptureFixture[str], *names: str, more: tuple[str, ...] = ()) -> list[Any]:
    assert run(["explain", "--json", *more, *(str(FIXTURES / f"{name}.eml") for name in names)]) == DONE
    captured = capsys.readouterr()
    assert captured.err == ""
    told = json.loads(captured.out)
    assert isinstance(told, list)
    return told


def test_explain_gives_the_public_shape(capsys: pytest.CaptureFixture[str]) -> None:
    names = (
        "accepted/list-then-receipt/1-list",
        "accepted/list-then-receipt/2-receipt",
        "returned/one-good-one-bad-row",
        "returned/password-protected",
        "ignored/out-of-office",
        "shunted/garbage",
    )
    told = explained(capsys, *names)
    assert [mail["file"] for mail in told] == [f"{name.rpartition('/')[2]}.eml" for name in names]
    assert [mail["outcome"] for mail in told] == [
        "accepted", "accepted", "returned", "returned", "ignored", "shunted",
    ]  # fmt: skip
    keys = {"file", "outcome", "procedure", *SHAPES}
    for mail in told:
        assert set(mail) == keys
        assert mail["procedure"] in {None, *map(str, Procedure)}
        assert mail["outcome"] in set(map(str, Outcome))
        for part, shape in SHAPES.items():
            for item in mail[part]:
                assert set(shape) <= set(item), part
                for key, kinds in shape.items():
                    assert type(item[key]) in kinds, (part, key)
                if item.get("identity_number"):
                    assert re.fullmatch(NUMBER, item["identity_number"])
    receipt = told[1]["receipts"][0]
    assert (receipt["amount"], receipt["paid_on"], receipt["accepted"]) == ("780.00", "2024-05-20", True)
    assert [holder["accepted"] for holder in told[2]["holders"]] == [True, False]
    assert [finding["consequence"] for finding in told[2]["findings"]] == ["return"]
    assert told[3]["unread"][0]["why"] == "password_protected"
    # Who is named on somebody's list hears of it besides.
    assert all(bool(mail["letters"]) == (mail["outcome"] in ("accepted", "returned")) for mail in told)
    text = json.dumps(told)
    assert not [p for p in PEOPLE if p.identity_number in text]


def test_explain_takes_the_mails_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    in_order = ("guided/resent-list/1-list", "guided/resent-list/2-list-again")
    assert [m["outcome"] for m in explained(capsys, *in_order)] == ["accepted", "guided"]
    assert [m["outcome"] for m in explained(capsys, in_order[1])] == ["accepted"]
    assert [m["outcome"] for m in explained(capsys, LIST, LIST)] == ["accepted", "ignored"]


def test_explain_judges_as_on_another_day(capsys: pytest.CaptureFixture[str]) -> None:
    mails = ("accepted/list-then-receipt/1-list", "accepted/list-then-receipt/2-receipt")
    (_, receipt) = explained(capsys, *mails, more=("--today", "2030-01-01"))
    assert receipt["outcome"] == "held"


def test_explain_goes_by_other_rules(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    rules = tmp_path / "rules"
    shutil.copytree(request.config.rootpath / "rules", rules)
    (rules / "holder" / "identity-number.toml").unlink()
    (mail,) = explained(capsys, "returned/bad-identity-number", more=("--rules", str(rules)))
    assert mail["outcome"] == "accepted"


def test_explain_with_settings_writes_in_their_name(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    text = house.file.read_text(encoding="utf-8").replace("İstatistik ve Bilgi İşlem Birimi", "Deneme Masası")
    house.file.write_text(text, encoding="utf-8")
    (mail,) = explained(capsys, LIST, more=("--settings", str(house.file)))
    assert "Deneme Masası" in mail["letters"][0]["text"]
    # It neither opens the home nor speaks to a server.
    assert not house.home.exists()
    assert house.smtp.connections == 0


def test_explain_of_no_file_is_78(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "/yok/ileti.eml"]) == BAD_CONFIGURATION
    assert "/yok/ileti.eml" in capsys.readouterr().err


# --- progress ------------------------------------------------------------------------------------


def test_progress_is_shown_on_a_terminal_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with progress_bar() as progress:
        progress("judge", 1, 2)
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress_bar() as progress:
        progress("judge", 1, 2)
    assert "Okunuyor" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name", ["no\x1b[31m.eml", "no\x9b31m.eml", "a\u202elme.on", "x\r\nHata: y.eml", "b\x07"]
)
@pytest.mark.parametrize("json", [(), ("--json",)])
def test_a_file_name_cannot_steer_the_terminal(
    tmp_path: Path, name: str, json: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    missing, there = tmp_path / name, tmp_path / f"{name}.eml"
    there.write_bytes(b"From: a@example.org\r\nSubject: \xc2\x9b31m x\r\n\r\nmetin\r\n")
    for words in ([str(missing)], [str(there), *json], [f"-{name}"], [f"--{name}"]):
        run(["explain", *words])
    said = capsys.readouterr()
    for text in (said.out, said.err):
        steering = {ch for ch in text if unicodedata.category(ch) in ("Cc", "Cf")} - {"\n"}
        assert not steering
