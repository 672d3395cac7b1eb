"""idle: a poll that found nothing to do → the note by which the next need not begin (glance)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.ledger import stops, troubles
from pipeline.ledger.folder_counts import counted
from pipeline.office.glance import NOTE, state_of_files, state_of_ledger, write_note
from pipeline.office.shop import Shop
from pipeline.office.watch import NIGHT_IS_LATE

if TYPE_CHECKING:
    from pipeline.office.settings import Account

_ON_ITS_WAY = ("waiting", "undecided", "to_file", "letters_to_send")
_LONGEST = timedelta(hours=1)


def leave_note(shop: Shop, settings_file: Path, said: Mapping[str, str]) -> None:
    """Notes how all lies, where nothing is on its way and nothing wrong; else removes the note."""
    if not _is_idle(shop):
        (shop.home.folder / NOTE).unlink(missing_ok=True)
        return
    ledger, settings, now = shop.ledger, shop.settings, shop.clock()
    night = ledger.last_night()
    late_at = night.until + NIGHT_IS_LATE if night else now + _LONGEST
    folders = settings.places.folders
    note = {
        "at": now.isoformat(),
        "until": min(late_at, now + _LONGEST).isoformat(),
        "said": dict(said),
        "ledger": state_of_ledger(shop.home),
        "folders": [str(folder) for folder in folders],
        "files": state_of_files(settings_file, folders),
        "free_megabytes": settings.monitoring.free_megabytes,
        "metrics_file": str(settings.metrics_file),
        "mailboxes": [_mailbox(shop, account) for account in settings.accounts],
    }
    write_note(shop.home, note)


def _is_idle(shop: Shop) -> bool:
    counts = shop.ledger.counts()
    return not (
        any(counts[name] for name in _ON_ITS_WAY)
        or troubles.standing(shop.ledger)
        or stops.open_stop(shop.ledger)
        or shop.is_over()
        or shop.refused
    )


def _mailbox(shop: Shop, account: Account) -> Mapping[str, Any]:
    password = account.password
    return {
        "name": account.name,
        "host": account.host,
        "port": account.port,
        "security": account.security,
        "user": account.user,
        "folder": account.folder,
        "timeout_seconds": account.timeout_seconds,
        "ca_file": str(account.ca_file) if account.ca_file else "",
        "password": {"file": str(password.file) if password.file else "", "env": password.env or ""},
        "state": counted(shop.ledger, account.name, account.folder),
    }
