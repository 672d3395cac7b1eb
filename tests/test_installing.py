"""nes-intake init: what it lays down, whose it is, what it never touches, and what it refuses."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from pipeline.commands.cli import run
from pipeline.office.settings import load_settings
from pipeline.review.installing import EXAMPLE
from tests.house import COMMAND
from tests.test_deploy import directives, needs_systemd

PROGRAM = "/opt/nes-intake/.venv/bin/nes-intake"
NOTHING_DONE = "Hiçbir şey yapılmadı."
needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("systemd-sysusers"), reason="only root can give files away"
)


Init = Callable[..., tuple[int, str, str]]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The tree of a machine that the program has just come to."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "opt/nes-intake").mkdir(parents=True)
    (tmp_path / "opt/nes-intake/.venv").symlink_to(sys.prefix)
    return tmp_path


@pytest.fixture
def init(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Init:
    """Runs the command as if its program lay in a tree: its exit code, and what it said on either stream."""

    def asked(tree: Path | None, *more: str) -> tuple[int, str, str]:
        words = ["init", *more]
        with monkeypatch.context() as here:
            if tree:
                here.setattr(sys, "executable", str(tree / "opt/nes-intake/.venv/bin/python"))
                words += ["--root", str(tree)]
            code = run(words)
        return code, *capfd.readouterr()

    return asked


def lying(tree: Path) -> dict[str, str]:
    """Lists what lies in a tree beside the program: rights, owner and group of each."""
    names = {0: "root"}
    for line in (tree / "etc/passwd").read_text().splitlines() if (tree / "etc/passwd").exists() else ():
        user, _, uid, *_ = line.split(":")
        names[int(uid)] = user
    found = {}
    for path in sorted(tree.rglob("*")):
        name = str(path.relative_to(tree))
        if not name.startswith("opt"):
            state = path.lstat()
            owner, group = (names.get(of, str(of)) for of in (state.st_uid, state.st_gid))
            found[name] = f"{stat.S_IMODE(state.st_mode):o} {owner} {group}"
    return found


@needs_root
@needs_systemd
def test_everything_lies_in_its_place_and_is_whose_it_should_be(tree: Path, init: Init) -> None:
    assert init(tree, "--dry-run")[0] == 0
    assert lying(tree) == {"etc": "755 root root"}
    code, said, wrong = init(tree)
    assert (code, wrong) == (0, "")
    there = lying(tree)
    shared, own = "root nes-intake", "nes-intake nes-intake"
    assert there["etc/nes-intake"] == f"750 {shared}"
    for name in ("settings.toml", "imap-parola", "smtp-parola"):
        assert there[f"etc/nes-intake/{name}"] == f"640 {shared}"
    assert there["etc/nes-intake/rules"] == there["etc/nes-intake/reports"] == f"750 {own}"
    assert there["var/lib/nes-intake"] == f"700 {own}"
    units = {name for name in there if name.startswith("etc/systemd/system/")}
    assert len(units) == 6
    assert {there[name] for name in units} == {"644 root root"}
    assert [name for name in there if name.endswith(".tmp")] == []
    # What it says is what there is, and the next step is a command that can be copied.
    for path in ("/etc/nes-intake/imap-parola", "/var/lib/nes-intake", "/etc/systemd/system"):
        assert f"{tree}{path}" in said
    assert f"sudo -u nes-intake {PROGRAM} doctor\n" in said
    assert "accounts.host" in said
    for name in units:
        unit = tree / name
        for line in directives(unit).get("ExecStart", ()):
            assert line.startswith(f"{PROGRAM} ")
        unit.write_text(unit.read_text().replace(PROGRAM, "/bin/true"))
    assert said_by_systemd(tree / "etc/systemd/system") == []


@needs_root
def test_what_lies_there_is_never_touched_and_the_rest_is_made(tree: Path, init: Init) -> None:
    ours, secret = (tree / "etc/nes-intake" / name for name in ("settings.toml", "imap-parola"))
    ours.parent.mkdir(parents=True)
    ours.write_text("unit = 'ours'\n")
    secret.write_text("gizli")
    secret.chmod(0o644)
    before = lying(tree)
    code, said, _ = init(tree)
    assert code == 0
    there = lying(tree)
    assert before.items() <= there.items()
    assert (ours.read_text(), secret.read_text()) == ("unit = 'ours'\n", "gizli")
    assert f"chmod 640 {secret}" in said
    assert there["etc/nes-intake/smtp-parola"] == "640 root nes-intake"
    # A second time there is nothing left to do.
    code, said, _ = init(tree)
    assert (code, "yapıldı" in said) == (0, False)
    assert lying(tree) == there


@needs_root
def test_a_unit_that_is_not_this_versions_is_shown_line_by_line_and_left_until_it_is_taken(
    tree: Path, init: Init
) -> None:
    init(tree)
    unit = tree / "etc/systemd/system/nes-intake-serve.service"
    new = unit.read_text()
    # An older version's unit, in which somebody has put a word of their own besides.
    old = new.replace("NoNewPrivileges=yes\n", "") + "Environment=LANG=tr_TR.UTF-8\n"
    unit.write_text(old)
    settings = tree / "etc/nes-intake/settings.toml"
    settings.write_text("unit = 'ours'\n")

    for more in (("--dry-run",), ()):
        code, said, _ = init(tree, *more)
        assert code == 0
        assert unit.read_text() == old
        about, _, rest = said.partition(f"{unit}; dokunulmadı, ama")[2].partition("Yenisini almak için: ")
        assert [line.strip() for line in about.splitlines()[1:] if line.strip()] == [
            "+NoNewPrivileges=yes",
            "-Environment=LANG=tr_TR.UTF-8",
        ]
        assert said.count("dokunulmadı, ama bu sürüm") == 1
    assert "ours" in settings.read_text()

    # What it says to do is what takes the new one, and keeps the old beside it.
    command = rest.partition(". ")[0]
    move, made_again, reload = (part.split() for part in command.split(" && "))
    assert reload == ["systemctl", "daemon-reload"]
    subprocess.run(move, check=True)
    assert made_again == [PROGRAM, "init", "--root", str(tree)]
    _, said, _ = init(tree)
    assert unit.read_text() == new
    assert unit.with_name(f"{unit.name}.eski").read_text() == old
    assert "bu sürümün dosyası başka" not in said


@needs_root
def test_a_host_gets_the_units_of_what_it_is(tree: Path, init: Init) -> None:
    certificates = pytest.importorskip("pipeline.sandbox.cluster.certificates")
    members = [("scheduler", "dagitici.example.org"), ("worker", "okuyucu1"), ("office", "adana")]
    places = certificates.certify(tree / "opt/ca", members)
    readers = tree / "etc/nes-intake/readers"
    readers.parent.mkdir()
    more: dict[str, set[str]] = {}
    for place in (*places, None):
        shutil.rmtree(readers, ignore_errors=True)
        shutil.rmtree(tree / "etc/systemd", ignore_errors=True)
        if place:
            shutil.copytree(place, readers)
        else:
            # Nothing that can be read is no role, and stops nothing.
            readers.mkdir()
            (readers / "certificate.pem").write_text("bozuk")
            (readers.parent / "offices").mkdir()
        assert init(tree)[0] == 0
        there = {path.stem.removeprefix("nes-intake-") for path in (tree / "etc/systemd/system").iterdir()}
        more[place.name if place else ""] = there - {"serve", "poll", "nightly", "desk"}
    assert more == {
        "scheduler-dagitici.example.org": {"scheduler"},
        "worker-okuyucu1": {"reader"},
        "office-adana": set(),
        "": {"offices"},
    }


def said_by_systemd(place: Path, *more: str) -> list[str]:
    """Has systemd read all units of a folder: what it says of ours."""
    said = subprocess.run(
        ["systemd-analyze", *more, "verify", "--man=no", *map(str, sorted(place.iterdir()))],
        capture_output=True, text=True, timeout=240, check=False,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{place}:", "XDG_RUNTIME_DIR": str(place)},
    )  # fmt: skip
    return [line for line in said.stderr.splitlines() if "nes-intake" in line]


@needs_root
@pytest.mark.parametrize("name", ["etc/nes-intake", "var/lib", "etc/systemd"])
def test_a_link_that_leads_out_is_not_followed(tree: Path, init: Init, name: str) -> None:
    elsewhere = tree / "opt/elsewhere"
    elsewhere.mkdir()
    (tree / name).parent.mkdir(parents=True, exist_ok=True)
    (tree / name).symlink_to(elsewhere)
    before = lying(tree)
    code, _, said = init(tree)
    assert (code, str(tree / name) in said, NOTHING_DONE in said) == (78, True, True)
    assert list(elsewhere.iterdir()) == []
    assert lying(tree) == before


@needs_root
def test_a_link_or_another_kind_of_thing_in_a_files_place_stops_it_before_anything_is_made(
    tree: Path, init: Init
) -> None:
    etc = tree / "etc/nes-intake"
    etc.mkdir()
    (etc / "smtp-parola").symlink_to("/etc/hostname")
    code, _, said = init(tree)
    assert (code, "sembolik bağ" in said) == (78, True)
    (etc / "smtp-parola").unlink()
    (etc / "settings.toml").mkdir()
    code, _, said = init(tree)
    assert (code, str(etc / "settings.toml") in said) == (78, True)
    assert [path.name for path in etc.iterdir()] == ["settings.toml"]


def test_places_that_a_unit_cannot_name_or_see_are_refused(
    tmp_path: Path, init: Init, monkeypatch: pytest.MonkeyPatch
) -> None:
    for root in ("yok", str(tmp_path / "yok")):
        code, _, said = init(None, "--dry-run", "--root", root)
        assert (code, "--root" in said) == (78, True)
    # The program is not in that tree.
    code, _, said = init(None, "--dry-run", "--root", str(tmp_path))
    assert (code, str(COMMAND) in said) == (78, True)
    for odd in ("a b", "50%", 'a"b', "a\nb", "../a"):
        monkeypatch.setenv("XDG_CONFIG_HOME", f"{tmp_path}/{odd}")
        code, _, said = init(None, "--user", "--dry-run")
        assert (code, NOTHING_DONE in said) == (78, True), odd
    monkeypatch.setenv("XDG_CONFIG_HOME", "/srv/biri")
    monkeypatch.setenv("XDG_DATA_HOME", "/srv/biri")
    code, _, said = init(None, "--user", "--dry-run")
    assert (code, "aynı yere" in said) == (78, True)
    hidden = tmp_path / "home/biri/bin"
    hidden.mkdir(parents=True)
    (hidden / "nes-intake").touch()
    monkeypatch.setattr(sys, "executable", str(hidden / "python"))
    code, _, said = init(None, "--dry-run", "--root", str(tmp_path))
    assert (code, "/home altını göremez" in said) == (78, True)
    assert list(tmp_path.iterdir()) == [tmp_path / "home"]


# --- one user's own --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def somebody(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a user who has installed it for themselves, by the command that they type."""
    home = tmp_path_factory.mktemp("somebody")
    done = subprocess.run(
        [COMMAND, "init", "--user"],
        capture_output=True, text=True, timeout=240, check=False, cwd="/",
        env={"HOME": str(home), "LANG": "C.UTF-8"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert f"doctor --settings {home}/.config/nes-intake/settings.toml\n" in done.stdout
    assert "systemctl --user enable --now" in done.stdout
    assert ("Uyarı" in done.stdout) == (os.geteuid() == 0)
    return home


def test_a_users_own_is_closed_to_all_others_and_needs_only_filling_in(somebody: Path) -> None:
    config = somebody / ".config/nes-intake"
    settings = load_settings(config / "settings.toml")
    assert settings.home == somebody / ".local/share/nes-intake"
    assert (settings.own_rules, settings.own_reports) == (config / "rules", config / "reports")
    assert settings.accounts[0].since == date.today()
    assert {secret.file for secret in (settings.accounts[0].password, settings.smtp.password) if secret} == {
        config / "imap-parola",
        config / "smtp-parola",
    }
    for path in (settings.home, *config.rglob("*"), config):
        assert path.stat().st_mode & 0o077 == 0, path
    # Of the example nothing is lost but what was filled in.
    changed = set(EXAMPLE.read_text().splitlines()) - set((config / "settings.toml").read_text().splitlines())
    assert {line.lstrip("# ").split(" ")[0] for line in changed} == {
        "home", "own_rules", "own_reports", "password", "since", "ca_file", "nes-intake",
    }  # fmt: skip


@needs_systemd
def test_systemd_understands_the_units_of_a_user_and_they_ask_for_no_rights(somebody: Path) -> None:
    place = somebody / ".config/systemd/user"
    units = sorted(place.iterdir())
    assert len(units) == 6
    for unit in units:
        told = directives(unit)
        assert (
            not {"User", "Group", "LoadCredential", "StateDirectory", "CapabilityBoundingSet"} & told.keys()
        )
        for line in told.get("ExecStart", ()):
            program, *words = line.split()
            assert os.access(program, os.X_OK)
            assert not words or Path(words[-1]) == somebody / ".config/nes-intake/settings.toml"
    assert said_by_systemd(place, "--user") == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may")
def test_who_may_not_install_for_all_is_told_how(tree: Path, init: Init) -> None:
    code, _, said = init(tree)
    assert (code, "sudo" in said, "--user" in said) == (78, True, True)
    assert lying(tree).keys() == {"etc"}


def test_what_is_still_the_examples_is_named_by_the_doctor_and_no_server_of_the_examples_is_asked(
    somebody: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "settings.toml"
    text = (somebody / ".config/nes-intake/settings.toml").read_text()
    settings.write_text(text.replace('"imap.example.org"\nport = 993', '"127.0.0.1"\nport = 1'))
    run(["doctor", "--settings", str(settings)])
    told = capfd.readouterr().out
    (line,) = re.findall(r"(?m)^hata +Ayarlar +.*: (.*)\.$", told)
    assert line.split(", ") == [
        "institution", "postal_address", "trusted_servers", "accounts.user", "smtp.host", "smtp.user",
        "addresses.own", "addresses.it_unit", "addresses.kamu_sm",
    ]  # fmt: skip
    assert told.count("-parola boş.") == 2
    assert re.search(r"(?m)^\w+ +IMAP ", told)
    assert not re.search(r"(?m)^\w+ +SMTP ", told)
