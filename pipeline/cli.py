"""cli: the commands, their exit codes, and what the terminal shows; all work is done elsewhere.

Exit codes: 0 done · 1 something was set aside · 64 wrong command · 75 try later · 78 bad configuration.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, cast
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from pipeline import demo as demonstration
from pipeline.adapters.custody import Retention, backup, broken_links, erase, export
from pipeline.adapters.home import Home
from pipeline.adapters.isolation import WorkerPool
from pipeline.adapters.ledger import Ledger
from pipeline.adapters.mailbox import MailboxFault
from pipeline.adapters.postman import PostmanFault
from pipeline.adapters.scanner.scan import PRELOAD
from pipeline.cases import is_number
from pipeline.explain import as_json, as_text, explain
from pipeline.faults import OperatorFault
from pipeline.history import tell
from pipeline.policy import REPORTS, RULES, load_policy
from pipeline.proving import prove
from pipeline.rehearsal import rehearse
from pipeline.runs import Shop, Word, night_due, nightly, poll, settle
from pipeline.schedule import serve
from pipeline.settings import Settings, load_settings
from pipeline.turkish import quotable

P = ParamSpec("P")

DONE, SET_ASIDE, WRONG_COMMAND, TRY_LATER, BAD_CONFIGURATION = 0, 1, 64, 75, 78
_SETTINGS_FILE = Path("/etc/nes-intake/settings.toml")


def words() -> Mapping[str, Any]:
    """Reads what the terminal says; from the package's own reports, for settings may be what is wrong."""
    return tomllib.loads((REPORTS / "terminal.toml").read_text(encoding="utf-8"))


def sentence(fault: OperatorFault) -> str:
    """Puts an operator's fault into one Turkish sentence that says what to do."""
    told = words()
    details = {**fault.details}
    kind, key = str(details.get("kind", "")), str(details.get("key", ""))
    if kind == "value_error":
        kind = str(details.get("why", "")).removeprefix("Value error, ")
    details["kind_words"] = told["kinds"].get(kind, told["kinds"]["other"]).format()
    if kind in told["places"]:
        key = details["key"] = told["places"][kind]
    plain_key = ".".join(part for part in key.split(".") if not part.isdigit())
    details["hint"] = told["hints"].get(plain_key, told["hints"]["other"]).format()
    return str(told["faults"][fault.name]).format(**details)


def say(name: str, **values: object) -> None:
    """Prints one line of reports/terminal.toml."""
    click.echo(str(words()["says"][name]).format(**values))


def main() -> None:
    """Runs the command line and turns every kind of wrong into its exit code and one sentence."""
    # Whatever this process makes, temporary files included, is nobody else's to read.
    os.umask(0o077)
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Runs one command and gives its exit code."""
    try:
        return cast(int, commands.main(arguments, prog_name="nes-intake", standalone_mode=False)) or DONE
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.UsageError as fault:
        fault.show()
        return WRONG_COMMAND
    except click.Abort:
        return TRY_LATER
    except OperatorFault as fault:
        click.echo(sentence(fault), err=True)
        return fault.exit_code
    except (MailboxFault, PostmanFault, OSError, sqlite3.OperationalError) as fault:
        click.echo(_worldly(fault), err=True)
        return TRY_LATER


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def commands() -> None:
    """Kayıp/çalıntı NES başvurularını posta kutusundan alır, denetler, yanıtlar, listeler."""


def with_settings(command: Callable[P, int]) -> Callable[P, int]:
    """Gives a command the --settings option."""
    option = click.option(
        "--settings",
        "settings_file",
        type=click.Path(path_type=Path),
        default=_SETTINGS_FILE,
        show_default=True,
        envvar="NES_INTAKE_SETTINGS",
        help="Ayar dosyası.",
    )
    return cast("Callable[P, int]", option(wraps(command)(command)))


@contextmanager
def opened(settings: Settings) -> Iterator[Shop]:
    """Opens everything a run works with, under the home's lock, and closes it again."""
    policy = load_policy(settings.rules, settings.reports, settings.office)
    home = Home(settings.home)
    with home.lock(), WorkerPool(settings.budget.workers, preload=PRELOAD) as readers:
        ledger = Ledger.open(home.ledger_file, home.key)
        try:
            yield Shop(settings, policy, home, ledger, readers, lambda: datetime.now(UTC))
        finally:
            ledger.close()


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """Shows progress on a terminal; under cron nothing moves and nothing is printed."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(words()["says"]["progress_judge"], total=None)
        yield lambda _step, done, total: bar.update(task, completed=done, total=total)


@commands.command("poll")
@with_settings
def poll_command(settings_file: Path) -> int:
    """Posta kutularına bakar, gelenleri değerlendirir, dosyalar ve yanıtlar."""
    with opened(load_settings(settings_file)) as shop, progress_bar() as progress:
        tally = poll(shop, progress)
    say("polled", heard=tally.heard, decided=tally.decided, shunted=tally.shunted, posted=tally.posted)
    return SET_ASIDE if tally.shunted else DONE


@commands.command("nightly")
@with_settings
@click.option(
    "--day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Kapatılacak gün; yazılmazsa zamanı gelmiş son gece.",
)
def nightly_command(settings_file: Path, day: datetime | None) -> int:
    """Geceyi kapatır: Kamu SM listesi ve gece raporu. Aynı gece ikinci kez kapanmaz."""
    with opened(load_settings(settings_file)) as shop:
        due = day.date() if day else night_due(shop)
        night = nightly(shop, due)
    if night:
        say("night_closed", day=night.day, number=night.number)
    else:
        say("night_was_closed", day=due)
    return DONE


@commands.command("serve")
@with_settings
def serve_command(settings_file: Path) -> int:
    """Sürekli çalışır: düzenli aralıkla posta kutusu, her gece rapor. Kaçan geceyi açılışta tamamlar."""
    settings = load_settings(settings_file)
    load_policy(settings.rules, settings.reports, settings.office)
    say("serving", minutes=settings.schedule.poll_every_minutes, night=f"{settings.schedule.night_at:%H:%M}")
    serve(settings, opened, lambda fault: click.echo(_trouble(fault), err=True))
    return DONE


def _trouble(fault: BaseException) -> str:
    if isinstance(fault, OperatorFault):
        return sentence(fault)
    return _worldly(fault)


def _worldly(fault: BaseException) -> str:
    """Puts the world's fault into a Turkish sentence, with what the server or the system said behind it."""
    told = words()
    turkish = told["connections"].get(getattr(fault, "name", ""), told["connections"]["other"])
    return str(told["says"]["world"]).format(turkish=turkish, detail=fault)


@commands.command("status")
@with_settings
@click.option("--json", "as_machine", is_flag=True, help="Programlar için JSON.")
def status_command(settings_file: Path, as_machine: bool) -> int:
    """Kayıtların durumunu ve görevli bekleyen iletileri gösterir; hiçbir şeyi değiştirmez."""
    settings = load_settings(settings_file)
    policy = load_policy(settings.rules, settings.reports, settings.office)
    home = Home(settings.home)
    beat = home.last_beat()
    ledger = Ledger.open(home.ledger_file, home.key)
    try:
        last, night, counts = ledger.last_run("poll"), ledger.last_night(), ledger.counts()
        held = [(j.number, j.sender, j.subject) for j in ledger.open_holds()]
    finally:
        ledger.close()
    state = {
        "last_beat": beat and beat.isoformat(timespec="seconds"),
        "last_poll": last and {k: last[k] for k in ("started_at", "ended_at", "outcome")},
        "last_night": night and {"day": night.day.isoformat(), "number": night.number},
        **counts,
        "held_mails": [number for number, _, _ in held],
    }
    if as_machine:
        click.echo(json.dumps(state, ensure_ascii=False))
    else:
        values = {"state": state, "counts": counts, "held": held}
        click.echo(policy.texts.plain.get_template("status.txt").render(**values), nl=False)
    return DONE


@commands.command("settle")
@with_settings
@click.argument("number")
@click.argument("word", type=click.Choice(["accept", "return"]))
@click.option("--because", required=True, help="Gerekçe; iade edilirse gönderene de yazılır.")
@click.option("--by", required=True, envvar="NES_INTAKE_OFFICIAL", help="Kararı veren görevli.")
def settle_command(settings_file: Path, number: str, word: Word, because: str, by: str) -> int:
    """Bekleyen bir iletiyi görevli kararıyla kapatır; NUMBER iletinin (G-…) ya da başvurunun (N-…)."""
    number = number.upper()
    if not is_number(number):
        raise OperatorFault("bad_number", number=number)
    with opened(load_settings(settings_file)) as shop:
        holds = [
            j
            for j in shop.ledger.open_holds()
            if number == j.number or number in {e.case for e in j.decision.withheld}
        ]
        if not holds:
            raise OperatorFault("no_such_number", number=number)
        if len(holds) > 1:
            raise OperatorFault("several_holds", number=number, mails=", ".join(j.number for j in holds))
        if word == "accept" and not holds[0].decision.withheld:
            raise OperatorFault("nothing_withheld", number=number)
        settle(shop, holds[0], word, because, by)
    say("settled", number=holds[0].number, verdict=word)
    return DONE


@commands.command("rehearse")
@with_settings
@click.argument("rules", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--days", type=click.IntRange(min=1), default=30, show_default=True, help="Kaç günün iletisi.")
def rehearse_command(settings_file: Path, rules: Path, days: int) -> int:
    """RULES klasöründeki değişik kuralları saklanan iletilerde dener; hiçbir şey yazmaz ve göndermez."""
    settings = load_settings(settings_file)
    changed = load_policy(rules, settings.reports, settings.office)
    with opened(settings) as shop:
        count, differing = rehearse(shop, changed, days)
    outcomes = changed.texts.words["outcomes"]
    for mail in differing:
        say(
            "rehearsed_mail",
            number=mail.number,
            sender=quotable(mail.sender),
            before=outcomes[mail.before.decision.outcome],
            after=outcomes[mail.after.decision.outcome],
        )
        for name, findings in (("rehearsed_gone", mail.gone), ("rehearsed_new", mail.new)):
            for finding in findings:
                say(name, rule=finding.rule, say=finding.say)
    say("rehearsed", days=days, count=count, differing=len(differing))
    return DONE


@commands.command("check")
@with_settings
def check_command(settings_file: Path) -> int:
    """Ayarları, kuralları, dekont düzenlerini ve metinleri sunucuya bağlanmadan denetler."""
    if settings_file.exists():
        settings = load_settings(settings_file)
        office, rules, reports = settings.office, settings.rules, settings.reports
        say("checked_settings", file=settings_file)
    else:
        office, rules, reports = demonstration.OFFICE, RULES, REPORTS
        say("checked_without_settings", file=settings_file)
    policy = load_policy(rules, reports, office)
    doubts = prove(policy, rules, reports)
    for doubt in doubts:
        say(f"doubt_{doubt.kind}", where=doubt.where, other=doubt.other)
    if doubts:
        say("doubts", count=len(doubts))
        return BAD_CONFIGURATION
    say("checked", rules=len(policy.rules), topics=len(policy.topics), layouts=len(policy.layouts))
    return DONE


@commands.command("explain")
@click.argument("mails", nargs=-1, required=True, metavar="FILES|NUMBER", type=click.Path(path_type=Path))
@click.option("--json", "as_machine", is_flag=True, help="Programlar için JSON dizisi.")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="Bu gün gelmiş gibi değerlendir.")
@click.option("--rules", type=click.Path(path_type=Path, file_okay=False), help="Kural klasörü.")
@click.option("--settings", "settings_file", type=click.Path(path_type=Path), help="Ayar dosyası.")
def explain_command(
    mails: tuple[Path, ...],
    as_machine: bool,
    today: datetime | None,
    rules: Path | None,
    settings_file: Path | None,
) -> int:
    """İletileri sırayla, hiçbir şey göndermeden değerlendirir; görüleni ve kararı yazar.

    Dosya yerine bir iletinin (G-…) ya da başvurunun (N-…) numarası yazılırsa kayıtlardan anlatır;
    bunun için --settings gerekir.
    """
    if is_number(str(mails[0]).upper()):
        return _explain_number(mails, settings_file or _SETTINGS_FILE)
    if settings_file:
        settings = load_settings(settings_file)
        office, zone, reports = settings.office, settings.zone, settings.reports
        rules = rules or settings.rules
    else:
        office, zone, reports = demonstration.OFFICE, ZoneInfo("Europe/Istanbul"), REPORTS
    policy = load_policy(rules or RULES, reports, office)
    with WorkerPool(2, preload=PRELOAD) as readers:
        told = explain(mails, policy, readers, zone, _day(today))
    if as_machine:
        click.echo(json.dumps([as_json(mail) for mail in told], ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(as_text(mail, policy) for mail in told), nl=False)
    return DONE


def _explain_number(numbers: tuple[Path, ...], settings_file: Path) -> int:
    if len(numbers) > 1:
        raise OperatorFault("number_and_files", number=numbers[0])
    number = str(numbers[0]).upper()
    settings = load_settings(settings_file)
    policy = load_policy(settings.rules, settings.reports, settings.office)
    home = Home(settings.home)
    ledger = Ledger.open(home.ledger_file, home.key)
    try:
        told = tell(number, ledger, policy)
    finally:
        ledger.close()
    if not told:
        raise OperatorFault("nothing_known", number=number)
    click.echo(told, nl=False)
    return DONE


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


@commands.command("erase")
@with_settings
def erase_command(settings_file: Path) -> int:
    """Saklama süresi dolan verileri siler ve imha kaydı tutar; açık başvurulara dokunmaz."""
    settings = load_settings(settings_file)
    kept = Retention(settings.retention.mail_days, settings.retention.case_days)
    with opened(settings) as shop:
        gone = erase(shop.ledger, shop.home, kept, shop.clock())
    say("erased", mails=gone.mails, transcripts=gone.transcripts, letters=gone.letters, cases=gone.cases)
    return DONE


@commands.command("export")
@with_settings
@click.argument("number")
def export_command(settings_file: Path, number: str) -> int:
    """Bir kişi hakkında saklanan her şeyi JSON olarak yazar; kişi başvuru numarasıyla (N-…) seçilir."""
    with opened(load_settings(settings_file)) as shop:
        kept = export(shop.ledger, number.upper(), shop.clock())
    click.echo(json.dumps(kept, ensure_ascii=False, indent=2))
    return DONE


@commands.command("verify")
@with_settings
def verify_command(settings_file: Path) -> int:
    """Denetim zincirini ve saklanan iletileri doğrular; hiçbir şeyi değiştirmez."""
    with opened(load_settings(settings_file)) as shop:
        wrong = broken_links(shop.ledger, shop.home)
    for line in wrong:
        say("broken", what=line)
    if not wrong:
        say("verified")
    return SET_ASIDE if wrong else DONE


@commands.command("backup")
@with_settings
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def backup_command(settings_file: Path, folder: Path) -> int:
    """Kayıt defterini, anahtarı ve saklanan iletileri bir klasöre yedekler."""
    with opened(load_settings(settings_file)) as shop:
        count = backup(shop.ledger, shop.home, folder)
    say("backed_up", count=count, folder=folder)
    return DONE


@commands.command("demo")
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo-output"),
    show_default=True,
    help="Mektupların, listenin ve raporun yazılacağı klasör.",
)
def demo_command(output: Path) -> int:
    """Örnek iletilerle bütün bir günü gösterir; sunucu ve ayar gerekmez."""
    console = Console()
    shown = demonstration.run_day(output, opened, lambda text: console.print(text, highlight=False))
    table = Table(title=shown.title, title_justify="left")
    for heading in shown.headings:
        table.add_column(heading)
    for row in shown.rows:
        table.add_row(*row)
    console.print(table)
    for line in shown.closing:
        console.print(line, highlight=False, soft_wrap=True)
    return DONE
