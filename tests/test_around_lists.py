"""What stands around a list is heard: over, beside and below its rows, in its cells and in the mail."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from pipeline.lists.columns import compared
from pipeline.policy.remarks import Heard, hear
from tests.in_order import POLICY
from tests.people import person
from tests.test_rows import PRINTED, WIDTH, line, person_line, read_file
from tests.workbooks import Grid, Value, xls

AYSE, HULYA, HALIL = person("Ayşe Karaağaçlı"), person("Hülya Şimşekoğlu"), person("İbrahim Halil Küçükdere")
IN_ORDER = "Sayın yetkili, kayıp listemiz ektedir. Gereğini arz ederim."


def held(
    *rows: Sequence[Value], words: str = IN_ORDER, subject: str = "Kayıp listesi", name: str = "Liste"
) -> set[str]:
    """Gives the family names of whoever waits because of what is said, and nothing else."""
    reading = read_file(xls(Grid(name, tuple(tuple(row) for row in rows))))
    assert not reading.unaccounted
    heard = hear(subject, words, reading.holders, POLICY.remarks)
    return {str(reading.holders[i].family_name) for i in heard.rows}


def heard(words: str = IN_ORDER, subject: str = "Kayıp listesi") -> tuple[set[str], Heard]:
    reading = read_file(xls(Grid("Liste", tuple(map(tuple, (PRINTED, *map(person_line, (AYSE, HULYA))))))))
    told = hear(subject, words, reading.holders, POLICY.remarks)
    return {str(reading.holders[i].given_name) for i in told.rows}, told


def doubts(*rows: list[Value], merged: tuple[tuple[int, int, int, int], ...] = ()) -> list[dict[str, str]]:
    grid = Grid("Liste", tuple(map(tuple, rows)), merged)
    return [dict(holder.doubts) for holder in compared(read_file(xls(grid)).holders)]


# --- in the workbook -----------------------------------------------------------------------------

TAKEN_BACK = (
    "VAZGEÇTİ",
    "iptal",
    "kartını buldu",
    "Emekli oldu",
    "listeden çıkarılsın",
    "henüz karar vermedi",
)


@pytest.mark.parametrize("said", TAKEN_BACK)
@pytest.mark.parametrize("title", ["Sonuç / Karar", "Yapılacak İşlem", "Birim Görüşü", "", None])
@pytest.mark.parametrize("side", ["left", "right"])
def test_a_cell_beside_a_row_is_heard_whatever_stands_over_it(said: str, title: Value, side: str) -> None:
    rows = [PRINTED, person_line(AYSE), person_line(HULYA)]
    beside: list[Value] = [title, None, said]
    left = side == "left"
    assert held(*([b, *row] if left else [*row, b] for b, row in zip(beside, rows, strict=True))) == {
        "Şimşekoğlu"
    }


@pytest.mark.parametrize("field", ["workplace", "note", "kind_note", "reader_note", "spare", "vpn"])
def test_a_word_that_takes_back_is_heard_in_any_column(field: str) -> None:
    assert held(PRINTED, person_line(AYSE), person_line(HULYA, **{field: "iptal"})) == {"Şimşekoğlu"}


@pytest.mark.parametrize(
    "beside",
    ["KBB", 1234, "0 Rh+", "Kadın", "Lisans mezunu", "Sicil 55", "Organ Nakli Merkezi", "E-imzası kayıp"],
)
def test_other_columns_hold_nobody(beside: Value) -> None:
    rows = [[*PRINTED, "Diğer Bilgi"], [*person_line(AYSE), beside], person_line(HULYA, workplace=beside)]
    assert held(*rows) == set()


CAPTIONS = ("VAZGEÇENLER", "İPTAL EDİLENLER", "Kartını bulanlar", "Emekli olanlar", "İşlem yapılmayacaklar")


@pytest.mark.parametrize("caption", CAPTIONS)
@pytest.mark.parametrize("column", [0, WIDTH - 1])
def test_a_line_between_rows_stands_over_those_below_it(caption: str, column: int) -> None:
    between: list[Value] = [None] * column + [caption]
    rows = [PRINTED, person_line(AYSE), between, person_line(HULYA), ["BAŞVURANLAR"], person_line(HALIL)]
    assert held(*rows) == {"Şimşekoğlu"}


@pytest.mark.parametrize("caption", [*CAPTIONS, "ESKİ LİSTE", "TASLAK"])
def test_a_title_and_a_sheets_name_stand_over_all_rows(caption: str) -> None:
    rows = [PRINTED, person_line(AYSE), person_line(HULYA)]
    assert held([caption], *rows) == {"Karaağaçlı", "Şimşekoğlu"} == held(*rows, name=caption)


@pytest.mark.parametrize(
    "title", ["ÖRNEK İL SAĞLIK MÜDÜRLÜĞÜ", "ESKİŞEHİR DEVLET HASTANESİ", "Kayıp / Çalıntı"]
)
def test_titles_in_order_hold_nobody(title: str) -> None:
    assert held([title], PRINTED, person_line(AYSE), name=title.split()[0]) == set()


def test_a_line_below_is_heard_for_whom_it_names() -> None:
    rows = [PRINTED, person_line(AYSE), person_line(HULYA), []]
    assert held(*rows, [f"Not: {HULYA.name} kartını buldu"]) == {"Şimşekoğlu"}
    assert held(*rows, ["2. sıradaki personelin kartı evden çıkmıştır"]) == {"Karaağaçlı", "Şimşekoğlu"}
    assert held(*rows, ["Bilgilerde değişiklik yapmayınız, boş bırakmayınız."]) == set()


@pytest.mark.parametrize("field", ["given_name", "born_on", "work_email"])
def test_a_cell_about_one_person_that_is_merged_over_two_is_asked_about(field: str) -> None:
    column = next(i for i, v in enumerate(line(**{field: "x"})) if v)
    rows = [PRINTED, person_line(AYSE), person_line(HULYA, **{field: None}), person_line(HALIL)]
    found = doubts(*rows, merged=((1, column, 2, column),))
    assert ["two_people" in d for d in found] == [True, True, False]


def test_two_names_in_the_lines_of_one_row_are_asked_about() -> None:
    two = person_line(HULYA, given_name="Hülya\nAyşe", family_name="Şimşekoğlu\nKaraağaçlı")
    one = person_line(HALIL, given_name="İbrahim\nHalil")
    assert doubts(PRINTED, two, one) == [{"two_people": "C2"}, {}]


def test_names_in_the_other_order_than_in_the_address_are_asked_about() -> None:
    turned = person_line(HULYA, given_name=HULYA.family_name, family_name=HULYA.given_name)
    assert doubts(PRINTED, turned, person_line(AYSE)) == [{"names_swapped": "C2"}, {}]


def test_a_list_far_down_a_sheet_is_a_list() -> None:
    rows = [["Yazışma metni"]] * 60
    assert (
        len(read_file(xls(Grid("Liste", tuple(map(tuple, [*rows, PRINTED, person_line(AYSE)]))))).holders)
        == 1
    )


def test_a_number_below_nought_is_nobodys() -> None:
    row = person_line(AYSE, identity_number=-float(AYSE.identity_number))
    (holder,) = read_file(xls(Grid("Liste", (tuple(PRINTED), tuple(row))))).holders
    assert (holder.identity_number, holder.unclear["identity_number"]) == (None, "not_a_number")


# --- in the mail ---------------------------------------------------------------------------------

PLACES = (
    "2. sıradaki personel",
    "2 nolu personel",
    "İkinci kişi",
    "Son satırdaki arkadaş",
    "Listedeki 2. kişi",
    "İlk satır",
)
SAYINGS = (
    "artık kuruluşumuzda değil",
    "kartını çekmecede görmüş",
    "geçerli",
    "için acele etmeyin",
    "beklemede",
    "başka ile gitti",
    "imzasını geri aldı",
    "fazla",
    "olmayacak",
    "kısmını görmezden gelin",
)


@pytest.mark.parametrize("seed", range(100))
def test_whatever_is_said_of_a_row_by_its_place_holds_the_list(seed: int) -> None:
    dice = random.Random(seed)
    sentence = f"{dice.choice(('', 'Yalnız ', 'Ayrıca '))}{dice.choice(PLACES)} {dice.choice(SAYINGS)}."
    assert heard(f"{IN_ORDER} {sentence}\n\nSaygılarımla")[0] == {"Ayşe", "Hülya"}, sentence


@pytest.mark.parametrize(
    "said",
    [
        "kartı çekmecesindeymiş",
        "imzasını geri aldı",
        "Ankaraya gitti",
        "yarın kendisi gelecek",
        "kartı cebindeymiş",
    ],
)
@pytest.mark.parametrize("who", ["Hülya Hanım'ın", "Hülya", "Şimşekoğlu'nun", "HÜLYA ŞİMŞEKOĞLU"])
def test_what_is_said_of_somebody_by_any_name_holds_the_row(who: str, said: str) -> None:
    assert heard(f"{IN_ORDER} {who} {said}.")[0] == {"Hülya"}


@pytest.mark.parametrize(
    "words",
    [
        "Bu liste taslaktır, asıl listeyi yarın göndereceğim.",
        "Deneme mailidir.",
        "Ekteki liste geçen yıla aittir.",
        "Ekteki dosya hatalı olmuş, düzeltip göndereceğim.",
        "Liste örnek amaçlıdır.",
        "Başhekim henüz onaylamadı.",
        "Ekteki liste geçersiz, yenisini göndereceğim.",
        "Kart teslim edildi.",
    ],
)
def test_a_list_that_its_sender_does_not_stand_by_waits(words: str) -> None:
    assert heard(f"{IN_ORDER} {words}")[0] == {"Ayşe", "Hülya"}


@pytest.mark.parametrize(
    "subject", ["Fwd: TASLAK kayıp listesi", "Deneme", "Geri çağır: liste", "Kayıp listesi - HATALI"]
)
def test_a_subject_that_takes_back_holds_the_list(subject: str) -> None:
    assert heard(subject=subject)[0] == {"Ayşe", "Hülya"}


@pytest.mark.parametrize("words", ["Bir önceki mailimdeki listeyi yok sayınız.", "Önceki liste geçersizdir."])
def test_a_list_that_is_taken_back_by_a_later_one_is_told_to_a_person(words: str) -> None:
    rows, told = heard(f"{IN_ORDER} {words}")
    assert (rows, told.question) == (set(), words)


@pytest.mark.parametrize(
    "words",
    [
        "2. kez gönderiyorum.",
        "Formu yeniden doldurdum, doğrusunu ekliyorum.",
        "Hülya Hanım dün kartını kaybetti, polise tutanak tutturdu.",
        "Ayşe Karaağaçlı'nın çantası çalınmış, karakola başvurdu. Kartını bulamadı.",
        "2 personelin listesidir.",
        "Önceki listede hata vardı, düzeltilmiş liste ektedir.",
        "2. sıradaki personelin kartı çalınmıştır.",
        "Hülya Şimşekoğlu e-imza kartını kaybetti, gereğini arz ederim.",
        "Hülya Hanım'ın kartı kaybolmuştur.\n\nAyşe Karaağaçlı\nSorumlu Hemşire\nÇınarlı Devlet Hastanesi",
        "Dün gönderdiğim liste hatalıydı, doğrusunu ekledim.",
        "Ayşe Hanım ve Hülya Hanım kartlarını düşürmüş, iptal ettirmişler.",
        "Ayşe Karaağaçlı, Hülya Şimşekoğlu adlı personelimiz başvuru yapacaktır.",
    ],
)
def test_what_people_write_who_stand_by_their_list_holds_nobody(words: str) -> None:
    rows, told = heard(f"{IN_ORDER} {words}")
    assert (rows, told.question) == (set(), "")


@pytest.mark.parametrize("note", ["kart evde", "kart var", "kimlik yok kart var", "kart hastanede"])
def test_a_note_that_tells_a_place_and_no_loss_holds_its_row(note: str) -> None:
    assert held(PRINTED, person_line(AYSE, note="evde kayboldu"), person_line(HULYA, note=note)) == {
        "Şimşekoğlu"
    }
