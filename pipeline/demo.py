"""demo: a whole day on an embedded mailbox and mail server, with the fixtures as mail."""

from __future__ import annotations

import base64
import email
import email.policy
import shutil
import tomllib
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from email.message import EmailMessage, Message
from pathlib import Path
from time import monotonic
from typing import cast

from pipeline.adapters.embedded import EmbeddedMailbox, EmbeddedSmtp
from pipeline.adapters.ledger import Night
from pipeline.domain import Office, Outcome
from pipeline.faults import OperatorFault
from pipeline.nights import night_due, nightly
from pipeline.policy import REPORTS, load_policy
from pipeline.runs import Tally, poll
from pipeline.settings import Settings
from pipeline.shop import Shop

# The invented office of the demo and of `explain` without settings.
_UNIT = "İstatistik ve Bilgi İşlem Birimi"
_INSTITUTION = "Örnek İl Sağlık Müdürlüğü"
_OWN = "nes@saglik.example.org"
_IT_UNIT = "bilgi-islem@saglik.example.org"
_KAMU_SM = "liste@kamusm.example.org"
_CORPORATE = ("saglik.gov.tr", "saglik.example.org", "example.*")
_TRUSTED = ("mx.saglik.example.org",)
_KAMU_SM_DOMAINS = ("kamusm.gov.tr", "kamusm.example.org")
OFFICE = Office(
    unit=_UNIT,
    institution=_INSTITUTION,
    sender=_OWN,
    own_addresses=(_OWN,),
    it_unit=_IT_UNIT,
    batch_recipient=_KAMU_SM,
    kamu_sm=_KAMU_SM,
    corporate_domains=_CORPORATE,
    kamu_sm_domains=_KAMU_SM_DOMAINS,
    trusted_servers=_TRUSTED,
    postal_address="Örnek Mahallesi, Sağlık Caddesi, Numara 1, 00000 Örnek",
)

FIXTURES = Path(__file__).resolve().parent.parent / "mailbox_fixtures"
# The fixtures' mails are of these weeks, the last ones whose tariff is publicly known.
DEMO_DAY = date(2024, 6, 14)
# Who pays has been on a list before: the lists of these payments came in May.
_EARLIER_DAY = date(2024, 5, 17)
_NIGHT = time(23, 45)
_POLLS = (time(9, 0), time(12, 30), time(16, 0), time(19, 30))


@dataclass(frozen=True, slots=True)
class Shown:
    """What the terminal shows at the end."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    closing: Sequence[str]


Opener = Callable[[Settings], AbstractContextManager[Shop]]


def run_day(output: Path, opened: Opener, tell: Callable[[str], None]) -> Shown:
    """Plays the day and writes letters, list and report into `output`."""
    if not FIXTURES.is_dir():
        raise OperatorFault("demo_without_fixtures", folder=FIXTURES)
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    words = load_policy(FIXTURES.parent / "rules", REPORTS, OFFICE).texts.words
    say = words["demo"]
    with EmbeddedMailbox() as mailbox, EmbeddedSmtp() as smtp:
        settings = _settings(output / "home", mailbox, smtp)
        with opened(settings) as shop:
            earlier, rounds = _rounds()
            _hear(shop, mailbox, earlier, datetime.combine(_EARLIER_DAY, _POLLS[0], settings.zone))
            # The eve as well, or the day's report would tell of nights that the demo leaves out.
            for day in (_EARLIER_DAY, DEMO_DAY - timedelta(days=1)):
                _close(shop, datetime.combine(day, _NIGHT, settings.zone))
            tell(say["earlier"].format(day=f"{_EARLIER_DAY:%d.%m.%Y}", heard=len(earlier)))
            mailed = len(smtp.received)
            for at, mails in zip(_POLLS, rounds, strict=True):
                tally = _hear(shop, mailbox, mails, datetime.combine(DEMO_DAY, at, settings.zone))
                tell(say["polled"].format(at=f"{at:%H:%M}", heard=tally.heard, posted=tally.posted))
            night = _close(shop, datetime.combine(DEMO_DAY, _NIGHT, settings.zone))
            tell(say["night"])
            outcomes = Counter(
                j.decision.outcome for j in shop.ledger.judged_between(night.since, night.until)
            )
            balance = shop.ledger.balance(night.since, night.until)
        places = _write_letters(output, [r.raw for r in smtp.received[mailed:]])
    return Shown(
        title=say["title"].format(day=f"{DEMO_DAY:%d.%m.%Y}"),
        headings=(say["outcome"], say["count"]),
        rows=[
            *((words["outcomes"][o], str(outcomes[o])) for o in Outcome),
            (say["duplicates"], str(balance["duplicates"])),
            (say["heard"], str(balance["heard"])),
        ],
        closing=[say["files"], *(f"  {place}" for place in places)],
    )


def _hear(shop: Shop, mailbox: EmbeddedMailbox, mails: Sequence[Path], moment: datetime) -> Tally:
    for mail in mails:
        mailbox.deliver(mail.read_bytes(), moment)
    return poll(_at(shop, moment))


def _close(shop: Shop, moment: datetime) -> Night:
    late = _at(shop, moment)
    night = nightly(late, night_due(late))
    assert night is not None
    return night


def _rounds() -> tuple[list[Path], list[list[Path]]]:
    """Deals out the mails of the earlier day and of the day's polls; a conversation goes on poll by poll."""
    day = tomllib.loads((FIXTURES / "demo-day.toml").read_text(encoding="utf-8"))
    earlier: list[Path] = []
    rounds: list[list[Path]] = [[] for _ in _POLLS]
    for name in (*day["begun_earlier"], *day["mails"]):
        place = FIXTURES / name
        mails = sorted(place.glob("*.eml")) if place.is_dir() else [place]
        if name in day["begun_earlier"]:
            earlier.append(mails.pop(0))
        for number, mail in enumerate(mails):
            rounds[number].append(mail)
    return earlier, rounds


def _at(shop: Shop, moment: datetime) -> Shop:
    began = monotonic()
    return replace(shop, clock=lambda: (moment + timedelta(seconds=monotonic() - began)).astimezone(UTC))


def _settings(home: Path, mailbox: EmbeddedMailbox, smtp: EmbeddedSmtp) -> Settings:
    secret = home.parent / "imap-password"
    secret.touch(mode=0o600)
    secret.write_text(mailbox.password, encoding="utf-8")
    return Settings.model_validate(
        {
            "home": home,
            "unit": _UNIT,
            "institution": _INSTITUTION,
            "corporate_domains": _CORPORATE,
            "kamu_sm_domains": _KAMU_SM_DOMAINS,
            "trusted_servers": _TRUSTED,
            "accounts": [
                {
                    "name": "demo",
                    "host": mailbox.host,
                    "port": mailbox.port,
                    "security": "none",
                    "user": mailbox.user,
                    "password": {"file": secret},
                    "since": date(2020, 1, 1),
                }
            ],
            "smtp": {"host": smtp.host, "port": smtp.port, "security": "none"},
            "addresses": {"own": _OWN, "it_unit": _IT_UNIT, "kamu_sm": _KAMU_SM},
        }
    )


def _write_letters(output: Path, letters: Sequence[bytes]) -> list[Path]:
    """Writes every mail that went out as a person would open it; gives the places worth looking at."""
    folder = output / "letters"
    folder.mkdir()
    places = [folder]
    for number, raw in enumerate(letters, start=1):
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        kind = str(mail["X-NES-Intake"])
        stem = folder / f"{number:03d}-{kind.replace('/', '-')}"
        stem.with_suffix(".eml").write_bytes(raw)
        for subtype, ending in (("plain", ".txt"), ("html", ".html")):
            body = mail.get_body((subtype,))
            if body is not None:
                text = _with_pictures(body.get_content(), mail)
                stem.with_suffix(ending).write_text(text, encoding="utf-8")
        if kind in ("batch", "nightly"):
            places.append(stem.with_suffix(".html"))
        for part in mail.iter_attachments():
            name = part.get_filename() or "ek"
            # The list and the report lie on top; what else is enclosed lies beside its letter.
            place = output / name if kind in ("batch", "nightly") else folder / f"{stem.name}-{name}"
            if place not in places:
                place.write_bytes(_bytes_of(part))
            if kind in ("batch", "nightly") and place not in places:
                places.append(place)
    return places


def _bytes_of(part: Message) -> bytes:
    return cast(bytes, part.get_payload(decode=True))


def _with_pictures(html: str, mail: EmailMessage) -> str:
    """Sets the pictures of a mail into its HTML, for a browser knows nothing of the mail's other parts."""
    for part in mail.walk():
        if part["Content-ID"]:
            data = base64.b64encode(_bytes_of(part)).decode()
            name = str(part["Content-ID"]).strip("<>")
            html = html.replace(f"cid:{name}", f"data:{part.get_content_type()};base64,{data}")
    return html
