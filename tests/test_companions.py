"""One odd part never decides a mail: good mails among what programs add, in every order, code and nesting."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from email import encoders
from email.mime.base import MIMEBase
from hashlib import sha256

import pytest

from pipeline.domain import (
    Arrival,
    Attachment,
    Event,
    FileKind,
    Outcome,
    Page,
    Place,
    Submission,
    Transcript,
    Word,
)
from pipeline.domain.faults import OperatorFault
from pipeline.intake.deciding import judge_again
from pipeline.judging.read import read
from pipeline.ledger.book import Judged, Ledger
from pipeline.mail import cms
from pipeline.mail.unpack import unpack
from pipeline.mail.uuencoded import without_files
from pipeline.office.sitting import Sitting
from pipeline.policy.companions import Companion, Seen, load_companions
from pipeline.policy.mail_words import own_words
from pipeline.sandbox.scanner.limits import Allowance
from pipeline.sandbox.scanner.sniff import sniff
from pipeline.sandbox.workers import WorkerPool
from tests import wrappings
from tests.in_order import POLICY
from tests.letters import list_mail, list_of, writes
from tests.letters.receipts import BILL, paid
from tests.mails import (
    PDF,
    UNKNOWN,
    XLS,
    Envelope,
    Part,
    at,
    attached,
    mail,
    mixed,
    multipart,
    plain,
    written,
)
from tests.people import person
from tests.receipt_material import receipt_pdf
from tests.workbooks import packed

WHO = person("Ayşe Karaağaçlı")
DAY = datetime(2024, 5, 20, 9, 0, tzinfo=UTC)
LIST = list_of(WHO)
RECEIPT = receipt_pdf(BILL, paid(WHO, "2024-05-17T10:00:00", 71))


def judged(raw: bytes, readers: WorkerPool, *before: bytes) -> Judged:
    """What becomes of a mail that comes after others."""
    ledger = Ledger.in_memory()
    run = ledger.begin_run("test", DAY)
    for number, each in enumerate((*before, raw), start=1):
        arrival = Arrival(sha256(each).hexdigest(), each, DAY)
        ledger.keep(Place("test", "INBOX", 1, number), arrival, "", run)
        judge_again(Sitting(ledger, POLICY, readers, DAY, DAY.date()), arrival)
    found = ledger.judged(sha256(raw).hexdigest())
    assert found is not None
    ledger.close()
    return found


# --- odd parts beside a good one -------------------------------------------------------------------

ODD_PARTS: dict[str, tuple[bytes, str, str]] = {
    "words cut off": ("iPhone'umdan gönderildi\r\n".encode(), "text/plain", "ATT00001.txt"),
    "words cut off, as a page": (b"<html><body><br>Ay\xc5\x9fe</body></html>", "text/html", "ATT00002.htm"),
    "words cut off, as bytes": (b"Saygilar\r\n", UNKNOWN, "ATT00003.txt"),
    "empty": (b"", "text/plain", "ATT00004.txt"),
    "empty page": (b"\r\n", "text/html", "ATT00005.htm"),
    "unknown part": (b"\x01\x02\x03" * 30, UNKNOWN, "ATT00006.bin"),
    "key": (wrappings.PGP_KEY, "application/pgp-keys", "OpenPGP_0x1.asc"),
    "key, by no type": (wrappings.PGP_KEY, UNKNOWN, "publickey.txt"),
    "signature": (wrappings.PGP_SIGNATURE, "application/pgp-signature", "signature.asc"),
    "S/MIME signature": (wrappings.signed(None), "application/pkcs7-signature", "smime.p7s"),
    "S/MIME signature, by no type": (wrappings.signed(None), UNKNOWN, "imza.p7s"),
    "resource fork": (wrappings.resource_fork(), "application/applefile", "._FORM-001-003.xls"),
    "resource fork, by no type": (wrappings.resource_fork(), UNKNOWN, "dekont.pdf"),
    "card": (wrappings.VCARD, "text/vcard", "kart.vcf"),
    "card, by no type": (wrappings.VCARD, UNKNOWN, "Sekreter.vcf"),
    "invitation": (wrappings.CALENDAR, "text/calendar", "invite.ics"),
    "winmail.dat without a file": (wrappings.winmail_without_files(), "application/ms-tnef", "winmail.dat"),
    "folder store": (wrappings.FOLDER_STORE, UNKNOWN, ".DS_Store"),
    "folder settings": (wrappings.FOLDER_SETTINGS, UNKNOWN, "desktop.ini"),
    "photo's changes": (wrappings.PHOTO_CHANGES, UNKNOWN, "IMG_0042.AAE"),
    "counting dot": (wrappings.dot(), "image/gif", "open.gif"),
}


def odd(name: str, draw: random.Random) -> Part:
    """One odd part, in one of the codes that mail programs write."""
    data, media_type, file_name = ODD_PARTS[name]
    part = MIMEBase(*media_type.split("/"))
    part.set_payload(data)
    # Line ends are no part of a text, and bytes must not lose theirs.
    as_text = media_type.startswith("text/") and draw.random() < 0.5
    (encoders.encode_quopri if as_text else encoders.encode_base64)(part)  # type: ignore[no-untyped-call]
    part["Content-Disposition"] = f'{draw.choice(["attachment", "inline"])}; filename="{file_name}"'
    return part


def nested(parts: list[Part], draw: random.Random) -> Part:
    """The parts side by side, or one level further in as forwarding programs leave them."""
    draw.shuffle(parts)
    cut = draw.randrange(len(parts) + 1)
    inner = parts[cut:]
    wrap: Callable[[], Part] = draw.choice(
        [
            lambda: mixed(*parts),
            lambda: mixed(*parts[:cut], mixed(*inner)),
            lambda: mixed(*parts[:cut], multipart("related", *inner)),
            lambda: multipart("signed", mixed(*parts)),
            lambda: attached(wrappings.signed(written(mixed(*parts))), "application/pkcs7-mime", "smime.p7m"),
            lambda: attached(wrappings.signed_in_pieces(written(mixed(*parts))), UNKNOWN, "smime.p7m"),
        ]
    )
    return wrap()


def around(good: Part, seed: int) -> bytes:
    """A good file with one to four odd parts."""
    draw = random.Random(seed)
    names = draw.sample(sorted(ODD_PARTS), draw.randint(1, 4))
    content = nested([good, *(odd(name, draw) for name in names)], draw)
    return mail(
        Envelope(writes(WHO), "Kayıp e-imza", at("2024-05-20", "09:00")),
        mixed(plain("Merhaba, ektedir.\n"), content),
    )


@pytest.mark.parametrize("seed", range(40))
def test_a_list_ends_as_it_would_without_odd_parts(seed: int, readers: WorkerPool) -> None:
    found = judged(around(attached(LIST, XLS, "FORM-001-003.xls"), seed), readers)
    assert (found.decision.outcome, found.decision.findings) == (Outcome.ACCEPTED, ())
    assert [entry.identity_number.digits for entry in found.decision.entries] == [WHO.identity_number]


@pytest.mark.parametrize("seed", range(100, 115))
def test_a_receipt_ends_as_it_would_without_odd_parts(seed: int, readers: WorkerPool) -> None:
    before = list_mail(WHO, at("2024-05-13", "09:00"))
    found = judged(around(attached(RECEIPT, PDF, "dekont.pdf"), seed), readers, before)
    assert (found.decision.outcome, found.decision.findings) == (Outcome.ACCEPTED, ())


@pytest.mark.parametrize("name", ODD_PARTS)
def test_an_odd_part_alone_sends_no_mail_back(name: str, readers: WorkerPool) -> None:
    words = plain("Kartımı kaybettim, ne yapmam gerekiyor?\n")
    envelope = Envelope(writes(WHO), "Kayıp e-imza", at("2024-05-20", "09:00"))
    alone = judged(mail(envelope, words), readers)
    beside = judged(
        mail(
            envelope, mixed(plain("Kartımı kaybettim, ne yapmam gerekiyor?\n"), odd(name, random.Random(1)))
        ),
        readers,
    )
    assert alone.decision.outcome is Outcome.GUIDED
    assert (beside.decision.outcome, beside.decision.topic) == (Outcome.GUIDED, alone.decision.topic)


@pytest.mark.parametrize(
    ("name", "file_name"),
    [
        (n, f)
        for n in ("xls", "pdf")
        for f in ("ATT00001.txt", "ATT00002.bin", "._x", "smime.p7s", "winmail.dat")
    ],
)
def test_a_list_or_receipt_is_read_whatever_it_is_called(
    name: str, file_name: str, readers: WorkerPool
) -> None:
    data = {"xls": LIST, "pdf": RECEIPT}[name]
    media_type = "application/pkcs7-signature" if name == "xls" else "text/calendar"
    envelope = Envelope(writes(WHO), "Kayıp e-imza", at("2024-05-20", "09:00"))
    found = judged(mail(envelope, mixed(plain("Ektedir.\n"), attached(data, media_type, file_name))), readers)
    evidence = found.decision.evidence
    assert len(evidence.holders) + len(evidence.receipts) == 1


def test_an_archive_of_a_macintosh_gives_its_files_alone(readers: WorkerPool) -> None:
    archive = wrappings.package_of_pieces("Belgeler", {"FORM-001-003.xls": LIST})
    hidden = packed({"__MACOSX/FORM-001-003.xls": LIST})
    for data in (archive, hidden):
        envelope = Envelope(writes(WHO), "Kayıp e-imza", at("2024-05-20", "09:00"))
        found = judged(mail(envelope, mixed(plain("Ektedir.\n"), attached(data, UNKNOWN, "a.zip"))), readers)
        assert (found.decision.outcome, found.decision.findings) == (Outcome.ACCEPTED, ())


# --- words that a program has cut off are heard -----------------------------------------------------


def unpacked(*parts: Part, subject: str = "Bilgi") -> Submission:
    raw = mail(Envelope(writes(WHO), subject, at("2024-05-20", "09:00")), mixed(*parts))
    return unpack(Arrival("0" * 64, raw, DAY))


FOUND = "Kartımı buldum, başvurumu iptal edin."


@pytest.mark.parametrize(
    "part",
    [
        attached(FOUND.encode(), "text/plain", "ATT00001.txt"),
        attached(FOUND.encode(), UNKNOWN, "ATT00001.txt"),
        attached(f"<html><p>{FOUND}</p></html>".encode(), "text/html", "ATT00001.htm"),
        attached(FOUND.encode(), "text/plain", None),
    ],
)
def test_words_in_a_part_of_their_own_are_heard_behind_a_quoted_mail_too(part: Part) -> None:
    quoting = plain("Merhaba,\n\nKimden: Birim\nKonu: Liste\nListeniz alındı.\n")
    submission = unpacked(quoting, attached(LIST, XLS, "form.xls"), part)
    heard = own_words(submission, POLICY.mail_words)
    assert FOUND in heard
    assert "Listeniz alındı" not in heard


# --- files in signatures and codes -------------------------------------------------------------------


@pytest.mark.parametrize("wrap", [wrappings.signed, wrappings.signed_in_pieces, wrappings.signed_as_text])
def test_a_signature_is_taken_off(wrap: Callable[[bytes], bytes]) -> None:
    for size in (0, 1, 127, 128, 999, 70_000):
        data = random.Random(size).randbytes(size)
        assert cms.unwrapped(cms.binary(wrap(data))) == data


def test_a_signature_that_is_cut_off_or_changed_ends_in_one_of_three_ways() -> None:
    draw = random.Random(7)
    for whole in (wrappings.signed(LIST[:3000]), wrappings.signed_in_pieces(LIST[:3000])):
        for _ in range(400):
            data = bytearray(whole[: draw.choice([len(whole), draw.randrange(len(whole))])])
            if data:
                data[draw.randrange(min(len(data), 80))] = draw.randrange(256)
            try:
                inside = cms.unwrapped(bytes(data))
            except (cms.Broken, cms.Sealed):
                continue
            assert inside is None or len(inside) <= len(whole)


def test_an_encrypted_file_is_told_from_a_signed_one() -> None:
    assert sniff(wrappings.sealed(b"x" * 100), Allowance()).problem == "encrypted_message"
    assert sniff(wrappings.PGP_MESSAGE, Allowance()).problem == "encrypted_message"
    assert sniff(wrappings.signed(b"x")[:-9] + b"\xff" * 4, Allowance()).problem == "signed_file"


@pytest.mark.parametrize("seed", range(20))
def test_a_uuencoded_file_comes_out_as_it_went_in(seed: int) -> None:
    draw = random.Random(seed)
    data = draw.randbytes(draw.randint(1, 3000))
    text = f"Merhaba,\n{wrappings.uuencoded('form.xls', data)}İyi günler\n"
    if seed % 2:
        # As servers do that take blanks off the ends of lines.
        text = "\n".join(line.rstrip() for line in text.split("\n"))
    words, files = without_files(text)
    assert files == (("form.xls", data),)
    assert words == "Merhaba,\nİyi günler\n"


@pytest.mark.parametrize(
    "words", ["begin 644 x", "begin 644 form.xls\nbu bir dosya değil\nend", "begin\nend"]
)
def test_words_that_look_like_a_beginning_stay_words(words: str) -> None:
    assert without_files(words) == (words, ())


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_an_enclosed_mail_is_opened_in_whatever_code(encoding: str, depth: int) -> None:
    raw = list_mail(WHO, at("2024-05-13", "09:00"))
    for _ in range(depth):
        part = MIMEBase("message", "rfc822")
        part.set_payload(raw)
        {"base64": encoders.encode_base64, "quoted-printable": encoders.encode_quopri}[encoding](part)  # type: ignore[no-untyped-call]
        raw = mail(Envelope(writes(WHO), "İlt:", at("2024-05-20", "09:00")), mixed(plain("Ekte.\n"), part))
    files = unpack(Arrival("0" * 64, raw, DAY)).attachments
    assert [file.digest for file in files] == [sha256(LIST).hexdigest()]


def test_mails_inside_are_opened_up_to_a_number() -> None:
    inner = MIMEBase("message", "rfc822")
    inner.set_payload(list_mail(WHO, at("2024-05-13", "09:00")))
    encoders.encode_base64(inner)  # type: ignore[no-untyped-call]
    submission = unpacked(*[inner] * 30)
    assert len([a for a in submission.attachments if a.name.endswith(".xls")]) == 20


# --- mails that Outlook saved as files ----------------------------------------------------------------


def with_item(item: bytes) -> bytes:
    envelope = Envelope(writes(WHO), "Kayıp e-imza", at("2024-05-20", "09:00"))
    return mail(envelope, mixed(plain("Ektedir.\n"), attached(item, UNKNOWN, "Kayıp.msg")))


def test_a_list_in_a_mail_that_was_saved_as_a_file_is_read(readers: WorkerPool) -> None:
    found = judged(with_item(wrappings.outlook_item("Form ektedir.", {"FORM.xls": LIST})), readers)
    assert (found.decision.outcome, found.decision.findings) == (Outcome.ACCEPTED, ())
    assert [holder.file for holder in found.decision.evidence.holders] == ["Kayıp.msg / FORM.xls"]


def test_its_words_are_heard_like_the_mails_own(readers: WorkerPool) -> None:
    before = list_mail(WHO, at("2024-05-13", "09:00"))
    item = wrappings.outlook_item(FOUND, {"dekont.pdf": RECEIPT})
    found = judged(with_item(item), readers, before)
    assert [entry.event for entry in found.decision.withheld if entry.event is Event.WITHDRAWN]


def test_a_saved_mail_of_words_alone_waits_for_a_person(readers: WorkerPool) -> None:
    found = judged(with_item(wrappings.outlook_item("Listeyi sonra göndereceğim.", {})), readers)
    assert (found.decision.outcome, [u.why for u in found.decision.evidence.unread]) == (
        Outcome.HELD,
        ["plain_text"],
    )


# --- what stands beside a photograph, in a package -----------------------------------------------------


def _photo(words: int) -> Transcript:
    told = tuple(Word("söz", 0, 0, 1, 1) for _ in range(words))
    return Transcript("f" * 64, FileKind.PICTURE, "jpeg", pages=(Page(1, 10, 10, told, "ocr"),))


def _named(name: str, media_type: str = UNKNOWN) -> Attachment:
    return Attachment(name, media_type, b"x" * 500, "d" * 64)


def test_a_live_photos_film_is_part_of_its_photograph_and_of_no_other() -> None:
    film = Transcript("e" * 64, FileKind.OTHER, "film", problem="video")
    photograph = (_named("IMG_0042.JPG"), _photo(30))
    with_own = read([photograph, (_named("img_0042.MOV"), film)], POLICY.patterns)
    with_other = read([photograph, (_named("IMG_0043.MOV"), film)], POLICY.patterns)
    assert [u.why for u in with_own.unread] == ["unknown_document"]
    assert [u.why for u in with_other.unread] == ["unknown_document", "video"]


def test_a_cover_letter_in_a_package_that_can_be_read_is_judged_by_what_it_says() -> None:
    line = "Personelimiz kartını bulmuştur, başvurunun işleme alınmamasını arz ederim."
    words = tuple(Word(word, i * 9, 0, i * 9 + 8, 5) for i, word in enumerate(line.split()))
    letter = Transcript(
        "e" * 64, FileKind.PDF, "pdf", pages=(Page(1, 600, 800, words, "text"),), notes=("cover_letter",)
    )
    evidence = read([(_named("ustyazi.pdf"), letter)], POLICY.patterns)
    assert [u.why for u in evidence.unread] == ["unknown_document"]


# --- the table proves itself ---------------------------------------------------------------------------


def test_a_kind_needs_content_and_examples_that_hold() -> None:
    kind = {"says": ["video"], "names": ["*.mov"]}
    good = {
        **kind,
        "accepts": [{"name": "a.mov", "says": "video"}],
        "rejects": [{"name": "a.mov", "says": ""}],
    }
    assert load_companions({"film": good})["film"].fits(Seen(name="B.MOV", says="video"))
    with pytest.raises(OperatorFault, match="companion_example"):
        load_companions({"film": {**good, "accepts": [{"name": "a.avi", "says": "video"}]}})
    for lacking in ("says", "accepts", "rejects"):
        with pytest.raises(ValueError, match=lacking):
            Companion.model_validate({k: v for k, v in good.items() if k != lacking})
