"""Rules are their own tests: their examples hold, and would not hold if the check were a little wrong."""

from __future__ import annotations

import ast
import re
import shutil
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pipeline.commands.cli import run
from pipeline.domain import Procedure, Subject
from pipeline.domain.faults import OperatorFault
from pipeline.domain.turkish import IdentityNumber, fold
from pipeline.office.console import sentence
from pipeline.policy import checks
from pipeline.policy.checks import Check, Verdict
from pipeline.policy.places import REPORTS, RULES, Places
from pipeline.policy.policy import load_policy
from pipeline.policy.rulebook import PAYING_WORDS, PRICE_WORDS, WORDS, load_rules, with_domain
from pipeline.policy.views import known_fields
from pipeline.review.invented_office import OFFICE

DOMAINS = {"corporate_domains": ["saglik.gov.tr", "example.*"]}
LOADED = {rule.path: rule for rule in load_rules(Places().files(), known_fields(), DOMAINS)}
PATHS = sorted(
    f"{file.parent.name}/{file.stem}" for subject in Subject for file in (RULES / subject).glob("*.toml")
)


def raw_rule(path: str) -> dict[str, Any]:
    return tomllib.loads((RULES / f"{path}.toml").read_text(encoding="utf-8"))


def examples(path: str) -> Iterator[tuple[Verdict, Any]]:
    """Gives each example with the verdict it stands for, {domain} filled in."""
    raw = raw_rule(path)
    for key, verdict in (("accepts", Verdict.PASSES), ("rejects", Verdict.FAILS), ("doubts", Verdict.UNSURE)):
        for example in raw.get(key, []):
            yield verdict, with_domain(example, "saglik.gov.tr")


def noticed(path: str, mutant: Check) -> bool:
    """Tells whether an example of the rule comes out otherwise under another check."""
    rule = LOADED[path]
    # Only these two are asked of an absent value, and so must be the check in their place.
    asked = mutant if rule.check in (checks.present, checks.absent) else partial(checks.ask, mutant)
    for verdict, example in examples(path):
        try:
            if asked(example, rule.wants) is not verdict:
                return True
        except (TypeError, AttributeError, KeyError):
            return True
    return False


# --- the rules as they are -----------------------------------------------------------------------


def test_every_file_is_a_rule_under_the_name_of_its_path() -> None:
    assert sorted(LOADED) == PATHS


@pytest.mark.parametrize("path", PATHS)
def test_the_examples_of(path: str) -> None:
    for verdict, example in examples(path):
        assert LOADED[path].verdict(example) is verdict, example


@pytest.mark.parametrize("path", PATHS)
def test_a_rule_speaks_whole_sentences_and_names_its_authority(path: str) -> None:
    rule = LOADED[path]
    assert rule.because
    for text in filter(None, (rule.say, rule.unsure, rule.remedy, rule.too_little, rule.too_much)):
        filled = text.format(**dict.fromkeys((*WORDS, *PAYING_WORDS, *PRICE_WORDS), "x"))
        assert filled[0].isupper() or filled[0] in "x123456789", text
        assert filled.endswith((".", "?")), text


def test_each_reason_for_an_unread_file_has_a_rule() -> None:
    spoken = {
        word
        for rule in LOADED.values()
        if rule.subject is Subject.FILE and rule.check is checks.none_of
        for word in rule.wants
    }
    assert spoken == set(LOADED["file/anything-else"].wants)


def test_each_way_a_cell_can_be_unclear_has_a_rule() -> None:
    tree = ast.parse((RULES.parent / "pipeline" / "lists" / "sheets.py").read_text(encoding="utf-8"))
    names = {
        keyword.value.value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        for keyword in call.keywords
        if keyword.arg == "unclear" and isinstance(keyword.value, ast.Constant)
    }
    spoken = {
        word
        for rule in LOADED.values()
        if rule.subject is Subject.HOLDER and all(f.endswith("_problem") for f in rule.fields)
        for word in rule.wants
    }
    assert len(names) > 5
    assert names <= spoken


# --- the examples are worth something ------------------------------------------------------------


@pytest.mark.parametrize("verdict", [Verdict.PASSES, Verdict.FAILS], ids=lambda v: v.value)
@pytest.mark.parametrize("path", PATHS)
def test_a_check_that_always_says_the_same_is_noticed_by(path: str, verdict: Verdict) -> None:
    assert noticed(path, lambda _value, _wants: verdict)


def _digits(value: str | IdentityNumber) -> list[int]:
    return [int(ch) for ch in (value.digits if isinstance(value, IdentityNumber) else value)]


def _tenth(d: list[int]) -> bool:
    return d[9] == (7 * sum(d[0:9:2]) - sum(d[1:8:2])) % 10


def _eleventh(d: list[int]) -> bool:
    return d[10] == sum(d[:10]) % 10


def _filler(value: str) -> bool:
    return IdentityNumber(value).is_filler


def _yes(holds: bool) -> Verdict:
    return Verdict.PASSES if holds else Verdict.FAILS


def _tariff(**changes: Any) -> Check:
    """The tariff's check with each row of the prices changed."""

    def check(value: Mapping[str, Any], wants: list[Mapping[str, Any]]) -> Verdict:
        return checks.tariff(value, [{**row, **changes} for row in wants])

    return check


def _any_price(value: Mapping[str, Any], wants: list[Mapping[str, Any]]) -> Verdict:
    prices = {Decimal(row["nes"]) for row in wants} | {
        Decimal(row["nes"]) + Decimal(row["reader"]) for row in wants
    }
    return _yes(Decimal(value["amount"]) in prices)


def _sure_tariff(value: Mapping[str, Any], wants: list[Mapping[str, Any]]) -> Verdict:
    found = checks.tariff(value, wants)
    return Verdict.FAILS if found is Verdict.UNSURE else found


def _nes_only(value: Mapping[str, Any], wants: list[Mapping[str, Any]]) -> Verdict:
    return checks.tariff({**value, "baskets": [["nes"]]}, wants)


def _years_by_year(value: Mapping[str, date], wants: list[int]) -> Verdict:
    years = value["today"].year - value["born_on"].year
    return _yes(years < 0 or wants[0] <= years <= wants[1])


MUTANTS: dict[str, tuple[str, Check]] = {
    "only the tenth digit": (
        "holder/identity-number",
        lambda v, _: _yes(len(v) == 11 and v[0] != "0" and _tenth(_digits(v)) and not _filler(v)),
    ),
    "only the eleventh digit": (
        "holder/identity-number",
        lambda v, _: _yes(len(v) == 11 and v[0] != "0" and _eleventh(_digits(v)) and not _filler(v)),
    ),
    "fillers are people": (
        "holder/identity-number",
        lambda v, _: _yes(IdentityNumber(v).is_valid),
    ),
    "a zero in front": (
        "holder/identity-number",
        lambda v, _: _yes(_tenth(_digits(v)) and _eleventh(_digits(v)) and not _filler(v)),
    ),
    "every nine is foreign": ("holder/foreigner", lambda v, _: _yes(not v.startswith("9"))),
    "a domain anywhere": ("holder/corporate-email", lambda v, w: _yes(any(d.strip("*") in v for d in w))),
    "a domain at the end": ("holder/corporate-email", lambda v, w: _yes(v.endswith(tuple(w)))),
    "a sender's domain anywhere": (
        "submission/corporate-sender",
        lambda v, w: _yes(any(d.strip("*") in v for d in w)),
    ),
    "a sender's domain at the end": ("submission/corporate-sender", lambda v, w: _yes(v.endswith(tuple(w)))),
    "an @ is an address": ("holder/email", lambda v, _: _yes("@" in v)),
    "Turkish letters in addresses": (
        "holder/email",
        lambda v, w: checks.email(fold(v), w),
    ),
    "points in names": ("holder/name", lambda v, w: checks.name(v.replace(".", ""), w)),
    "digits in names": ("holder/name", lambda v, w: checks.name(re.sub(r"\d", "a", v), w)),
    "names of one letter": ("holder/name", lambda v, w: checks.name(v + "a", w)),
    "no hyphen in names": ("holder/name", lambda v, w: checks.name(v.replace("-", "."), w)),
    "blanks are letters": ("holder/workplace", lambda v, w: _yes(len(v) >= w)),
    "two letters are enough": ("holder/workplace", lambda v, w: checks.long_enough(v, w - 1)),
    "four letters at least": ("holder/workplace", lambda v, w: checks.long_enough(v, w + 1)),
    "age by the year": ("holder/working-age", _years_by_year),
    "a year younger": ("holder/working-age", lambda v, w: checks.age_between(v, [w[0] - 1, w[1]])),
    "a year older": ("holder/working-age", lambda v, w: checks.age_between(v, [w[0], w[1] + 1])),
    "exactly seventeen is too young": (
        "holder/working-age",
        lambda v, w: checks.age_between(v, [w[0] + 1, w[1]]),
    ),
    "exactly eighty is too old": ("holder/working-age", lambda v, w: checks.age_between(v, [w[0], w[1] - 1])),
    "today is the future": ("receipt/paid-on", lambda v, _: _yes(v["day"] < v["today"])),
    "a day less": ("receipt/recent", lambda v, w: checks.within_days(v, w - 1)),
    "a day more": ("receipt/recent", lambda v, w: checks.within_days(v, w + 1)),
    "no grace": ("receipt/amount", _tariff(grace_days=0)),
    "endless grace": ("receipt/amount", _tariff(grace_days=10_000)),
    "any price of the table": ("receipt/amount", _any_price),
    "sure of unknown periods": ("receipt/amount", _sure_tariff),
    "readers are free": ("receipt/amount", _nes_only),
    "sure of unknown periods, as asked": ("receipt/as-asked", _sure_tariff),
    "asked is paid": ("receipt/as-asked", _nes_only),
    "capitals matter": ("receipt/rail", lambda v, w: _yes(v in w)),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_check_that_is_a_little_wrong_is_noticed(mutant: str) -> None:
    assert noticed(*MUTANTS[mutant])


@pytest.mark.parametrize("path", [p for p in PATHS if LOADED[p].check is checks.none_of], ids=lambda p: p)
def test_a_word_less_in_a_list_of_refused_words_is_noticed(path: str) -> None:
    wants = LOADED[path].wants
    for word in wants:
        fewer = [w for w in wants if w != word]
        assert noticed(path, lambda value, _wants, fewer=fewer: checks.none_of(value, fewer)), word


# --- rules that do not load ------------------------------------------------------------------------

GOOD = """
field   = "kind"
check   = "one_of"
wants   = ["2"]
else    = "return"
say     = "Başvuru türü {value} yazılmış."
remedy  = "2 yazınız."
because = "FORM-001-003"
accepts = ["2"]
rejects = ["1"]
"""
BAD: dict[str, tuple[str, str, str]] = {
    "no accepted example": ('accepts = ["2"]', "accepts = []", "rule_without_examples"),
    "no rejected example": ('rejects = ["1"]', "rejects = []", "rule_without_examples"),
    "accepts left out": ('accepts = ["2"]', "", "rule_key"),
    "rejects left out": ('rejects = ["1"]', "", "rule_key"),
    "a mistyped key": ("remedy", "remdy", "rule_key"),
    "a key too many": ('field   = "kind"', 'field = "kind"\nweight = 3', "rule_key"),
    "an unknown consequence": ('"return"', '"reject"', "rule_key"),
    "an unknown procedure": ('field   = "kind"', 'field = "kind"\nprocedures = ["other"]', "rule_key"),
    "an unknown field": ('"kind"', '"kinds"', "rule_field"),
    "an unknown check": ('"one_of"', '"oneof"', "rule_check"),
    "an unknown word": ("{value}", "{valeu}", "rule_words"),
    "a brace too many": ("{value}", "{value", "rule_words"),
    "a number for a word": ("{value}", "{0}", "rule_words"),
    "a wrong example": ('rejects = ["1"]', 'rejects = ["2"]', "rule_example"),
    "a wrong accepted example": ('accepts = ["2"]', 'accepts = ["3"]', "rule_example"),
    "an example of another kind": ('rejects = ["1"]', "rejects = [{ a = 1 }]", "rule_example_unfit"),
    "doubts without words": ('rejects = ["1"]', 'rejects = ["1"]\ndoubts = ["1"]', "rule_doubts"),
    "words without doubts": ('rejects = ["1"]', 'rejects = ["1"]\nunsure = "Emin değiliz."', "rule_doubts"),
    "wants of nobody": ('wants   = ["2"]', 'wants_of = "holder/none"', "rule_wants_of"),
    "after nobody": ("remedy", 'after = ["holder/none"]\nremedy', "rule_after"),
    "after another subject's": ("remedy", 'after = ["receipt/rail"]\nremedy', "rule_after"),
    "after itself": ("remedy", 'after = ["holder/own"]\nremedy', "rule_after"),
    "no TOML": ('check   = "one_of"', "check = one_of", "rule_toml"),
}


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A copy of the rules to spoil."""
    return Path(shutil.copytree(RULES, tmp_path / "rules"))


def test_a_good_rule_of_ones_own_loads(rules: Path) -> None:
    (rules / "holder" / "own.toml").write_text(GOOD, encoding="utf-8")
    assert "holder/own" in {rule.path for rule in load_policy(rules, REPORTS, OFFICE).rules}


@pytest.mark.parametrize("spoilt", BAD)
def test_the_program_refuses_a_rule_with(spoilt: str, rules: Path) -> None:
    old, new, name = BAD[spoilt]
    assert old in GOOD
    (rules / "holder" / "own.toml").write_text(GOOD.replace(old, new), encoding="utf-8")

    with pytest.raises(OperatorFault) as fault:
        load_policy(rules, REPORTS, OFFICE)

    assert fault.value.name == name
    told = sentence(fault.value)
    assert told.startswith("rules/holder/own.toml: ")
    assert told.endswith(".")
    assert "kind_words" not in told
    assert fault.value.exit_code == 78


def test_a_rule_in_a_mistyped_folder_is_not_passed_over(rules: Path) -> None:
    (rules / "holders").mkdir()
    (rules / "holders" / "own.toml").write_text(GOOD, encoding="utf-8")

    with pytest.raises(OperatorFault, match="rule_folder") as fault:
        load_policy(rules, REPORTS, OFFICE)
    assert sentence(fault.value).startswith("rules/holders: ")


def test_a_rule_in_another_encoding_is_refused(rules: Path) -> None:
    (rules / "holder" / "own.toml").write_bytes(GOOD.encode("cp1254"))
    with pytest.raises(OperatorFault, match="rule_toml"):
        load_policy(rules, REPORTS, OFFICE)


def test_the_command_says_it_in_one_turkish_sentence(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (rules / "holder" / "own.toml").write_text(GOOD.replace('["1"]', "[]"), encoding="utf-8")
    mail = RULES.parent / "mailbox_fixtures" / "accepted" / "ordinary-single-list.eml"

    assert run(["explain", "--rules", str(rules), str(mail)]) == 78

    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == (
        "rules/holder/own.toml: örneksiz kural yüklenmez; "
        "accepts ve rejects içine en az birer örnek yazınız.\n"
    )


# --- what rules share ------------------------------------------------------------------------------


def test_the_tariff_has_one_place(rules: Path) -> None:
    amount = rules / "receipt" / "amount.toml"
    dearer = amount.read_text(encoding="utf-8") + (
        "\n[[wants]]\nfrom = 2099-05-01\nuntil = 2099-12-31\ngrace_days = 0\n"
        'nes = "1500.00"\nreader = "600.00"\n'
    )
    amount.write_text(dearer, encoding="utf-8")
    # as-asked has an example of the period that had no price until now: it says so itself.
    with pytest.raises(OperatorFault, match=r"rule_example.*receipt/as-asked"):
        load_policy(rules, REPORTS, OFFICE)

    asked = rules / "receipt" / "as-asked.toml"
    asked.write_text(asked.read_text(encoding="utf-8").replace("2099-05-13", "2098-05-13"), encoding="utf-8")
    loaded = {rule.path: rule for rule in load_policy(rules, REPORTS, OFFICE).rules}
    assert loaded["receipt/as-asked"].wants == loaded["receipt/amount"].wants
    assert loaded["receipt/as-asked"].wants[-1]["nes"] == "1500.00"


def test_the_price_of_a_coming_year_is_one_row(rules: Path) -> None:
    amount = rules / "receipt" / "amount.toml"
    row = "\n[[wants]]\nfrom = 2026-05-01\nuntil = 2026-12-31\ngrace_days = 0\n"
    amount.write_text(amount.read_text("utf-8") + row + 'nes = "1500.00"\nreader = "600.00"\n', "utf-8")
    loaded = {rule.path: rule for rule in load_policy(rules, REPORTS, OFFICE).rules}
    assert loaded["receipt/as-asked"].wants[-1]["nes"] == "1500.00"


@pytest.mark.parametrize("domains", [["saglik.gov.tr"], ["hastane.example.org", "x.invalid"], ["example.*"]])
def test_examples_may_say_domain_for_the_settings_own(domains: list[str]) -> None:
    loaded = {r.path: r for r in load_rules(Places().files(), known_fields(), {"corporate_domains": domains})}
    assert loaded["submission/corporate-sender"].wants == domains


def test_a_rule_is_for_every_procedure_unless_it_names_some() -> None:
    assert LOADED["holder/kind"].procedures == frozenset(Procedure)
    assert Procedure.FAMILY_PHYSICIAN not in LOADED["receipt/rail"].procedures


def test_an_absent_value_is_another_rules_matter() -> None:
    passing = {rule.path for rule in LOADED.values() if rule.verdict(None) is Verdict.PASSES}
    complaining = {rule.path for rule in LOADED.values() if rule.verdict(None) is Verdict.FAILS}
    assert passing | complaining == set(LOADED)
    assert {LOADED[path].check for path in complaining} == {checks.present}
