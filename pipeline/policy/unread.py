"""unread: an office's own files beside all there are → those that nobody reads, each with the likeliest name.

A price in a file beside its place, or with an ending that an editor has put behind the name, is in force
nowhere, and nothing else would miss it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from pipeline.domain import Subject
from pipeline.policy.places import takes_away

# Folders in which any file is one more of its kind.
FOLDERS_OF_RULES = frozenset({*Subject, "layouts", "papers", "topics", "reminders"})
_ONE_MORE = re.compile(rf"rules/(?:{'|'.join(sorted(FOLDERS_OF_RULES))})/[^/.][^/]*\.toml")
# A letter that nothing sends is missed by the proofs of texts.
_LETTER = re.compile(r"reports/replies/(?:.+/)?[^/_][^/]*\.txt")
_TEXT = re.compile(r"reports/(.+\.(?:txt|html))")
# Notes that people write for each other are meant for no program.
_NOTE = ".md"


def unread(below: Mapping[str, bytes], own: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    """Names every own file that nobody reads, with the name that is likely meant, "" where none is near."""
    for path, body in sorted(own.items()):
        if path in below or path.endswith(_NOTE):
            continue
        if takes_away(body) or not _is_read(path, {**below, **own}):
            yield path, _near(path, below)


def _is_read(path: str, files: Mapping[str, bytes]) -> bool:
    if _ONE_MORE.fullmatch(path) or _LETTER.fullmatch(path):
        return True
    text = _TEXT.fullmatch(path)
    # Other texts are read where another takes them in by name.
    return text is not None and any(
        text[1].encode() in body for other, body in files.items() if other != path and _TEXT.fullmatch(other)
    )


def _near(path: str, below: Mapping[str, bytes]) -> str:
    ending = re.match(r"(.+\.(?:toml|txt|html))(?:[.~].*)?$", path)
    bare = ending[1] if ending else path
    name = bare.rpartition("/")[2]
    namesakes = [known for known in below if known.rpartition("/")[2] == name]
    kin = [known for known in below if known.partition("/")[0] == bare.partition("/")[0]]
    return next(iter(get_close_matches(bare, namesakes or kin, 1, 0 if namesakes else 0.88)), "")
