"""certificates: an authority of the installation's own, and a certificate for each who may take part.

The authority's key signs and does nothing else: it stays where `init` was run, and goes to no host.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pipeline.domain.faults import OperatorFault
from pipeline.sandbox.cluster.membership import AUTHORITY, CERTIFICATE, KEY, REVOKED, SCHEDULER_NAME, Part

_AUTHORITY_KEY = "authority.key"
# Every certificate that was ever signed, a line each: whose, and its number. A renewed one is still good.
# It begins with the authority's own; a record that does not was begun late, and may lack some.
_ISSUED = "issued"
_ITSELF = "authority"
_AUTHORITY_DAYS, _DAYS = 3650, 825
# A clock may be a little behind the one that signed.
_GRACE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Authority:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def certify(folder: Path, members: Iterable[tuple[Part, str]]) -> tuple[Path, ...]:
    """Makes the authority where there is none, and a folder of certificate and key for each member.

    A member that has one gets a new one in its place. An office may only call; the scheduler and the workers
    may be called as well. Raises OperatorFault where the folder cannot be written or holds half an authority.
    """
    try:
        authority = _authority(folder)
        return tuple(_member(folder, authority, part, name) for part, name in members)
    except OSError as fault:
        raise OperatorFault("cluster_folder", folder=folder, why=fault.strerror) from fault


def revoke(folder: Path, members: Iterable[tuple[Part, str]]) -> Path:
    """Calls back every certificate that these members were ever given, and gives the list of all such.

    The list is laid beside the authority and into each member's folder; nobody who has it speaks to them
    again. Raises OperatorFault where one of them has none.
    """
    try:
        authority = _authority(folder)
        numbers = _revoked(folder)
        for part, name in members:
            if not (own := _numbers(folder, f"{part}-{name}")):
                raise OperatorFault("cluster_unknown", who=f"{part}-{name}", folder=folder)
            numbers |= own
        _write(folder / REVOKED, _list_of(authority, numbers))
        for place in folder.iterdir():
            if (place / CERTIFICATE).exists():
                _hand_on(folder, place)
    except OSError as fault:
        raise OperatorFault("cluster_folder", folder=folder, why=fault.strerror) from fault
    return folder / REVOKED


def is_recorded_whole(folder: Path) -> bool:
    """Tells whether the record names every certificate that this authority has ever signed.

    Versions before the record renewed certificates without a note; raises OSError, or ValueError where the
    authority's own certificate is none.
    """
    certificate = x509.load_pem_x509_certificate((folder / AUTHORITY).read_bytes())
    return f"{_ITSELF} {certificate.serial_number:x}" in _record(folder)


def _list_of(authority: _Authority, numbers: Iterable[int]) -> bytes:
    now = datetime.now(UTC)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    draft = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(now - _GRACE)
        # It holds for as long as the authority does: one that ran out would close the cluster to everybody.
        .next_update(authority.certificate.not_valid_after_utc)
        .add_extension(issuer, critical=False)
    )
    for number in sorted(numbers):
        one = x509.RevokedCertificateBuilder().serial_number(number).revocation_date(now).build()
        draft = draft.add_revoked_certificate(one)
    pem: bytes = draft.sign(authority.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    return pem


def _revoked(folder: Path) -> set[int]:
    if not (folder / REVOKED).exists():
        return set()
    return {one.serial_number for one in x509.load_pem_x509_crl((folder / REVOKED).read_bytes())}


def _numbers(folder: Path, member: str) -> set[int]:
    """Gives the numbers of all certificates of a member; of before the record, the one in its folder."""
    numbers = {int(line.split()[1], 16) for line in _record(folder) if line.split()[0] == member}
    certificate = folder / member / CERTIFICATE
    if certificate.exists():
        numbers.add(x509.load_pem_x509_certificate(certificate.read_bytes()).serial_number)
    return numbers


def _hand_on(folder: Path, place: Path) -> None:
    if (folder / REVOKED).exists():
        _write(place / REVOKED, (folder / REVOKED).read_bytes())


def ends_at(folder: Path) -> datetime:
    """Tells until when a member's certificate holds; raises OSError, or ValueError where it is none."""
    certificate = x509.load_pem_x509_certificate((folder / CERTIFICATE).read_bytes())
    end: datetime = certificate.not_valid_after_utc
    return end


def part_of(folder: Path) -> str:
    """Tells what a member's certificate makes its host; raises OSError, or ValueError where it is none."""
    subject = x509.load_pem_x509_certificate((folder / CERTIFICATE).read_bytes()).subject
    (named,) = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(named.value).partition(" ")[0]


def _authority(folder: Path) -> _Authority:
    certificate, key = folder / AUTHORITY, folder / _AUTHORITY_KEY
    if certificate.exists() != key.exists():
        raise OperatorFault("cluster_half", folder=folder)
    if not certificate.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = _found()
        _write(key, _private(made.key))
        # Before the certificate, without which there is no authority: a record is whole from the beginning.
        _write(folder / _ISSUED, f"{_ITSELF} {made.certificate.serial_number:x}\n".encode())
        _write(certificate, made.certificate.public_bytes(serialization.Encoding.PEM))
        return made
    try:
        loaded = serialization.load_pem_private_key(key.read_bytes(), None)
        known = x509.load_pem_x509_certificate(certificate.read_bytes())
    except ValueError as fault:
        raise OperatorFault("cluster_half", folder=folder) from fault
    if not isinstance(loaded, ec.EllipticCurvePrivateKey):
        raise OperatorFault("cluster_half", folder=folder)
    return _Authority(known, loaded)


def _found() -> _Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _named("nes-intake")
    draft = _draft(name, name, key.public_key(), _AUTHORITY_DAYS)
    draft = draft.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    draft = draft.add_extension(_usage(signs=True), critical=True)
    return _Authority(draft.sign(key, hashes.SHA256()), key)


def _member(folder: Path, authority: _Authority, part: Part, name: str) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    draft = _draft(_named(f"{part} {name}"), authority.certificate.subject, key.public_key(), _DAYS)
    draft = draft.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    draft = draft.add_extension(_usage(signs=False), critical=True)
    uses = [ExtendedKeyUsageOID.CLIENT_AUTH]
    if part != "office":
        uses.append(ExtendedKeyUsageOID.SERVER_AUTH)
        names = [_host(name), *([x509.DNSName(SCHEDULER_NAME)] if part == "scheduler" else [])]
        draft = draft.add_extension(x509.SubjectAlternativeName(names), critical=False)
    draft = draft.add_extension(x509.ExtendedKeyUsage(uses), critical=False)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    certificate = draft.add_extension(issuer, critical=False).sign(authority.key, hashes.SHA256())
    place = folder / f"{part}-{name}"
    place.mkdir(mode=0o700, exist_ok=True)
    # First of all: what is not in the record could not be called back.
    _note(folder, _numbers(folder, place.name) | {certificate.serial_number}, place.name)
    _write(place / KEY, _private(key))
    _write(place / CERTIFICATE, certificate.public_bytes(serialization.Encoding.PEM))
    _write(place / AUTHORITY, authority.certificate.public_bytes(serialization.Encoding.PEM))
    _hand_on(folder, place)
    return place


def _record(folder: Path) -> list[str]:
    issued = folder / _ISSUED
    return issued.read_text(encoding="utf-8").splitlines() if issued.exists() else []


def _note(folder: Path, numbers: set[int], member: str) -> None:
    lines = _record(folder)
    lines += sorted({f"{member} {number:x}" for number in numbers} - set(lines))
    _write(folder / _ISSUED, "".join(f"{line}\n" for line in lines).encode())


def _draft(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _GRACE)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _host(name: str) -> x509.GeneralName:
    with suppress(ValueError):
        return x509.IPAddress(ipaddress.ip_address(name))
    return x509.DNSName(name)


def _usage(signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    pem: bytes = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem


def _write(file: Path, content: bytes) -> None:
    """Puts a file in place whole, for its owner alone."""
    new = file.with_name(f".{file.name}.new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(file)
