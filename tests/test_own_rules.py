"""An office's own files lie over the package's, survive its upgrades, and cannot stop the service."""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from pipeline.commands.cli import run
from pipeline.domain.faults import OperatorFault
from pipeline.intake.runs import poll
from pipeline.office import opening
from pipeline.office.console import BAD_CONFIGURATION, DONE
from pipeline.office.opening import opened, opened_ledger, policy_in_force, policy_of, policy_to_look_by
from pipeline.office.settings import load_settings
from pipeline.policy.places import REPORTS, RULES, Places, laid_over
from pipeline.policy.unread import unread
from pipeline.policy.word_files import WORD_FILES, as_toml, leaves, may_lack, said_otherwise
from pipeline.review.doctor import examine, in_words
from tests.house import MORNING, House, body

LIST = "accepted/ordinary-single-list"
RULE = "receipt/recent.toml"
REPLY = "replies/accepted.txt"


@dataclass(frozen=True)
class Office:
    """A house whose package lies in a folder of the test's, with folders of its own laid over it."""

    house: House
    package: Path
    own: Path

    @property
    def settings(self) -> tuple[str, str]:
        return "--settings", str(self.house.file)


@pytest.fixture
def office(house: House, tmp_path: Path) -> Office:
    shutil.copytree(RULES, tmp_path / "package/rules")
    shutil.copytree(REPORTS, tmp_path / "package/reports")
    for folder in ("own/rules/receipt", "own/reports/replies"):
        (tmp_path / folder).mkdir(parents=True)
    named = {"rules": "package/rules", "reports": "package/reports"}
    named |= {f"own_{kind}": f"own/{kind}" for kind in named}
    places = "".join(f'{key} = "{tmp_path / folder}"\n' for key, folder in named.items())
    house.file.write_text(places + house.file.read_text())
    return Office(house, tmp_path / "package", tmp_path / "own")


def told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    capsys.readouterr()
    code = run([*words])
    captured = capsys.readouterr()
    return code, captured.out + captured.err


def reworded(words: str) -> str:
    text = (RULES / RULE).read_text()
    line = next(line for line in text.splitlines() if line.startswith("say"))
    return text.replace(line, f'say = "{words}"')


def test_a_file_laid_over_replaces_adds_or_takes_away() -> None:
    below = {"rules/a.toml": b"a", "rules/b.toml": b"b", "reports/c.txt": b"c"}
    own = {"rules/b.toml": b"other", "rules/0.toml": b"new", "reports/c.txt": b"# removed\r\n"}
    assert list(laid_over(below, own).items()) == [
        ("rules/0.toml", b"new"),
        ("rules/a.toml", b"a"),
        ("rules/b.toml", b"other"),
    ]
    assert list(laid_over(below, {})) == list(below)


@pytest.mark.parametrize("name", WORD_FILES)
def test_an_offices_words_lie_over_the_packages_key_by_key(name: str) -> None:
    path, whole = f"reports/{name}", (REPORTS / name).read_bytes()
    below = tomllib.loads(whole.decode())
    # Whatever a file says comes back as it was, also where nothing of it is the office's.
    (filled,) = laid_over({path: whole}, {path: b"# bizim\n"}).values()
    taken = {key for key, _ in leaves(below) if not may_lack(name.removesuffix(".toml"), key)}
    assert {key: value for key, value in leaves(tomllib.loads(filled.decode())) if key in taken} == {
        key: value for key, value in leaves(below) if key in taken
    }
    # Who has it all, changes its bytes for nobody.
    assert laid_over({path: whole}, {path: whole + b"# bizim\n"}) == {path: whole + b"# bizim\n"}


def test_what_an_office_may_leave_out_it_has_left_out() -> None:
    path = "reports/nightly.toml"
    below = b"""[sections.held]
title = "Bekleyenler"
brief = ["a"]
columns.age = "Yas"
[sections.new]
title = "Yeni"
brief = ["b"]
"""
    (told,) = laid_over({path: below}, {path: b'[sections.held]\ntitle = "Bizde bekleyenler"\n'}).values()
    new = {"title": "Yeni", "brief": ["b"]}
    assert tomllib.loads(told.decode()) == {"sections": {"held": {"title": "Bizde bekleyenler"}, "new": new}}


def test_any_text_is_written_so_that_it_is_read_again() -> None:
    path, odd = "reports/words.toml", {'"tırnak" \\ \n\t\x7f\x01\u2028😀': ["a", 1, True, {"b c": -2.5}]}
    assert tomllib.loads(as_toml({"x.y": odd, "boş": {}, "gün": date(2026, 1, 2)})) == {
        "x.y": odd,
        "boş": {},
        "gün": date(2026, 1, 2),
    }
    # To `check --diff` it is one line, whatever else others take for the end of one.
    assert said_otherwise(path, 'a = "\u2028\x85"\n'.encode(), b"a = 1\n") == ("-a = 1", '+a = "\u2028\x85"')
    # What is no TOML is for whoever loads it, with the line.
    assert laid_over({path: b"a = 1"}, {path: b"a = \n"}) == {path: b"a = \n"}


def test_an_upgrade_with_more_to_say_finds_the_offices_words(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    own = office.own / "reports/words.toml"
    theirs = (REPORTS / "words.toml").read_text()
    line = next(line for line in theirs.splitlines() if line.startswith("accepted = "))
    section = theirs[theirs.index("[silences]") :].partition("\n[")[0]
    # The office's copy is older than the section, and says one word otherwise.
    own.write_text(theirs.replace(section, "").replace(line, 'accepted = "bizce kabul"', 1))
    words = policy_of(load_settings(office.house.file)).texts.words
    package = tomllib.loads(theirs)
    assert words["silences"] == package["silences"]
    assert "bizce kabul" in str(words)
    code, out = told(capsys, "check", *office.settings, "--diff")
    assert (code, out.count("+")) == (DONE, 1)
    count = len(package["silences"])
    assert f"reports/words.toml: birimin dosyasında olmayan {count} söz programdan alınıyor" in out
    assert 'accepted = "bizce kabul"' in out
    assert all(f"   silences.{key} = " in out for key in package["silences"])
    # Only what the program asks for: a misspelt key is nobody's word.
    own.write_text(own.read_text() + '[silencs]\nduplicate = "x"\n')
    with pytest.raises(OperatorFault, match=r"words\.toml, key=silencs"):
        policy_of(load_settings(office.house.file))


def test_the_service_judges_and_writes_by_the_offices_own_files(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    (office.own / "rules" / RULE).write_text(reworded("Bizim sözümüz ({value})."))
    reply = (REPORTS / REPLY).read_text()
    (office.own / "reports" / REPLY).write_text(reply + "\nBirimimizin sözü.\n")
    (office.own / "rules/receipt/unlike-others.toml").write_text("# removed\n")
    rules = {rule.path: rule.say for rule in policy_of(load_settings(office.house.file)).rules}
    assert rules["receipt/recent"] == "Bizim sözümüz ({value})."
    assert "receipt/unlike-others" not in rules
    office.house.deliver(LIST)
    assert run(["poll", *office.settings]) == DONE
    assert any("Birimimizin sözü." in body(letter) for letter in office.house.letters())

    code, out = told(capsys, "check", *office.settings, "--diff")
    assert code == DONE
    assert f"rules/{RULE}: birimin dosyası programınkinin yerine geçiyor." in out
    assert '+say = "Bizim sözümüz ({value})."' in out
    assert "rules/receipt/unlike-others.toml: birimin dosyası programınkini kaldırıyor." in out
    assert "DİKKAT" not in out


def test_an_upgrade_underneath_is_told_until_somebody_has_looked(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    own = office.own / "rules" / RULE
    own.write_text(reworded("Bizim sözümüz."))
    assert run(["poll", *office.settings]) == DONE
    assert "DİKKAT" not in told(capsys, "check", *office.settings)[1]
    (office.package / "rules" / RULE).write_text(reworded("Yeni sürümün sözü."))
    for _ in range(2):
        # A run between does not make it forgotten.
        assert f"rules/{RULE}: DİKKAT" in told(capsys, "check", *office.settings)[1]
        assert run(["poll", *office.settings]) == DONE
    own.write_text(own.read_text() + "# bakıldı\n")
    assert run(["poll", *office.settings]) == DONE
    assert "DİKKAT" not in told(capsys, "check", *office.settings)[1]


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("rules/amount.toml", "rules/receipt/amount.toml"),
        ("rules/receipt/amount.toml.txt", "rules/receipt/amount.toml"),
        ("rules/receipt/amount.toml~", "rules/receipt/amount.toml"),
        ("rules/calender.toml", "rules/calendar.toml"),
        ("rules/layouts/banka/dekont.toml", ""),
        ("reports/word.toml", "reports/words.toml"),
        ("reports/held.txt", "reports/replies/held.txt"),
        ("reports/replies/_closin.txt", "reports/replies/_closing.txt"),
        ("reports/fiyatlar.xlsx", ""),
    ],
)
def test_a_file_that_nobody_reads_is_told(
    path: str, near: str, office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    """What stands in it, a price or a holiday, is in force nowhere."""
    file = office.own / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("Konu: x\n\nxx yy\n")
    assert list(unread(Places().below(), {path: b"xx"})) == [(path, near)]
    code, out = told(capsys, "check", *office.settings)
    assert (code, "sorun yok" in out) == (BAD_CONFIGURATION, False)
    assert f"{file}: bu dosyayı kimse okumuyor" in out
    assert f"{near} mi olmalıydı" in out or not near
    assert f"{path}: birimin eklediği dosya" not in out
    doctor = {
        line.says: in_words(line) for line in examine(office.house.file, MORNING) if line.check == "policy"
    }
    assert str(file) in doctor["unread"]


def test_what_an_office_adds_where_it_is_read_is_not_told() -> None:
    own = {
        "rules/receipt/birimin-kurali.toml": b"",
        "rules/layouts/x-bank.toml": b"",
        "rules/topics/yeni.toml": b"",
        "rules/BENIOKU.md": b"",
        "reports/replies/topics/yeni.txt": b"{% include 'replies/_bizim.txt' %}",
        "reports/replies/_bizim.txt": b"",
    }
    below = Places().below()
    assert list(unread(below, own | dict.fromkeys(below, b"# removed\n"))) == []


def test_what_is_wrong_in_an_offices_own_file_is_told_by_where_that_lies(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in ("rules/receipt/amount.toml", "reports/words.toml"):
        file = office.own / path
        file.write_text("xx yy\n")
        for command in ("poll", "check", "doctor"):
            assert f"{file}:" in told(capsys, command, *office.settings)[1], command
        file.write_text("")
        assert f"{file}:" in told(capsys, "poll", *office.settings)[1]
        file.unlink()


def test_a_folder_that_is_named_and_not_there_is_told(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(office.own / "rules")
    code, out = told(capsys, "check", *office.settings)
    assert code == BAD_CONFIGURATION
    assert "birimin kendi klasörü yok" in out


# --- the last good policy --------------------------------------------------------------------------


def _with(own: Path, words: str) -> None:
    (own / "reports" / REPLY).write_text((REPORTS / REPLY).read_text() + words)


def _misjudging(own: Path) -> None:
    text = (RULES / RULE).read_text()
    wrong = text.replace("rejects = [", "rejects = [{ day = 2024-05-13, today = 2024-05-13 }, ")
    (own / "rules" / RULE).write_text(wrong)


WRONG: dict[str, Callable[[Path], object]] = {
    "no TOML": lambda own: (own / "rules" / RULE).write_text("field = "),
    "a rule that judges its examples otherwise": _misjudging,
    "a misspelt include": lambda own: _with(own, '{% include "replies/_selam.txt" %}\n'),
    "a word that nobody fills": lambda own: _with(own, "{{ kurye }}\n"),
    "a folder that is gone": lambda own: shutil.rmtree(own / "rules"),
}


def test_what_does_not_prove_itself_is_not_put_in_force(office: Office) -> None:
    settings = load_settings(office.house.file)
    office.house.deliver(LIST)
    assert run(["poll", *office.settings]) == DONE
    good = policy_of(settings)
    for change in WRONG.values():
        change(office.own)
        with opened_ledger(settings) as ledger:
            policy, why = policy_in_force(settings, ledger)
        assert (policy.fingerprint, why is not None) == (good.fingerprint, True)
        assert policy_to_look_by(settings).fingerprint == good.fingerprint
        for folder in ("rules/receipt", "reports/replies"):
            shutil.rmtree(office.own / folder, ignore_errors=True)
            (office.own / folder).mkdir(parents=True)


def test_the_service_goes_on_alarms_once_and_says_so(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    house = office.house
    house.deliver(LIST)
    assert run(["poll", *office.settings]) == DONE
    before = len(house.letters())
    WRONG["a misspelt include"](office.own)
    house.deliver("guided/card-reader-question")
    assert run(["poll", *office.settings]) == DONE
    assert house.ask("SELECT count(*) FROM decision WHERE outcome IN ('accepted', 'guided')") == [(2,)]
    for minutes in (20, 40):
        with opened(load_settings(house.file)) as shop:
            later = shop.clock() + timedelta(minutes=minutes)
            poll(replace(shop, clock=lambda now=later: now))  # type: ignore[misc]
    alarms = [m for m in house.letters()[before:] if "nes-intake uyarısı" in str(m["Subject"])]
    assert len(alarms) == 1
    assert "yürürlüğe girmedi" in str(alarms[0]["Subject"])

    code, out = told(capsys, "status", *office.settings)
    assert code == DONE
    assert "son doğru kurallarla çalışılıyor" in out
    assert "_selam.txt" in out
    assert "_selam.txt" in json.loads(told(capsys, "status", *office.settings, "--json")[1])["policy_refused"]
    assert told(capsys, "check", *office.settings)[0] == BAD_CONFIGURATION
    assert "son doğru kurallarla" in told(capsys, "doctor", *office.settings)[1]

    (office.own / "reports" / REPLY).unlink()
    assert run(["poll", *office.settings]) == DONE
    assert json.loads(told(capsys, "status", *office.settings, "--json")[1])["policy_refused"] is None


def test_the_unit_hears_once_where_the_last_good_ones_are_not_good_any_more(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upgrade asks for a sentence that neither the office's own words have nor those it kept."""
    house = office.house
    house.deliver(LIST)
    assert run(["poll", *office.settings]) == DONE
    before = len(house.letters())
    WRONG["a misspelt include"](office.own)

    def unproved(*_: object) -> None:
        raise OperatorFault("rule_key", file="reports/words.toml", key="…", kind="missing")

    with monkeypatch.context() as upgraded:
        upgraded.setattr(opening, "policy_of_files", unproved)
        for _ in range(2):
            assert run(["poll", *office.settings]) == BAD_CONFIGURATION
    (alarm,) = house.letters()[before:]
    assert alarm["To"] == load_settings(house.file).addresses.it_unit
    assert "öncekilerle de çalışılamıyor" in " ".join(body(alarm).split())
    (office.own / "reports" / REPLY).unlink()
    assert run(["poll", *office.settings]) == DONE
    assert [str(m["X-NES-Intake"]) for m in house.letters()[before:]] == ["alarm", "all_clear"]


def test_on_the_first_day_there_is_nothing_to_go_on_with(office: Office) -> None:
    WRONG["no TOML"](office.own)
    with pytest.raises(OperatorFault):
        policy_of(load_settings(office.house.file))
    assert run(["poll", *office.settings]) == BAD_CONFIGURATION
