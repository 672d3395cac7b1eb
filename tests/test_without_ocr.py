"""Where tesseract or its Turkish data are missing, scans wait for a person and the unit is told why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.sandbox.scanner.scan import PRELOAD
from pipeline.sandbox.scanner.tesseract import ocr_fault
from pipeline.sandbox.workers import WorkerPool
from tests.house import IT_UNIT, House, body

needs_tesseract = pytest.mark.skipif(ocr_fault() is not None, reason="tesseract-ocr-tur is missing")


@needs_tesseract
def test_without_turkish_data_a_photo_waits_and_the_report_says_why(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "tessdata"
    data.mkdir()
    # Any language but ours: tesseract lists whatever lies there.
    (data / "eng.traineddata").touch()
    monkeypatch.setenv("TESSDATA_PREFIX", str(data))
    with WorkerPool(1, preload=PRELOAD) as readers:
        poor = replace(house, readers=readers)
        poor.deliver("held/photo-of-receipt", "accepted/list-xlsx")
        poor.poll()
        poor.nightly()
    assert poor.ask("SELECT outcome FROM decision ORDER BY outcome") == [("accepted",), ("held",)]
    (report,) = [letter for letter in poor.letters() if letter["To"] == IT_UNIT]
    assert "tesseract-ocr-tur" in body(report)
    (answer,) = [letter for letter in poor.letters() if "bir görevli" in str(letter["Subject"])]
    assert "şu anda otomatik okunamıyor" in body(answer)


def test_the_report_of_an_ordinary_night_speaks_of_no_such_thing(house: House) -> None:
    house.deliver("accepted/list-xlsx")
    house.poll()
    house.nightly()
    (report,) = [letter for letter in house.letters() if letter["To"] == IT_UNIT]
    assert "tesseract" not in body(report)
