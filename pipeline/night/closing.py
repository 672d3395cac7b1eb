"""closing: the day's work is counted, the list for Kamu SM closed, the report written; once a night."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

from pipeline.acts.followup import FollowedUp, follow_up
from pipeline.acts.off_list import kept_off, waits_for_list
from pipeline.domain import Arrival, Batch, Decision, LetterState, Office, OfficeLetter, Outcome
from pipeline.domain.cases import disputed
from pipeline.domain.faults import TryLater
from pipeline.domain.turkish import number_date, quotable
from pipeline.intake.runs import decide_all, hand_in, look_for_copies
from pipeline.ledger import stops
from pipeline.ledger.book import Judged, Ledger, Night
from pipeline.ledger.cases import Folded
from pipeline.ledger.listed_people import told_since
from pipeline.ledger.night_figures import last_list_night, past_nights, unsent_letters
from pipeline.ledger.nights_back import is_taken_back, last_number
from pipeline.ledger.samples import draw_samples, tallies
from pipeline.ledger.troubles import standing
from pipeline.ledger.unopened import unopened_of
from pipeline.letters.list_letter import batch_digest
from pipeline.mail.authentication import ABSENT
from pipeline.night.announce import announce
from pipeline.night.charts import Drawing
from pipeline.night.consolidate import consolidate
from pipeline.night.exhibits import exhibits_of
from pipeline.night.material import Caution, Heard, ReportMaterial, StoppedBy, Unreleased
from pipeline.night.painter import paint
from pipeline.night.report import Picture, Report
from pipeline.night.report_letter import charts_of, report_of
from pipeline.office.continuity import assure_newest
from pipeline.office.planning import plan
from pipeline.office.settings import Settings
from pipeline.office.shop import Run, Shop, a_run, measured
from pipeline.office.timekeeping import assure_clock, local
from pipeline.office.watch import CLUSTER, CLUSTER_ANSWERS, watched
from pipeline.policy.list_days import ListDays, Selection, Waiting, select

_Crops = Mapping[str, tuple[Picture, ...]]
# So many held mails are shown with pictures, and so many bytes of pictures go with one report.
_MOST_SHOWN, _MOST_PICTURES = 30, 2_000_000


def night_due(shop: Shop) -> date:
    """Names the night that should be closed by now."""
    return night_due_at(shop.settings, shop.clock())


def night_due_at(settings: Settings, now: datetime) -> date:
    """Names the night that should be closed by a moment: its day's from the hour on, else the day before."""
    local = now.astimezone(settings.zone)
    if local.time() >= settings.schedule.night_at:
        return local.date()
    return local.date() - timedelta(days=1)


def night_owed(settings: Settings, ledger: Ledger, now: datetime) -> date | None:
    """Names the night that should be closed by a moment and is not; None where none is owed.

    A ledger that has never closed a night begins with the first one that falls due.
    """
    due, last = night_due_at(settings, now), ledger.last_night()
    if last:
        return due if last.day < due else None
    begun = ledger.first_kept_at()
    return due if begun and begun.astimezone(settings.zone).date() <= due else None


def nightly(shop: Shop, day: date, clock: Literal["unproved", "sure"] = "unproved") -> Night | None:
    """Closes the night of a day: the list for Kamu SM and the report; None where it was closed before.

    Raises TryLater where the clock may be wrong, unless a person has said that it is `sure`.
    """
    with measured(shop), a_run(shop, "nightly") as run, watched(shop) as watch:
        shop.home.beat()
        look_for_copies(shop, watch)
        assure_newest(shop, watch, run)
        # What a run before was cut off over belongs to this night, else its balance would not add up.
        decide_all(shop)
        if clock == "unproved" and _is_to_be_closed(shop, day):
            assure_clock(shop)
        night = None if shop.is_over() else close_night(shop, day, run)
        watch.well("clock")
        hand_in(shop, watch)
    return night


def _is_to_be_closed(shop: Shop, day: date) -> bool:
    last = shop.ledger.last_night()
    return day <= shop.today() and (last is None or (last.day < day and last.until <= shop.clock()))


def close_night(shop: Shop, day: date, run: Run) -> Night | None:
    """Writes night, batch and letters in one transaction; the day is the name, so there is never a second.

    Raises TryLater where the clock is behind the last night, or has not come to the day: either it is wrong
    now or it was wrong then, and a night sealed under a wrong name would keep the right ones from closing.
    """
    ledger, now = shop.ledger, shop.clock()
    last = ledger.last_night()
    if last and now < last.until:
        raise TryLater("clock_behind", now=local(shop, now), until=local(shop, last.until), day=last.day)
    if (last and last.day >= day) or is_taken_back(ledger, day):
        return None
    if day > shop.today():
        raise TryLater("night_to_come", day=day, now=local(shop, now))
    run.note()
    # Nothing is cut or painted while the ledger is locked.
    desk = _Desk(_crops(shop, ledger.open_holds()))
    while True:
        try:
            return _closed(shop, day, now, desk)
        except _Unpainted as fault:
            desk.painted |= {drawing: paint(drawing) for drawing in fault.drawings}


class _Unpainted(Exception):
    """The report has charts that nobody has painted: what was written is taken back until they are."""

    def __init__(self, drawings: Iterable[Drawing]) -> None:
        """Takes what is to be painted."""
        super().__init__()
        self.drawings = tuple(drawings)


@dataclass(slots=True)
class _Desk:
    """What a night has made that outlives the taking back of what it wrote.

    `open`, `lists` and `report` are of the ledger `as_of` a moment: when nobody has written since, the night
    that is written again is the same, and they are what it would make again.
    """

    crops: _Crops
    painted: dict[Drawing, bytes] = field(default_factory=dict)
    as_of: tuple[int, int] | None = None
    open: Folded | None = None
    lists: tuple[Selection, tuple[Batch, ...]] | None = None
    report: tuple[ReportMaterial, Report] | None = None

    def begin(self, as_of: tuple[int, int]) -> None:
        """Puts away what was made of the ledger as it stood at another moment."""
        if as_of != self.as_of:
            self.as_of, self.open, self.lists, self.report = as_of, None, None, None


def _closed(shop: Shop, day: date, now: datetime, desk: _Desk) -> Night:
    """Writes a night and all that goes with it; raises _Unpainted, and writes nothing, where charts lack."""
    ledger = shop.ledger
    with ledger.transaction():
        desk.begin(ledger.moment())
        last = ledger.last_night()
        begun = ledger.first_kept_at() or now
        since = last.until if last else begun - timedelta(seconds=1)
        night = Night(day, last_number(ledger) + 1, since, now)
        folded = desk.open = desk.open or ledger.folded_now()
        followed = follow_up(shop, folded.cases, day, now)
        selection, batches = desk.lists = desk.lists or _lists(shop, day)
        office = shop.policy.office
        ledger.close_night(night)
        judged = ledger.judged_between(night.since, night.until)
        draw_samples(ledger, judged, shop.settings.budget.quality_sample, now)
        for batch in batches:
            ledger.close_batch(batch, batch_digest(batch), office.batch_recipient == office.it_unit, now)
        # The report tells how things stand now that the list has gone.
        if not desk.report:
            work = gather(shop, night, last, (selection, batches), folded)
            warnings = [*work.warnings, *_follow_up_warnings(followed)]
            work = replace(work, reminded=followed.reminded, warnings=warnings, crops=desk.crops)
            desk.report = work, report_of(work, shop.policy)
        work, report = desk.report
        charts = charts_of(report)
        if unpainted := set(charts.values()) - desk.painted.keys():
            raise _Unpainted(unpainted)
        pictures = {name: desk.painted[drawing] for name, drawing in charts.items()}
        for letter in announce(work, report, pictures, shop.policy):
            plan(ledger, letter, now)
    return night


def _lists(shop: Shop, day: date) -> tuple[Selection, tuple[Batch, ...]]:
    """Chooses who goes to Kamu SM, and writes the lists."""
    selection = _selection(shop, day, shop.ledger.open_holds())
    # What is wrong with the letters may be wrong with the list.
    cases = () if stops.open_stop(shop.ledger) else selection.cases
    return selection, consolidate(day, cases, shop.policy.form, shop.policy.office.batching.most)


def _selection(shop: Shop, day: date, holds: Sequence[Judged]) -> Selection:
    ledger, policy = shop.ledger, shop.policy
    off = kept_off(ledger)
    cases = [case for case in ledger.unbatched_cases() if case.number not in off]
    return select(
        day,
        last_list_night(ledger),
        [Waiting(case, ledger.waiting_since(case.number)) for case in cases],
        disputed(held.decision for held in holds) | unopened_of(ledger, cases).keys(),
        ListDays(policy.office.batching, policy.working_days),
    )


def gather(
    shop: Shop,
    night: Night,
    before: Night | None,
    lists: tuple[Selection, Sequence[Batch]],
    folded: Folded,
) -> ReportMaterial:
    """Gathers all that the report of a night is made of, as the ledger stands.

    `before` is the night before, `folded` the open cases as this one found them.
    """
    ledger, zone = shop.ledger, shop.settings.zone
    selection, batches = lists
    holds, stop = ledger.open_holds(), stops.open_stop(ledger)
    heard = [_heard(judged) for judged in ledger.judged_between(night.since, night.until)]
    letters = unsent_letters(ledger)
    return ReportMaterial(
        day=night.day,
        number=night.number,
        since=night.since.astimezone(zone),
        until=night.until.astimezone(zone),
        balance=ledger.balance(night.since, night.until),
        heard=heard,
        open_holds=[_heard(held) for held in holds],
        batches=batches,
        selection=selection,
        open_cases=ledger.folded_since(folded),
        letters=letters,
        unfetched=ledger.unfetched(),
        bounces=ledger.bounces_between(night.since, night.until),
        past=past_nights(ledger, night),
        stop=StoppedBy(stop.at.astimezone(zone), stop.kind, stop.name, stop.hit, stop.of) if stop else None,
        warnings=[
            *_warnings(night, before, heard, holds, letters),
            *_office_warnings(shop, night),
            *(Caution("quality_stopped", {"number": t.stopped_by}) for t in tallies(ledger) if t.stopped_by),
            *_left_behind(ledger, selection),
            *_kept_off(shop),
            *_untold(shop, night),
        ],
        unreleased=list(map(_unreleased, ledger.unreleased())),
        quality=tallies(ledger),
        audit_code=ledger.audit_code(),
        desk=shop.settings.desk.address or "",
    )


def _warnings(
    night: Night,
    before: Night | None,
    heard: Sequence[Heard],
    holds: Sequence[Judged],
    letters: Sequence[Mapping[str, Any]],
) -> Iterator[Caution]:
    missed = (night.day - before.day).days - 1 if before else 0
    if before and missed:
        yield Caution("missed_nights", {"last": number_date(before.day), "count": missed})
    if unread := sum(_lacked_ocr(held.decision) for held in holds):
        yield Caution("without_ocr", {"count": unread})
    for mail in heard:
        if mail.decision.alike:
            others = ", ".join(mail.decision.alike)
            yield Caution("alike", {"mail": mail.number, "others": others})
    if over := sum(mail.decision.silence == "over_budget" for mail in heard):
        yield Caution("over_budget", {"count": over})
    for letter in letters:
        if letter["kind"] == OfficeLetter.BATCH and letter["state"] == LetterState.OUTCOME_UNKNOWN:
            yield Caution("batch_in_doubt", {"subject": letter["subject"], "about": letter["about"]})


def _follow_up_warnings(followed: FollowedUp) -> Iterator[Caution]:
    if followed.put_off:
        yield Caution("reminders_put_off", {"count": followed.put_off})
    for case, where in followed.broken.items():
        yield Caution("letter_broken", {"case": case, "where": where})


def _untold(shop: Shop, night: Night) -> Iterator[Caution]:
    most = shop.policy.office.listed_told_per_day
    if most and told_since(shop.ledger, night.since) >= most:
        yield Caution("listed_untold", {"count": most})


def _left_behind(ledger: Ledger, selection: Selection) -> Iterator[Caution]:
    """Warns of who waits, or may wait, more than once, and of whose mail nobody has opened."""
    for name, cases in (("twin", selection.twins), ("rival", selection.rivals)):
        yield from (Caution(name, {"case": case.number}) for case in cases)
    for number, mail in unopened_of(ledger, selection.disputed).items():
        name = "unopened" if mail.number else "unfetched"
        yield Caution(name, {"case": number, "mail": mail.number or mail.place})


def _kept_off(shop: Shop) -> Iterator[Caution]:
    """Says who waits for a list and is kept off it, by whom and why, night after night."""
    for number, done in kept_off(shop.ledger).items():
        if waits_for_list(shop.ledger, number):
            told = {"by": quotable(done.by), "because": quotable(done.because)}
            day = done.at.astimezone(shop.settings.zone).date()
            yield Caution("kept_off", {"case": number, "day": number_date(day), **told})


def _unreleased(row: Mapping[str, Any]) -> Unreleased:
    return Unreleased(f"{row['day']}/{row['number']}", row["rows"], date.fromisoformat(row["day"]))


def _office_warnings(shop: Shop, night: Night) -> Iterator[Caution]:
    calendar, office = shop.policy.working_days, shop.policy.office
    for year in sorted({night.day.year, calendar.add(night.day, office.batching.longest_wait).year}):
        if not calendar.is_checked(year):
            yield Caution("calendar_unchecked", {"year": year})
    yield from _reader_warnings(shop)
    judged = shop.ledger.judged_between(night.since, night.until)
    yield from senders_unproved(office, [one.decision for one in judged])
    for waiting in map(_unreleased, shop.ledger.unreleased()):
        if (late := calendar.between(waiting.day, night.day)) >= office.release_within:
            yield Caution("release_late", {"batch": waiting.batch, "days": late})


def _reader_warnings(shop: Shop) -> Iterator[Caution]:
    troubles = standing(shop.ledger)
    for name, caution in ((CLUSTER, "readers_away"), (CLUSTER_ANSWERS, "readers_refuted")):
        trouble = troubles.get(name)
        if trouble and not trouble.calm_since:
            since = trouble.since.astimezone(shop.settings.zone)
            yield Caution(caution, {"since": f"{since:%d.%m.%Y %H:%M}"})


def senders_unproved(office: Office, decisions: Sequence[Decision]) -> Iterator[Caution]:
    """Says where nobody checks who wrote a mail: no server is trusted, or none of them says anything.

    A check that has stopped working looks like an office that gets no forged mail.
    """
    judged = [d for d in decisions if d.outcome not in (Outcome.IGNORED, Outcome.SHUNTED)]
    if not office.trusted_servers:
        yield Caution("senders_unchecked")
    elif judged and all(d.authentication in ("", ABSENT) for d in judged):
        yield Caution("no_words", {"count": len(judged), "servers": ", ".join(office.trusted_servers)})


def _crops(shop: Shop, holds: Sequence[Judged]) -> _Crops:
    """Cuts out what was doubtful in held mails, the oldest first, as far as one mail can carry pictures.

    A picture helps, and is not worth a night without a report: what fails over one leaves it out.
    """
    found: dict[str, tuple[Picture, ...]] = {}
    left = _MOST_PICTURES
    for held in holds[:_MOST_SHOWN]:
        try:
            arrival = Arrival(held.sha, shop.home.raw(held.sha), held.decided_at)
            exhibits = exhibits_of(arrival, held.decision, shop.ledger, shop.readers)
        except Exception:
            continue
        left -= sum(len(exhibit.png) for exhibit in exhibits)
        if left < 0:
            break
        found[held.sha] = tuple(
            Picture(f"{quotable(exhibit.file)}: {shop.policy.words_for(exhibit.field)}", exhibit.png)
            for exhibit in exhibits
        )
    return found


def _lacked_ocr(decision: Decision) -> bool:
    return any(unread.why == "ocr_unavailable" for unread in decision.evidence.unread)


def _heard(judged: Judged) -> Heard:
    kept = ("sha", "number", "sender", "subject", "shunt", "decision", "decided_at")
    return Heard(**{name: getattr(judged, name) for name in kept})
