"""report_letter: the night's work → its report as a mail, with a workbook and a page enclosed."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from pipeline.domain import Enclosure, Letter, LetterState, OfficeLetter
from pipeline.domain.turkish import number_date, numeral, weekday
from pipeline.lists.form import XLSX
from pipeline.mail.rendering import content_id
from pipeline.night.charts import Drawing, draw, svg
from pipeline.night.material import ReportMaterial
from pipeline.night.report import (
    IN_MAIL,
    ON_PAGE,
    Figure,
    Report,
    Section,
    Setting,
    quiet_line,
    section,
    settings_of,
    text_blocks,
)
from pipeline.night.report_sections import accounted, told_of
from pipeline.night.report_workbook import write_report
from pipeline.policy.policy import Policy
from pipeline.policy.texts import set_plain

# Wide enough for a table beside text on a screen, and still to be read when a phone makes it smaller.
_IN_MAIL = 480.0
_ON_SCREEN, _ON_PHONE = 840.0, 340.0


# Sections whose mails a person has to look at.
_NEED_A_PERSON = ("held", "shunted", "unfetched")


def report_of(night: ReportMaterial, policy: Policy) -> Report:
    """Tells the whole report of a night, before it is set for anybody."""
    words = policy.texts.report
    sections = tuple(section(told, words) for told in told_of(night, policy))
    lines = {s.name: len(s.lines) for s in sections}
    figures = {**lines, "heard": night.balance["heard"], "listed": lines["batch"]}
    named = {"number": night.number, "day": number_date(night.day), "weekday": weekday(night.day)}
    files = _file_names(night)
    closing = [words["enclosed"].format(workbook=files["xlsx"], page=files["html"])]
    if night.audit_code:
        closing.append(words["audit_code"].format(code=night.audit_code))
    return Report(
        subject=words["subject"].format(**named, **figures),
        title=words["title"].format(**named),
        period=words["period"].format(**named, since=_moment(night.since), until=_moment(night.until)),
        opening=tuple(_opening(night, sum(lines[name] for name in _NEED_A_PERSON), words)),
        figures=tuple(Figure(name, label, figures[name]) for name, label in words["headlines"].items()),
        sections=sections,
        closing=tuple(closing),
        signature=(policy.office.unit, policy.office.institution),
        words=words,
    )


def _file_names(night: ReportMaterial) -> Mapping[str, str]:
    return {ending: f"gece-raporu-{night.day.isoformat()}.{ending}" for ending in ("xlsx", "html")}


def _opening(night: ReportMaterial, needed: int, words: Mapping[str, Any]) -> Iterator[str]:
    for letter in night.letters:
        if letter["kind"] == OfficeLetter.BATCH and letter["state"] == LetterState.FAILED:
            # Before anything else: people wait for links that nobody will send them.
            yield words["list_failed"].format(about=letter["about"], response=letter["response"])
    yield words["held" if needed else "held_none"].format(count=numeral(needed))
    if accounted(night) != night.balance["heard"]:
        yield words["unbalanced"].format(heard=night.balance["heard"], accounted=accounted(night))


def _moment(at: datetime) -> str:
    return f"{at:%d.%m.%Y %H:%M}"


def charts_of(report: Report) -> Mapping[str, Drawing]:
    """Draws the charts that the mail shows, to be painted."""
    return {s.chart.name: draw(s.chart, _IN_MAIL) for s in report.sections if s.chart}


def report_letter(
    night: ReportMaterial,
    report: Report,
    painted: Mapping[str, bytes],
    batch: Sequence[Enclosure],
    policy: Policy,
) -> Letter:
    """Sets the report as a mail with pictures, and encloses its workbook, its page and the night's list."""
    office, files = policy.office, _file_names(night)
    in_mail = settings_of(report, IN_MAIL)
    crops = _crop_names(in_mail)
    pictures = {f"{name}.png": png for name, png in painted.items()} | {n: png for png, n in crops.items()}
    common = {"report": report, "quiet": quiet_line(report)}
    html = policy.texts.page(
        "nightly",
        **common,
        settings=in_mail,
        charts={name: content_id(f"{name}.png") for name in painted},
        chart_width=round(_IN_MAIL),
        crops={png: content_id(name) for png, name in crops.items()},
    )
    page = policy.texts.page(
        "nightly-page",
        **common,
        settings=settings_of(report, ON_PAGE),
        charts={s.chart.name: _both_widths(s) for s in report.sections if s.chart},
        data=_data_address,
    )
    return Letter(
        kind=OfficeLetter.NIGHTLY,
        number=night.number,
        about=night.day.isoformat(),
        sender=office.sender,
        recipient=office.it_unit,
        subject=report.subject,
        text=set_plain(text_blocks(report)),
        html=html,
        written_at=night.until,
        enclosures=(
            *batch,
            Enclosure(files["xlsx"], XLSX, write_report(report)),
            Enclosure(files["html"], "text/html", page.encode()),
        ),
        pictures=tuple(Enclosure(name, "image/png", png) for name, png in pictures.items()),
    )


def _crop_names(in_mail: Iterable[Setting]) -> Mapping[bytes, str]:
    """Names each little picture of the report once, however often it is shown."""
    shown = (p.png for setting in in_mail for row in setting.rows for p in row.pictures)
    return {png: f"kesit-{number}.png" for number, png in enumerate(dict.fromkeys(shown), start=1)}


def _both_widths(section: Section) -> tuple[str, str]:
    assert section.chart
    return svg(draw(section.chart, _ON_SCREEN)), svg(draw(section.chart, _ON_PHONE))


def _data_address(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()
