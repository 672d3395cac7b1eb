"""Mails per second from mailbox to answer, the cost of an idle poll, and memory, against a real Dovecot.

Run it as `python -m benchmarks.mailroom` from the project's root. It prints ratios beside every absolute
figure, because machines differ; it judges nothing.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from imapclient import IMAPClient

from pipeline.intake.runs import decide_all, file_away, hear, poll
from pipeline.ledger.book import Ledger
from pipeline.ledger.home import Home
from pipeline.office.opening import leave_out_of_collections
from pipeline.office.settings import Account, Settings
from pipeline.office.shop import Run, Shop, post_letters
from pipeline.office.watch import Watch
from pipeline.policy.places import REPORTS, RULES
from pipeline.policy.policy import load_policy
from pipeline.review import invented_office
from pipeline.sandbox.scanner.scan import PRELOAD
from pipeline.sandbox.workers import WorkerPool
from tests.mails import Envelope, Sender, at, attached, mail, mixed, plain
from tests.people import PEOPLE
from tests.servers import Box, Certificates, Dovecot, RecordingSmtp
from tests.workbooks import entry, official, xls

_EXCEL = "application/vnd.ms-excel"


def list_mail(number: int) -> bytes:
    """Makes a list mail like no other: one row of the invented people, at a workplace of its own.

    Nothing is written beside the row, for a person would have to read that: such lists are accepted.
    """
    who = PEOPLE[number % len(PEOPLE)]
    book = xls(official(entry(who, workplace=f"Çınarlı Devlet Hastanesi-Servis {number}")))
    envelope = Envelope(Sender(who.name, who.work_email), f"Kayıp e-imza {number}", at("2024-05-13"))
    return mail(envelope, mixed(plain("Liste ektedir."), attached(book, _EXCEL, "liste.xls")))


@contextmanager
def shop_for(
    folder: Path, box: Box, smtp: RecordingSmtp, since: date, mails_per_run: int, **more: object
) -> Iterator[Shop]:
    """Opens a shop of its own for one mailbox; `more` are further settings."""
    secret = folder / "password"
    secret.write_text(box.password)
    settings = Settings.model_validate(
        {
            "home": folder / "home",
            "unit": "Birim",
            "institution": "Kurum",
            "corporate_domains": invented_office.OFFICE.corporate_domains,
            "accounts": [
                {
                    "name": "olcum",
                    "host": "127.0.0.1",
                    "port": box.server.port,
                    "security": "none",
                    "user": box.user,
                    "password": {"file": secret},
                    "since": since,
                }
            ],
            "smtp": {"host": "127.0.0.1", "port": smtp.port, "security": "none"},
            "addresses": {
                "own": "nes@saglik.example.org",
                "it_unit": "bilgi-islem@saglik.example.org",
                "kamu_sm": "liste@kamusm.example.org",
            },
            "budget": {"mails_per_run": mails_per_run, "mails_per_day": mails_per_run},
            **more,
        }
    )
    policy = load_policy(RULES, REPORTS, settings.office)
    leave_out_of_collections()
    home = Home(settings.home)
    with home.lock(), WorkerPool(settings.budget.workers, preload=PRELOAD) as readers:
        ledger = Ledger.open(home.ledger_file, home.key)
        try:
            yield Shop(settings, policy, home, ledger, readers, lambda: datetime.now(UTC))
        finally:
            ledger.close()


def median_ms(work: Callable[[], object], rounds: int = 15) -> float:
    """Times something several times and gives the median, in milliseconds, after one warm-up."""
    work()
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work()
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


def bare_status(account: Account, password: str) -> None:
    """Does the least an idle poll can do: connect, log in, STATUS, log out."""
    with IMAPClient(account.host, port=account.port, ssl=False) as client:
        client.login(account.user, password)
        client.folder_status("INBOX", ["UIDNEXT", "UIDVALIDITY", "MESSAGES"])


def burst(dovecot: Dovecot, smtp: RecordingSmtp, count: int) -> None:
    """Prints the pace of a burst of list mails, step by step, and the memory it took."""
    box = dovecot.account()
    for number in range(count):
        box.deliver(list_mail(number))
    with tempfile.TemporaryDirectory(prefix="nes-") as folder:
        since = date.today() - timedelta(days=1)
        with shop_for(Path(folder), box, smtp, since, count) as shop:
            account = shop.settings.accounts[0]
            run = Run(shop, "poll", shop.clock())
            steps: list[tuple[str, Callable[[], object]]] = [
                ("fetch and keep", lambda: hear(shop, account, run, Watch(shop))),
                ("read and judge", lambda: decide_all(shop)),
                ("file", lambda: file_away(shop, account, Watch(shop))),
                ("post", lambda: post_letters(shop)),
            ]
            spent = []
            for name, step in steps:
                begun, worked = time.perf_counter(), time.process_time()
                step()
                spent.append((name, time.perf_counter() - begun, time.process_time() - worked))
        # The readers have ended, and only now is told what they have cost, their start included.
        readers = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = sum(seconds for _, seconds, _ in spent)
    of_processors = sum(worked for _, _, worked in spent) + readers.ru_utime + readers.ru_stime
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{count} list mails, mailbox to answer: {total:.1f} s = {count / total:.1f} mails a second")
    print(f"  of the processors, readers included: {of_processors / count * 1000:.1f} ms a mail")
    for name, seconds, worked in spent:
        print(
            f"  {name:15} {seconds:6.1f} s  {seconds / total:4.0%}  {seconds / count * 1000:5.1f} ms a mail, "
            f"{worked / count * 1000:.1f} of the processor"
        )
    print(f"  peak memory of this process, servers of the benchmark included: {peak:.0f} MiB")


def idle(dovecot: Dovecot, smtp: RecordingSmtp, size: int, raw: bytes) -> None:
    """Prints what a poll with nothing new costs beside the bare connection."""
    box = dovecot.account()
    long_ago = datetime.now(UTC) - timedelta(days=30)
    for _ in range(size):
        box.deliver(raw, long_ago)
    with (
        tempfile.TemporaryDirectory(prefix="nes-") as folder,
        shop_for(Path(folder), box, smtp, date.today(), 500) as shop,
    ):
        account = shop.settings.accounts[0]
        poll(shop)
        ours = median_ms(lambda: poll(shop))
        bare = median_ms(lambda: bare_status(account, box.password))
    print(
        f"idle poll of {size:7,} mails: {ours:6.1f} ms, bare STATUS {bare:6.1f} ms, ratio {ours / bare:.2f}"
    )


def main() -> None:
    """Runs all parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=1000, help="mails in the burst")
    parser.add_argument("--sizes", type=int, nargs="*", default=[100, 10_000, 100_000], help="idle mailboxes")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nes-") as folder:
        certificates = Certificates(Path(folder))
        with Dovecot(certificates) as dovecot, RecordingSmtp(certificates) as smtp:
            burst(dovecot, smtp, chosen.mails)
            for size in chosen.sizes:
                idle(dovecot, smtp, size, list_mail(0))


if __name__ == "__main__":
    main()
