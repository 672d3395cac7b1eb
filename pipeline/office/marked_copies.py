"""marked copies: MarkingPlan… → the marked copies, each written by a worker."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable
from concurrent.futures import Executor

from pipeline.domain import Enclosure, MarkingPlan, OpenedFile
from pipeline.lists.form import XLSX
from pipeline.sandbox.workers import WorkerFailed


def mark_copies(
    plans: Iterable[MarkingPlan], files: Iterable[OpenedFile], nameless: str, workers: Executor
) -> tuple[Enclosure, ...]:
    """Has the planned copies written side by side; one that a worker fails over is left out.

    The letter says everything a copy says, so that nobody has to wait for a copy that cannot be had.
    """
    # It writes workbooks, and most mails have none to be written.
    from pipeline.sandbox.marker.mark import PLANS, SHEETS, mark_copy

    by_name = {file.name: file for file in files}
    writing = [
        (
            plan.name,
            workers.submit(
                mark_copy,
                _editable(by_name[plan.file]),
                PLANS.dump_python(plan, mode="json"),
                SHEETS.dump_python(by_name[plan.file].transcript.sheets, mode="json"),
                nameless,
            ),
        )
        for plan in plans
    ]
    copies = []
    for name, future in writing:
        try:
            copies.append(Enclosure(name, XLSX, b64decode(future.result())))
        except WorkerFailed:
            continue
    return tuple(copies)


def _editable(file: OpenedFile) -> bytes:
    # A locked workbook is opened by its reader; its own bytes are of no use to an editor.
    locked = "builtin_password" in file.transcript.notes
    plain = file.transcript.format == "xlsx" and not file.is_inner and not locked
    return file.attachment.data if plain else b""
