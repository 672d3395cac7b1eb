"""watch: what a run meets with and finds around it; one alarm and one all-clear for each trouble."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pipeline.domain.faults import OperatorFault
from pipeline.domain.password import Password
from pipeline.domain.troubles import Sign, Trouble, follow, is_spared
from pipeline.ledger import stops, troubles
from pipeline.ledger.home import FEWEST_INODES
from pipeline.letters.alarm import alarm
from pipeline.mail.faults import MailboxFault, PostmanFault
from pipeline.mail.imap import ImapAccount
from pipeline.mail.imap import LoginRefused as ImapLoginRefused
from pipeline.mail.smtp import LoginRefused as SmtpLoginRefused
from pipeline.office.planning import plan
from pipeline.office.shop import Shop, imap_account, post_letters, smtp_account

if TYPE_CHECKING:
    from pipeline.office.settings import Account

# A log-in that was refused is not tried again with the same password before: five in half an hour lock
# many an account.
_PAUSE_AFTER_REFUSAL = timedelta(hours=1)
_NOT_TRIED = "not tried again: the same password was refused within the hour"
# Every night is closed, an empty one too; so much later than the last, something is wrong.
NIGHT_IS_LATE = timedelta(hours=26)
# The troubles with readers on other machines: that they are away, and that what they answer is of no use.
CLUSTER, CLUSTER_ANSWERS = "readers", "readers_refuted"
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)


class Watch:
    """What one run has seen, by the name of the trouble; None where all was found well."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self.seen: dict[str, Sign | None] = {}
        self.faults: list[MailboxFault | PostmanFault] = []
        self._log_ins: dict[str, Callable[[], str]] = {}
        self._standing: Mapping[str, Trouble] | None = None

    def standing(self) -> Mapping[str, Trouble]:
        """Gives the troubles that have not ended; read once, for whoever watches has the home to itself."""
        if self._standing is None:
            self._standing = troubles.standing(self._shop.ledger)
        return self._standing

    def conclude(self, seen: Mapping[str, Sign | None]) -> bool:
        """Writes down how troubles stand, with letters about them; tells whether there are any letters."""
        is_told = _conclude(self._shop, self.standing(), seen)
        self._standing = None
        return is_told

    @contextmanager
    def trouble_waits(self, name: str) -> Iterator[None]:
        """Keeps trouble with a server for the end of the run: the others have work to do."""
        try:
            yield
        except (MailboxFault, PostmanFault) as fault:
            self.faults.append(fault)
            if not isinstance(fault, _Spared):
                is_refusal = isinstance(fault, ImapLoginRefused | SmtpLoginRefused)
                self.saw(name, Sign(fault.name, self._log_ins[name]() if is_refusal else ""))
                if is_refusal:
                    # At once, and not with the rest at the end: this run may want to log in again.
                    self.conclude({name: self.seen[name]})

    @contextmanager
    def unless_away(self, name: str) -> Iterator[None]:
        """Leaves out what a server that is away keeps from being done; of a refused log-in alone is told."""
        with self.trouble_waits(name):
            try:
                yield
            except MailboxFault as fault:
                if isinstance(fault, ImapLoginRefused) and not isinstance(fault, _Spared):
                    raise

    def imap(self, account: Account) -> ImapAccount:
        """Gives what a mailbox is opened with; raises LoginRefused where that was refused a moment ago."""
        imap = imap_account(account)
        if self._was_refused(mailbox_trouble(account), imap.host, imap.user, imap.password):
            raise _ImapSpared(_NOT_TRIED)
        return imap

    def spare_smtp(self) -> None:
        """Raises LoginRefused where the SMTP server refused our password a moment ago."""
        smtp = smtp_account(self._shop.settings)
        if self._was_refused("smtp", smtp.host, smtp.user or "", smtp.password or Password("")):
            raise _SmtpSpared(_NOT_TRIED)

    def well(self, name: str) -> None:
        """Notes that something was found well, unless the run has seen otherwise."""
        self.seen.setdefault(name, None)

    def saw(self, name: str, sign: Sign | None) -> None:
        """Notes what was found."""
        self.seen[name] = sign

    def _was_refused(self, name: str, host: str, user: str, password: Password) -> bool:
        def log_in() -> str:
            return self._shop.ledger.keyed("\0".join(("log-in", host, user, password.get_secret_value())))

        self._log_ins[name] = log_in
        trouble = self.standing().get(name)
        return trouble is not None and is_spared(trouble, log_in(), self._shop.clock(), _PAUSE_AFTER_REFUSAL)


class _Spared(Exception):
    """Nothing new: the trouble stands as the refusal left it."""


class _ImapSpared(_Spared, ImapLoginRefused):
    """The IMAP server refused this password a moment ago, and is not asked again."""


class _SmtpSpared(_Spared, SmtpLoginRefused):
    """The SMTP server refused this password a moment ago, and is not asked again."""


@contextmanager
def watched(shop: Shop) -> Iterator[Watch]:
    """Watches over a run; at its end alarms are raised, and the first trouble kept till then is raised."""
    watch = Watch(shop)
    try:
        yield watch
    except Exception as fault:
        if shop.home.is_restored:
            # The unit has been told, and what this ledger has to post may have gone out long ago.
            raise
        # The run is lost; whether the trouble can be written down as well, nobody knows.
        with suppress(Exception):
            name, reason = _why(fault)
            watch.saw(name, Sign(reason))
            _tell(shop, watch)
        raise
    watch.well("run")
    _look_around(shop, watch)
    _tell(shop, watch)
    if watch.faults:
        raise watch.faults[0]


def mailbox_trouble(account: Account) -> str:
    """Names the trouble with one mailbox."""
    return f"imap/{account.name}"


def _why(fault: Exception) -> tuple[str, str]:
    if isinstance(fault, OSError) and fault.errno in _DISK:
        return "disk", "full"
    if isinstance(fault, OperatorFault) and fault.name.startswith("clock_"):
        return "clock", fault.name
    return "run", fault.name if isinstance(fault, OperatorFault) else type(fault).__name__


def _look_around(shop: Shop, watch: Watch) -> None:
    """Looks at what no step of a run would notice."""
    ledger, now, limits = shop.ledger, shop.clock(), shop.settings.monitoring
    patience = timedelta(minutes=limits.alarm_after_minutes)
    space = shop.home.space()
    is_full = space.megabytes_free < limits.free_megabytes or space.inodes_free < FEWEST_INODES
    night, begun = ledger.last_night(), ledger.first_kept_at()
    last = night.until if night else begun
    is_stopped = stops.open_stop(ledger) is not None
    findings = {
        "disk": (is_full, "full"),
        "night": (last is not None and now - last > NIGHT_IS_LATE, "late"),
        "batch_in_doubt": (troubles.batch_outcome_unknown(ledger), "in_doubt"),
        "batch_failed": (troubles.batch_failed(ledger), "list_failed"),
        "breaker": (is_stopped, "stopped"),
        "policy": (shop.refused is not None, "not_in_force"),
        "shunted": (
            troubles.shunted_since(ledger, now - timedelta(days=1)) > limits.shunted_per_day,
            "many",
        ),
        "outbox": (not is_stopped and troubles.nothing_goes_out(ledger, now, patience), "deferred"),
    }
    for name, (is_wrong, reason) in findings.items():
        watch.saw(name, Sign(reason) if is_wrong else None)
    _look_at_readers(shop, watch)
    # A mailbox that is no longer listened to can trouble nobody.
    names = {mailbox_trouble(account) for account in shop.settings.accounts}
    for name in watch.standing().keys() - names:
        if name.startswith("imap/"):
            watch.well(name)


def _look_at_readers(shop: Shop, watch: Watch) -> None:
    """Sees whether files were read here for want of the cluster; a run without any file knows nothing.

    One file that was read well there does not make up for another that was not: among several readers each
    gets some, and the one that answers at once, and nothing, gets most.
    """
    if shop.settings.cluster is None:
        watch.well(CLUSTER)
        watch.well(CLUSTER_ANSWERS)
        return
    from pipeline.sandbox.cluster.far import FarReaders

    far = shop.readers
    if not isinstance(far, FarReaders):
        return
    if far.is_away or far.read_far or far.refuted:
        watch.saw(CLUSTER, Sign("away") if far.is_away else None)
    if far.read_far or far.refuted:
        watch.saw(CLUSTER_ANSWERS, Sign("refuted") if far.refuted else None)


def _tell(shop: Shop, watch: Watch) -> None:
    if watch.conclude(watch.seen) and watch.seen.get("smtp") is None:
        # What cannot go out now is a planned letter like any other, and goes with the next run.
        with suppress(PostmanFault):
            post_letters(shop)


def _conclude(shop: Shop, standing: Mapping[str, Trouble], seen: Mapping[str, Sign | None]) -> bool:
    now = shop.clock()
    patience = timedelta(minutes=shop.settings.monitoring.alarm_after_minutes)
    course = follow(standing, seen, now, patience)
    letters = [(t, False) for t in course.alarms] + [(t, True) for t in course.all_clears]
    if letters or course.kept or course.forgotten:
        with shop.ledger.transaction():
            for trouble in course.kept:
                troubles.keep(shop.ledger, trouble)
            for trouble in course.forgotten:
                troubles.forget(shop.ledger, trouble)
            for trouble in course.all_clears:
                troubles.end(shop.ledger, trouble, now)
            for trouble, is_over in letters:
                _plan(shop, trouble, is_over, now)
    return bool(letters)


def _plan(shop: Shop, trouble: Trouble, is_over: bool, now: datetime) -> None:
    zone = shop.settings.zone
    since, until = trouble.since, (trouble.calm_since if is_over else None) or now
    letter = alarm(trouble, is_over, shop.policy, since.astimezone(zone), until.astimezone(zone))
    plan(shop.ledger, letter, now)
