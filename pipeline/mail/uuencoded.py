"""uuencoded: the words of a mail → the same words without the files that old programs write into them."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Iterator

_BEGINS = re.compile(r"begin [0-7]{3,4} (\S.*)")
# A line: a letter for its length, then four letters for each three bytes; servers take blanks off its end.
_LINE = re.compile(r"[ -`]{1,86}")
_MOST_FILES = 20

WordsAndFiles = tuple[str, tuple[tuple[str, bytes], ...]]


def without_files(text: str) -> WordsAndFiles:
    """Takes uuencoded files out of a text: the words that are left, and each file's name and bytes.

    What has no line of data behind its `begin` is words; a file that is cut off is given as far as it goes.
    """
    words: list[str] = []
    files: list[tuple[str, bytes]] = []
    lines = iter(text.split("\n"))
    for line in lines:
        head = _BEGINS.fullmatch(line.rstrip("\r"))
        if head is None or len(files) >= _MOST_FILES:
            words.append(line)
            continue
        data, rest = _file(lines)
        if data:
            files.append((head[1].strip(), data))
        else:
            words.append(line)
        words += rest
    return "\n".join(words), tuple(files)


def _file(lines: Iterator[str]) -> tuple[bytes, Iterable[str]]:
    """Reads up to the end of a file: its bytes, and the line that was read and is none of it."""
    pieces: list[bytes] = []
    for line in lines:
        bare = line.rstrip("\r")
        if bare.strip() in ("end", "", "`"):
            if bare.strip() == "end":
                return b"".join(pieces), ()
            continue
        piece = _bytes_of(bare)
        if piece is None:
            return b"".join(pieces), (line,)
        pieces.append(piece)
    return b"".join(pieces), ()


def _bytes_of(line: str) -> bytes | None:
    size = (ord(line[0]) - 32) & 63 if line else 0
    needed = 1 + (size + 2) // 3 * 4
    # One letter more is a check sum that some programs add.
    if not size or not _LINE.fullmatch(line) or len(line.rstrip()) > needed + 1:
        return None
    try:
        return binascii.a2b_uu(line[:needed].ljust(needed))
    except (binascii.Error, ValueError):
        return None
