"""The wheel is the whole program: rules, texts, the demo's mails and the units to copy are in it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Builds the wheel and unpacks it, as an installer does."""
    place = tmp_path_factory.mktemp("wheel")
    (built,) = WheelBuilder(str(ROOT)).build(directory=str(place), versions=["standard"])
    with zipfile.ZipFile(built) as packed:
        packed.extractall(place / "unpacked")
    return place / "unpacked"


def asked(wheel: Path, code: str) -> str:
    """Has the unpacked program, and nothing of the checkout, run some code."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(wheel), "NES_INTAKE_SETTINGS": ""},
        cwd=wheel.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_rules_texts_units_and_licence_are_in_it(wheel: Path) -> None:
    data = wheel / "pipeline/_data"
    for folder in ("rules", "reports", "deploy"):
        files = subprocess.run(
            ["git", "ls-files", folder], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.split()
        assert [name for name in files if not (data / name).is_file()] == []
    assert list(wheel.glob("*.dist-info/licenses/LICENSE"))


def test_it_proves_itself_outside_of_a_checkout(wheel: Path) -> None:
    told = asked(wheel, "import sys; from pipeline.commands.cli import run; sys.exit(run(['check']))")
    assert "sorun yok" in told


def test_the_demo_finds_its_mails_and_no_other_comes_along(wheel: Path) -> None:
    told = asked(
        wheel,
        "from pipeline.review import demo; earlier, rounds = demo._rounds();"
        "print(demo.FIXTURES, *earlier, *(mail for mails in rounds for mail in mails), sep='\\n')",
    )
    fixtures, *mails = told.splitlines()
    assert Path(fixtures).is_relative_to(wheel)
    assert len(mails) > 30
    assert all(Path(mail).is_file() for mail in mails)
    carried = {str(file) for file in Path(fixtures).rglob("*.eml")}
    assert carried == set(mails)


def test_it_moves_in_from_what_it_carries(wheel: Path) -> None:
    code = (
        "import os, sys; at = os.path.abspath('moved');"
        "os.environ.update(XDG_CONFIG_HOME=at, XDG_DATA_HOME=at + '/data');"
        "from pipeline.commands.cli import run; sys.exit(run(['init', '--user']))"
    )
    assert "yapıldı" in asked(wheel, code)
    place = wheel.parent / "moved"
    assert (place / "nes-intake/settings.toml").is_file()
    # The guide does not come along, and no unit names it.
    units = [unit.read_text() for unit in (place / "systemd/user").iterdir()]
    assert len(units) == 6
    assert not any("Documentation" in unit for unit in units)
