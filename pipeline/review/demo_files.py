"""demo_files: what the played day leaves behind: its settings, its letters as files, and a page over all."""

from __future__ import annotations

import base64
import email
import email.policy
import json
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage, Message
from pathlib import Path
from typing import cast

from pipeline.domain import OfficeLetter
from pipeline.policy.policy import Policy
from pipeline.review import invented_office
from pipeline.review.embedded import EmbeddedMailbox, EmbeddedSmtp

_SETTINGS = """\
home = "home"
own_rules = "own/rules"
own_reports = "own/reports"
unit = {unit}
institution = {institution}
postal_address = {postal_address}
corporate_domains = {corporate_domains}
kamu_sm_domains = {kamu_sm_domains}
trusted_servers = {trusted_servers}

[authentication]
required = false

[addresses]
own = {own}
it_unit = {it_unit}
kamu_sm = {kamu_sm}

[smtp]
host = {smtp_host}
port = {smtp_port}
security = "none"

[[accounts]]
name = "demo"
host = {host}
port = {port}
security = "none"
user = {user}
password = {{ file = {secret} }}
since = 2020-01-01
"""


@dataclass(frozen=True, slots=True)
class Left:
    """One letter as it lies in the folder: its files by their endings, and what is enclosed."""

    kind: str
    recipient: str
    subject: str
    files: tuple[Path, ...]
    enclosed: tuple[Path, ...]


def write_settings(output: Path, mailbox: EmbeddedMailbox, smtp: EmbeddedSmtp) -> Path:
    """Writes the settings of the day, for the other commands to work on what it leaves behind."""
    # Still empty: at the desk a price or a letter can be changed, and the program's own stays as it is.
    for name in ("rules", "reports"):
        (output / "own" / name).mkdir(parents=True)
    secret = (output / "imap-password").resolve()
    secret.touch(mode=0o600)
    secret.write_text(mailbox.password, encoding="utf-8")
    values = {
        "unit": invented_office.UNIT,
        "institution": invented_office.INSTITUTION,
        "postal_address": invented_office.OFFICE.postal_address,
        "corporate_domains": invented_office.CORPORATE,
        "kamu_sm_domains": invented_office.KAMU_SM_DOMAINS,
        "trusted_servers": invented_office.TRUSTED,
        "own": invented_office.OWN,
        "it_unit": invented_office.IT_UNIT,
        "kamu_sm": invented_office.KAMU_SM,
        "smtp_host": smtp.host,
        "smtp_port": smtp.port,
        "host": mailbox.host,
        "port": mailbox.port,
        "user": mailbox.user,
        "secret": str(secret),
    }
    # A text, a number and a list of texts are written in JSON as in TOML.
    written = {key: json.dumps(value, ensure_ascii=False) for key, value in values.items()}
    file = output / "settings.toml"
    file.write_text(_SETTINGS.format(**written), encoding="utf-8")
    return file


def write_letters(output: Path, letters: Sequence[bytes]) -> list[Left]:
    """Writes every mail that went out as a person would open it."""
    folder = output / "letters"
    folder.mkdir()
    return [_left(output, number, raw) for number, raw in enumerate(letters, start=1)]


def _left(output: Path, number: int, raw: bytes) -> Left:
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    kind = str(mail["X-NES-Intake"])
    stem = output / "letters" / f"{number:03d}-{kind.replace('/', '-')}"
    files = [stem.with_suffix(".eml")]
    files[0].write_bytes(raw)
    for subtype, ending in (("html", ".html"), ("plain", ".txt")):
        body = mail.get_body((subtype,))
        if body is not None:
            files.append(stem.with_suffix(ending))
            files[-1].write_text(_with_pictures(body.get_content(), mail), encoding="utf-8")
    # The list and the report lie on top; what else is enclosed lies beside its letter.
    is_on_top = kind in (OfficeLetter.BATCH, OfficeLetter.NIGHTLY)
    enclosed = []
    for part in mail.iter_attachments():
        name = part.get_filename() or "ek"
        enclosed.append(output / name if is_on_top else stem.with_name(f"{stem.name}-{name}"))
        enclosed[-1].write_bytes(_bytes_of(part))
    return Left(kind, str(mail["To"]), str(mail["Subject"]), tuple(files), tuple(enclosed))


def write_index(output: Path, letters: Sequence[Left], settings: Path, title: str, policy: Policy) -> Path:
    """Writes a page that leads through everything the day has left, by links within its folder."""

    def within(files: Sequence[Path]) -> list[str]:
        return [file.relative_to(output).as_posix() for file in files]

    shown = [
        {
            "kind": left.kind,
            "to": left.recipient,
            "subject": left.subject,
            "files": within(left.files),
            "enclosed": within(left.enclosed),
        }
        for left in letters
    ]
    page = output / "index.html"
    html = policy.texts.page("demo", title=title, letters=shown, settings=settings.name)
    page.write_text(html, encoding="utf-8")
    return page


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
