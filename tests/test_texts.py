"""Everything we say: whole, the same in text and HTML, and never in a stranger's words alone."""

from __future__ import annotations

import email
import email.policy
import re
import shutil
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from email.generator import BytesGenerator
from functools import cache, partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import UndefinedError, meta

from pipeline.domain import Arrival, Decision, Enclosure, Entry, Event, Letter, Outcome, Procedure, Unread
from pipeline.domain.acts import Done, SealedAct
from pipeline.domain.cases import mail_number
from pipeline.domain.faults import OperatorFault
from pipeline.domain.troubles import Trouble
from pipeline.domain.turkish import IdentityNumber
from pipeline.intake.deciding import _paid_before
from pipeline.judging.remedies import paying
from pipeline.ledger.knowledge import Known
from pipeline.letters.act_copy import act_copy
from pipeline.letters.alarm import alarm
from pipeline.letters.answer import Answered, answer, answer_release
from pipeline.letters.inform import inform
from pipeline.letters.settled import Refusal, Verdicts, answer_settled
from pipeline.mail import rendering
from pipeline.mail.rendering import message_id, render
from pipeline.mail.unpack import unpack
from pipeline.night.announce import announce
from pipeline.night.consolidate import consolidate
from pipeline.night.material import Heard, ReportMaterial
from pipeline.night.report_letter import charts_of, report_of
from pipeline.office.console import sentence
from pipeline.policy.list_days import Selection
from pipeline.policy.places import REPORTS, RULES, Places
from pipeline.policy.policy import Policy
from pipeline.policy.text_proofs import filled_in_every_way, filled_words, prove_texts
from pipeline.policy.texts import Texts, Written, load_texts
from tests.in_order import (
    AYSE,
    POLICY,
    SHA,
    SUKRU,
    TODAY,
    facts_of,
    judged,
    mail_from,
    open_case,
    row,
    slip,
    spent_on,
)
from tests.people import person
from tests.products import crossed
from tests.test_procedures import READER, physician, transfer

NOW = datetime(2024, 5, 13, 9, 30, tzinfo=UTC)
ELVIN = person("Elvin Rzazadeh")


class Recording(Texts):
    """Texts that remember what they were asked to write, and with what."""

    asked: ClassVar[list[tuple[str, dict[str, Any]]]] = []

    def write(self, text: str, /, **values: object) -> Written:
        self.asked.append((text, values))
        return super().write(text, **values)


TEXTS = Recording(POLICY.texts.plain, POLICY.texts.html, POLICY.texts.words, POLICY.texts.report)
HOUSE = replace(POLICY, texts=TEXTS)


def letter_on(decision: Decision, policy: Policy = HOUSE) -> Letter:
    letter = answer(Answered(SHA, mail_from(), NOW), decision, None, (), policy)
    assert letter is not None
    return letter


def asked_about(topic: str) -> Decision:
    """Judges a question in words of the topic's own first example."""
    raw = tomllib.loads((RULES / "topics" / f"{topic}.toml").read_text(encoding="utf-8"))
    return judged(mail=mail_from(text=raw["matches"][0], subject=""))


DECISIONS: dict[str, Callable[[], Decision]] = {
    "accepted list": lambda: judged(row(), row(SUKRU, 7, understood={"kind": "code_from_words"})),
    "accepted receipt": lambda: judged(slip(), facts=facts_of(open_case())),
    "accepted both": lambda: judged(row(), slip(), row(number=9)),
    "guided": lambda: judged(row(), facts=facts_of(open_case())),
    "guided receipt": lambda: judged(
        slip(), facts=facts_of(open_case(receipt=slip()), spent=spent_on(slip(), "N-0000000H"))
    ),
    "held row": lambda: judged(row(ELVIN), row(SUKRU, 7)),
    "held file": lambda: judged(Unread("IMG_1.jpg", "no_words"), row(), facts=facts_of(open_case())),
    "held question": lambda: judged(),
    "returned row": lambda: judged(row(kind="3"), row(SUKRU, 7), row(ELVIN, 8)),
    "returned file": lambda: judged(Unread("liste.xls", "damaged_file"), Unread("x.jpg", "no_words")),
    "returned typo": lambda: judged(
        row(work_email="ayse@saglık.gov.tr", written={**row().written, "work_email": "ayse@saglık.gov.tr"})
    ),
    **{f"topic {topic.name}": partial(asked_about, topic.name) for topic in POLICY.topics},
    "topic where-is-it, told": lambda: judged(
        mail=mail_from(text="Başvurum ne durumda?", subject=""),
        facts=replace(facts_of(), sender_cases=(open_case(), open_case(SUKRU, batch="2024-05-13/1"))),
    ),
    "topic link-missing, told": lambda: judged(
        mail=mail_from(text="Kamu SM bağlantısı gelmedi.", subject=""),
        facts=replace(facts_of(), sender_cases=(open_case(),)),
    ),
    "a physician's receipt": lambda: physician(transfer()),
    "a physician's receipt back": lambda: physician(transfer(description="e-imza", iban=None)),
    "a physician's receipt in doubt": lambda: physician(transfer(payee="BAŞKASI")),
    "a reader's receipt": lambda: physician(READER, "Kart okuyucu ücreti."),
    "two procedures": lambda: physician(READER, "Ektedir."),
    "returned with known": lambda: judged(row(), row(SUKRU, 7, kind="3"), facts=facts_of(open_case())),
}


def listed(who: Any = AYSE) -> Entry:
    return Entry(
        "N-0000000H",
        Procedure.LOST_OR_STOLEN,
        IdentityNumber(who.identity_number),
        Event.LISTED,
        TODAY,
        SHA,
        holder=row(who),
    )


def a_night(policy: Policy = HOUSE, **changes: Any) -> tuple[Letter, ...]:
    """A night in which everything happened that a report can tell of."""
    decisions = [make() for make in DECISIONS.values()]
    shunted = Decision(Outcome.SHUNTED, None, decisions[0].evidence, silence="shunted")
    ignored = Decision(Outcome.IGNORED, None, decisions[0].evidence, silence="automatic")
    heard = [
        Heard(
            sha := f"{i:02x}" * 32,
            AYSE.work_email,
            f"Konu {i}",
            "too_deep" if d is shunted else "",
            d,
            NOW,
            mail_number(sha),
        )
        for i, d in enumerate([*decisions, shunted, ignored])
    ]
    counts = Counter(h.decision.outcome for h in heard)
    balance = {
        **{str(o): counts[o] for o in Outcome},
        "duplicates": 2,
        "undecided": 0,
        "heard": len(heard) + 2,
    }
    work = ReportMaterial(
        day=TODAY,
        number=7,
        since=NOW,
        until=NOW,
        balance=balance,
        heard=heard,
        open_holds=[h for h in heard if h.decision.outcome is Outcome.HELD],
        batches=consolidate(TODAY, [open_case(), open_case(SUKRU, holder=row(SUKRU))], policy.form),
        selection=Selection(disputed=(open_case(SUKRU, holder=row(SUKRU)),)),
        open_cases=[open_case()],
        letters=[
            {
                "recipient": "a@x.invalid",
                "subject": "Konu",
                "kind": "held",
                "state": "failed",
                "response": "550 yok",
                "attempts": 1,
            }
        ],
        unfetched=[{"account": "posta", "folder": "INBOX", "uid": 7, "why": "dropped"}],
    )
    work = replace(work, **changes)
    report = report_of(work, policy)
    return announce(work, report, dict.fromkeys(charts_of(report), b""), policy)


def question(topic: str) -> Decision:
    """A mail that asks about one thing, from somebody with an open case."""
    return replace(judged(), topic=topic, told=(open_case(),))


def _alarm(name: str, is_over: bool) -> Letter:
    about, reason = ("/posta", "unreachable") if name == "imap" else ("", "full")
    return alarm(Trouble(name + about, reason, NOW, NOW), is_over, HOUSE, NOW, NOW)


def released(state: str) -> dict[str, Any]:
    """What came of the wish to release a list."""
    return {
        "batch": "2024-05-13/1",
        "state": state,
        "count": 2,
        "leaving": ("N-0000000H",),
        "pending": ("G-0000000H",),
        "by": "mudur@saglik.example.org",
        "at": "14.05.2024 09:12",
        "digest": "0" * 64,
        "why": "e-postanızda onaydan başka sözler de var",
        "line": "3. satırı siliniz",
    }


LETTERS: dict[str, Callable[[], Letter]] = {
    **{
        f"topic {topic.name}": (lambda name=topic.name: letter_on(question(name)))  # type: ignore[misc]
        for topic in POLICY.topics
    },
    **{name: (lambda make=make: letter_on(make())) for name, make in DECISIONS.items()},  # type: ignore[misc]
    "settled, accepted": lambda: answer_settled(SHA, mail_from(), Verdicts([listed()]), HOUSE, NOW),
    "settled, returned": lambda: answer_settled(
        SHA, mail_from(), Verdicts(refused=[Refusal(None, "Kişi vazgeçti.")]), HOUSE, NOW
    ),
    "settled, answered": lambda: answer_settled(
        SHA, mail_from(), Verdicts(answers=["Kartınız kuryede.\nBekleyiniz."]), HOUSE, NOW
    ),
    "settled, mixed": lambda: answer_settled(
        SHA,
        mail_from(),
        Verdicts(
            [listed()], [Refusal(None, "Dekont okunmuyor.")], ["Kartınız kuryede."], [listed()], "claims-1"
        ),
        HOUSE,
        NOW,
    ),
    **{
        f"release, {state}": partial(
            lambda told: answer_release(SHA, mail_from(), told, HOUSE, NOW), released(state)
        )
        for state in (
            "done",
            "again",
            "not_for_release",
            "erased",
            "disputed",
            "unknown",
            "not_released",
        )
    },
    **{
        f"reminder, {reminder.name}": partial(
            lambda name: inform(
                f"replies/reminders/{name}",
                open_case(),
                AYSE.work_email,
                HOUSE,
                NOW,
                covers=["evrak-kapağı.pdf"],
                sent_on=TODAY,
                paid_on=TODAY,
            ),
            reminder.name,
        )
        for reminder in POLICY.reminders
    },
    **{
        f"returned by Kamu SM, {reason or 'silently'}": partial(
            lambda reason: inform(
                "replies/returned-by-kamu-sm", open_case(), AYSE.work_email, HOUSE, NOW, reason=reason
            ),
            reason,
        )
        for reason in ("Doğum tarihi kayıtla uyuşmuyor.", "")
    },
    "on somebody else's list": lambda: inform(
        "replies/on-a-list",
        open_case(),
        AYSE.work_email,
        HOUSE,
        NOW,
        identity_number="172******60",
        list_day={"day": TODAY, "is_latest": False, "for_release": False},
        whose="own",
        is_to_pay=True,
        covers=[],
    ),
    "complete": lambda: inform("replies/complete", open_case(), AYSE.work_email, HOUSE, NOW),
    **{
        f"{'all-clear' if is_over else 'alarm'}: {name}": partial(_alarm, name, is_over)
        for name in TEXTS.words["troubles"]
        for is_over in (False, True)
    },
    "an act": lambda: act_copy(
        Done(NOW, "settle", SHA, "G-00000000", "M. Memur", "bakıldı", {}),
        SealedAct("act-1", b"{}"),
        HOUSE.office.sender,
        HOUSE,
    ),
    "batch": lambda: a_night()[0],
    "batch for release": lambda: a_night(
        replace(HOUSE, office=replace(HOUSE.office, batch_recipient=HOUSE.office.it_unit))
    )[0],
    "report": lambda: a_night()[-1],
    "report of a quiet night": lambda: a_night(
        heard=[],
        open_holds=[],
        batches=(),
        selection=Selection(why_none="nothing"),
        letters=[],
        unfetched=[],
        balance={**{str(o): 0 for o in Outcome}, "duplicates": 0, "undecided": 0, "heard": 0},
    )[0],
    "report of a night without a list": lambda: a_night(
        batches=(),
        selection=Selection(
            late=(open_case(),),
            waiting=(open_case(SUKRU, holder=row(SUKRU)),),
            why_none="too_few",
            next_day=TODAY,
        ),
    )[0],
    "report out of balance": lambda: a_night(
        balance={**{str(o): 1 for o in Outcome}, "duplicates": 0, "undecided": 0, "heard": 7}
    )[-1],
}


@cache
def written(name: str) -> Letter:
    """Writes a letter once for all who only look at it."""
    return LETTERS[name]()


# --- whole -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_is_written_whole(name: str) -> None:
    letter = written(name)
    assert letter.subject.strip()
    assert letter.text.endswith("Müdürlüğü\n") or "otomatik gönderilmiştir" in letter.text
    for text in (letter.subject, letter.text, letter.html):
        assert not re.search(r"\{[{%#]|[%#}]\}|\bNone\b|\bUndefined\b|\[\]|\bTrue\b|\bFalse\b", text)
        assert "Konu:" not in text.split("\n")[0]
    assert "\n\n\n" not in letter.text
    assert all(len(line) <= 76 or " " not in line.strip() for line in letter.text.splitlines())
    assert not [line for line in letter.text.splitlines() if line != line.rstrip()]


def _templates() -> list[str]:
    return sorted(f.relative_to(REPORTS).as_posix() for f in REPORTS.rglob("*.txt"))


def _words_needed(texts: Texts, name: str) -> set[str]:
    """Lists the values a text asks for, its includes' own included."""
    assert texts.plain.loader is not None
    source, _, _ = texts.plain.loader.get_source(texts.plain, name)
    tree = texts.plain.parse(source)
    needed = meta.find_undeclared_variables(tree)
    for included in meta.find_referenced_templates(tree):
        assert included is not None
        needed |= _words_needed(texts, included)
    return needed


def test_every_text_is_written_by_somebody() -> None:
    for make in LETTERS.values():
        make()
    written = {f"{name}.txt" for name, _ in Recording.asked}
    own = {name for name in _templates() if not Path(name).name.startswith("_")}
    assert own - written == {"explain.txt", "find.txt", "history.txt", "offices.txt", "status.txt"}
    included = {other for name in _templates() for other in _included(POLICY.texts, name)}
    assert {name for name in _templates() if Path(name).name.startswith("_")} == included


def _included(texts: Texts, name: str) -> set[str]:
    assert texts.plain.loader is not None
    source, _, _ = texts.plain.loader.get_source(texts.plain, name)
    return {t for t in meta.find_referenced_templates(texts.plain.parse(source)) if t}


def test_everything_that_people_do_has_its_words() -> None:
    acts = (Path(__file__).parent.parent / "pipeline").rglob("*.py")
    kinds = {kind for file in acts for kind in re.findall(r'Deed\(\s*"([a-z_-]+)"', file.read_text("utf-8"))}
    assert {"settle", "sample", "sample-resume"} <= kinds
    # Without its words no copy of an act is written, and so the act is not done.
    assert kinds == set(POLICY.texts.words["acts"])


def test_a_hole_that_nobody_fills_raises() -> None:
    Recording.asked.clear()
    for make in LETTERS.values():
        make()
    unfilled: dict[tuple[str, str], bool] = {}
    for text, values in tuple(Recording.asked):
        for word in _words_needed(POLICY.texts, f"{text}.txt") - {"buys", "claims", "words"}:
            fewer = {k: v for k, v in values.items() if k != word}
            try:
                POLICY.texts.write(text, **fewer)
            except (UndefinedError, TypeError):
                unfilled[text, word] = True
            else:
                # In this letter the word stands in a part that is left out.
                unfilled.setdefault((text, word), False)
    assert len(unfilled) > 40
    assert [hole for hole, raised in unfilled.items() if not raised] == []


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """A copy of the texts to spoil."""
    return Path(shutil.copytree(REPORTS, tmp_path / "reports"))


@pytest.mark.parametrize(
    ("file", "content", "fault"),
    [
        ("replies/own.txt", "Merhaba\n", "text_without_subject"),
        ("replies/own.txt", "Konu: {{ x\n", "text_broken"),
        ("replies/own.txt", "Konu: {% if x %}\n", "text_broken"),
        ("letter.html", "{{ x | nosuchfilter }}", "text_broken"),
        ("words.toml", "[outcomes\n", "text_broken"),
    ],
)
def test_a_broken_text_is_refused_before_anything_starts(
    reports: Path, file: str, content: str, fault: str
) -> None:
    (reports / file).write_text(content, encoding="utf-8")
    with pytest.raises(OperatorFault) as refused:
        load_texts(Places(reports=reports).files())
    assert refused.value.name == fault
    assert sentence(refused.value)


# --- text and HTML ---------------------------------------------------------------------------------


KURYE = (
    'Konu: Kurye\n\n{% include "replies/_salutation.txt" %}\n\n@\n\n{% include "replies/_closing.txt" %}\n'
)


@pytest.mark.parametrize(
    ("file", "line", "fault", "told"),
    [
        ("topics/courier", '{% include "replies/_selam.txt" %}', "text_include", "replies/_selam.txt"),
        ("topics/courier", "{{ kurye }}", "text_word", "“kurye” diye bir söz yok"),
        ("topics/courier", "{% if false %}{{ kurye }}{% endif %}", "text_word", "“kurye”"),
        ("topics/courier", "{{ paid_on | day }}", "text_word", "“paid_on”"),
        ("topics/courier", "{% for c in told %}{{ c.kurye }}{% endfor %}", "text_unfilled", "kurye"),
        ("topics/courier", "{{ office.kurye }}", "text_unfilled", "kurye"),
        ("topics/courier", "{{ words.kurye }}", "text_unfilled", "kurye"),
        ("topics/courier", "{{ told[3].case }}", "text_unfilled", "doldurulamıyor"),
        ("held", "{% if paid %}{{ paid[0].kurye }}{% endif %}", "text_unfilled", "kurye"),
        ("held", "{{ kurye }}", "text_word", "“kurye”"),
        ("release", '{% if state == "erased" %}{{ office.kurye }}{% endif %}', "text_unfilled", "kurye"),
        ("reminders/link-unused", "{{ told }}", "text_word", "“told”"),
    ],
)
def test_a_text_that_a_mail_would_stumble_over_is_refused_before_any_comes(
    reports: Path, file: str, line: str, fault: str, told: str
) -> None:
    (reports / "replies" / f"{file}.txt").write_text(KURYE.replace("@", line), encoding="utf-8")
    with pytest.raises(OperatorFault) as refused:
        prove_texts(load_texts(Places(reports=reports).files()), HOUSE.office)
    assert refused.value.name == fault
    assert f"reports/replies/{file}.txt" in sentence(refused.value)
    assert told in sentence(refused.value)


def test_a_text_that_is_whole_is_taken(reports: Path) -> None:
    line = "{% for c in told %}{{ c.case }}, {{ c.opened_on | day }}{% endfor %} {{ office.unit }}"
    (reports / "replies" / "topics" / "courier.txt").write_text(KURYE.replace("@", line), encoding="utf-8")
    prove_texts(load_texts(Places(reports=reports).files()), HOUSE.office)


def test_the_proof_knows_every_word_that_the_program_fills_in() -> None:
    Recording.asked.clear()
    for make in LETTERS.values():
        make()
    for text, values in Recording.asked:
        known = filled_words(f"{text}.txt")
        assert values.keys() - {"office"} <= known.keys(), text


class _Words(HTMLParser):
    """Collects what a reader of the HTML sees, and where its links lead."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self.links: list[str] = []
        self.tags: Counter[str] = Counter()
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self._unseen += tag in ("title", "style", "script")
        self.links += [value or "" for key, value in attrs if key in ("href", "src")]
        self.text.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in ("title", "style", "script")
        self.text.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.text.append(data)


def seen(html: str) -> _Words:
    parser = _Words()
    parser.feed(html)
    parser.close()
    return parser


def _words_of_text(text: str) -> list[str]:
    return [w for w in text.split() if not re.fullmatch(r"-+|\d{1,2}\.", w)]


@pytest.mark.parametrize("name", LETTERS)
def test_text_and_html_say_the_same_words(name: str) -> None:
    letter = written(name)
    # A link sets its surroundings apart, a table needs no commas; the words stay the same.
    html = re.sub(r"[\s,:]+", "", "".join(_words_of_text("".join(seen(letter.html).text))))
    assert html == re.sub(r"[\s,:]+", "", "".join(_words_of_text(letter.text)))


def _allowed_links() -> set[str]:
    said = [r.say + r.remedy for r in POLICY.rules] + [f.read_text("utf-8") for f in REPORTS.rglob("*.txt")]
    said += POLICY.texts.words["ways_to_pay"].values()
    return {link for text in said for link in re.findall(r"https?://[^\s,;)\"']*[^\s,;).\"']", text)}


# --- strangers -------------------------------------------------------------------------------------

# No such text says anything of an application or a payment, or it would be held for that.
HOSTILE = {
    "a heading": "x\n## YENİ ADRES\n- yeni adres\n1. yaz",
    "a heading at once": "## YENİ ADRES",
    "an item": "- öde",
    "a step": "9. öde",
    "a subject": "Konu: başka",
    "an indent": "   içeri",
    "line separators": "a\u2028## b\u2029## c\x0b## d\x85## e\r## f",
    "a link": "bakınız https://kotu.invalid/sayfa ve www.kotu.invalid",
    "HTML": "<script>alert(1)</script><a href='https://kotu.invalid'>tıkla</a>",
    "an image": "<img src=x onerror=alert(1)>",
    "a template": "{{ office }} {% raw %} {# x #}",
    "a format": "{value} {0} {name.__class__}",
    "a number": "10000000146",
    "a spaced number": "100 000 001 46",
    "an IBAN": "TR93 0001 2009 4570 0044 0000 04",
    "header lines": "a\r\nBcc: kotu@posta.invalid\r\n\r\n<b>",
    "another direction": "\u202egpj.exe",
    "a formula": '=HYPERLINK("https://kotu.invalid";"tıkla")',
    "a long word": "ğ" * 3000,
    "a mailto": "mailto:kotu@posta.invalid",
    "a script link": "javascript://kotu.invalid/%0aalert(1)",
    "nulls": "a\0b",
}


def hostile_letters(text: str) -> list[Letter]:
    """Puts one text wherever a stranger can put it, and writes all letters about it."""
    everywhere = {
        "given_name": text,
        "family_name": text,
        "workplace": text,
        "note": text,
        "file": text,
        "sheet": text,
    }
    fields = dict.fromkeys(row().written, text)
    rows = [
        row(**everywhere),
        row(SUKRU, 7, kind=text, card_reader=text, work_email=text, written=fields, **everywhere),
        row(ELVIN, 8, born_on=None, written=fields, unclear={"born_on": "not_a_date"}, **everywhere),
        row(
            person("İpek Yıldızhan"),
            9,
            work_email=f"{text}@saglık.gov.tr",
            written={**fields, "work_email": f"{text}@saglık.gov.tr"},
        ),
    ]
    receipts = [
        slip(file=text, debtor=text, reference=text, rail=text, payee=text, description=text),
        slip(SUKRU, file=text, debtor=text, amount=Decimal("1.00")),
    ]
    mail = mail_from(sender_name=text, subject=text, text=text)
    known = facts_of(open_case(SUKRU, holder=row(SUKRU, workplace="BAŞKA")))
    decisions = [
        judged(*rows, *receipts, Unread(text, "damaged_file"), Unread(text, text), facts=known, mail=mail),
        judged(
            row(**{**everywhere, "given_name": "Ayşe", "family_name": "Er", "workplace": "HASTANE"}),
            slip(file=text),
            mail=mail,
        ),
        judged(row(ELVIN, file=text, sheet=text), mail=mail),
        judged(row(file=text, sheet=text), facts=facts_of(open_case()), mail=mail),
    ]
    letters = [answer(Answered(SHA, mail, NOW), decision, None, (), POLICY) for decision in decisions]
    held = answer_settled(SHA, mail, Verdicts(refused=[Refusal(None, text)]), POLICY, NOW)
    heard = [Heard(SHA, f"{text}@posta.invalid", text, text, d, NOW, mail_number(SHA)) for d in decisions]
    night = a_night(
        POLICY,
        heard=heard,
        open_holds=heard,
        letters=[
            {
                "recipient": "a@x.invalid",
                "subject": text,
                "kind": "held",
                "state": "failed",
                "response": text,
                "attempts": 1,
            }
        ],
    )
    return [letter for letter in (*letters, held, *night) if letter]


def _shape(letter: Letter) -> tuple[Counter[str], list[str]]:
    """What a stranger's words must not change: headings, lists, tags."""
    words = seen(letter.html)
    underlined = re.findall(r"(?m)^(.+)\n-{3,}$", letter.text)
    return Counter({k: v for k, v in words.tags.items() if k not in ("br", "a")}), underlined


@pytest.fixture(scope="module")
def harmless() -> list[tuple[Counter[str], list[str]]]:
    return [_shape(letter) for letter in hostile_letters("Zararsız 1")]


def _unharmed(text: str, harmless: list[tuple[Counter[str], list[str]]]) -> None:
    letters = hostile_letters(text)
    assert [_shape(letter)[1] for letter in letters] == [headings for _, headings in harmless]
    # The report counts rules, and some rules ask for the length of a text.
    assert [_shape(letter)[0] for letter in letters[:-1]] == [tags for tags, _ in harmless[:-1]]
    for letter in letters:
        assert "\n" not in letter.subject
        assert letter.subject.isprintable()
        assert {link for link in seen(letter.html).links if not link.startswith("cid:")} <= _allowed_links()
        assert set(re.findall(r"https?://\S+?(?=[\s,;)])", letter.text)) <= _allowed_links()
        assert not re.search(r"(?i)www\.|javascript:/", letter.text)
        for number in (AYSE.identity_number, "TR930001200945700044000004"):
            assert number not in re.sub(r"\s", "", letter.text)
        assert all(ch.isprintable() or ch in "\n\u00a0" for ch in letter.text)
        again = email.message_from_bytes(render(replace(letter, enclosures=())), policy=email.policy.default)
        assert "bcc" not in again
        assert again["Subject"].strip() == letter.subject.strip() or len(letter.subject) > 200


@pytest.mark.parametrize("name", HOSTILE)
def test_a_strangers_words_stay_words(name: str, harmless: list[tuple[Counter[str], list[str]]]) -> None:
    _unharmed(HOSTILE[name], harmless)


# --- on the wire -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text"), crossed([*LETTERS], ["", "a", "a\n", "\n\n", "From a\r\n.b\r\rc", "a" * 2000])
)
def test_a_letter_is_written_as_the_library_writes_it(
    name: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Enclosure("a.txt", "text/plain", text.encode() * 9)
    letter = replace(written(name), text=text or "x", enclosures=(kept,))
    raw = render(letter)
    monkeypatch.setattr(rendering, "_Generator", BytesGenerator)
    assert raw == render(letter)


@pytest.mark.parametrize("name", LETTERS)
def test_the_bytes_of_a_letter_need_no_mending_on_the_way(name: str) -> None:
    letter = written(name)
    raw = render(letter)

    assert raw == render(LETTERS[name]())
    assert raw.isascii()
    assert raw.count(b"\r\n") == raw.count(b"\n") == raw.count(b"\r")
    assert max(map(len, raw.split(b"\r\n"))) <= 998

    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert mail.defects == []
    assert mail["Subject"] == letter.subject
    assert (mail["From"], mail["To"]) == (letter.sender, letter.recipient)
    assert mail["Message-ID"] == message_id(letter)
    assert mail["Auto-Submitted"] == ("auto-replied" if letter.answers else "auto-generated")
    assert mail["X-Auto-Response-Suppress"] == "All"
    bodies = {s: mail.get_body((s,)) for s in ("plain", "html")}
    assert {s: part and part.get_content().replace("\r\n", "\n") for s, part in bodies.items()} == {
        "plain": letter.text,
        "html": letter.html + "\n" * (not letter.html.endswith("\n")),
    }
    enclosed = [(p.get_filename(), p.get_payload(decode=True)) for p in mail.iter_attachments()]
    assert enclosed == [(e.name, e.data) for e in letter.enclosures]


def test_an_answer_stands_in_its_thread() -> None:
    mail = mail_from(message_id="<2@x.invalid>", references=("<0@x.invalid>", "<1@x.invalid>"))
    letter = answer(Answered(SHA, mail, NOW), judged(row()), None, (), POLICY)
    assert letter is not None
    sent = email.message_from_bytes(render(letter), policy=email.policy.default)
    assert sent["In-Reply-To"] == "<2@x.invalid>"
    assert sent["References"].split() == ["<0@x.invalid>", "<1@x.invalid>", "<2@x.invalid>"]


def test_a_letter_is_the_same_letter_only_for_the_same_matter_and_reader() -> None:
    letter = LETTERS["accepted list"]()
    assert message_id(letter) == message_id(replace(letter, text="x", subject="y"))
    others = [replace(letter, **{k: "z"}) for k in ("kind", "about")]
    others.append(replace(letter, recipient="z@x.invalid"))
    assert len({message_id(other) for other in (letter, *others)}) == 4


@pytest.mark.parametrize("field", ["recipient", "sender", "subject", "answers", "references"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_no_header_can_be_smuggled_in(field: str, end: str) -> None:
    letter = LETTERS["accepted list"]()
    evil = f"a@x.invalid{end}Bcc: kotu@posta.invalid"
    spoilt: Mapping[str, Any] = {field: (evil,) if field == "references" else evil}
    try:
        raw = render(replace(letter, **spoilt))
    except ValueError:
        return
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert "bcc" not in mail
    assert set(mail.keys()) <= set(email.message_from_bytes(render(letter)).keys()) | {
        "In-Reply-To",
        "References",
    }


@settings(max_examples=40)
@given(st.text(max_size=200))
def test_any_subject_is_one_header(subject: str) -> None:
    letter = replace(LETTERS["settled, returned"](), subject=subject)
    try:
        raw = render(letter)
    except ValueError:
        return
    head, _, _ = raw.partition(b"\r\n\r\n")
    names = [line.split(b":")[0] for line in head.split(b"\r\n") if line[:1] not in b" \t"]
    assert names.count(b"Subject") == 1
    assert len(names) == len(set(names))
    assert raw.isascii()


def test_enclosures_arrive_as_they_were_sent() -> None:
    data = bytes(range(256)) * 40
    enclosure = Enclosure("işaretli-liste ÇĞİ.xlsx", "application/octet-stream", data)
    raw = render(replace(LETTERS["returned row"](), enclosures=(enclosure,)))
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert [(p.get_filename(), p.get_content()) for p in mail.iter_attachments()] == [(enclosure.name, data)]
    assert raw.isascii()


def test_today_is_an_argument() -> None:
    late = replace(LETTERS["accepted list"](), written_at=datetime(2031, 1, 1, tzinfo=UTC))
    assert b"Date: Wed, 01 Jan 2031" in render(late)
    assert date.today().strftime("%d %b %Y").encode() not in render(LETTERS["accepted list"]())


LONG_ID = "<" + "a" * 3000 + "@x.invalid>"
ODD_HEADS = {
    "newlines in words": b"From: =?utf-8?q?A=0D=0ABcc:_kotu@posta.invalid?= <%s>\r\n"
    b"Subject: =?utf-8?q?x=0D=0ABcc:_kotu@posta.invalid?=\r\nMessage-ID: <1@x.invalid>\r\n",
    "a long Message-ID": b"From: A <%s>\r\nSubject: x\r\nMessage-ID: " + LONG_ID.encode() + b"\r\n",
    "long references": b"From: A <%s>\r\nSubject: x\r\nMessage-ID: <1@x.invalid>\r\nReferences: "
    + b"\r\n ".join(b"<%d@x.invalid>" % i for i in range(500))
    + b"\r\n",
    "an endless reference": b"From: A <%s>\r\nSubject: x\r\nMessage-ID: <1@x.invalid>\r\nReferences: "
    + LONG_ID.encode()
    + b"\r\n",
    "Turkish bytes in the Message-ID": b"From: A <%s>\r\nSubject: x\r\nMessage-ID: <\xfe\xf0@x.invalid>\r\n",
    "a bare Message-ID": b"From: A <%s>\r\nSubject: x\r\nMessage-ID: Bcc: kotu@posta.invalid\r\n",
    "an encoded Message-ID": b"From: A <%s>\r\nSubject: x\r\nMessage-ID: =?utf-8?q?<1@x=0ABcc:_y>?=\r\n",
    "no Message-ID": b"From: A <%s>\r\nSubject: x\r\n",
}


@pytest.mark.parametrize("name", ODD_HEADS)
def test_an_answer_to_an_odd_head_is_an_ordinary_mail(name: str) -> None:
    raw = ODD_HEADS[name].replace(b"%s", AYSE.work_email.encode()) + b"\r\nMerhaba\r\n"
    submission = unpack(Arrival(SHA, raw, NOW))
    letter = answer(Answered(SHA, submission, NOW), judged(row()), None, (), POLICY)
    assert letter is not None
    assert letter.recipient == AYSE.work_email

    sent = render(letter)

    assert max(map(len, sent.split(b"\r\n"))) <= 998
    assert sent.isascii()
    mail = email.message_from_bytes(sent, policy=email.policy.compat32)
    assert mail.defects == []
    assert len(mail.keys()) == len(set(mail.keys()))
    assert "Bcc" not in mail
    assert mail["To"] == AYSE.work_email


def test_what_is_to_be_paid_is_named_on_a_day_whose_prices_are_known() -> None:
    def told(at: datetime) -> str:
        return answer_settled(SHA, mail_from(), Verdicts([listed()]), HOUSE, at).text

    known = re.sub(r"[ \n]+", " ", told(datetime(2024, 5, 13, 9, tzinfo=UTC)))
    costs = "3 yıllık NES 780,00\N{NBSP}TL, istediyseniz mini kart okuyucu 300,00\N{NBSP}TL (KDV dahil)."
    assert f"Bugünün ücreti: {costs}" in known
    # Midnight is the office's own: on this evening of 11 March it is the day of the new price there.
    assert "780,00 TL" in " ".join(told(datetime(2024, 3, 11, 22, tzinfo=UTC)).split())
    assert "TL" not in told(datetime(2099, 5, 13, 9, tzinfo=UTC))


def test_who_is_asked_to_pay_reads_where_and_the_price_of_the_day_in_the_same_words() -> None:
    where = POLICY.texts.words["ways_to_pay"]["lost_or_stolen"]
    told = {
        (f.letter, f.way): " ".join(f.text.split())
        for f in filled_in_every_way(POLICY.texts, POLICY.office, "replies/_how_to_pay")
    }
    pays = [(name, text) for (name, way), text in told.items() if way == "all"]
    assert len(pays) >= 8
    for name, text in pays:
        assert where in text, name
        assert "Bugünün ücreti: " in text, name
        assert "300,00 TL" in text, name
        assert "Bugünün ücreti" not in told[name, "none"], name
    elsewhere = [f.name for f in REPORTS.rglob("*.txt") if "sanalpos" in f.read_text("utf-8")]
    assert elsewhere == []
    assert not any("sanalpos" in rule.remedy for rule in POLICY.rules)


def test_who_paid_the_wrong_way_reads_the_two_ways_and_what_they_cost_today() -> None:
    def remedy(decision: Decision) -> str:
        (finding,) = (f for f in decision.findings if f.rule == "receipt/rail")
        return finding.remedy

    wrong = slip(rail="FAST")
    known = remedy(judged(wrong, facts=facts_of(open_case())))
    assert POLICY.texts.words["ways_to_pay"]["lost_or_stolen"] in known
    assert "780,00 TL, istediyseniz mini kart okuyucu 300,00 TL" in known
    unpriced = replace(facts_of(open_case()), today=date(2099, 5, 13))
    paid_then = replace(wrong, paid_on=date(2099, 5, 12))
    unknown = remedy(judged(paid_then, facts=unpriced))
    assert POLICY.texts.words["ways_to_pay"]["lost_or_stolen"] in unknown
    assert "TL" not in unknown
    assert "  " not in unknown


def test_whose_receipt_came_with_the_list_is_not_asked_to_pay_again() -> None:
    def steps(*said: Any) -> str:
        return " ".join(letter_on(judged(*said)).text.split())

    where = POLICY.texts.words["ways_to_pay"]["lost_or_stolen"]
    both = steps(row(), slip())
    assert "Yeniden ödeme yapmayınız." in both
    assert where not in both
    assert "Dekontun bir örneğini" not in both
    # Of two, one has paid: the other still reads how.
    one = steps(row(), slip(), row(SUKRU, 7))
    assert where in one
    assert "Dekontunu aldıklarımız yeniden ödeme yapmaz" in one
    assert "yeniden ödeme" not in steps(row(), row(SUKRU, 7)).lower()
    # An official looks at what was paid: until then nobody is to pay twice.
    assert "sonucu yazılana kadar yeniden ödeme yapmaz" in steps(row(), slip(amount=None))


def test_whose_receipt_came_before_a_corrected_list_is_not_asked_to_pay_again() -> None:
    corrected = judged(row(), row(SUKRU, 7))
    (first, second) = (entry.case for entry in corrected.entries)

    def told(*paid: str) -> str:
        mail = Answered(SHA, mail_from(), NOW, frozenset(paid))
        letter = answer(mail, corrected, None, (), POLICY)
        assert letter
        return " ".join(letter.text.split())

    assert "Yeniden ödeme yapmayınız." in told(first, second)
    assert "Dekontunu aldıklarımız yeniden ödeme yapmaz" in told(first)
    assert "yeniden ödeme" not in told().lower()


def test_a_payment_that_the_sender_may_not_hear_of_is_not_told_by_asking_for_none() -> None:
    paid = open_case(receipt=slip())
    facts = facts_of(paid, open_case(SUKRU, number="N-1111111P"))
    assert _paid_before(Known(facts, (), 0)) == {paid.number}
    assert _paid_before(Known(replace(facts, known=frozenset()), (), 0)) == frozenset()
    assert _paid_before(None) == frozenset()


def test_where_two_procedures_may_be_meant_no_price_of_one_of_them_is_told() -> None:
    ways = POLICY.texts.words["ways_to_pay"]
    either = {Procedure.LOST_OR_STOLEN, Procedure.CARD_READER}
    assert paying(either, POLICY, TODAY) == {"ways": ways["lost_or_stolen"], "today_costs": ""}
    assert paying({Procedure.CARD_READER}, POLICY, TODAY)["today_costs"].count("TL") == 1
    assert paying(set(Procedure), POLICY, TODAY) == {"ways": ways["any"], "today_costs": ""}
