"""settings: one TOML file + secrets → Settings, frozen, read once, complete or refused."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import date, time
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from pipeline.domain import Batching, Office
from pipeline.domain.faults import OperatorFault, first_wrong_key
from pipeline.domain.official_files import parsed
from pipeline.domain.password import Password
from pipeline.office import contradictions
from pipeline.office.contradictions import Contradiction, of_addresses, of_domains, of_servers
from pipeline.office.glance import read_password
from pipeline.policy.places import REPORTS, RULES, Places
from pipeline.sandbox.cluster.membership import Membership, is_address

Address = Annotated[str, StringConstraints(pattern=r"^[^\s@<>,;]+@[A-Za-z0-9.\-]+$", to_lower=True)]
Security = Literal["tls", "starttls", "none"]
Port = Annotated[int, Field(ge=1, le=65535)]
# What letters are signed with, and servers are found by: blanks are none.
Written = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
# Where things lie and who may log in: of no weight for what is decided and written.
_PLACES = {
    *("home", "office_name", "rules", "reports", "own_rules", "own_reports", "accounts", "smtp", "desk"),
    *("readers", "readers_certificates"),
}
_FOLDERS = ("home", "rules", "reports", "own_rules", "own_reports", "readers_certificates")
_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")


def _named(domain: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9*.\-]+", domain):
        raise ValueError("domain")
    *inner, top = domain.lower().split(".")
    # "*" stands for any part, and of "*" or "*.com" nothing is left that is ours.
    if not any(label and "*" not in label for label in inner or [top]):
        raise ValueError("domain_of_anybody")
    return domain.lower()


# A domain or a server of ours by its name, in which "*" may stand for a part.
Named = Annotated[str, AfterValidator(_named)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Secret(_Strict):
    """Where a password is: in a file, or in a variable of the environment; never in the settings."""

    file: Path | None = None
    env: str | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Secret:
        if (self.file is None) == (self.env is None):
            raise ValueError("secret_place")
        return self

    def reveal(self) -> Password:
        """Reads the password; raises OperatorFault where it is not to be had."""
        if self.file is not None:
            try:
                return read_password(self.file)
            except OSError as fault:
                raise OperatorFault("secret_file", file=self.file, why=fault.strerror) from fault
        value = os.environ.get(self.env or "", "")
        if not value:
            raise OperatorFault("secret_env", env=self.env)
        return Password(value)


class FilingFolders(_Strict):
    """The folders that mails are filed into, by outcome."""

    accepted: str = "NES/Kabul"
    returned: str = "NES/İade"
    held: str = "NES/Bekleyen"
    guided: str = "NES/Yönlendirilen"
    ignored: str = "NES/Yanıtsız"
    shunted: str = "NES/Ayrılan"


class _Server(_Strict):
    """A server of ours; without TLS it may only be on this very machine."""

    host: Written
    security: Security = "tls"
    ca_file: Path | None = None
    timeout_seconds: float = Field(default=60, gt=0)

    @model_validator(mode="after")
    def _no_password_in_the_open(self) -> Self:
        if self.security == "none" and self.host not in _THIS_MACHINE:
            raise ValueError("plain_text")
        return self


class Account(_Server):
    """One mailbox that is listened to; mails that came before `since` are left alone."""

    name: str = Field(pattern=r"^[a-z0-9\-]+$")
    port: Port = 993
    user: Written
    password: Secret
    folder: str = "INBOX"
    since: date
    file_into: FilingFolders = FilingFolders()

    @model_validator(mode="after")
    def _filed_elsewhere(self) -> Self:
        # What is filed where it is listened to would be heard again, and again.
        if self.folder in self.folders:
            raise ValueError("filed_where_heard")
        return self

    @property
    def folders(self) -> frozenset[str]:
        """Names the folders that its mail is filed into."""
        return frozenset(self.file_into.model_dump().values())


class Smtp(_Server):
    """The server that our letters are handed to."""

    port: Port = 465
    user: str | None = None
    password: Secret | None = None


class Addresses(_Strict):
    """Our own address, those of the IT unit and Kamu SM, and the one that bounces go to."""

    own: Address
    it_unit: Address
    kamu_sm: Address
    # The envelope sender; a mailbox of its own keeps bounces out of the intake.
    bounces: Address | None = None
    # Other addresses of ours that must never be answered.
    also_ours: tuple[Address, ...] = ()


class Schedule(_Strict):
    """When `serve` works; nights are named by the local date of the zone."""

    zone: str = "Europe/Istanbul"
    poll_every_minutes: int = Field(default=5, ge=1)
    night_at: time = time(23, 30)

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as fault:
            raise ValueError("zone") from fault
        return zone


class Budget(_Strict):
    """What one run, and one mail, may cost at the most."""

    mails_per_run: int = Field(default=500, ge=1)
    minutes_per_run: int = Field(default=20, ge=1)
    largest_mail_bytes: int = Field(default=30_000_000, ge=10_000)
    workers: int = Field(default=2, ge=1)
    # Answers to one address within a day; what comes beyond is judged, and stands in the report.
    answers_per_day: int = Field(default=10, ge=1)
    # Letters within a day to people whom somebody else has put on a list, to say so; 0 for none.
    listed_told_per_day: int = Field(default=300, ge=0)
    # Reminders that go out in one night; the others go in the next, and stand in the report.
    reminders_per_night: int = Field(default=200, ge=1)
    # Accepted receipts of a night that a person reads without our reading.
    quality_sample: int = Field(default=5, ge=0)
    # Mails, their bytes, and the processor seconds of reading their files, from one address within a day;
    # what comes beyond is kept and set aside unread, and stands in the report.
    mails_per_day: int = Field(default=100, ge=1)
    bytes_per_day: int = Field(default=100_000_000, ge=10_000)
    reading_seconds_per_day: int = Field(default=600, ge=1)


class SentCopiesSettings(_Strict):
    """Where the copy that goes out with every letter can be looked for, to know whether a letter went out.

    `address` delivers into `folder` of the mailbox named by `account`, best by a rule of the server.
    """

    address: Address
    account: str
    folder: str


class RetentionSettings(_Strict):
    """How many days data is kept: mails, transcripts and letters; cases and lists (law 6698)."""

    mail_days: int = Field(default=180, ge=1)
    case_days: int = Field(default=730, ge=1)


class MonitoringSettings(_Strict):
    """When the IT unit is alarmed: how long a trouble has to last, and from where on there is one."""

    alarm_after_minutes: int = Field(default=15, ge=1)
    free_megabytes: int = Field(default=500, ge=1)
    shunted_per_day: int = Field(default=10, ge=1)
    # In the home where it is not named; named otherwise for a folder that a collector reads.
    metrics_file: Path | None = None


class BatchSettings(_Strict):
    """Who gets the lists, Kamu SM itself or the IT unit for release; on which nights; and their size."""

    to: Literal["kamu_sm", "it_unit"] = "kamu_sm"
    when: Literal["nightly", "weekly"] = "nightly"
    only_working_days: bool = False
    cutoff: time | None = None
    least: int = Field(default=1, ge=1)
    most: int | None = Field(default=None, ge=1)
    longest_wait_days: int = Field(default=5, ge=1)
    releasers: tuple[Address, ...] = ()
    release_within_days: int = Field(default=2, ge=1)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.most is not None and self.most < self.least:
            raise ValueError("batch_sizes")
        return self


class AuthenticationSettings(_Strict):
    """How the words of our trusted servers about a sender are found, and what it means that there is none."""

    # Off only for servers that do not check every mail, such as those that leave out mail of the own house:
    # whoever can hand in such a mail may then write in anybody's name.
    required: bool = True
    # Servers that take mail from our own servers only: what stands below their Received is still ours.
    inner_servers: tuple[Named, ...] = ()
    # For filters that write below the Received of their server, as OpenDMARC behind Postfix: where such a
    # filter stops and the server goes on without it, what a sender wrote there himself is believed.
    below_received: bool = False


class DeskSettings(_Strict):
    """Where `nes-intake desk` is reached: on a unix socket, or at a port of this very machine.

    `address` is what people type where a proxy of the office stands before it; `user_header` is the header
    in which that proxy says who asks, believed on the unix socket alone.
    """

    socket: Path | None = None
    port: int = Field(default=8765, ge=0, le=65535)
    address: str | None = Field(default=None, pattern=r"^https?://[A-Za-z0-9.\-]+(:\d+)?$")
    user_header: str | None = Field(default=None, pattern=r"^[A-Za-z][A-Za-z0-9\-]*$")

    @model_validator(mode="after")
    def _nobody_else_writes_the_header(self) -> Self:
        if self.user_header and not self.socket:
            raise ValueError("header_without_socket")
        return self


class Settings(BaseSettings):
    """All settings; `Settings.load` is the only way in."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, env_prefix="NES_INTAKE_")

    home: Path
    # How a host with many offices calls this one; stands in its figures.
    office_name: str | None = Field(default=None, pattern=r"^[A-Za-z0-9._\-]+$")
    unit: Written
    institution: Written
    # Where people hand in or post their papers; printed on the cover sheet.
    postal_address: str = ""
    corporate_domains: tuple[Named, ...] = Field(min_length=1)
    kamu_sm_domains: tuple[Named, ...] = ("kamusm.gov.tr",)
    # The names by which our own mail servers sign Authentication-Results; no others are believed.
    trusted_servers: tuple[Named, ...] = ()
    authentication: AuthenticationSettings = AuthenticationSettings()
    rules: Path = RULES
    reports: Path = REPORTS
    # Folders of the office that lie over the two: a file there replaces, adds or removes one.
    own_rules: Path | None = None
    own_reports: Path | None = None
    accounts: tuple[Account, ...] = Field(min_length=1)
    smtp: Smtp
    addresses: Addresses
    schedule: Schedule = Schedule()
    budget: Budget = Budget()
    batch: BatchSettings = BatchSettings()
    sent_copies: SentCopiesSettings | None = Field(default=None, alias="evidence")
    # The scheduler of readers on other machines (tls://host:port), and what they let us in by.
    readers: str | None = None
    readers_certificates: Path = Path("/etc/nes-intake/readers")
    retention: RetentionSettings = RetentionSettings()
    monitoring: MonitoringSettings = MonitoringSettings()
    desk: DeskSettings = DeskSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Takes the file and, for `home` and the like, the environment; nothing else."""
        return (env_settings, init_settings)

    @field_validator("readers")
    @classmethod
    def _never_plain(cls, address: str | None) -> str | None:
        if address is not None and not is_address(address):
            raise ValueError("readers_plain")
        return address

    @model_validator(mode="after")
    def _accounts_differ(self) -> Settings:
        if len({a.name for a in self.accounts}) < len(self.accounts):
            raise ValueError("account_names")
        if self.batch.releasers and not self.trusted_servers:
            raise ValueError("releasers_unproved")
        if self.sent_copies and self.sent_copies.account not in {a.name for a in self.accounts}:
            raise ValueError("evidence_account")
        if self.sent_copies and any(
            self.sent_copies.folder in {account.folder, *account.folders}
            for account in self.accounts
            if account.name == self.sent_copies.account
        ):
            raise ValueError("evidence_folder")
        return self

    @model_validator(mode="after")
    def _nothing_reaches_the_wrong_eyes(self) -> Settings:
        # Of the whole alone, so that a night of before can still be replayed by what was written then.
        if found := next(self._contradictions(), None):
            told = {"one": found.one, "other": found.other, "what": found.what}
            raise PydanticCustomError(found.kind, found.kind, told)
        return self

    def _contradictions(self) -> Iterator[Contradiction]:
        for key in ("corporate_domains", "kamu_sm_domains"):
            yield from of_domains(key, getattr(self, key))
        yield from of_servers("trusted_servers", self.trusted_servers)
        yield from of_servers("authentication.inner_servers", self.authentication.inner_servers)
        copies, bounces = self.sent_copies, self.addresses.bounces
        written = {
            contradictions.COPIES: (copies.address,) if copies else (),
            contradictions.OWN: (self.addresses.own,),
            contradictions.UNIT: (self.addresses.it_unit,),
            contradictions.KAMU_SM: (self.addresses.kamu_sm,),
            contradictions.BOUNCES: (bounces,) if bounces else (),
            contradictions.ALSO_OURS: self.addresses.also_ours,
            contradictions.RELEASERS: self.batch.releasers,
        }
        yield from of_addresses(written, self.kamu_sm_domains)

    @property
    def metrics_file(self) -> Path:
        """Tells where the figures for a monitoring system are written."""
        return self.monitoring.metrics_file or self.home / "metrics.prom"

    @property
    def cluster(self) -> Membership | None:
        """Gives where the readers on other machines are; None where there are none."""
        return Membership(self.readers, self.readers_certificates) if self.readers else None

    @property
    def places(self) -> Places:
        """Gives the folders that rules and texts come from."""
        return Places(self.rules, self.reports, self.own_rules, self.own_reports)

    @property
    def zone(self) -> ZoneInfo:
        """Gives the zone that nights are named in."""
        return ZoneInfo(self.schedule.zone)

    @property
    def practice(self) -> str:
        """Gives, as JSON, all that has a say in what is decided and written, and no place or secret."""
        return self.model_dump_json(exclude=_PLACES, by_alias=True)

    def as_practised(self, practice: str) -> Settings:
        """Gives these settings with the practice of another day."""
        was = json.loads(practice)
        then = {
            name: TypeAdapter[Any](field.annotation).validate_python(was[key])  # type: ignore[arg-type]
            for name, field in type(self).model_fields.items()
            if (key := field.alias or name) in was
        }
        return self.model_copy(update=then)

    @property
    def office(self) -> Office:
        """Gives the part of the settings that judging and writing need."""
        a = self.addresses
        ours = (a.own, *a.also_ours, *((a.bounces,) if a.bounces else ()))
        return Office(
            unit=self.unit,
            institution=self.institution,
            sender=a.own,
            own_addresses=ours,
            it_unit=a.it_unit,
            batch_recipient=a.kamu_sm if self.batch.to == "kamu_sm" else a.it_unit,
            corporate_domains=self.corporate_domains,
            kamu_sm_domains=self.kamu_sm_domains,
            trusted_servers=self.trusted_servers,
            authentication_required=self.authentication.required,
            inner_servers=tuple(name.lower() for name in self.authentication.inner_servers),
            authentication_below_received=self.authentication.below_received,
            answers_per_day=self.budget.answers_per_day,
            listed_told_per_day=self.budget.listed_told_per_day,
            kamu_sm=a.kamu_sm,
            releasers=self.batch.releasers,
            release_within=self.batch.release_within_days,
            postal_address=self.postal_address,
            batching=Batching(
                is_weekly=self.batch.when == "weekly",
                only_working_days=self.batch.only_working_days,
                cutoff=self.batch.cutoff,
                night_at=self.schedule.night_at,
                least=self.batch.least,
                most=self.batch.most,
                longest_wait=self.batch.longest_wait_days,
                zone=self.zone,
            ),
        )


def load_settings(file: Path) -> Settings:
    """Reads and validates the settings as a whole, secrets included; raises OperatorFault."""
    settings = read_settings(file)
    for secret in (*(a.password for a in settings.accounts), settings.smtp.password):
        if secret is not None:
            secret.reveal()
    return settings


def read_settings(file: Path) -> Settings:
    """Reads and validates the settings alone, as anybody may who sends nothing; raises OperatorFault."""
    if not file.is_file():
        raise OperatorFault("settings_missing", file=file)
    return _settings(file.read_bytes(), file)


def settings_in(text: str, file: Path) -> Settings:
    """Reads and validates what stands, or stood, in a settings file; raises OperatorFault."""
    return _settings(text.encode(), file)


def _settings(data: bytes, file: Path) -> Settings:
    raw = dict(parsed(str(file), data))
    if not raw:
        raise OperatorFault("settings_missing", file=file)
    try:
        return Settings(**_from_folder(raw, file.resolve().parent))
    except ValidationError as fault:
        raise OperatorFault("settings_key", file=file, **first_wrong_key(fault)) from fault


def _from_folder(raw: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Takes relative paths in the file as relative to the file, wherever cron starts us."""
    paths = {key: folder / raw[key] for key in _FOLDERS if isinstance(raw.get(key), str)}
    return {**raw, **paths}
