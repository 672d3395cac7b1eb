"""A file of rules/layouts may describe several forms of one bank; today's forms are read right."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

import pytest

from pipeline.domain.faults import OperatorFault
from pipeline.office.console import sentence
from pipeline.papers.bank_forms import forms_of
from pipeline.papers.layouts import Layout, load_layouts, matching, read_receipt
from pipeline.policy.places import RULES
from tests.in_order import POLICY

BANK = "garanti"


def raw(stem: str = BANK) -> dict[str, Any]:
    return tomllib.loads((RULES / "layouts" / f"{stem}.toml").read_text(encoding="utf-8"))


def read(text: str) -> Any:
    lines = text.strip("\n").splitlines()
    (name,) = matching(lines, POLICY.layouts)
    return read_receipt(lines, name, POLICY.layouts[name], POLICY.rails)


# --- one file, several forms -------------------------------------------------------------------------


def test_a_form_says_only_what_differs() -> None:
    forms = forms_of(BANK, raw())
    assert set(forms) == {BANK, f"{BANK}/fast-ref"}
    main, other = forms[BANK], forms[f"{BANK}/fast-ref"]
    assert (other["bank"], other["title"]) == (main["bank"], main["title"])
    assert other["labels"]["reference"] != main["labels"]["reference"]
    assert other["labels"]["iban"] == main["labels"]["iban"]
    assert other["samples"] != main["samples"]


def test_a_file_of_one_form_is_read_as_ever() -> None:
    one = {key: told for key, told in raw().items() if key != "forms"}
    assert set(load_layouts({BANK: one}, POLICY.rails)) == {BANK}


WRONG: Mapping[str, tuple[dict[str, Any], str]] = {
    "no name": ({"requires": []}, "rule_key"),
    "a name that no file can have": ({"id": "FAST REF"}, "rule_key"),
    "an unknown key": ({"id": "new", "samples": raw()["samples"], "colour": "red"}, "rule_key"),
    # Examples are each form's own.
    "no sample": ({"id": "new", "samples": []}, "layout_without_samples"),
    "another's sample": ({"id": "new", "samples": raw()["samples"]}, "layout_sample_layout"),
    "twice": (raw()["forms"][0], "layout_form_twice"),
    "nobody to name": (
        {**raw()["forms"][0], "id": "new", "labels": {"payer": []}, "payer_below": ["FAST"]},
        "layout_without_payer",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_form_that_does_not_prove_itself_does_not_load(what: str) -> None:
    form, fault = WRONG[what]
    with pytest.raises(OperatorFault) as refused:
        load_layouts({BANK: {**raw(), "forms": [*raw()["forms"], form]}}, POLICY.rails)
    assert refused.value.name == fault
    assert sentence(refused.value).startswith(f"rules/layouts/{BANK}.toml")


# --- what the forms say ------------------------------------------------------------------------------


def sample(name: str, number: int = 0) -> str:
    return POLICY.layouts[name].samples[number].text


def test_of_several_amounts_the_transferred_one_counts() -> None:
    text = sample("is-bankasi/e-dekont").replace("780,00", "1.080,00").replace("819,99", "1.119,99")
    assert str(read(text).amount) == "1080.00"
    # Without it nothing stands in for it.
    without = text.replace("Aktarılan Tutar", "Aktarılan Toplam")
    assert matching(without.splitlines(), POLICY.layouts) == ()


def test_a_payment_that_an_e_dekont_takes_back_is_not_final() -> None:
    text = sample("is-bankasi/e-dekont").replace("DEKONT/HVL", "DEKONTIPTAL/HVL")
    assert read(text).unclear["state"] == "not_final"


def test_a_label_is_heard_in_its_own_section_alone() -> None:
    text = sample("turkiye-finans")
    swapped = text.replace("GÖNDEREN\n", "#\n").replace("ALICI\n", "GÖNDEREN\n").replace("#\n", "ALICI\n")
    assert read(swapped).payer == read(text).payee
    assert read(swapped).iban != read(text).iban
    # In no section at all it belongs to nobody.
    assert read(text.replace("ALICI\n", "HESAP\n")).iban != read(text).iban


def test_the_day_a_paper_was_made_is_no_day_of_payment() -> None:
    assert read(sample("turkiye-finans")).paid_on is None


@pytest.mark.parametrize("line", ["İŞLEM GERÇEKLEŞMEDİ", "AYŞE 5", "ONAY"])
def test_what_stands_in_the_place_of_a_name_and_is_none_is_no_payer(line: str) -> None:
    receipt = read(sample("is-bankasi/e-dekont").replace("AYŞE KARAAĞAÇLI\nMüşteri", f"{line}\nMüşteri"))
    assert receipt.unclear.get("state") == "not_final" or receipt.doubtful["title"] == line


@pytest.mark.parametrize(("line", "rail"), [("HESAPTAN EFT", "EFT"), ("EFT", None), ("HESAPTAN", None)])
def test_a_line_of_its_own_tells_the_type_where_the_form_knows_it(line: str, rail: str | None) -> None:
    assert read(sample("ziraat/mobil").replace("HESAPTAN FAST", line)).rail == rail


def test_every_form_of_a_bank_is_known_by_its_own_labels() -> None:
    names = [name for name in POLICY.layouts if "/" in name]
    assert len(names) >= 7
    for name in names:
        layout: Layout = POLICY.layouts[name]
        assert layout.bank == POLICY.layouts[name.split("/")[0]].bank
