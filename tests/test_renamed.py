"""What an official owns may be called anything: renamed, it works everywhere, or the load refuses."""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mailbox_fixtures.expect import fixtures
from pipeline.domain.faults import OperatorFault
from pipeline.judging.hearing import hear_alone
from pipeline.office.console import sentence
from pipeline.papers.clues import Clues
from pipeline.papers.strength import strength, text_words
from pipeline.policy.formerly import with_todays_keys
from pipeline.policy.places import REPORTS, RULES
from pipeline.policy.policy import Policy, kept_policy, load_policy
from pipeline.policy.word_files import as_toml
from pipeline.review.explain import as_json, explain
from pipeline.review.invented_office import OFFICE
from pipeline.sandbox.workers import WorkerPool
from tests.in_order import row

BY_NAME = {fixture.name: fixture for fixture in fixtures()}
# A receipt before its list, two receipts of family physicians, and a list with its receipt.
JUDGED = (
    "accepted/receipt-then-list",
    "accepted/physician-first",
    "accepted/physician-renewal",
    "accepted/list-then-receipt",
)
MEANT = {
    "receipt/has-case": "awaits_list",
    "receipt/amount": "tariff",
    "receipt/scope": "scopes",
    "receipt/account": "accounts",
}


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A copy of the rules to rename in."""
    return Path(shutil.copytree(RULES, tmp_path / "rules"))


def loaded(rules: Path) -> Policy:
    return load_policy(rules, REPORTS, OFFICE)


def refused(rules: Path) -> str:
    with pytest.raises(OperatorFault) as fault:
        loaded(rules)
    assert fault.value.exit_code == 78
    return sentence(fault.value)


def changed(file: Path, *pairs: tuple[str, str]) -> None:
    text = file.read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text, (file, old)
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")


def everywhere(rules: Path, change: Callable[[str], str]) -> None:
    for file in rules.rglob("*.toml"):
        file.write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")


def verdicts(policy: Policy, readers: WorkerPool) -> list[tuple[str, str]]:
    zone = ZoneInfo("Europe/Istanbul")
    return [
        (str(as_json(told)["outcome"]), str(as_json(told)["procedure"]))
        for name in JUDGED
        for told in explain(BY_NAME[name].mails, policy, readers, zone, today=None)
    ]


@pytest.fixture(scope="module")
def as_shipped(readers: WorkerPool) -> list[tuple[str, str]]:
    """The verdicts by the rules that come with the program."""
    return verdicts(loaded(RULES), readers)


def test_rules_that_the_program_asks_for_may_be_called_anything(
    rules: Path, readers: WorkerPool, as_shipped: list[tuple[str, str]]
) -> None:
    for path in MEANT:
        (rules / f"{path}.toml").rename(rules / f"{path}-renamed.toml")
    names = "|".join(MEANT)
    everywhere(rules, lambda text: re.sub(rf'"({names})"', r'"\1-renamed"', text))
    policy = loaded(rules)
    assert policy.awaits_list == "receipt/has-case-renamed"
    assert policy.tariff == loaded(RULES).tariff
    assert policy.directorate_accounts == loaded(RULES).directorate_accounts
    assert verdicts(policy, readers) == as_shipped


@pytest.mark.parametrize("path", MEANT)
def test_a_meaning_that_no_rule_has_is_refused(path: str, rules: Path) -> None:
    changed(rules / f"{path}.toml", (f'means   = "{MEANT[path]}"\n', ""))
    assert f'means = "{MEANT[path]}" yazmıyor' in refused(rules)


@pytest.mark.parametrize("path", MEANT)
def test_a_meaning_that_two_rules_have_is_refused(path: str, rules: Path) -> None:
    shutil.copy(rules / f"{path}.toml", rules / f"{path}-twice.toml")
    told = refused(rules)
    assert f'means = "{MEANT[path]}"' in told
    assert f"rules/{path}-twice.toml" in told
    assert f"rules/{path}.toml" in told


def test_a_rail_may_be_called_anything(
    rules: Path, readers: WorkerPool, as_shipped: list[tuple[str, str]]
) -> None:
    # The name is data; the words that banks print stay theirs.
    for old, new in (("HAVALE", "HESAPTAN"), ("KURUM ÖDEMESİ", "KURUM")):
        changed(rules / "rails.toml", (f'name = "{old}"', f'name = "{new}"'))
        for file in (rules / "layouts").glob("*.toml"):
            text = file.read_text(encoding="utf-8")
            file.write_text(text.replace(f'rail = "{old}"', f'rail = "{new}"'), encoding="utf-8")
    changed(rules / "receipt" / "rail.toml", ('"KURUM ÖDEMESİ"', '"KURUM"'), ('"Kurum Ödemesi"', '"Kurum"'))
    changed(
        rules / "receipt" / "transfer.toml",
        ('["HAVALE"', '["HESAPTAN"'),
        ('["Havale"', '["Hesaptan"'),
    )
    policy = loaded(rules)
    assert "HESAPTAN" in policy.rails.transfers
    assert policy.clues.terms.accepted == {"KURUM", "SANAL POS"}
    assert verdicts(policy, readers) == as_shipped


def test_a_rail_that_is_renamed_in_one_place_alone_is_refused(rules: Path) -> None:
    changed(rules / "rails.toml", ('name = "SANAL POS"', 'name = "POS"'))
    told = refused(rules).split("\n")
    for file in ("layouts/kamusm-sanal-pos", "receipt/rail"):
        assert any(line.startswith(f"rules/{file}.toml: 'SANAL POS' diye bir ödeme yolu") for line in told)


@pytest.mark.parametrize("key", ["is_transfer", "is_accepted"])
def test_rails_of_which_none_is_a_transfer_or_accepted_are_refused(key: str, rules: Path) -> None:
    changed(rules / "rails.toml", (f"{key} = true\n", ""))
    assert f"rules/rails.toml: hiçbir [[rails]] bölümünde {key} = true yazmıyor." in refused(rules)


def test_a_day_and_a_sum_behind_a_bank_s_own_labels_are_weighed_like_any() -> None:
    policy = loaded(RULES)
    known = policy.layouts["ziraat"]
    own = known.model_copy(
        update={"labels": {**known.labels, "paid_on": ("Valör",), "amount": ("Toplam Bedel",)}}
    )
    page = text_words("DEKONT\nT.C. Kimlik No 10000000146\nToplam Bedel 780,00 TL\nValör 13.05.2024")
    told = Clues(amounts=("780.00",), layouts={"own": own}, rails=policy.rails)
    assert {proof.kind for proof in strength(page, told.terms).unprotected} == {"amount", "date"}
    # Among layouts that do not say so, a day has to be seen twice all the same: a label may be misread.
    assert {proof.kind for proof in strength(page, policy.clues.terms).unprotected} == {"amount", "date"}


def test_a_code_of_the_list_may_be_called_anything(rules: Path) -> None:
    changed(
        rules / "nes-list.toml", ('3 = ["İstenmiyor"', '4 = ["İstenmiyor"'), ('3 = ["nes"]', '4 = ["nes"]')
    )
    assert loaded(rules).form.reader_pays == {"1": ("nes", "reader"), "4": ("nes",)}


def test_a_code_that_pays_and_is_none_is_refused(rules: Path) -> None:
    changed(rules / "nes-list.toml", ('3 = ["İstenmiyor"', '4 = ["İstenmiyor"'))
    assert "card_reader sütununun pays bölümündeki 3 kodu codes içinde yok" in refused(rules)


def test_a_list_that_does_not_say_what_a_code_pays_is_refused(rules: Path) -> None:
    changed(rules / "nes-list.toml", ('[columns.pays]\n1 = ["nes", "reader"]\n3 = ["nes"]\n', ""))
    assert "[columns.pays] yok" in refused(rules)


def test_what_an_earlier_version_kept_is_judged_by_as_it_was(
    readers: WorkerPool, as_shipped: list[tuple[str, str]]
) -> None:
    today = loaded(RULES)
    new = re.compile(
        rb"(?m)^(means +=.*|is_transfer = true|is_accepted = true|hints = .*|\[columns\.pays\]|"
        rb'1 = \["nes", "reader"\]|3 = \["nes"\])\n'
    )
    before = {
        path: new.sub(b"", data) if path.startswith("rules/") else data for path, data in today.files.items()
    }
    assert {path for path in before if before[path] != today.files[path]} == {
        "rules/rails.toml",
        "rules/nes-list.toml",
        *(f"rules/{path}.toml" for path in MEANT),
    }
    # A sentence that came later, and a file that nobody had yet.
    words = re.sub(rb"(?m)^rule_meaning_twice = .*\n", b"", before["reports/terminal.toml"])
    kept = {**before, "reports/terminal.toml": words}
    del kept["reports/browse.toml"]
    policy = kept_policy(with_todays_keys(kept), OFFICE)

    assert policy.rails.transfers == today.rails.transfers
    assert policy.clues.terms.accepted == today.clues.terms.accepted
    assert policy.form.reader_pays == today.form.reader_pays
    assert verdicts(policy, readers) == as_shipped
    assert with_todays_keys(today.files) == today.files


def test_what_was_kept_before_remarks_were_heard_everywhere_is_judged_by_as_it_was() -> None:
    today = loaded(RULES)
    kept = dict(today.files)
    for path, lacks in UNHEARD.items():
        told = tomllib.loads(kept[path].decode())
        for section, keys in lacks.items():
            place = told[section] if section else told
            for key in keys:
                del place[key]
        kept[path] = as_toml(told).encode()
    with pytest.raises(OperatorFault):
        kept_policy(kept, OFFICE)
    policy = kept_policy(with_todays_keys(kept), OFFICE)
    for words in (policy.remarks.denials, policy.remarks.foreign, policy.remarks.columns):
        assert not any(
            words.are_in(text) for text in ("Kartlarını kaybetmediler", "Please cancel", "İptal → X")
        )
    assert hear_alone("", "Vazgeçtim.", [row()], policy.remarks) == {}
    assert hear_alone("", "Vazgeçtim.", [row()], today.remarks) == {0: "Vazgeçtim."}
    assert (policy.mail_words.robots.recalls, policy.answer_form.say) == ((), "")
    assert policy.remarks.withdrawal == today.remarks.withdrawal
    assert policy.remarks.captions.words == today.remarks.captions.words


# What rules of before had no key for.
UNHEARD: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "rules/nes-list.toml": {"": ("own_sheets", "own_comments")},
    "rules/mail.toml": {
        "robots": ("recalls",),
        "quotes": ("forwarded", "passes_on", "writers", "titles", "fields"),
    },
    "rules/kamusm-answer.toml": {"": ("say", "remedy", "doubted")},
    "rules/remarks.toml": {
        "": ("columns", "lines", "denials", "foreign", "legal_notices", "alone"),
        "captions": ("others", "ours"),
        "pointed": ("only",),
    },
}
