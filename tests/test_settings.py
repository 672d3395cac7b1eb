"""Settings: complete or refused, with one Turkish sentence that says what to write."""

from __future__ import annotations

import re
from datetime import date, time
from pathlib import Path

import pytest

from pipeline.commands.cli import run
from pipeline.office.console import BAD_CONFIGURATION, words
from pipeline.office.settings import Settings, load_settings
from tests.house import ROOT

EXAMPLE = ROOT / "deploy" / "settings.example.toml"

GOOD = """
home = "kayitlar"
unit = "Birim"
institution = "Kurum"
corporate_domains = ["saglik.example.org"]

[[accounts]]
name = "bir"
host = "imap.example.org"
user = "nes"
password = { file = "SECRET" }
since = 2026-11-23

[smtp]
host = "smtp.example.org"

[addresses]
own = "nes@saglik.example.org"
it_unit = "bilgi@saglik.example.org"
kamu_sm = "liste@kamusm.example.org"
"""


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "parola"
    file.write_text("gizli söz\n", encoding="utf-8")
    return file


@pytest.fixture
def good(secret: Path) -> str:
    return GOOD.replace("SECRET", str(secret))


def written(folder: Path, text: str) -> Path:
    file = folder / "settings.toml"
    file.write_text(text, encoding="utf-8")
    return file


def load(folder: Path, text: str) -> Settings:
    return load_settings(written(folder, text))


def test_the_least_that_has_to_be_written_is_enough(tmp_path: Path, good: str) -> None:
    settings = load(tmp_path, good)

    account = settings.accounts[0]
    assert (account.port, account.security, account.folder) == (993, "tls", "INBOX")
    assert account.password.reveal().get_secret_value() == "gizli söz"
    assert account.since == date(2026, 11, 23)
    assert (settings.smtp.port, settings.smtp.security) == (465, "tls")
    assert settings.schedule.night_at == time(23, 30)
    assert settings.office.batch_recipient == "liste@kamusm.example.org"
    # Wherever cron starts us.
    assert settings.home == tmp_path / "kayitlar"


def test_the_example_file_loads_and_shows_the_defaults(tmp_path: Path, secret: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    settings = load(tmp_path, re.sub(r'"/etc/nes-intake/\w+-parola"', f'"{secret}"', text))

    bare = load(tmp_path, GOOD.replace("SECRET", str(secret)))
    for part in ("schedule", "budget", "batch", "kamu_sm_domains"):
        assert getattr(settings, part) == getattr(bare, part), part
    assert settings.accounts[0].file_into == bare.accounts[0].file_into
    # What stands there as a comment is right as well.
    optional = r"(?m)^# (?=\[evidence\]|(?:bounces|also_ours|ca_file|address|account|folder) = )"
    uncommented = re.sub(optional, "", text)
    assert uncommented.count("\nca_file") == 2
    full = load(tmp_path, re.sub(r'"/etc/nes-intake/\w+-parola"', f'"{secret}"', uncommented))
    assert full.sent_copies
    assert set(full.office.own_addresses) > set(settings.office.own_addresses)


def test_the_list_goes_to_the_unit_where_the_unit_releases_it(tmp_path: Path, good: str) -> None:
    settings = load(tmp_path, good + '[batch]\nto = "it_unit"\n')
    assert settings.office.batch_recipient == "bilgi@saglik.example.org"


def test_a_secret_comes_from_the_environment(
    tmp_path: Path, good: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = re.sub(r"\{ file = .*\}", '{ env = "NES_TEST_PAROLA" }', good)
    monkeypatch.setenv("NES_TEST_PAROLA", "ortamdan")
    settings = load(tmp_path, text)
    assert settings.accounts[0].password.reveal().get_secret_value() == "ortamdan"


def test_the_home_can_be_named_by_the_environment(
    tmp_path: Path, good: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NES_INTAKE_HOME", str(tmp_path / "başka"))
    assert load(tmp_path, good).home == tmp_path / "başka"


def test_no_password_is_in_what_settings_print(tmp_path: Path, good: str) -> None:
    settings = load(tmp_path, good)
    assert "gizli" not in repr(settings) + str(settings.accounts[0].password.reveal())


def test_settings_cannot_be_changed_afterwards(tmp_path: Path, good: str) -> None:
    settings = load(tmp_path, good)
    with pytest.raises(ValueError, match="frozen"):
        settings.home = tmp_path


# What is changed in the good settings, and words that the sentence must have.
WRONG: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "a password in the open": (
        r"\[smtp\]\n",
        '[smtp]\nsecurity = "none"\n',
        ("smtp", "yalnız bu makinedeki bir sunucu"),
    ),
    "no home": (r'home = "kayitlar"\n', "", ("home", "yazılmamış", 'home = "')),
    "no unit": (r'unit = "Birim"\n', "", ("unit", "yazılmamış", 'unit = "')),
    "no domains": (r"corporate_domains = .*", "corporate_domains = []", ("corporate_domains = [",)),
    "a domain that is none": (
        r'"saglik.example.org"\]',
        '"bir iki"]',
        ("alan adı geçersiz",),
    ),
    "no account": (r"(?s)\[\[accounts\]\].*?\[smtp\]", "[smtp]", ("accounts", "yazılmamış", "[[accounts]]")),
    "an unknown key": (r"home = ", 'hom = "x"\nhome = ', ("hom", "böyle bir ayar yok")),
    "an unknown key inside": (
        r"since = ",
        "sinceee = 1\nsince = ",
        ("accounts.0.sinceee",),
    ),
    "no host": (r'host = "imap.example.org"\n', "", ("accounts.0.host", 'host = "imap')),
    "no day to begin": (r"since = .*\n", "", ("accounts.0.since", "since = 2")),
    "a day that is none": (r"since = .*\n", 'since = "dün"\n', ("accounts.0.since", "since = 2")),
    "a port that is none": (r'user = "nes"', 'user = "nes"\nport = "x"', ("accounts.0.port", "port = 993")),
    "a security that is none": (r'user = "nes"', 'user = "nes"\nsecurity = "ssl"', ('"starttls"',)),
    "a name with spaces": (r'name = "bir"', 'name = "Bir İki"', ("accounts.0.name", "küçük harf")),
    "a plain password": (r"password = .*", 'password = "gizli"', ("accounts.0.password", "{ file = ")),
    "a password from two places": (r"password = \{", 'password = { env = "X", ', ("ikisi birden",)),
    "a password from nowhere": (r"password = .*", "password = {}", ("{ file = ",)),
    "no password": (r"password = .*\n", "", ("accounts.0.password", "{ file = ")),
    "a secret file that is not there": (
        r"password = .*",
        'password = { file = "/yok" }',
        ("/yok", "chmod 600"),
    ),
    "an empty variable": (r"password = .*", 'password = { env = "YOK_BOYLE" }', ("YOK_BOYLE", "{ file = ")),
    "a plain SMTP password": (
        r'host = "smtp',
        'password = "gizli"\nhost = "smtp',
        ("smtp.password", "{ file = "),
    ),
    "an SMTP secret that is not there": (
        r'host = "smtp',
        'password = { file = "/yok" }\nhost = "smtp',
        ("/yok", "chmod 600"),
    ),
    "no SMTP": (r"\[smtp\]\nhost = .*\n", "", ("smtp", "yazılmamış", "[smtp]")),
    "no addresses": (r"(?s)\[addresses\].*", "", ("addresses", "own, it_unit, kamu_sm")),
    "an address that is none": (
        r'own = "nes@saglik.example.org"',
        'own = "nes"',
        ("addresses.own", 'own = "'),
    ),
    "our own address for the unit": (
        r'it_unit = ".*"',
        'it_unit = "nes@saglik.example.org"',
        ("addresses.own: own adresi addresses.it_unit", "aynı olamaz"),
    ),
    "our own address for Kamu SM": (
        r'kamu_sm = ".*"',
        'kamu_sm = "NES@saglik.example.org"',
        ("addresses.own: own adresi addresses.kamu_sm", "aynı olamaz"),
    ),
    "the unit's address for Kamu SM": (
        r'kamu_sm = ".*"',
        'kamu_sm = "bilgi@saglik.example.org"',
        ("addresses.kamu_sm ile addresses.it_unit", "Kamu SM'ye gitmezdi", 'to = "it_unit"'),
    ),
    "Kamu SM for one of our addresses": (
        r"\Z",
        'also_ours = ["liste@kamusm.example.org"]\n',
        ("addresses.kamu_sm ile addresses.also_ours", "Kamu SM kurumun adreslerinden biri değildir"),
    ),
    "a copy of every letter for Kamu SM": (
        r"\Z",
        '\n[evidence]\naddress = "liste@kamusm.example.org"\naccount = "bir"\nfolder = "x"\n',
        ("evidence.address ile addresses.kamu_sm", "her yazının bir kopyası"),
    ),
    "a copy of every letter for the unit": (
        r"\Z",
        '\n[evidence]\naddress = "bilgi@saglik.example.org"\naccount = "bir"\nfolder = "x"\n',
        ("evidence.address ile addresses.it_unit", "her yazının bir kopyası"),
    ),
    "a copy of every letter as an application": (
        r"\Z",
        '\n[evidence]\naddress = "nes@saglik.example.org"\naccount = "bir"\nfolder = "x"\n',
        ("evidence.address ile addresses.own", "her yazının bir kopyası"),
    ),
    "a star that is not needed": (
        r"corporate_domains = .*",
        'corporate_domains = ["*.saglik.example.org"]',
        ("corporate_domains: *.saglik.example.org yerine saglik.example.org", "yıldız gerekmez"),
    ),
    "a whole government for Kamu SM": (
        r"corporate_domains",
        'kamu_sm_domains = ["gov.tr"]\ncorporate_domains',
        ("kamu_sm_domains: gov.tr", "herkesin alan adıdır"),
    ),
    "every server of the government": (
        r"corporate_domains",
        'trusted_servers = ["*.gov.tr"]\ncorporate_domains',
        ("trusted_servers: *.gov.tr", "herkese"),
    ),
    "a zone that is none": (r"\Z", '\n[schedule]\nzone = "Ankara"\n', ("schedule.zone", "Europe/Istanbul")),
    "an hour that is none": (r"\Z", '\n[schedule]\nnight_at = "gece"\n', ("schedule.night_at", "23:30:00")),
    "a poll every zero minutes": (r"\Z", "\n[schedule]\npoll_every_minutes = 0\n", ("poll_every_minutes",)),
    "no mails per run": (r"\Z", "\n[budget]\nmails_per_run = 0\n", ("mails_per_run",)),
    "a batch for somebody else": (r"\Z", '\n[batch]\nto = "herkes"\n', ('to = "kamu_sm"',)),
    "evidence without a folder": (
        r"\Z",
        '\n[evidence]\naddress = "k@example.org"\naccount = "bir"\n',
        ("evidence.folder", 'folder = "'),
    ),
    "evidence in a mailbox that is none": (
        r"\Z",
        '\n[evidence]\naddress = "k@example.org"\naccount = "iki"\nfolder = "x"\n',
        ("evidence.account", "[[accounts]] içindeki"),
    ),
    "no TOML": (r"home = ", "home : ", ("2. satır", "TOML", "tırnak")),
    "a key twice": (r"unit = ", 'unit = "x"\nunit = ', ("iki kez yazılmış",)),
    "a day as people write it": (r"since = .*", "since = 23.11.2026", ("satır", "TOML")),
    "no worker": (r"\Z", "\n[budget]\nworkers = 0\n", ("budget.workers: 1 ya da daha büyük",)),
    "no patience": (r'user = "nes"', 'user = "nes"\ntimeout_seconds = 0', ("0 değerinden büyük",)),
    "a way that is none": (r"\Z", '\n[batch]\nwhen = "hergece"\n', ('olmalı: "nightly", "weekly"',)),
    "a port beyond all": (r'user = "nes"', 'user = "nes"\nport = 99930', ("accounts.0.port: 65535 ya da",)),
    "no port": (r'user = "nes"', 'user = "nes"\nport = 0', ("accounts.0.port: 1 ya da",)),
    "blanks for a unit": (r'unit = "Birim"', 'unit = "  "', ("unit: boş bırakılamaz",)),
    "everybody for ours": (r"corporate_domains = .*", 'corporate_domains = ["*"]', ("herkese uyar",)),
    "all companies for ours": (r"corporate_domains = .*", 'corporate_domains = ["*.com"]', ("herkese uyar",)),
    "every server for ours": (
        r"corporate_domains",
        'trusted_servers = ["*"]\ncorporate_domains',
        ("trusted_servers", "herkese"),
    ),
    "every server for an inner one": (
        r"\Z",
        '\n[authentication]\ninner_servers = ["*"]\n',
        ("inner_servers", "herkese"),
    ),
    "filed where it is heard": (
        r"\[smtp\]",
        '[accounts.file_into]\nignored = "INBOX"\n\n[smtp]',
        ("accounts.file_into", "dinlenen klasöre"),
    ),
    "copies where mails are heard": (
        r"\Z",
        '\n[evidence]\naddress = "k@example.org"\naccount = "bir"\nfolder = "INBOX"\n',
        ("evidence.folder", "dinlenen klasör"),
    ),
    "copies where mails are filed": (
        r"\Z",
        '\n[evidence]\naddress = "k@example.org"\naccount = "bir"\nfolder = "NES/Kabul"\n',
        ("evidence.folder", "dinlenen klasör"),
    ),
}


@pytest.mark.parametrize("key", ["evidence.address", "addresses.it_unit", "addresses.own", "batch.releasers"])
def test_none_of_our_addresses_lies_with_kamu_sm(
    key: str, tmp_path: Path, good: str, capsys: pytest.CaptureFixture[str]
) -> None:
    there, name = "k@posta.kamusm.example.org", key.partition(".")[2]
    domains = 'kamu_sm_domains = ["kamusm.example.org"]\ntrusted_servers = ["mx.example.org"]\n'
    copies = '[evidence]\naddress = "k@example.org"\naccount = "bir"\nfolder = "x"\n'
    whole = f'{domains}{good}\n{copies}[batch]\nreleasers = ["sef@example.org"]\n'
    load(tmp_path, whole)
    text = re.sub(rf'(?m)^{name} = (\[?)".*?"', rf'{name} = \1"{there}"', whole)
    check_refused(written(tmp_path, text), (f"{key} ({there})", "kamu_sm_domains"), capsys)


def test_no_copy_of_every_letter_goes_to_who_lets_lists_go(
    tmp_path: Path, good: str, capsys: pytest.CaptureFixture[str]
) -> None:
    copies = '[evidence]\naddress = "sef@example.org"\naccount = "bir"\nfolder = "x"\n'
    text = f'trusted_servers = ["mx.example.org"]\n{good}{copies}[batch]\nreleasers = ["sef@example.org"]\n'
    words = ("evidence.address ile batch.releasers", "her yazının bir kopyası")
    check_refused(written(tmp_path, text), words, capsys)


@pytest.mark.parametrize(
    "domain", ["tr", "gov.tr", "edu.tr", "org.tr", "com", "co.uk", "gov.nc.tr", "*.gov.tr"]
)
def test_a_domain_under_which_anybody_may_have_a_name_is_not_ours(
    domain: str, tmp_path: Path, good: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = re.sub(r"corporate_domains = .*", f'corporate_domains = ["{domain}"]', good)
    check_refused(written(tmp_path, text), ("corporate_domains", domain, "herkes"), capsys)


@pytest.mark.parametrize(
    "domain", ["saglik.gov.tr", "example.org", "example.*", "com.example", "mil.example.org"]
)
def test_a_house_of_its_own_may_be_ours(domain: str, tmp_path: Path, good: str) -> None:
    text = re.sub(r"corporate_domains = .*", f'corporate_domains = ["{domain}"]', good)
    assert load(tmp_path, text).corporate_domains == (domain,)


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_refused_with_what_to_write(
    what: str, tmp_path: Path, good: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pattern, replacement, words = WRONG[what]
    text = re.sub(pattern, replacement.replace("\\", r"\\"), good, count=1)
    assert text != good
    check_refused(written(tmp_path, text), words, capsys)


def check_refused(file: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["poll", "--settings", str(file)]) == BAD_CONFIGURATION
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    for word in words:
        assert word in told.err, told.err
    assert "gizli" not in told.err
    # Nothing of pydantic's own language, no empty place where a key should be.
    for odd in ("Input should", "Value error", "input_value", "line", ": :", ":  ", ": .", "{", "}"):
        assert odd not in told.err.replace("{ file = ", "").replace("{ env = ", "").replace(" }", ""), (
            told.err
        )
    assert not (file.parent / "kayitlar").exists()


def test_two_accounts_of_one_name_are_refused(
    tmp_path: Path, good: str, capsys: pytest.CaptureFixture[str]
) -> None:
    account = re.search(r"(?s)\[\[accounts\]\].*?(?=\[smtp\])", good)
    assert account
    file = written(tmp_path, good.replace("[smtp]", account[0] + "[smtp]"))
    check_refused(file, ("iki hesabın adı aynı",), capsys)


@pytest.mark.parametrize("text", [None, "", "\n# yalnız açıklama\n"])
def test_a_missing_or_empty_file_is_refused(
    text: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "settings.toml" if text is None else written(tmp_path, text)
    check_refused(file, ("nes-intake init",), capsys)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "settings.toml"
    file.write_bytes(b'home = "\xff\xfe"\n')
    check_refused(file, ("1. satır", "UTF-8"), capsys)


def test_a_file_that_an_editor_of_windows_has_marked_is_read(tmp_path: Path, good: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("\ufeff" + good, encoding="utf-8")
    assert load_settings(file) == load(tmp_path, good)


def test_a_part_of_a_name_of_ours_may_stand_for_any(tmp_path: Path, good: str) -> None:
    names = '["*.mail.protection.outlook.com", "mx", "mx*.saglik.example.org"]'
    settings = load(tmp_path, f"trusted_servers = {names}\n{good}")
    assert settings.trusted_servers[1] == "mx"


def test_an_unusable_folder_of_rules_is_refused(
    tmp_path: Path, good: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "kurallar" / "holder").mkdir(parents=True)
    rule = tmp_path / "kurallar" / "holder" / "x.toml"
    rule.write_text('field = "email"\n', encoding="utf-8")
    assert (
        run(["poll", "--settings", str(written(tmp_path, 'rules = "kurallar"\n' + good))])
        == BAD_CONFIGURATION
    )
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "kurallar" in told


def test_every_sentence_can_be_said() -> None:
    """A fault without words would end in a traceback, in front of an operator who has trouble enough."""
    pattern = re.compile(r'(?:OperatorFault|TryLater)\(\s*"(\w+)"')
    sources = (ROOT / "pipeline").rglob("*.py")
    named = {name for source in sources for name in pattern.findall(source.read_text(encoding="utf-8"))}
    assert len(named) > 20
    for name in sorted(named):
        # What a sentence speaks of is the fault's to bring; only the sentence itself has to be there.
        assert words()["faults"][name], f"{name} has no sentence in reports/terminal.toml"
