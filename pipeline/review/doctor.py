"""doctor: looks at everything a run needs, and says of each thing whether it is well and what to do.

It changes nothing, in the home or on a server; `probe` alone sends a mail, to ourselves, and takes it away.
"""

from __future__ import annotations

import os
import platform
import re
import time
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Literal

from pipeline.domain.faults import OperatorFault
from pipeline.ledger.home import FEWEST_INODES, LEDGER, loss_in, refusal_in, space_of
from pipeline.ledger.inspection import SQLITE_VERSION, look_at
from pipeline.ledger.migrations import MIGRATIONS
from pipeline.mail.faults import MailboxFault, PostmanFault
from pipeline.mail.headers import LOOP_HEADER
from pipeline.mail.imap import Mailbox
from pipeline.mail.smtp import Delivered, Postman
from pipeline.night.painter import font_file
from pipeline.office.clocks import moment_in
from pipeline.office.console import BAD_CONFIGURATION, DONE, SET_ASIDE, TRY_LATER, sentence, worldly
from pipeline.office.opening import policy_of
from pipeline.office.settings import Account, Settings, load_settings, read_settings
from pipeline.office.shop import imap_account, smtp_account
from pipeline.policy.policy import Policy
from pipeline.policy.report_words import own_words
from pipeline.policy.unread import unread
from pipeline.review.installing import EXAMPLE
from pipeline.sandbox.cluster.fitness import PARTS, SANDBOX
from pipeline.sandbox.cluster.membership import Membership
from pipeline.sandbox.scanner.second_engine import engine_fault
from pipeline.sandbox.scanner.tesseract import ocr_fault
from pipeline.sandbox.workers import WorkerFailed, sandbox_report

if TYPE_CHECKING:
    from pipeline.sandbox.cluster.far import Trial

# "later" is the world's to put right, "wrong" the operator's.
Grade = Literal["ok", "warning", "later", "wrong"]

_MEBIBYTE = 1 << 20
_CERTIFICATE_DAYS = 14
_BACKUP_DAYS = 8
_SMALLEST_LIMIT = 10_000_000
_CLOCK_SECONDS = 300
# What only a person can put right about a connection.
_OPERATORS = ("login_refused", "untrusted", "folder_missing")
_PAUSE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Line:
    """What was found about one thing; `says` picks its sentence in reports/doctor.toml."""

    check: str
    says: str
    grade: Grade = "ok"
    about: str = ""
    values: Mapping[str, object] = field(default_factory=dict)


def in_words(line: Line) -> str:
    """Puts a line into its Turkish sentence."""
    told = own_words("doctor")
    return str(told[line.check][line.says]).format(about=line.about, **line.values)


def title(check: str) -> str:
    """Gives a check its Turkish name."""
    return str(own_words("doctor")["titles"][check])


def examine(settings_file: Path, now: datetime) -> Iterator[Line]:
    """Looks at one thing after another; what cannot be looked at without the settings is left out."""
    yield from _program()
    try:
        settings = load_settings(settings_file)
    except OperatorFault as fault:
        yield Line("settings", "wrong", "wrong", values={"why": sentence(fault)})
        return
    yield Line("settings", "ok", values={"file": settings_file})
    unfilled = _unfilled(settings)
    if unfilled:
        yield Line("settings", "unfilled", "wrong", values={"names": ", ".join(unfilled)})
    yield from _begins(settings, now.astimezone(settings.zone).date())
    yield from _secrets(settings)
    yield _senders(settings)
    yield from _policy(settings, now.astimezone(settings.zone).date())
    yield from _home(settings.home)
    yield from _disk(settings)
    yield from _readers(settings.cluster, now)
    yield from _ledger(settings.home / "ledger.db", now)
    # A server of the example's is nobody's.
    if "accounts.host" not in unfilled:
        for account in settings.accounts:
            yield from _imap(account, settings, now)
    if "smtp.host" not in unfilled:
        yield from _smtp(settings, now)


def examine_settings(file: Path) -> Iterator[Line]:
    """Looks at settings that have just been laid down: what an examination says of the file alone."""
    try:
        settings = read_settings(file)
    except OperatorFault as fault:
        yield Line("settings", "wrong", "wrong", values={"why": sentence(fault)})
        return
    yield Line("settings", "ok", values={"file": file})
    if unfilled := _unfilled(settings):
        yield Line("settings", "unfilled", "wrong", values={"names": ", ".join(unfilled)})


def _unfilled(settings: Settings) -> list[str]:
    """Names what still says what the example says, and is true of no office."""
    written = _leaves(settings.model_dump(mode="json"))
    example = _leaves(tomllib.loads(EXAMPLE.read_text(encoding="utf-8")))
    return [
        name
        for name, value in example.items()
        if re.search(r"\bexample\.org\b|…", str(value)) and written.get(name) == value
    ]


def _leaves(told: Mapping[str, Any], before: str = "") -> Mapping[str, object]:
    """Lists all values by dotted name, of several sections of one name the first."""
    found: dict[str, object] = {}
    for name, value in told.items():
        one = value[0] if isinstance(value, list) and value and isinstance(value[0], dict) else value
        if isinstance(one, dict):
            found |= _leaves(one, f"{before}{name}.")
        else:
            found[before + name] = one
    return found


# --- this machine ------------------------------------------------------------------------------


def _program() -> Iterator[Line]:
    missing = []
    for requirement in requires("nes-intake") or ():
        name = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
        if "extra ==" not in requirement:
            try:
                version(name)
            except PackageNotFoundError:
                missing.append(name)
    versions = {
        "program": version("nes-intake"),
        "python": platform.python_version(),
        "sqlite": SQLITE_VERSION,
    }
    if missing:
        yield Line("program", "missing", "wrong", values={"names": ", ".join(missing)})
    else:
        yield Line("program", "ok", values=versions)
    fault = ocr_fault()
    yield Line("ocr", fault, "wrong") if fault else Line("ocr", "ok")
    lost = engine_fault()
    yield Line("second_engine", lost, "warning") if lost else Line("second_engine", "ok")
    yield Line("fonts", "ok") if font_file().is_file() else Line("fonts", "missing", "wrong")
    yield from _sandbox()


def _sandbox() -> Iterator[Line]:
    try:
        open_doors = sorted(name for name, held in sandbox_report().items() if not held)
    except (WorkerFailed, OSError):
        yield Line("sandbox", "none", "wrong")
        return
    if open_doors:
        yield Line("sandbox", "partly", "warning", values={"names": ", ".join(open_doors)})
    else:
        yield Line("sandbox", "ok")


def _secrets(settings: Settings) -> Iterator[Line]:
    for secret in (*(a.password for a in settings.accounts), settings.smtp.password):
        # What came from the service manager has no file that we could see.
        if secret is not None and secret.file is not None and secret.file.exists():
            mode = secret.file.stat().st_mode
            if not secret.reveal().get_secret_value():
                yield Line("secrets", "empty", "wrong", str(secret.file))
            elif mode & 0o007:
                yield Line("secrets", "open", "wrong", str(secret.file), {"mode": f"{mode & 0o777:o}"})
            else:
                yield Line("secrets", "ok", about=str(secret.file))


def _begins(settings: Settings, today: date) -> Iterator[Line]:
    """Names the mailboxes of which nothing is heard yet: a mistyped year would go unnoticed."""
    for account in settings.accounts:
        if account.since > today:
            values = {"account": account.name, "day": f"{account.since:%d.%m.%Y}"}
            yield Line("settings", "not_yet", "warning", values=values)


def _senders(settings: Settings) -> Line:
    names = ", ".join(settings.trusted_servers)
    if not names:
        return Line("senders", "unchecked", "warning")
    says = "ok" if settings.authentication.required else "not_required"
    return Line("senders", says, values={"names": names})


def _policy(settings: Settings, today: date) -> Iterator[Line]:
    try:
        policy = policy_of(settings)
    except OperatorFault as fault:
        yield Line("policy", "wrong", "wrong", values={"why": sentence(fault)})
        file = settings.home / LEDGER
        if file.exists() and look_at(file).has_policy:
            yield Line("policy", "last_good", "warning")
        else:
            yield Line("policy", "never_good", "wrong")
        return
    yield Line("policy", "ok", values={"rules": len(policy.rules), "layouts": len(policy.layouts)})
    places = settings.places
    if nobodys := [str(places.file_of(path)) for path, _ in unread(places.below(), places.own())]:
        yield Line("policy", "unread", "warning", values={"names": ", ".join(nobodys)})
    prices = [row for row in policy.tariff if row["from"] <= today <= row["until"]]
    if prices:
        yield Line("tariff", "ok", values={"price": prices[0]["nes"], "until": prices[0]["until"]})
    else:
        yield Line("tariff", "unknown", "warning")
    yield from _calendar(policy, today)


def _calendar(policy: Policy, today: date) -> Iterator[Line]:
    # In December lists and deadlines reach into the next year.
    for year in (today.year, today.year + 1) if today.month == 12 else (today.year,):
        if policy.working_days.is_checked(year):
            yield Line("calendar", "ok", values={"year": year})
        else:
            yield Line("calendar", "unchecked", "warning", values={"year": year})


def _home(home: Path) -> Iterator[Line]:
    about = str(home)
    if not home.exists():
        above = next(folder for folder in home.parents if folder.exists())
        if os.access(above, os.W_OK | os.X_OK):
            yield Line("home", "to_be_made", about=about)
        else:
            yield Line("home", "missing", "wrong", about)
        return
    state = home.stat()
    if state.st_uid != os.geteuid():
        yield Line("home", "not_ours", "wrong", about)
    elif state.st_mode & 0o077:
        yield Line("home", "open", "wrong", about)
    elif not os.access(home, os.W_OK | os.X_OK):
        yield Line("home", "not_writable", "wrong", about)
    elif loose := [f.name for f in sorted(home.iterdir()) if f.is_file() and f.stat().st_uid != os.geteuid()]:
        # A command that was run by root leaves files that the service cannot write any more.
        yield Line("home", "files_not_ours", "wrong", about, {"names": ", ".join(loose)})
    else:
        yield Line("home", "ok", about=about)


def _disk(settings: Settings) -> Iterator[Line]:
    place = next(folder for folder in (settings.home, *settings.home.parents) if folder.exists())
    space = space_of(place)
    values = {"megabytes": space.megabytes_free, "least": settings.monitoring.free_megabytes}
    if space.megabytes_free < settings.monitoring.free_megabytes:
        yield Line("disk", "full", "later", values=values)
    elif space.inodes_free < FEWEST_INODES:
        yield Line("disk", "no_inodes", "later", values=values)
    else:
        yield Line("disk", "ok", values=values)


def _ledger(file: Path, now: datetime) -> Iterator[Line]:
    if loss := loss_in(file.parent):
        yield Line("ledger", "lost", "wrong", values={"why": sentence(OperatorFault(loss, home=file.parent))})
        return
    if refusal := refusal_in(file.parent):
        yield Line("ledger", "refused", "wrong", values={"why": sentence(refusal)})
        return
    if not file.exists():
        yield Line("ledger", "to_be_made")
        return
    seen = look_at(file)
    if seen.is_busy:
        yield Line("ledger", "busy", "later")
        return
    if seen.damage:
        yield Line("ledger", "damaged", "wrong", values={"why": seen.damage})
        return
    if seen.is_of_a_newer_program:
        yield Line("ledger", "newer", "wrong", values={"schema": seen.step, "known": len(MIGRATIONS)})
        return
    yield Line("ledger", "ok", values={"schema": seen.step})
    yield _backup(seen.backed_up_at, now)
    if seen.night_until and seen.night_until > now:
        until = seen.night_until.isoformat()
        yield Line("clock", "behind", "wrong", values={"until": until, "now": now.isoformat()[:16]})


def _backup(made_at: datetime | None, now: datetime) -> Line:
    if made_at is None:
        return Line("backup", "never", "warning")
    days = (now - made_at).days
    if days > _BACKUP_DAYS:
        return Line("backup", "old", "warning", values={"days": days})
    return Line("backup", "ok", values={"days": max(days, 0)})


# --- readers on other machines -----------------------------------------------------------------


def _readers(cluster: Membership | None, now: datetime) -> Iterator[Line]:
    if cluster is None:
        return
    if not (find_spec("cryptography") and find_spec("distributed")):
        yield Line("readers", "missing", "warning")
        return
    from pipeline.sandbox.cluster.certificates import ends_at
    from pipeline.sandbox.cluster.far import look_at_cluster

    about = cluster.address
    if missing := cluster.missing():
        yield Line("readers", "certificate", "wrong", about, {"file": missing})
        return
    try:
        yield _certificate("readers_tls", about, ends_at(cluster.certificates), now)
    except ValueError:
        yield Line("readers", "certificate", "wrong", about, {"file": cluster.certificates})
        return
    seen = look_at_cluster(cluster)
    if seen is None:
        yield Line("readers", "away", "later", about)
    elif not seen.there:
        yield Line("readers", "none", "later", about)
    else:
        yield from (_reader(seen.here, there, trial) for there, trial in seen.there)


def _reader(here: Mapping[str, str], there: Mapping[str, str], trial: Trial) -> Line:
    about = there.get("host", "?")[:100]
    if other := [part for part in PARTS if there.get(part) != here[part]]:
        told: Mapping[str, str] = own_words("doctor")["readers_parts"]
        names = ", ".join(f"{told[part]} ({there.get(part, '-')[:60]}; {here[part]})" for part in other)
        return Line("readers", "differs", "warning", about, {"names": names})
    # What says nothing of its sandbox has none.
    if open_doors := there.get(SANDBOX, "-")[:200]:
        return Line("readers", "open", "warning", about, {"names": open_doors})
    if trial == "silent":
        return Line("readers", "silent", "warning", about)
    # One that was not asked, though it is all that we are, says two things of itself.
    if trial != "read":
        return Line("readers", "refuted", "warning", about)
    return Line("readers", "ok", about=about, values={"program": here["program"]})


# --- the servers -------------------------------------------------------------------------------


def _imap(account: Account, settings: Settings, now: datetime) -> Iterator[Line]:
    name = account.name
    try:
        with Mailbox(imap_account(account)) as mailbox:
            state = mailbox.state()
            yield Line("imap", "ok", about=name, values={"folder": account.folder, "count": state.messages})
            yield _certificate("imap_tls", name, mailbox.certificate_ends_at(), now)
            can = mailbox.capabilities()
            if "MOVE" in can:
                yield Line("imap_moving", "move", about=name)
            elif "UIDPLUS" in can:
                yield Line("imap_moving", "uidplus", about=name)
            else:
                yield Line("imap_moving", "neither", "warning", name)
            yield from _folders(account, settings, mailbox.folders())
    except MailboxFault as fault:
        yield _fault("imap", name, fault)


def _folders(account: Account, settings: Settings, there: Mapping[str, frozenset[str]]) -> Iterator[Line]:
    wanted = dict.fromkeys(account.file_into.model_dump().values())
    missing = [folder for folder in wanted if folder not in there]
    closed = {
        parent
        for folder in missing
        for parent in (folder.rpartition("/")[0],)
        if any(flag.lower() == "\\noinferiors" for flag in there.get(parent, ()))
    }
    kept = settings.sent_copies
    if closed:
        yield Line("folders", "not_creatable", "wrong", account.name, {"names": ", ".join(sorted(closed))})
    elif missing:
        yield Line("folders", "to_be_made", about=account.name, values={"names": ", ".join(missing)})
    else:
        yield Line("folders", "ok", about=account.name, values={"count": len(wanted)})
    if kept and kept.account == account.name and kept.folder not in there:
        yield Line("folders", "no_evidence", "warning", account.name, {"folder": kept.folder})


def _smtp(settings: Settings, now: datetime) -> Iterator[Line]:
    sender = settings.addresses.bounces or settings.addresses.own
    host = settings.smtp.host
    try:
        with Postman(smtp_account(settings)) as postman:
            welcome = postman.welcome()
            objection = postman.objection_to(sender)
    except PostmanFault as fault:
        yield _fault("smtp", host, fault)
        return
    if objection:
        yield Line("smtp", "sender", "wrong", host, {"sender": sender, "why": objection})
    else:
        yield Line("smtp", "ok", about=host, values={"sender": sender})
    yield _certificate("smtp_tls", host, welcome.certificate_ends_at, now)
    if settings.smtp.security == "none" and "starttls" in welcome.extensions:
        yield Line("smtp_tls", "offered", about=host)
    if welcome.largest is None:
        yield Line("smtp_size", "untold", about=host)
    elif welcome.largest < _SMALLEST_LIMIT:
        yield Line("smtp_size", "small", "warning", host, {"megabytes": welcome.largest // _MEBIBYTE})
    else:
        yield Line("smtp_size", "ok", about=host, values={"megabytes": welcome.largest // _MEBIBYTE})
    yield _clock(welcome.banner, now)


def _clock(banner: str, now: datetime) -> Line:
    """Compares our clock with the server's, where its greeting tells the time, as many do."""
    told = moment_in(banner)
    return _difference(told - now) if told else Line("clock", "untold")


def _difference(ahead: timedelta) -> Line:
    seconds = round(ahead.total_seconds())
    if abs(seconds) > _CLOCK_SECONDS:
        return Line("clock", "differs", "wrong", values={"seconds": abs(seconds)})
    return Line("clock", "ok", values={"seconds": abs(seconds)})


def _certificate(check: str, about: str, ends_at: datetime | None, now: datetime) -> Line:
    if ends_at is None:
        return Line(check, "none", about=about)
    days = (ends_at - now).days
    if days < _CERTIFICATE_DAYS:
        return Line(check, "ends", "warning", about, {"days": days})
    return Line(check, "ok", about=about, values={"days": days})


def _fault(check: str, about: str, fault: MailboxFault | PostmanFault) -> Line:
    grade: Grade = "wrong" if fault.name in _OPERATORS else "later"
    return Line(check, "fault", grade, about, {"why": worldly(fault, "world_seen")})


# --- a mail to ourselves -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Aim:
    """What a probe proves (`check`): that a mail to an address comes into one of some folders."""

    check: Literal["probe", "probe_copy"]
    to: str
    places: tuple[tuple[Account, str], ...]
    values: Mapping[str, object]


def probe(settings: Settings, seconds: float) -> Iterator[Line]:
    """Sends a mail to each address of ours and waits until it is where it belongs; then takes it away again.

    A run that meets it meanwhile knows it by its mark for our own, answers nobody and files it, so that it
    is looked for there as well.
    """
    heard = tuple((a, folder) for a in settings.accounts for folder in (a.folder, a.file_into.ignored))
    own = settings.addresses.own
    yield from _probe(settings, _Aim("probe", own, heard, {"own": own}), seconds)
    if copies := settings.sent_copies:
        # A mail of its own: many a server delivers one Message-ID into one mailbox only once.
        account = next(a for a in settings.accounts if a.name == copies.account)
        values = {"address": copies.address, "folder": copies.folder}
        aim = _Aim("probe_copy", copies.address, ((account, copies.folder),), values)
        yield from _probe(settings, aim, seconds)


def _probe(settings: Settings, aim: _Aim, seconds: float) -> Iterator[Line]:
    own = settings.addresses.own
    message_id = f"<yoklama-{token_hex(12)}@{own.rpartition('@')[2]}>"
    try:
        with Postman(smtp_account(settings)) as postman:
            raw = _probe_mail(own, aim.to, message_id)
            fate = postman.post(settings.addresses.bounces or own, (aim.to,), raw, lambda: None)[aim.to]
    except PostmanFault as fault:
        yield _fault(aim.check, settings.smtp.host, fault)
        return
    if isinstance(fate, Delivered):
        yield from _awaited(settings, aim, message_id, seconds)
    else:
        yield Line(aim.check, "not_taken", "later", values={**aim.values, "why": fate.response})


def _awaited(settings: Settings, aim: _Aim, message_id: str, seconds: float) -> Iterator[Line]:
    sent_at, began = datetime.now(UTC), time.monotonic()
    try:
        while time.monotonic() < began + seconds:
            if found := _take_away(aim.places, message_id):
                place, arrived_at = found
                took = f"{time.monotonic() - began:.1f}"
                yield Line(aim.check, "ok", about=place[0].name, values={**aim.values, "seconds": took})
                if aim.check == "probe":
                    yield _difference(arrived_at - sent_at)
                return
            time.sleep(_PAUSE_SECONDS)
        values = {**aim.values, "seconds": f"{seconds:g}"}
        elsewhere = [(a, f) for a in settings.accounts for f in (a.folder, a.file_into.ignored)]
        if found := _take_away(elsewhere, message_id):
            (account, folder), _ = found
            told = {**values, "found": folder}
            yield Line("probe_copy", "astray", "later", account.name, told)
        else:
            yield Line(aim.check, "lost", "later", values=values)
    except MailboxFault as fault:
        yield _fault(aim.check, aim.places[0][0].name, fault)


def _probe_mail(own: str, to: str, message_id: str) -> bytes:
    told: Mapping[str, Any] = own_words("doctor")["mail"]
    message = EmailMessage()
    message["From"], message["To"] = own, to
    message["Subject"] = told["subject"]
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message[LOOP_HEADER] = "probe"
    message.set_content(told["text"], cte="quoted-printable")
    return message.as_bytes()


def _take_away(
    places: Iterable[tuple[Account, str]], message_id: str
) -> tuple[tuple[Account, str], datetime] | None:
    """Removes a mail from the first place that has it; tells which, and when it arrived there."""
    for account, folder in places:
        with Mailbox(imap_account(account)) as mailbox:
            if found := mailbox.find(folder, message_id):
                uid, arrived_at = found
                mailbox.remove(folder, uid)
                return (account, folder), arrived_at
    return None


def exit_code(lines: list[Line]) -> int:
    """Gives the exit code: what only the operator can put right outweighs the world, and that a warning."""
    grades = {line.grade for line in lines}
    codes = (("wrong", BAD_CONFIGURATION), ("later", TRY_LATER), ("warning", SET_ASIDE))
    return next((code for grade, code in codes if grade in grades), DONE)
