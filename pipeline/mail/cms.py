"""cms: a signed file (.p7m, .p7s, CAdES; DER, BER or base64) → the file it wraps.

Nothing here believes a signature: the wrapping is taken off, and what was inside is judged like any other
file. Only lengths are followed, never further than the bytes reach, so that it costs no more than a copy.
"""

from __future__ import annotations

import binascii
import re
from typing import NamedTuple

_SEQUENCE, _OID, _OCTETS, _CONTENT = 0x30, 0x06, 0x04, 0xA0
_CONSTRUCTED = 0x20
_PKCS7 = bytes.fromhex("2a864886f70d0107")
_SMIME = bytes.fromhex("2a864886f70d01091001")
_SIGNED = _PKCS7 + b"\x02"
# Enveloped, signed and enveloped, encrypted; authenticated and enveloped.
_SEALED = (_PKCS7 + b"\x03", _PKCS7 + b"\x04", _PKCS7 + b"\x06", _SMIME + b"\x17")
_DEEPEST = 16
# A program that writes an octet string in pieces writes them of a kilobyte or more.
_MOST_PIECES = 200_000
# What stands before the file (a version, names of digests) is short, even where no length says so.
_LONGEST_PASSED_OVER = 65_536
_ARMOUR = re.compile(rb"\s*-----BEGIN (?:PKCS7|CMS|PKCS #7 SIGNED DATA)-----\s+([A-Za-z0-9+/=\s]+)-----END ")
_BASE64 = re.compile(rb"\s*(MI[A-Za-z0-9+/\s]+={0,2})\s*")


_HEAD = re.compile(
    rb"\x30(?:[\x00-\x80]|\x81.|\x82..|\x83...|\x84....)"
    rb"\x06(?:\x09" + re.escape(_PKCS7) + rb"|\x0b" + re.escape(_SMIME) + rb")",
    re.DOTALL,
)


class Broken(Exception):
    """It says that it is a signed file, and is none that could be followed to its end."""


class Sealed(Exception):
    """It is encrypted for somebody else than us."""


class _Element(NamedTuple):
    """A value's tag and where its bytes are; `end` is None where a mark ends it, as BER allows."""

    tag: int
    start: int
    end: int | None


def is_cms(data: bytes) -> bool:
    """Tells whether bytes say of themselves that they are one of the kinds of signed or sealed files."""
    # Cut off, it still is one: its end is not looked for.
    return bool(_HEAD.match(data))


def binary(data: bytes) -> bytes:
    """Gives the bytes of a signed file that was saved as base64 text; the same bytes where it is none."""
    found = _ARMOUR.match(data) or _BASE64.fullmatch(data)
    if not found:
        return data
    try:
        plain = binascii.a2b_base64(found[1])
    except binascii.Error:
        return data
    return plain if is_cms(plain) else data


def unwrapped(data: bytes) -> bytes | None:
    """Gives the file inside a signed one, None for a signature that stands beside its file.

    Raises Sealed for an encrypted one, Broken for what cannot be followed.
    """
    whole = _expect(data, 0, _SEQUENCE)
    kind = _expect(data, whole.start, _OID)
    name = data[kind.start : kind.end]
    if name in _SEALED:
        raise Sealed
    if name != _SIGNED:
        raise Broken
    signed = _expect(data, _expect(data, _after(data, kind), _CONTENT).start, _SEQUENCE)
    version = _element(data, signed.start)
    digests = _element(data, _after(data, version))
    content = _expect(data, _after(data, digests), _SEQUENCE)
    told = _expect(data, content.start, _OID)
    at = _after(data, told)
    if at == content.end or (content.end is None and data.startswith(b"\0\0", at)):
        return None
    return _octets(data, _expect(data, at, _CONTENT).start)


def _octets(data: bytes, at: int) -> bytes:
    """Reads an octet string that is written whole, or in pieces as BER allows."""
    whole = _element(data, at)
    if whole.tag == _OCTETS:
        return data[whole.start : whole.end]
    if whole.tag != _OCTETS | _CONSTRUCTED:
        raise Broken
    pieces: list[bytes] = []
    at = whole.start
    while not _is_over(data, whole, at):
        piece = _expect(data, at, _OCTETS)
        pieces.append(data[piece.start : piece.end])
        at = _after(data, piece)
        if len(pieces) > _MOST_PIECES:
            raise Broken
    return b"".join(pieces)


def _is_over(data: bytes, element: _Element, at: int) -> bool:
    return data.startswith(b"\0\0", at) if element.end is None else at >= element.end


def _after(data: bytes, element: _Element, depth: int = 0) -> int:
    """Finds where the value behind an element begins."""
    if element.end is not None:
        return element.end
    at = element.start
    while not data.startswith(b"\0\0", at):
        if depth > _DEEPEST or at - element.start > _LONGEST_PASSED_OVER:
            raise Broken
        at = _after(data, _element(data, at), depth + 1)
    return at + 2


def _expect(data: bytes, at: int, tag: int) -> _Element:
    found = _element(data, at)
    if found.tag != tag:
        raise Broken
    return found


def _element(data: bytes, at: int) -> _Element:
    head = data[at : at + 2]
    if len(head) < 2 or head[0] & 0x1F == 0x1F:
        raise Broken
    tag, length, start = head[0], head[1], at + 2
    if length == 0x80:
        if not tag & _CONSTRUCTED:
            raise Broken
        return _Element(tag, start, None)
    if length > 0x80:
        size = length & 0x7F
        length = int.from_bytes(data[start : start + size], "big")
        start += size
        if size > 8:
            raise Broken
    if start + length > len(data):
        raise Broken
    return _Element(tag, start, start + length)
