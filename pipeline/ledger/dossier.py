"""dossier: all that the house keeps about one person, wherever it stands and whoever sent it.

A person stands in mails of their own, in other people's lists, in what was held or sent back, in letters of
ours, in what was read from files. Found by their number and, where that is not written, by the addresses and
the name that came with it.
"""

from __future__ import annotations

import email
import email.policy
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from pipeline.domain.turkish import IdentityNumber
from pipeline.ledger.book import Ledger

# What of a decision speaks of people, each claim with an identity number of its own.
_CLAIMS = ("holders", "receipts", "forms", "pasted")
_LARGEST_PART = 50_000_000


@dataclass(frozen=True, slots=True)
class Dossier:
    """Where one person stands in the ledger.

    `alone` are the mails among `mails` that are about nobody else; `words` are what the person is known by
    in plain text: number, addresses, name, numbers of cases and mails.
    """

    number: IdentityNumber
    entries: Sequence[Mapping[str, Any]]
    mails: Sequence[Mapping[str, Any]]
    alone: frozenset[str]
    letters: Sequence[Mapping[str, Any]]
    transcripts: Sequence[Mapping[str, Any]]
    addresses: frozenset[str]
    words: frozenset[str] = field(repr=False)

    @property
    def is_empty(self) -> bool:
        """Tells whether nothing is kept about the person."""
        return not (self.entries or self.mails or self.letters or self.transcripts)

    @property
    def cases(self) -> list[str]:
        """Lists the numbers of the person's cases."""
        return sorted({row["case_number"] for row in self.entries})


@dataclass(frozen=True, slots=True)
class KeptMail:
    """What a kept mail's bytes tell of a person: whether they name them, and the files that came with it."""

    names_them: bool
    files: frozenset[str]


def dossier_of(ledger: Ledger, number: IdentityNumber, kept: Mapping[str, KeptMail]) -> Dossier:
    """Looks for a person everywhere; `kept` are the mails whose bytes are still there, by digest."""
    entries = ledger.query("SELECT * FROM entry WHERE identity_number=? ORDER BY id", number.digits)
    decisions = ledger.query("SELECT * FROM decision ORDER BY rowid")
    bodies = {row["sha"]: json.loads(row["body"]) for row in decisions}
    holders = [json.loads(row["holder"]) for row in entries if row["holder"]]
    claims = [claim for body in bodies.values() for claim in _claims(body) if _is_of(claim, number)]
    addresses = _addresses([*holders, *claims])
    proofs = {row["proof"] for row in entries}
    named = {
        row["sha"]
        for row in ledger.query("SELECT sha FROM named WHERE person=?", ledger.keyed(number.digits))
    }
    transcripts = ledger.query("SELECT * FROM transcript ORDER BY rowid")
    read = {row["digest"] for row in transcripts if number.digits in _digits_of(row["body"])}
    named |= {sha for sha, mail in kept.items() if mail.names_them or mail.files & read}
    mails = [
        row
        for row in decisions
        if row["sha"] in named | proofs
        or f"settle/{row['number']}" in proofs
        or (row["sender"] and row["sender"].lower() in addresses)
        or number.digits in row["body"]
        or number.digits in row["subject"]
    ]
    others = {row["sha"] for row in mails if any(not _is_of(c, number) for c in _claims(bodies[row["sha"]]))}
    shas = {row["sha"] for row in mails}
    cases = {row["case_number"] for row in entries}
    words = {
        *(number.digits, *addresses, *cases, *_names([*holders, *claims])),
        *(row["number"] for row in mails),
    }
    files = read | {digest for sha in shas if sha in kept for digest in kept[sha].files}
    return Dossier(
        number=number,
        entries=entries,
        mails=mails,
        alone=frozenset(shas - others),
        letters=_letters(ledger, shas, cases, addresses, frozenset(words)),
        transcripts=[row for row in transcripts if row["digest"] in files],
        addresses=frozenset(addresses),
        words=frozenset(words),
    )


def of_person(body: Mapping[str, Any], number: IdentityNumber) -> dict[str, Any]:
    """Leaves of a decision what is said of one person."""
    evidence = body["evidence"]
    indices = {
        ("holder" if kind == "holders" else "receipt", index)
        for kind in ("holders", "receipts")
        for index, claim in enumerate(evidence.get(kind, ()))
        if _is_of(claim, number)
    }
    return {
        **{kind: [c for c in evidence.get(kind, ()) if _is_of(c, number)] for kind in _CLAIMS},
        "findings": [f for f in body["findings"] if (f["subject"], f["index"]) in indices],
        **{kind: [e for e in body[kind] if _is_of(e, number)] for kind in ("entries", "withheld", "told")},
    }


def without_person(body: dict[str, Any], number: IdentityNumber) -> dict[str, Any]:
    """Takes one person out of a decision about several; what was found about the others keeps its place."""
    evidence = dict(body["evidence"])
    kept: dict[str, list[int]] = {}
    for kind in _CLAIMS:
        claims = evidence.get(kind, ())
        kept[kind] = [index for index, claim in enumerate(claims) if not _is_of(claim, number)]
        evidence[kind] = [claims[index] for index in kept[kind]]
    findings = []
    for finding in body["findings"]:
        places = {"holder": kept["holders"], "receipt": kept["receipts"]}.get(finding["subject"])
        if places is None:
            findings.append(finding)
        elif finding["index"] in places:
            findings.append({**finding, "index": places.index(finding["index"])})
    rest = {
        kind: [e for e in body[kind] if not _is_of(e, number)] for kind in ("entries", "withheld", "told")
    }
    return {**body, "evidence": evidence, "findings": findings, **rest}


def export_of(ledger: Ledger, dossier: Dossier) -> Mapping[str, Any]:
    """Puts together what is handed out to the person: everything of theirs, and nothing of anybody else."""
    holds = {row["sha"]: row for row in ledger.query("SELECT * FROM hold")}
    return {
        "entries": list(dossier.entries),
        "mails": [
            {key: row[key] for key in ("number", "sha", "sender", "subject", "outcome", "decided_at")}
            | {
                "is_about_nobody_else": row["sha"] in dossier.alone,
                "hold": holds[row["sha"]]["state"] if row["sha"] in holds else None,
                "says": of_person(json.loads(row["body"]), dossier.number),
            }
            for row in dossier.mails
        ],
        "letters": [_exported(row, dossier) for row in dossier.letters],
        "transcripts": [
            {
                "digest": row["digest"],
                "kept_at": row["kept_at"],
                "says": sorted(
                    text
                    for text in set(_strings(json.loads(row["body"])))
                    if any(word.casefold() in text.casefold() for word in dossier.words)
                ),
            }
            for row in dossier.transcripts
        ],
    }


def _exported(row: Mapping[str, Any], dossier: Dossier) -> Mapping[str, Any]:
    told = {key: row[key] for key in ("kind", "about", "state", "planned_at", "changed_at")}
    is_own = row["about"] in dossier.alone or row["about"].partition("/")[0] in dossier.cases
    if is_own or row["recipient"].lower() in dossier.addresses:
        told |= {key: row[key] for key in ("message_id", "recipient", "subject")}
    if is_own and row["body"]:
        message = email.message_from_bytes(row["body"], policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        text = message.get_body(("plain",))
        told["text"] = text.get_content() if text else ""
    return told


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            # Where the cells of a sheet stand is packed, and says nothing, though names might be seen in it.
            if key != "packed":
                yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


def mentions(raw: bytes, words: Iterable[str]) -> bool:
    """Tells whether a letter names any of some words, in its head, its texts or its workbooks."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    told = " ".join([str(message["To"]), str(message["Subject"]), *map(_text_of, message.walk())]).casefold()
    return any(word.casefold() in told for word in words)


def _text_of(part: Any) -> str:
    if part.is_multipart():
        return ""
    data = part.get_payload(decode=True) or b""
    if part.get_content_maintype() == "text":
        return str(data.decode(part.get_content_charset() or "utf-8", "replace"))
    if str(part.get_filename() or "").endswith(".xlsx"):
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            sheets = [
                i for i in book.infolist() if i.filename.endswith(".xml") and i.file_size < _LARGEST_PART
            ]
            return " ".join(book.read(sheet).decode("utf-8", "replace") for sheet in sheets)
    return ""


def _letters(
    ledger: Ledger, shas: set[str], cases: set[str], addresses: set[str], words: frozenset[str]
) -> list[Mapping[str, Any]]:
    return [
        row
        for row in ledger.query("SELECT * FROM letter ORDER BY id")
        if row["about"] in shas
        or row["about"].partition("/")[0] in cases
        or row["recipient"].lower() in addresses
        or (row["body"] and mentions(row["body"], words))
    ]


def _digits_of(text: str) -> str:
    """Leaves out what people and OCR put between digits: blanks, dots and dashes."""
    return re.sub(r"(?<=\d)[\s.\-]+(?=\d)", "", text)


def _claims(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [claim for kind in _CLAIMS for claim in body["evidence"].get(kind, ())]


def _is_of(claim: Mapping[str, Any], number: IdentityNumber) -> bool:
    """Tells whether a claim is a person's: by its number, or by what is written where the number is not."""
    own = claim.get("identity_number")
    if own:
        return bool(own["digits"] == number.digits)
    return number.digits in _digits_of(json.dumps(claim))


def _addresses(claims: Iterable[Mapping[str, Any]]) -> set[str]:
    return {claim["work_email"].lower() for claim in claims if claim.get("work_email")}


def _names(claims: Iterable[Mapping[str, Any]]) -> set[str]:
    names = {f"{claim.get('given_name') or ''} {claim.get('family_name') or ''}".strip() for claim in claims}
    return {name for name in names if " " in name}
