"""changing: a file of the office's own rules or texts, changed: tried on everything first, then put in force.

What is put in force is proved with all the rest on the disk, and is an act of whoever does it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pipeline.acts.acting import Act, Deed, acting
from pipeline.acts.faults import Overtaken
from pipeline.domain.acts import Done
from pipeline.domain.faults import OperatorFault
from pipeline.ledger.acts import acts_about
from pipeline.ledger.home import write_whole
from pipeline.office.settings import Settings
from pipeline.office.shop import Shop
from pipeline.policy.places import REPORTS, RULES, laid_over
from pipeline.policy.policy import Policy, policy_of_files


@dataclass(frozen=True, slots=True)
class Change:
    """A file of the office's own as it is to be: its path, such as "rules/receipt/amount.toml", and its text.

    With None for a text the office's file goes, and the program's own counts again. `basis` is the digest of
    what was in its place when the change was thought of (`standing`).
    """

    path: str
    text: str | None
    basis: str


def text_of(settings: Settings, path: str) -> str:
    """Gives a file as it lies on the disk, the office's own before the program's; "" where there is none."""
    return settings.places.files().get(path, b"").decode("utf-8-sig", "replace")


def is_own(settings: Settings, path: str) -> bool:
    """Tells whether a file is the office's own."""
    return path in settings.places.own()


def standing(settings: Settings, path: str) -> str:
    """Gives the digest of a file as it lies on the disk, "" where there is none."""
    body = settings.places.files().get(path)
    return "" if body is None else hashlib.sha256(body).hexdigest()


def earlier(shop: Shop, path: str) -> list[Done]:
    """Lists the acts that put another text in the place of one of the office's own, the newest first.

    What they replaced is in their body, as "was".
    """
    return [done for done in reversed(acts_about(shop.ledger, path)) if done.body.get("was")]


def tried(settings: Settings, change: Change) -> Policy:
    """Gives the policy as a change would make it; raises OperatorFault with all that proves wrong."""
    _target(settings, change.path)
    own = {**settings.places.own()}
    if change.text is None:
        own.pop(change.path, None)
    else:
        own[change.path] = change.text.encode()
    return policy_of_files(laid_over(settings.places.below(), own), settings.office)


def put_in_force(shop: Shop, change: Change, act: Act) -> Path:
    """Writes a change that proves itself, as an act; gives the file.

    Raises OperatorFault for what does not prove itself, or has no folder to be written to; Overtaken where
    the file is no longer what the change was thought of on.
    """
    tried(shop.settings, change)
    if standing(shop.settings, change.path) != change.basis:
        raise Overtaken(change.path, "", "", None)
    digest = "" if change.text is None else hashlib.sha256(change.text.encode()).hexdigest()
    was = text_of(shop.settings, change.path) if is_own(shop.settings, change.path) else None
    body = {"before": change.basis, "after": digest, "was": was}
    with acting(shop, Deed("rules", change.path, body=body), act):
        # Last of all: what the ledger does not know of is not in force.
        return write(shop.settings, change)


def write(settings: Settings, change: Change) -> Path:
    """Writes a change that has been tried; raises OperatorFault where the disk does not let it."""
    target = _target(settings, change.path)
    try:
        if change.text is None:
            target.unlink(missing_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
            write_whole(target, change.text, mode)
    except OSError as fault:
        raise OperatorFault("own_not_written", file=target, why=fault.strerror or fault) from fault
    return target


def _target(settings: Settings, path: str) -> Path:
    """Names the file that an official's words are written to: never one that an upgrade replaces."""
    kind, *rest = PurePosixPath(path).parts
    is_rule = kind == "rules"
    own, below, packaged = (
        (settings.own_rules, settings.rules, RULES)
        if is_rule
        else (settings.own_reports, settings.reports, REPORTS)
    )
    folder = own or (below if below != packaged else None)
    if folder is None:
        raise OperatorFault("own_nowhere", key="own_rules" if is_rule else "own_reports", folder=kind)
    if kind not in ("rules", "reports") or not rest or ".." in rest:
        raise OperatorFault("desk_not_here")
    return folder.joinpath(*rest)
