"""Bombs: files and mails that cost more than they may; good mail beside them is answered in the same run."""

from __future__ import annotations

import hashlib
import io
import struct
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.comments import Comment

from pipeline.domain import Arrival, Outcome, Place
from pipeline.intake.deciding import judge_again
from pipeline.ledger.book import Ledger
from pipeline.office.sitting import Sitting
from pipeline.policy.places import REPORTS, RULES
from pipeline.sandbox.scanner.scan import PRELOAD
from pipeline.sandbox.workers import Limits, WorkerPool
from tests.house import MORNING, OFFICE, House, fixture, policy_of
from tests.people import PEOPLE
from tests.servers import Certificates, Dovecot, RecordingSmtp
from tests.workbooks import entry, official, packed, repacked, tnef, xlsx

MB = 1 << 20
POLICY = policy_of(RULES, REPORTS, OFFICE)
# As in the service, but for time: tests have less of it.
LIMITS = Limits(15.0, 5, 1024 * MB, 64 * MB, 32, 64 * MB)


# --- files ---------------------------------------------------------------------------------------


def zip_of_zips() -> bytes:
    """Forty archives inside each other; the innermost ten hold the next one twice."""
    data = b"the end"
    for depth in range(40):
        data = packed({f"{depth}{half}.zip": data for half in ("ab" if depth < 10 else "a")})
    return data


def endless_zip() -> bytes:
    """An archive whose entry is, to a reader that looks for the end first, the archive itself."""
    name = b"again.zip"
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 0, 0, 0, 0, 0, 0, len(name), 0) + name
    size = 4096
    body = local.ljust(size - 46 - len(name) - 22, b"\0")
    central = struct.pack(
        "<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, size, size, len(name), 0, 0, 0, 0, 0, 0
    )
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, 46 + len(name), len(body), 0)
    return body + central + name + end


def overlapping_zip(inner: str) -> bytes:
    """Five thousand entries that all point to the same ten megabytes of zeros."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(inner, bytes(10 * MB))
    data = stream.getvalue()
    end = data.rindex(b"PK\5\6")
    start = struct.unpack("<I", data[end + 16 : end + 20])[0]
    record = data[start:end]
    tail = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 5000, 5000, len(record) * 5000, start, 0)
    return data[:start] + record * 5000 + tail


def huge_zip() -> bytes:
    """A workbook whose only sheet is three hundred megabytes of rows."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(book())) as source,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name in source.namelist():
            if name.endswith("sheet1.xml"):
                with archive.open(name, "w") as sheet:
                    for _ in range(300):
                        sheet.write(b'<row r="1"/>' * (MB // 12))
            else:
                archive.writestr(name, source.read(name))
    return stream.getvalue()


def book() -> bytes:
    return xlsx(official(entry(PEOPLE[0])))


def entities() -> bytes:
    bomb = b'<!DOCTYPE x [<!ENTITY a "ha">' + b"".join(
        b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(12)
    ) + b"]><worksheet>&m;</worksheet>"  # fmt: skip
    return repacked(book(), {"xl/worksheets/sheet1.xml": bomb})


def external_entity() -> bytes:
    bomb = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><sst><si><t>&a;</t></si></sst>'
    return repacked(book(), {"xl/sharedStrings.xml": bomb})


def lying_rows() -> bytes:
    """Says it has every row there can be, and has a cell in the last of them."""
    sheet = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        b'<dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
        b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
    )
    return repacked(book(), {"xl/worksheets/sheet1.xml": sheet})


def _pdf(*objects: bytes) -> bytes:
    data, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    head = b"xref\n0 %d\n0000000000 65535 f \n" % size
    tail = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, len(data))
    return data + head + table + tail


def cyclic_pdf() -> bytes:
    """Pages that are their own parents and children, and a content that is drawn by itself."""
    return _pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Parent 2 0 R/Count 9999/Kids[2 0 R 3 0 R 2 0 R]>>",
        b"<</Type/Page/Parent 3 0 R/MediaBox[0 0 99 99]/Contents[4 0 R 4 0 R]"
        b"/Resources<</XObject<</X 4 0 R>>>>>>",
        b"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Length 5 0 R"
        b"/Resources<</XObject<</X 4 0 R>>>>>>stream\n/X Do\nendstream",
        b"5 0 R",
    )


def looping_pdf() -> bytes:
    """Cross-reference tables that name each other as the one before."""
    data = _pdf(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 0/Kids[]>>")
    place = data.rindex(b"xref\n", 0, data.rindex(b"startxref"))
    return data.replace(b"/Root 1 0 R>>", b"/Root 1 0 R/Prev %d>>" % place)


def giant_page() -> bytes:
    return _pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 1000000000 1000000000]/UserUnit 75000>>",
    )


def packed_pdf() -> bytes:
    """A content of two kilobytes that unpacks to 256 megabytes, in two steps."""
    zeros = zlib.compressobj(9)
    once = b"".join(zeros.compress(bytes(MB)) for _ in range(256)) + zeros.flush()
    twice = zlib.compress(once, 9)
    return _pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R>>",
        b"<</Filter[/FlateDecode/FlateDecode]/Length %d>>stream\n%s\nendstream" % (len(twice), twice),
    )


def huge_picture() -> bytes:
    """400 megapixels in fifty kilobytes."""
    side = 20_000

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    lines = zlib.compressobj(9)
    data = b"".join(lines.compress(bytes(side // 8 + 1)) for _ in range(side)) + lines.flush()
    head = struct.pack(">2I5B", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def huge_tnef() -> bytes:
    """A winmail.dat of a hundred bytes whose attributes say that they have four gigabytes."""
    return tnef("liste.xls", b"x" * 20).replace(struct.pack("<I", 20), struct.pack("<I", 0xFFFFFFFF))


def nested_html() -> bytes:
    return b"<html><body>" + b"<table><tr><td>" * 100_000


def comments_for_all() -> bytes:
    """A thousand rows below four hundred comments, each of which may be about any of them."""
    people = [entry(PEOPLE[n % len(PEOPLE)], workplace=f"Servis {n}") for n in range(1000)]
    book = load_workbook(io.BytesIO(xlsx(official(*people))))
    for column in range(400):
        book.active.cell(1, 200 + column).comment = Comment("satir 1 icin not " * 58, "a")
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


FILES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "comments for all": ("liste.xlsx", comments_for_all),
    "zip of zips": ("a.zip", zip_of_zips),
    "endless zip": ("a.zip", endless_zip),
    "overlapping zip": ("a.zip", lambda: overlapping_zip("a.bin")),
    "overlapping workbook": ("a.xlsx", lambda: overlapping_zip("xl/workbook.xml")),
    "huge workbook": ("a.xlsx", huge_zip),
    "entities": ("a.xlsx", entities),
    "external entity": ("a.xlsx", external_entity),
    "lying rows": ("a.xlsx", lying_rows),
    "cyclic pdf": ("a.pdf", cyclic_pdf),
    "looping pdf": ("a.pdf", looping_pdf),
    "giant page": ("a.pdf", giant_page),
    "packed pdf": ("a.pdf", packed_pdf),
    "huge picture": ("a.png", huge_picture),
    "huge tnef": ("winmail.dat", huge_tnef),
    "nested html": ("a.xls", nested_html),
}


# --- mails ---------------------------------------------------------------------------------------

HEAD = b"To: nes@saglik.example.org\r\nSubject: bomba\r\n"
N = 300_000


def deep() -> bytes:
    """Ten thousand parts inside each other."""
    return HEAD + b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(10_000)
    )


def wide() -> bytes:
    return HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"--b\r\n\r\nx\r\n" * 100_000


MAILS: dict[str, Callable[[], bytes]] = {
    "ten thousand levels": deep,
    "a hundred thousand parts": wide,
    # What is over the settings' size is never fetched, and stands in the report.
    "a header of a hundred megabytes": lambda: b"X: " + b"x" * (100 * MB) + b"\r\n" + HEAD + b"\r\nx",
    "a header of twenty megabytes": lambda: b"X: " + b"x" * (20 * MB) + b"\r\n" + HEAD + b"\r\nx",
    "a parameter of ten thousand parts": lambda: (
        HEAD + b'Content-Type: a/b; x="' + b";" * 200_000 + b"\r\n\r\nx"
    ),
    "such a parameter after a bare CR": lambda: (
        HEAD + b'X: y\rContent-Type: multipart/mixed; x="' + b";" * 200_000 + b"\r\n\r\nx"
    ),
    "open brackets": lambda: HEAD.replace(b"To:", b"Cc: " + b"(" * 100_000 + b"\r\nTo:") + b"\r\nx",
    "unclosed divs": lambda: HEAD + b"Content-Type: text/html\r\n\r\n<table>" + b"<div " * (4 * N),
    "unclosed rulers": lambda: HEAD + b"Content-Type: text/html\r\n\r\n<table>" + b"<hr " * (4 * N),
    "unclosed comments": lambda: HEAD + b"Content-Type: text/html\r\n\r\n" + b"<!--" * (4 * N),
    "a long line of message ids": lambda: HEAD + b"\r\n" + b"Message-ID: <" * N,
    "empty lines": lambda: HEAD + b"\r\n" + b"\r\n" * (10 * N),
    "uuencoded nothing": lambda: (
        HEAD + b"Content-Transfer-Encoding: x-uuencode\r\n\r\n" + b"begin 666 a\n" * N
    ),
    "links": lambda: HEAD + b"\r\n" + b"http://" * (3 * N),
}


def bomb_mails() -> Iterator[tuple[str, bytes]]:
    for number, (name, make) in enumerate(MAILS.items()):
        yield name, b"From: bomba%d@toplu.example.net\r\n" % number + make()
    for number, (name, (file_name, make)) in enumerate(FILES.items()):
        message = EmailMessage()
        message["From"], message["To"] = f"dosya{number}@toplu.example.net", "nes@saglik.example.org"
        message["Subject"] = "liste"
        message.set_content("Liste ektedir.")
        message.add_attachment(make(), maintype="application", subtype="octet-stream", filename=file_name)
        yield name, message.as_bytes()


def a_question(number: int) -> bytes:
    raw = fixture("guided/how-to-apply")
    (line,) = [part for part in raw.split(b"\n") if part.startswith(b"From:")]
    return raw.replace(line, b"From: kisi%d@saglik.example.org" % number, 1)


@pytest.fixture(scope="module")
def field(
    tmp_path_factory: pytest.TempPathFactory, dovecot: Dovecot, certificates: Certificates
) -> Iterator[tuple[House, dict[str, str]]]:
    """A house after one run over all the bombs, each between two good mails; which outcome each bomb had."""
    folder: Path = tmp_path_factory.mktemp("bombs")
    with RecordingSmtp(certificates) as smtp, WorkerPool(2, LIMITS, PRELOAD) as readers:
        house = House(folder, dovecot.account(), smtp, readers, seconds=30)
        shas = {}
        for number, (name, raw) in enumerate(bomb_mails()):
            house.deliver_raw(a_question(number))
            house.deliver_raw(raw)
            shas[name] = raw
        house.poll()
        known = {str(sha): str(outcome) for sha, outcome in house.ask("SELECT sha, outcome FROM decision")}
        crlf = {name: hashlib.sha256(_as_served(raw)).hexdigest() for name, raw in shas.items()}
        yield house, {name: known.get(sha, "") for name, sha in crlf.items()}


def _as_served(raw: bytes) -> bytes:
    return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


@pytest.mark.parametrize("name", [*MAILS, *FILES])
def test_a_bomb_costs_one_decision(field: tuple[House, dict[str, str]], name: str) -> None:
    house, outcomes = field
    if name == "a header of a hundred megabytes":
        assert outcomes[name] == ""
        assert house.ask("SELECT why FROM sighting WHERE state='set_aside'") == [("too_large",)]
        return
    if name in FILES:
        # Nothing of it went on, and its sender is told or a person looks.
        assert outcomes[name] in ("returned", "held")
    else:
        assert outcomes[name] in ("shunted", "held", "guided", "returned")
    assert house.ask("SELECT count(*) FROM entry") == [(0,)]


def test_nothing_was_our_fault(field: tuple[House, dict[str, str]]) -> None:
    house, _ = field
    assert house.ask("SELECT shunt FROM decision WHERE shunt LIKE 'internal%' OR shunt='crashed'") == []


def test_the_good_mail_beside_each_bomb_is_answered_in_the_same_run(
    field: tuple[House, dict[str, str]],
) -> None:
    house, outcomes = field
    assert house.ask("SELECT count(*) FROM letter WHERE state<>'done'") == [(0,)]
    answered = [str(letter["To"]) for letter in house.letters()]
    assert [answered.count(f"kisi{n}@saglik.example.org") for n in range(len(outcomes))] == [1] * len(
        outcomes
    )


def test_no_bomb_costs_minutes(field: tuple[House, dict[str, str]]) -> None:
    house, _ = field
    ((seconds,),) = house.ask("SELECT max(seconds) FROM usage")
    assert isinstance(seconds, float)
    assert seconds <= 60


# --- a fuzz of the whole way from bytes to decision --------------------------------------------------

_PIECES = [
    b"From: ",
    b"a@saglik.example.org",
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"To: ",
    b"Subject: ",
    b"=?utf-8?q?",
    b"=?",
    b"?=",
    b"Content-Type: ",
    b"text/html",
    b"multipart/mixed; boundary=b",
    b"message/rfc822",
    b"--b",
    b"--b--",
    b"; charset=",
    b"utf-7",
    b"x-unknown",
    b"Content-Transfer-Encoding: ",
    b"base64",
    b"x-uuencode",
    b"quoted-printable",
    b'filename="',
    b"filename*0*=utf-8''%FF",
    b'"',
    b"<",
    b">",
    b"(",
    b",",
    b"\0",
    b"\xff",
    b"Content-Disposition: attachment; ",
    b"<table><tr><td>10000000146",
    b"</td></tr></table>",
    b"PK\3\4",
    b"%PDF-",
    b"Received: ",
    b"Return-Path: <>",
    b"Auto-Submitted: auto-replied",
    b"Authentication-Results: ",
    b"dmarc=fail",
    b"multipart/report; boundary=b",
    b"Final-Recipient: rfc822; ",
    b"Action: failed",
    b"Message-ID: <",
    b"References: ",
    "kartım kayboldu".encode(),
    "ı".encode("utf-16"),
    b"\xfd\xf0\xfe",
    b"begin 666 a",
    b"{{ 7*7 }}",
    b"=cmd|' /C calc'!A0",
]


@pytest.fixture(scope="module")
def readers() -> Iterator[WorkerPool]:
    with WorkerPool(1, LIMITS, PRELOAD) as pool:
        yield pool


@settings(max_examples=120, deadline=None, derandomize=True)
@given(pieces=st.lists(st.one_of(st.sampled_from(_PIECES), st.binary(max_size=12)), max_size=60))
def test_whatever_bytes_come_there_is_one_of_six_outcomes(readers: WorkerPool, pieces: list[bytes]) -> None:
    raw = b"From: a@saglik.example.org\r\n" + b"".join(pieces)
    ledger = Ledger.in_memory()
    try:
        arrival = Arrival(hashlib.sha256(raw).hexdigest(), raw, MORNING)
        ledger.keep(Place("fuzz", "INBOX", 1, 1), arrival, "", ledger.begin_run("fuzz", MORNING))
        outcome = judge_again(Sitting(ledger, POLICY, readers, MORNING, MORNING.date()), arrival)
        judged = ledger.judged(arrival.sha)
    finally:
        ledger.close()
    assert outcome in set(Outcome)
    assert judged
    assert not judged.shunt.startswith("internal"), judged.shunt


def test_words_of_a_mail_are_read_so_far_and_no_further() -> None:
    from pipeline.mail.unpack import unpack

    raw = HEAD + b"From: a@b.example\r\n\r\n" + b"kart " * 20_000_00
    begun = time.process_time()
    assert len(unpack(Arrival("0" * 64, raw, MORNING)).text) == 200_000
    assert time.process_time() - begun < 20
