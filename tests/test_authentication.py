"""Whose word about a sender is believed: headers by the hundred, and mails through the front door."""

from __future__ import annotations

import random
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from pipeline.domain import Arrival, Office, Outcome
from pipeline.mail.authentication import authentication
from pipeline.mail.unpack import unpack
from pipeline.review.invented_office import OFFICE
from pipeline.sandbox.workers import WorkerPool
from tests.desk import LAX, STRICT, Desk
from tests.in_order import mail_from
from tests.letters import list_mail
from tests.mails import at
from tests.people import person

US, HOST = "mx.saglik.example.org", "hastane1.saglik.example.org"
REQUIRED = STRICT.office
WHO = person("Ayşe Karaağaçlı")
OUR_HOP = (
    "received",
    f"from mail.evil.invalid (mail.evil.invalid [192.0.2.66]) by {US} with ESMTPS id 4B1; x",
)
THEIR_HOP = ("received", "from laptop by mail.evil.invalid with ESMTPSA id 77; x")
INNER_HOP = ("received", f"from {US} by posta.saglik.example.org with LMTP id 9; x")
BELIEVED = ("pass", "none", "")


def word(value: str) -> tuple[str, str]:
    return ("authentication-results", value)


def found(*headers: tuple[str, str], office: Office = REQUIRED) -> str:
    return authentication(mail_from(headers=headers), office)


ABOUT = f"header.from={HOST}"
PASS, FAIL = f"{US}; dmarc=pass header.from={HOST}", f"{US}; dmarc=fail header.from={HOST}"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ((), "absent"),
        ((OUR_HOP,), "absent"),
        ((word(PASS), OUR_HOP), "pass"),
        ((INNER_HOP, word(PASS), OUR_HOP), "pass"),
        ((OUR_HOP, word(PASS)), "absent"),
        ((OUR_HOP, word(PASS), ("received", f"from x by {US} with ESMTP id 1; x")), "absent"),
        ((OUR_HOP, word(PASS), THEIR_HOP), "absent"),
        ((OUR_HOP, word(FAIL)), "fail"),
        ((word(f"{US}; dkim=pass header.d={HOST}; spf=pass"), word(FAIL), OUR_HOP), "fail"),
        ((word(f"{US}; dkim=pass header.d={HOST}"), word(PASS), OUR_HOP), "pass"),
        ((word(f"{US}; spf=fail smtp.mailfrom=x@{HOST}"), OUR_HOP), "unclear"),
        ((word(f"{US}; spf=fail smtp.mailfrom=x@evil.invalid"), word(PASS), OUR_HOP), "pass"),
        ((word(f"{US}; spf=pass smtp.mailfrom=x@{HOST}"), OUR_HOP), "absent"),
        ((word(f"{US}; dmarc=bestguesspass action=none header.from={HOST}"), OUR_HOP), "none"),
        ((word(f"{US}; dmarc=bestguesspass header.from=evil.invalid"), OUR_HOP), "misaligned"),
        ((word(f"{US}; spf=fail smtp.mailfrom=x; dmarc=none header.from={HOST}"), OUR_HOP), "unclear"),
        ((word(f"{US}; none"), OUR_HOP), "absent"),
        # Exchange Online's form: a good word of nobody is none, a bad one is heard.
        ((word(f"spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=x; dmarc=pass {ABOUT}"),), "absent"),
        ((word(f"spf=fail smtp.mailfrom=x; dkim=none; dmarc=fail action=none {ABOUT}"),), "fail"),
        ((word(f"spf=pass; dmarc=pass action=none {ABOUT};compauth=pass reason=100"), OUR_HOP), "pass"),
        # What a sender wrote into a quoted text or a comment says nothing.
        ((word(f'{US}; dmarc=fail reason="; dmarc=pass {ABOUT}" {ABOUT}'), OUR_HOP), "fail"),
        ((word(f"{US}; dmarc=fail (a (; dmarc=pass) b) header.from={HOST}"), OUR_HOP), "fail"),
        ((word(f'"{US}"; dmarc="pass" header.from="{HOST}"'), OUR_HOP), "pass"),
        ((word(f"{US} 1; dmarc/1 = pass (p=none) header.from = {HOST}"), OUR_HOP), "pass"),
        ((word(f"{US}; dmarc=pass header.from={HOST} (never ends"), OUR_HOP), "unclear"),
    ],
)  # fmt: skip
def test_where_a_word_stands_and_what_it_says(headers: Sequence[tuple[str, str]], expected: str) -> None:
    assert found(*headers) == expected


def test_a_filter_that_writes_below_its_servers_received_has_to_be_named() -> None:
    below = (OUR_HOP, ("dkim-filter", "OpenDKIM"), word(PASS), THEIR_HOP)
    assert found(*below) == "absent"
    assert found(*below, office=replace(REQUIRED, authentication_below_received=True)) == "pass"
    # A word further down is a sender's, whatever is written where.
    further = (OUR_HOP, ("x-mailer", "x"), word(PASS))
    assert found(*further, office=replace(REQUIRED, authentication_below_received=True)) == "absent"


def test_inner_servers_have_to_be_named_and_stand_on_top() -> None:
    inner = ("received", f"from {US} by MBX1.saglik.example.org with HTTPS id 3; x")
    assert found(inner, word(PASS), OUR_HOP) == "absent"
    named = replace(REQUIRED, inner_servers=("mbx*.saglik.example.org",))
    assert found(inner, word(PASS), OUR_HOP, office=named) == "pass"
    assert found(OUR_HOP, word(PASS), inner, office=named) == "absent"
    # A greeting that looks like a hop of ours is what the stranger said.
    greeted = (
        "received",
        f"from x by mbx1.saglik.example.org with LMTP (evil [192.0.2.6]) by {US} with ESMTP; x",
    )
    assert found(greeted, word(PASS), OUR_HOP, office=named) == "absent"


@pytest.mark.parametrize(
    "strangers",
    [
        'from x (x [192.0.2.6]) {us} (envelope-from <"x) by mbx1.saglik.example.org with LMTP ("@x>)',
        'from x (x [192.0.2.6]) {us} for <"nes+ by mbx1.saglik.example.org with LMTP "@saglik.example.org>',
        "from x (x [192.0.2.6]) {us} (helo by mbx1.saglik.example.org with LMTP)",
        "from x by mbx1.saglik.example.org with LMTP (x [192.0.2.6]) {us}",
        "from x (by mbx1.saglik.example.org with LMTP) {us}",
        'from "x by mbx1.saglik.example.org with LMTP " {us}',
    ],
)
def test_what_a_stranger_says_in_the_hop_he_came_in_by_makes_it_no_inner_one(strangers: str) -> None:
    """Else a word and a hop that he brought along would stand above where our servers end."""
    named = replace(REQUIRED, inner_servers=("mbx*.saglik.example.org",))
    hop = ("received", strangers.format(us=f"by {US} with ESMTP id 1") + "; x")
    assert found(hop, word(PASS), OUR_HOP, office=named) == "absent"


# What a server of ours that gives no word of DMARC may write down of a stranger's address or greeting.
WRITTEN_DOWN = (
    "spf=pass (sender {told}) smtp.mailfrom=x@evil.invalid",
    "spf=pass smtp.mailfrom={told}@evil.invalid",
    'spf=pass smtp.mailfrom="{told}"@evil.invalid',
    "iprev=pass (x) smtp.helo={told}",
    "dkim=none (message not signed {told})",
)
FORGED = ("x);dmarc=pass (", ";dmarc=pass", '";dmarc=pass;x="', " ; dmarc = pass ;")


def test_nothing_in_quotation_marks_is_our_servers_word() -> None:
    """A local part may hold what it likes, and stands in comments as well."""
    told = f'"x);dmarc=pass header.from={HOST} ("@evil.invalid'
    for how in WRITTEN_DOWN:
        assert found(word(f"{US}; {how.format(told=told)}"), OUR_HOP) not in BELIEVED
    # An address in a comment is no harm by itself.
    told = '"a.b"@evil.invalid'
    header = f"{US}; spf=pass (domain of {told}) smtp.mailfrom={told}; dmarc=pass (p=none) header.from={HOST}"
    assert found(word(header), OUR_HOP) == "pass"


@pytest.mark.parametrize("forged", FORGED)
@pytest.mark.parametrize("how", WRITTEN_DOWN)
def test_nothing_in_an_encoded_word_is_our_servers_word(how: str, forged: str) -> None:
    quoted = "=?utf-8?q?" + "".join(f"={ord(c):02X}" for c in forged) + "?="
    coded = f"=?utf-8?b?{b64encode(forged.encode()).decode()}?="
    for told in (quoted, coded):
        raw = (
            f"Authentication-Results: {US}; {how.format(told=told)}\r\n"
            f"Received: {OUR_HOP[1]}\r\nFrom: x@{HOST}\r\nSubject: x\r\n\r\nx\r\n"
        )
        submission = unpack(Arrival("0" * 64, raw.encode(), at("2024-05-13")))
        assert authentication(submission, REQUIRED) not in BELIEVED


def test_exchange_is_known_by_the_server_that_took_the_mail_in() -> None:
    border = (
        "received",
        "from x by AM1.mail.protection.example.com (10.0.0.1) with Microsoft SMTP Server id 1; x",
    )
    nameless = word(f"spf=pass smtp.mailfrom={HOST}; dmarc=pass action=none header.from={HOST}")
    exchange = replace(REQUIRED, trusted_servers=("*.mail.protection.example.com",))
    assert found(nameless, border, office=exchange) == "pass"
    assert found(nameless, border) == "absent"
    assert found(border, nameless, office=exchange) == "absent"


def test_where_no_word_is_required_only_a_bad_one_counts() -> None:
    assert found(OUR_HOP, office=OFFICE) == ""
    assert found(OUR_HOP, word(PASS), office=OFFICE) == ""
    assert found(OUR_HOP, word(FAIL), office=OFFICE) == "fail"
    assert found(word(f"{US}; spf=fail smtp.mailfrom=x"), OUR_HOP, office=OFFICE) == "unclear"
    assert found(office=replace(REQUIRED, trusted_servers=())) == ""


# --- forms by the hundred --------------------------------------------------------------------------


class Forms:
    """Writes the same word in the many forms that the grammar, and servers beyond it, allow."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def one_of(self, *choices: str) -> str:
        return self.random.choice(choices)

    def blank(self) -> str:
        return self.one_of("", " ", "  ", " (c) ", " (a (b) ; dmarc=pass) ", "\t")

    def cased(self, text: str) -> str:
        return self.one_of(text, text.upper(), text.title())

    def header(self, signed: str, result: str, domain: str) -> tuple[str, str]:
        signed = self.one_of(signed, f'"{signed}"', self.cased(signed), f"{signed} 1", f"(x) {signed}")
        equals = f"{self.one_of('', ' ', ' (c) ')}={self.one_of('', ' ', ' (c) ')}"
        value = self.one_of(result, f'"{result}"', self.cased(result))
        about = self.one_of(f"header.from={domain}", f'header.from="{domain}"', f"header.from = {domain}")
        about = self.one_of(
            about, f'reason="ok; dmarc=pass" {about}', f"(p=reject) {about}", f"{about} policy.x=1"
        )
        dmarc = f"{self.cased('dmarc')}{self.one_of('', '/1')}{equals}{value} {about}"
        others = [
            "dkim=pass header.d=x.example",
            "spf=pass smtp.mailfrom=x@x.example",
            "arc=none",
            "iprev=pass",
        ]
        parts = [*self.random.sample(others, self.random.randint(0, 3)), dmarc]
        self.random.shuffle(parts)
        return word(f"{signed}{self.blank()};{self.blank()}" + f"{self.blank()};{self.blank()}".join(parts))


def forged(forms: Forms) -> Iterator[tuple[str, str]]:
    """What a stranger brings along below the hop he came in by: good words in every form, hops of ours."""
    for _ in range(forms.random.randint(1, 4)):
        kind = forms.random.randint(0, 4)
        if kind < 3:
            yield forms.header(US, forms.one_of("pass", "none", "bestguesspass"), HOST)
        elif kind == 3:
            yield (
                "received",
                f"from {US} by {forms.one_of(US, 'posta.saglik.example.org')} with LMTP id 5; x",
            )
        else:
            yield word(f"dmarc=pass header.from={HOST}")


def bad(forms: Forms) -> Iterator[tuple[str, str]]:
    """What our server may write on a forged mail: nothing, nothing of use, or a bad word in every form."""
    word_of_ours = forms.one_of("fail", "permerror", "temperror", "quarantine", "x")
    match forms.random.randint(0, 5):
        case 0:
            return
        case 1:
            yield word(f"{US}; spf=fail smtp.mailfrom=x@{HOST}; dkim=none")
        case 2:
            yield forms.header(US, "pass", "evil.invalid")
        case 3:
            yield word(f"spf=fail smtp.mailfrom={HOST}; dmarc={word_of_ours} action=none header.from={HOST}")
        case 4:
            yield forms.header(US, "pass", HOST)
            yield forms.header(US, word_of_ours, HOST)
        case 5:
            yield forms.header(US, word_of_ours, HOST)


@pytest.mark.parametrize("seed", range(8))
def test_no_forgery_in_hundreds_of_forms_is_believed(seed: int) -> None:
    for n in range(150):
        forms = Forms(1000 * seed + n)
        inner = [INNER_HOP] if forms.random.random() < 0.5 else []
        headers = [*inner, *bad(forms), OUR_HOP, *forged(forms)]
        assert found(*headers) not in BELIEVED, headers


@pytest.mark.parametrize("seed", range(4))
def test_our_own_good_word_is_understood_in_hundreds_of_forms(seed: int) -> None:
    for n in range(100):
        forms = Forms(10_000 + 1000 * seed + n)
        inner = [INNER_HOP] if forms.random.random() < 0.5 else []
        result = forms.one_of("pass", "none", "bestguesspass")
        headers = [*inner, forms.header(US, result, HOST), OUR_HOP, THEIR_HOP]
        assert found(*headers) == ("pass" if result == "pass" else "none"), headers


@pytest.mark.parametrize(
    "value",
    [
        f"{US} dmarc=fail header.from={HOST}",
        f"{US}, dmarc=fail header.from={HOST}",
        f"{US} 1 dmarc=fail; spf=pass",
        f'"{US}" dmarc=fail',
        f"{US} / dmarc=fail",
    ],
)
def test_what_stands_before_the_first_semicolon_is_a_name_and_a_version_or_nothing_we_know(
    value: str,
) -> None:
    lax = replace(REQUIRED, authentication_required=False)
    assert found(word(value), OUR_HOP, office=lax) == "unclear"
    for known in (US, f"{US} 1", f"{US}/1", f'"{US}"'):
        assert found(word(f"{known}; dmarc=pass header.from={HOST}"), OUR_HOP, office=lax) == "pass"


# --- through the front door --------------------------------------------------------------------------


WHOLE = list_mail(WHO, at("2024-05-13", "09:00"))
FROM = f"<{WHO.work_email}>\r\nTo:".encode()


def under(*headers: str) -> bytes:
    """The list with these headers on top, in the place of what a server wrote."""
    head, _, rest = WHOLE.partition(b"\r\nFrom:")
    del head
    return ("\r\n".join(headers) + "\r\n").encode() + b"From:" + rest


RECEIVED = (
    f"Received: from mail.evil.invalid (x [192.0.2.6])\r\n\tby {US} with ESMTPS id 1; "
    "Mon, 13 May 2024 09:00:04 +0300"
)
OUR_WORD, OUR_SPF = f"Authentication-Results: {PASS}", f"Authentication-Results: {US}; spf=pass"
FORGERIES = {
    "no word": (RECEIVED,),
    "a word below our own Received": (RECEIVED, OUR_WORD),
    "the second word is bad": (OUR_SPF, f"Authentication-Results: {FAIL}", RECEIVED),
    "spf alone": (f"Authentication-Results: {US}; spf=fail smtp.mailfrom=x@{HOST}", RECEIVED),
    "nobody's word": (f"Authentication-Results: spf=fail; dmarc=fail action=none {ABOUT}", RECEIVED),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_list_is_held_told_in_the_report_and_changes_nothing(name: str, readers: WorkerPool) -> None:
    desk = Desk(readers, STRICT)
    judged = desk.take(under(*FORGERIES[name]))
    assert (judged.decision.outcome, judged.decision.silence) == (Outcome.HELD, "not_authentic")
    assert judged.decision.entries == ()
    assert desk.letters(judged) == []
    assert desk.ledger.all_cases() == []
    assert [held.sha for held in desk.ledger.open_holds()] == [judged.sha]


def test_the_same_list_under_our_own_word_is_accepted(readers: WorkerPool) -> None:
    judged = Desk(readers, STRICT).take(under(OUR_WORD, RECEIVED))
    assert judged.decision.outcome is Outcome.ACCEPTED


NOBODY = {
    "no From": (b"", "no_sender"),
    "a From without address": ("From: Ayşe\r\n".encode(), "no_sender"),
    "an address literal alone": (b"From: ayse@[192.0.2.1]\r\n", "no_sender"),
    "a second From": (f"From: {WHO.work_email}\r\nFrom: e@[192.0.2.1]\r\n".encode(), "several_senders"),
    "a literal beside": (f"From: {WHO.work_email}, <evil@[192.0.2.1]>\r\n".encode(), "several_senders"),
    "an unanswerable one beside": (f"From: {WHO.work_email}, e@localhost\r\n".encode(), "several_senders"),
    "a group": (f"From: Birim: {WHO.work_email}, e@{HOST};\r\n".encode(), "several_senders"),
    "a name that is an address": (f"From: e@evil.invalid <{WHO.work_email}>\r\n".encode(), "several_senders"),
    "in one word": (f"From: e@evil.invalid {WHO.work_email}\r\n".encode(), "no_sender"),
    "something behind": (f"From: <{WHO.work_email}> evil@evil.invalid\r\n".encode(), "several_senders"),
}  # fmt: skip


@pytest.mark.parametrize("name", NOBODY)
@pytest.mark.parametrize("policy", [LAX, STRICT], ids=["lax", "strict"])
def test_whoever_cannot_be_known_is_nobody(name: str, policy: object, readers: WorkerPool) -> None:
    line, silence = NOBODY[name]
    head, _, rest = under(OUR_WORD, RECEIVED).partition(b"From:")
    _, _, rest = rest.partition(b"\r\nTo:")
    desk = Desk(readers, policy)  # type: ignore[arg-type]
    judged = desk.take(head + line + b"To:" + rest)
    assert (judged.decision.outcome, judged.decision.silence) == (Outcome.HELD, silence)
    assert judged.decision.entries == ()
    assert desk.letters(judged) == []


@pytest.mark.parametrize(
    "line",
    [
        f'From: "a@b.example" <{WHO.work_email}>',
        f"From: {WHO.work_email} (Ayşe @ hastane)",
        f"From: =?utf-8?q?Ay=C5=9Fe_=40_hastane?= <{WHO.work_email}>",
        f"From: Karaağaçlı, Ayşe <{WHO.work_email}>",
        f"From: {WHO.work_email} <{WHO.work_email}>",
    ],
)
def test_a_name_with_a_sign_in_it_is_no_second_sender(line: str, readers: WorkerPool) -> None:
    head, _, rest = under(OUR_WORD, RECEIVED).partition(b"From:")
    _, _, rest = rest.partition(b"\r\nTo:")
    judged = Desk(readers, STRICT).take(head + line.encode() + b"\r\nTo:" + rest)
    assert judged.decision.outcome is Outcome.ACCEPTED
