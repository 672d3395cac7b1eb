"""The masked snapshot, in a real browser that may speak with nobody else."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import tomllib
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipeline.ledger.snapshot import take_snapshot
from pipeline.policy.places import REPORTS
from tests.house import COMMAND, House
from tests.mails import ISTANBUL
from tests.people import PEOPLE

# The day after the receipt's payment, which belongs to a list of these days.
MORNING = datetime(2024, 5, 21, 9, 0, tzinfo=ISTANBUL)
NIGHT = datetime(2024, 5, 21, 23, 45, tzinfo=ISTANBUL)
TOLD = tomllib.loads((REPORTS / "browse.toml").read_text(encoding="utf-8"))
CHROMIUM = shutil.which("chromium")
IN_A_BROWSER = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this system")


@pytest.fixture(scope="module")
def house(lasting_house: House) -> House:
    """An office after a day with lists, a receipt, a returned and a held mail, and its night."""
    house = lasting_house
    house.deliver("accepted/list-then-receipt/1-list", "returned/bad-identity-number", "held/foreigner-99")
    house.poll(MORNING)
    house.deliver("accepted/list-then-receipt/2-receipt", "accepted/physician-first")
    house.poll(MORNING + timedelta(hours=1))
    house.nightly(NIGHT)
    return house


@pytest.fixture(scope="module")
def snapshot(house: House, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("snapshot") / "defter.db"
    with house.opened() as shop:
        take_snapshot(shop.ledger, file, TOLD["tables"], shop.policy.texts.words, TOLD["unknown"])
    return file


@pytest.fixture(scope="module")
def url(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address that the command prints; afterwards it ends, and nothing of it is left."""
    temporary = tmp_path_factory.mktemp("tmp")
    process = subprocess.Popen(
        [str(COMMAND), "browse", "--settings", str(house.file)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert list(temporary.iterdir())
    yield line.split()[-1].removesuffix("defter")
    process.send_signal(signal.SIGTERM)
    assert process.wait(240) == 0
    process.stdout.close()
    assert list(temporary.iterdir()) == []


def read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=240) as answer:
        return str(answer.read().decode())


def test_nothing_in_the_snapshot_tells_who_anybody_is(house: House, snapshot: Path) -> None:
    known = " ".join(str(row) for row in house.ask("SELECT holder, identity_number FROM entry"))
    assert any(who.family_name in known and who.identity_number in known for who in PEOPLE)
    with closing(sqlite3.connect(snapshot)) as connection:
        told = "\n".join(connection.iterdump())
    for who in PEOPLE:
        assert who.identity_number not in told
        assert who.family_name.casefold() not in told.casefold()
    assert "@" not in told
    assert re.search(r"\d{3}\*+\d{2}", told)


def test_every_table_has_something_to_show_and_every_question_an_answer(snapshot: Path) -> None:
    with closing(sqlite3.connect(snapshot)) as connection:
        for table in TOLD["tables"].values():
            assert connection.execute(f"SELECT count(*) FROM {table['name']}").fetchone()[0], table["name"]
        (case,) = connection.execute("SELECT basvuru FROM basvurular").fetchone()
        for name, query in TOLD["queries"].items():
            assert connection.execute(query["sql"], {"basvuru": case}).fetchall(), name


def test_only_who_knows_the_path_gets_an_answer(url: str) -> None:
    assert TOLD["title"] in read(url)
    bare = "/".join(url.split("/")[:3])
    for path in ("/", "/defter", "/-/static/app.css", "/cizelgeler/index.html"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            read(bare + path)
        assert refused.value.code == 404
        refused.value.close()


def test_a_question_answers_programs_too(url: str) -> None:
    rows = json.loads(read(url + "defter/durumlar.json?_shape=array"))
    assert sum(row["adet"] for row in rows) == 2


def browsed(url: str, folder: Path, *more: str) -> str:
    """Opens a page in a headless Chromium of its own and gives what the page has become."""
    assert CHROMIUM
    done = subprocess.run(
        [
            *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
            *("--disable-component-update", "--disable-sync", "--no-first-run", "--disable-dev-shm-usage"),
            "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
            *(f"--user-data-dir={folder / 'profile'}", f"--log-net-log={folder / 'net.json'}", *more, url),
        ],
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
    )
    return done.stdout


@IN_A_BROWSER
@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("", "kayıtlara bakış"),
        ("defter", "Bankalara göre dekontlar"),
        ("defter/kurallar", "holder/identity-number"),
        ("cizelgeler/index.html", 'class="bar" style="width:100.0%"'),
    ],
)
def test_the_pages_are_whole_and_ask_nobody_else(url: str, tmp_path: Path, path: str, shown: str) -> None:
    page = browsed(url + path, tmp_path, "--dump-dom")
    assert shown in page
    assert not re.search(r'(src|<link[^>]*href)="?https?://(?!127\.0\.0\.1)', page)
    asked = set(re.findall(r'"url":"(https?://[^"]+)"', (tmp_path / "net.json").read_text()))
    hosts = {str(urllib.parse.urlsplit(found).hostname) for found in asked}
    # The browser has errands of its own, on which it finds nobody.
    others = {host for host in hosts if not host.endswith(("google.com", "googleapis.com", "gstatic.com"))}
    assert others == {"127.0.0.1"}


@IN_A_BROWSER
def test_the_history_of_a_case_is_asked_for_by_its_number(house: House, url: str, tmp_path: Path) -> None:
    ((case,),) = house.ask("SELECT case_number FROM entry WHERE event='paid' AND procedure='lost_or_stolen'")
    page = browsed(f"{url}defter/gecmis?basvuru={case}", tmp_path, "--dump-dom")
    steps = ["listeye alındı", "dekontu alındı", "Kamu SM'ye gönderildi"]
    places = [html.unescape(page).index(step) for step in steps]
    assert places == sorted(places)
