"""Rewrites every fixture mail, and the table in the README, always to the same bytes."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from tests.letters.all import LETTERS  # noqa: E402

OUTCOMES = ("accepted", "returned", "held", "guided", "ignored", "shunted")
TABLE_BEGINS = "<!-- written by make.py from here on -->\n"


def files() -> Iterator[tuple[str, bytes]]:
    """Writes every mail of every letter: its path under this folder, and its bytes."""
    for path, writer in LETTERS.items():
        written = writer()
        if isinstance(written, bytes):
            yield f"{path}.eml", written
        else:
            yield from ((f"{path}/{name}.eml", data) for name, data in written.items())


def table() -> str:
    """Lists every letter under its outcome with its writer's first line."""
    lines = []
    for outcome in OUTCOMES:
        lines += [f"\n## {outcome}\n", "| letter | what it is |", "|---|---|"]
        for path, writer in sorted(LETTERS.items()):
            folder, _, slug = path.partition("/")
            if folder == outcome:
                about = (writer.__doc__ or "").partition("\n")[0]
                lines.append(f"| {slug} | {about} |")
    return "\n".join(lines) + "\n"


def readme() -> str:
    """The README with its table as the letters are now."""
    words, mark, _ = (HERE / "README.md").read_text(encoding="utf-8").partition(TABLE_BEGINS)
    return words + mark + table()


def main() -> None:
    """Writes all, and removes mails that no letter makes any more."""
    made = dict(files())
    for old in HERE.rglob("*.eml"):
        if old.relative_to(HERE).as_posix() not in made:
            old.unlink()
    for path, data in made.items():
        (HERE / path).parent.mkdir(parents=True, exist_ok=True)
        (HERE / path).write_bytes(data)
    for folder in [f for f in HERE.glob("*/*/") if not any(f.glob("*.eml"))]:
        shutil.rmtree(folder)
    (HERE / "README.md").write_text(readme(), encoding="utf-8")


if __name__ == "__main__":
    main()
