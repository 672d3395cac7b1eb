"""packages: bytes of a ZIP → its parts, checked by its directory before anything is unpacked.

The standard library's zipfile never unpacks more of a part than the directory says and checks its
CRC, so that a lying directory ends as "damaged_file" and an honest one is judged by its sums.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from typing import IO, NamedTuple
from urllib.parse import unquote

from pipeline.sandbox.scanner.elements import Attributes, walk
from pipeline.sandbox.scanner.limits import (
    MAX_UNPACKED,
    MAX_ZIP_ENTRIES,
    MAX_ZIP_RATIO,
    RATIO_COUNTS_FROM,
    Allowance,
    Unreadable,
)

_ENCRYPTED = 0x1
_UTF8_NAME = 0x800
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError)


class Relation(NamedTuple):
    """A named arrow from one part of an Office package to another."""

    identifier: str
    type: str
    target: str


class Package:
    """A ZIP by its parts; names are found whatever their case and slashes, as Excel finds them."""

    def __init__(self, data: bytes, allowance: Allowance) -> None:
        """Opens the directory; raises Unreadable("damaged_file") or Unreadable("too_large")."""
        self.data = data
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (*_DAMAGE, NotImplementedError) as fault:
            raise Unreadable("damaged_file") from fault
        self._room = allowance
        # zipfile's own is_dir stumbles over an entry without a name.
        entries = [entry for entry in self._zip.infolist() if not entry.filename.endswith("/")]
        unpacked = sum(entry.file_size for entry in entries)
        if len(entries) > MAX_ZIP_ENTRIES or unpacked > MAX_UNPACKED:
            raise Unreadable("too_large")
        if unpacked > RATIO_COUNTS_FROM and unpacked > MAX_ZIP_RATIO * len(data):
            raise Unreadable("too_large")
        self._entries = {_plain(entry.filename): entry for entry in entries}

    @property
    def names(self) -> tuple[str, ...]:
        """All parts, in lower case with forward slashes."""
        return tuple(self._entries)

    def __contains__(self, name: str) -> bool:
        return _plain(name) in self._entries

    def shown_name(self, name: str) -> str:
        """Gives a part's name as its sender saw it; Turkish Windows writes code page 857 unmarked."""
        entry = self._entries[_plain(name)]
        if entry.flag_bits & _UTF8_NAME:
            return entry.filename
        try:
            return entry.filename.encode("cp437").decode("cp857")
        except UnicodeError:
            return entry.filename

    def open(self, name: str) -> IO[bytes]:
        """Opens a part for reading; raises Unreadable where it is missing, locked or unknown inside."""
        entry = self._entries.get(_plain(name))
        if entry is None:
            raise Unreadable("damaged_file")
        if entry.flag_bits & _ENCRYPTED:
            raise Unreadable("password_protected")
        self._room.take_unpacked(entry.file_size)
        try:
            return self._zip.open(entry)
        except NotImplementedError as fault:
            raise Unreadable("archive_unsupported") from fault
        except _DAMAGE as fault:
            raise Unreadable("damaged_file") from fault

    def read(self, name: str) -> bytes:
        """Reads a whole part."""
        with self.open(name) as part:
            try:
                return part.read()
            except _DAMAGE as fault:
                raise Unreadable("damaged_file") from fault

    def relations(self, name: str) -> tuple[Relation, ...]:
        """Lists where an Office part points to ("" is the package itself); none where it says nothing."""
        folder, base = posixpath.split(name)
        listing = posixpath.join(folder, "_rels", base + ".rels")
        if listing not in self:
            return ()
        found = _Relations(folder)
        with self.open(listing) as part:
            walk(part, found, self._room)
        return tuple(found.relations)

    def main_part(self) -> Relation | None:
        """Finds the part an Office package is about."""
        return next((r for r in self.relations("") if r.type.endswith("/officeDocument")), None)


class _Relations:
    def __init__(self, folder: str) -> None:
        self._folder = folder
        self.relations: list[Relation] = []

    def start(self, name: str, attributes: Attributes) -> None:
        if name != "Relationship" or attributes.get("TargetMode") == "External":
            return
        target = unquote(attributes.get("Target", "")).replace("\\", "/")
        path = posixpath.normpath(posixpath.join("/", self._folder, target)).lstrip("/")
        self.relations.append(Relation(attributes.get("Id", ""), attributes.get("Type", ""), path))

    def end(self, name: str) -> None: ...

    def text(self, text: str) -> None: ...


def _plain(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()
