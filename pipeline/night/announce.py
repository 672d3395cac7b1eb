"""announce: Batch…, the night's work and its Report → Letter…"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.domain import Letter
from pipeline.letters.list_letter import batch_file, list_letter
from pipeline.night.material import ReportMaterial
from pipeline.night.report import Report
from pipeline.night.report_letter import report_letter
from pipeline.policy.policy import Policy


def announce(
    night: ReportMaterial, report: Report, painted: Mapping[str, bytes], policy: Policy
) -> tuple[Letter, ...]:
    """Writes the night's letters: the lists, where there are any, and always the report.

    `painted` are the charts of the report as PNG, by name, for programs that show nothing better.
    """
    files = tuple(map(batch_file, night.batches))
    recipient = policy.office.batch_recipient
    lists = (list_letter(batch, recipient, night.until, policy) for batch in night.batches)
    return (*lists, report_letter(night, report, painted, files, policy))
