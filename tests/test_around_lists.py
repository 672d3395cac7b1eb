"""What stands around a list is heard: over, beside and below its rows, in its cells and in the mail."""

from __future__ import annotations

import io
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import openpyxl
import pytest
import xlwt  # type: ignore[import-untyped]
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill

from pipeline.judging.hearing import Heard, hear
from pipeline.lists.columns import compared
from pipeline.policy.remark_words import Pointed
from tests.in_order import POLICY
from tests.odd_workbooks import ods_with_note, xls_with_note
from tests.people import person
from tests.test_rows import FORM, PRINTED, WIDTH, line, person_line, read_file
from tests.workbooks import Grid, Value, xls, xlsx

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


@pytest.mark.parametrize(
    ("title", "said"),
    [
        # Data is no sentence, and what has no heading is a note: whatever is not known to be idle waits.
        ("Yönetici Görüşü", "kartı kızı getirdi"),
        ("Ek", "başvuruyu yapmadı"),
        ("Bilgi", "?"),
        (None, "gelmedi"),
        (None, "askerde"),
        (None, "X"),
        (None, "eski personel"),
    ],
)
def test_what_nobody_knows_beside_a_row_holds_it(title: Value, said: str) -> None:
    assert held([*PRINTED, title], [*person_line(AYSE), None], [*person_line(HULYA), said]) == {"Şimşekoğlu"}


@pytest.mark.parametrize("beside", [1234, "Tel: 0312 000 00 00", "kayıp", "acil", HULYA.workplace])
def test_idle_cells_without_a_heading_hold_nobody(beside: Value) -> None:
    assert held(PRINTED, person_line(AYSE), [*person_line(HULYA), beside]) == set()


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


# --- columns of the sender's own ------------------------------------------------------------------

AGAINST = [
    ("İptal", "X"),
    ("İPTAL EDİLECEK Mİ?", "evet"),
    ("Vazgeçti", "+"),
    ("Onay Durumu", "Reddedildi"),
    ("Başvuru yapılsın mı", "Hayır"),
    ("Kurumdan Ayrılış Tarihi", date(2024, 6, 1)),
    ("Kartın bulunduğu tarih", 45000),
    ("Kurum Görüşü", "olumsuz"),
    ("Kurum Görüşü", "❌"),
    (None, "Hayır"),
    ("Kabul", "-"),
]
FOR_IT = [
    ("İptal", "Hayır"),
    ("İptal", "-"),
    ("Sertifika İptal Tarihi", date(2024, 6, 10)),
    ("Onay", "Evet"),
    ("Başvuru yapılsın mı", "evet"),
    ("Sicil No", 12345),
    ("Bulunduğu Birim", "Acil"),
    ("Kart okuyucu var mı", "Hayır"),
    ("Medeni Durumu", "Evli"),
    ("Kan Grubu", "A+"),
]


@pytest.mark.parametrize(("title", "said"), AGAINST)
def test_a_column_of_the_senders_own_may_speak_against_a_row(title: Value, said: Value) -> None:
    assert held([*PRINTED, title], [*person_line(AYSE), said], person_line(HULYA)) == {AYSE.family_name}


@pytest.mark.parametrize(("title", "said"), FOR_IT)
def test_most_columns_of_the_senders_own_say_nothing(title: Value, said: Value) -> None:
    assert held([*PRINTED, title], [*person_line(AYSE), said], [*person_line(HULYA), None]) == set()


# --- sheets without a list ------------------------------------------------------------------------


def held_by_sheet(name: str, *rows: Sequence[Value]) -> set[str]:
    people = Grid("Liste", tuple(map(tuple, (PRINTED, person_line(AYSE), person_line(HULYA)))))
    reading = read_file(xls(people, Grid(name, tuple(map(tuple, rows)))))
    heard = hear("Kayıp listesi", IN_ORDER, reading.holders, POLICY.remarks)
    return {str(reading.holders[i].family_name) for i in heard.rows}


def test_a_sheet_without_a_list_is_heard_about_whom_it_names() -> None:
    assert held_by_sheet("Notlar", [f"{AYSE.name} kartını buldu"]) == {AYSE.family_name}
    assert held_by_sheet("Vazgeçenler", ["T.C."], [AYSE.identity_number]) == {AYSE.family_name}
    assert held_by_sheet("İptal", ["Ad", "Soyad"], [HULYA.given_name, HULYA.family_name]) == {
        HULYA.family_name
    }
    assert held_by_sheet("Personel", [AYSE.identity_number, AYSE.name]) == set()
    assert held_by_sheet("Kodlar", ["Bu sayfayı silmeyiniz"], ["1", "İlk"]) == set()


def test_our_own_sheet_in_a_list_that_went_back_says_nothing() -> None:
    words = POLICY.texts.words["marks"]
    assert held_by_sheet(words["sheet"], [f"{AYSE.name} satırı silip yeniden gönderiniz, iptal"]) == set()
    assert FORM.own_sheets == (words["sheet"],)
    leads = ("comment_wrong", "comment_wanted", "comment_example", "comment_suggestion")
    assert FORM.own_comments == tuple(words[lead].partition("{")[0].strip() for lead in leads)


# --- comments -------------------------------------------------------------------------------------

TWO = (tuple(PRINTED), tuple(person_line(AYSE)), tuple(person_line(HULYA)))


def commented(row: int, column: int, text: str, kind: str) -> bytes:
    """A list of two with one comment at a cell, in one kind of file."""
    if kind == "xlsx":
        book = openpyxl.load_workbook(io.BytesIO(xlsx(Grid("Liste", TWO))))
        book.worksheets[0].cell(row + 1, column + 1).comment = Comment(text, "Personel")
        stream = io.BytesIO()
        book.save(stream)
        return stream.getvalue()
    writer = ods_with_note if kind == "ods" else xls_with_note
    return writer(Grid("Liste", TWO), row, column, text)


def held_by_comment(row: int, column: int, text: str, kind: str = "xlsx") -> set[str]:
    reading = read_file(commented(row, column, text, kind))
    heard = hear("Kayıp listesi", IN_ORDER, reading.holders, POLICY.remarks)
    return {str(reading.holders[i].family_name) for i in heard.rows}


@pytest.mark.parametrize("said", ["ali.kurtulmus@hastane.example", "bkz. https://hastane.example/kurtulmus"])
def test_an_address_in_a_comment_has_no_verb_in_it(said: str) -> None:
    assert held_by_comment(2, 3, said) == set()


@pytest.mark.parametrize("kind", ["xlsx", "xls", "ods"])
@pytest.mark.parametrize(
    "said", ["kartını buldu, iptal", "vazgeçti", "kaybetmemiş", "taslak", "adresi yanlış"]
)
def test_a_comment_at_a_row_is_heard_about_it(kind: str, said: str) -> None:
    assert held_by_comment(2, 3, said, kind) == {HULYA.family_name}


@pytest.mark.parametrize("said", ["kartı kızı getirdi", "?", "hafta sonu çözülmüş"])
def test_a_comment_that_nobody_understands_holds_its_row(said: str) -> None:
    assert held_by_comment(2, 3, said) == {HULYA.family_name}


@pytest.mark.parametrize(
    "words",
    [
        "Kartı kızı getirdi.",
        "Sorun çözülmüş.",
        "Kart meğer komşudaymış, o getiriyor.",
        "Güvenlik görevlisi kartları dolaba koymuş.",
    ],
)
def test_a_sentence_beside_a_list_that_tells_something_unknown_holds_all(words: str) -> None:
    assert heard(f"{IN_ORDER} {words}")[0] == {AYSE.given_name, HULYA.given_name}


@pytest.mark.parametrize(
    "words",
    [
        "Listedeki personelin kartı kaybolmuştur, gereğini arz ederim.",
        "Kimlik numarası düzeltildi, liste ektedir.",
        "Mail adresi eksik kalmış, bu sefer tamam.",
        "Çantam çalındı, içindeki e-imza da gitti.",
        "Kamu SM arandı, iptal ettirildi.",
        "Tutanak tutulmuştur.",
    ],
)
def test_a_sentence_that_tells_what_is_always_told_holds_nobody(words: str) -> None:
    assert heard(f"{IN_ORDER} {words}")[0] == set()


@pytest.mark.parametrize("kind", ["xlsx", "xls", "ods"])
def test_a_comment_elsewhere_is_a_title_or_names_somebody(kind: str) -> None:
    assert held_by_comment(0, 0, "Bu liste taslaktır", kind) == {AYSE.family_name, HULYA.family_name}
    assert held_by_comment(7, 1, f"{AYSE.name} vazgeçti", kind) == {AYSE.family_name}
    assert held_by_comment(0, 4, "Gün/Ay/Yıl olarak yazınız", kind) == set()
    assert held_by_comment(1, 4, "Vardiya B", kind) == set()


def test_a_comment_is_heard_behind_the_words_that_programs_put_before_it() -> None:
    program = (
        "[Yazışma dizisi açıklaması]\n\nExcel sürümünüz bu yazışma dizisi açıklamasını okumanıza olanak "
        "tanıyor; ancak dosya daha yeni bir Excel sürümünde açılırsa, dosyada yapılan düzenlemeler "
        "kaldırılır. Daha fazla bilgi edinin: https://go.microsoft.com/fwlink/?linkid=870924\n\n"
        "Açıklama:\n    "
    )
    assert held_by_comment(1, 1, f"{program}Nüfusta böyle yazıyor") == set()
    assert held_by_comment(1, 1, f"{program}Kartını hafta sonu evde çekmecede bulmuş") == {AYSE.family_name}


def test_our_own_comment_in_a_list_that_went_back_is_passed_over() -> None:
    ours = "Yanlış olan: satırın üstü çizilmiş.\nNasıl düzeltilir: satırı silip yeniden gönderiniz."
    assert held_by_comment(1, 1, ours) == set()
    assert held_by_comment(1, 1, f"{ours}\nVazgeçti") == {AYSE.family_name}


def test_a_line_around_a_list_is_heard_once_for_all_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    reading = read_file(commented(7, 1, f"{AYSE.name} vazgeçti, 2 kişi", "xlsx"))
    listed = [replace(reading.holders[0], row=at) for at in range(50)]
    heard: list[str] = []
    are_in = Pointed.are_in

    def counted(self: Pointed, text: str) -> bool:
        heard.append(text)
        return are_in(self, text)

    monkeypatch.setattr(Pointed, "are_in", counted)
    assert len(hear("Kayıp listesi", IN_ORDER, listed, POLICY.remarks).rows) == 50
    assert len([text for text in heard if "vazgeçti" in text]) == 1


# --- whose address it is --------------------------------------------------------------------------


@pytest.mark.parametrize("local", ["mehmet.yilmaz", "radyoloji.sekreterligi", "fatma-demir77", "ik.birimi"])
def test_an_address_of_two_words_that_are_none_of_the_name_is_somebody_elses(local: str) -> None:
    address = f"{local}@hastane1.saglik.example.org"
    (found,) = doubts(PRINTED, person_line(AYSE, work_email=address))
    assert ("email_of_nobody" in found) is (local != "ik.birimi")


@pytest.mark.parametrize("local", ["mehmet.karaagacli", "m.karaagacli", "mkaraagacli", "karaagacli.mehmet"])
def test_an_address_with_a_relatives_name_is_somebody_elses(local: str) -> None:
    (found,) = doubts(PRINTED, person_line(AYSE, work_email=f"{local}@hastane1.saglik.example.org"))
    assert "email_of_nobody" in found


@pytest.mark.parametrize(
    "local", ["karaagacli", "dr.karaagacli", "ays.karaagacli", "karaagacli06", "ak.karaagacli"]
)
def test_an_address_of_the_family_name_alone_is_the_persons_own(local: str) -> None:
    (found,) = doubts(PRINTED, person_line(AYSE, work_email=f"{local}@hastane1.saglik.example.org"))
    assert "email_of_nobody" not in found


@pytest.mark.parametrize(
    "local", ["ayse.yilmaz", "a.karaagacli80", "akaraagacli", "kayse", "hem.ayse", "personel12"]
)
def test_an_address_with_a_word_of_the_name_or_with_one_word_is_the_persons_own(local: str) -> None:
    (found,) = doubts(PRINTED, person_line(AYSE, work_email=f"{local}@hastane1.saglik.example.org"))
    assert "email_of_nobody" not in found


# --- what is said of the whole list, or of applications of another kind ---------------------------

OF_ALL = (
    "Bu liste taslaktır, kesin değildir.",
    "Yukarıdaki başvurular iptal edilmiştir.",
    "Bu kişiler kartlarını kaybetmediler.",
    "Listedeki personel vazgeçmiştir.",
)
OF_NONE = (
    "Aşağıdaki alanları boş bırakmayınız.",
    "Bu listeye satır eklemeyiniz, sütunları silmeyiniz.",
    "Yukarıdaki personelin kartı iptal ettirilmiştir.",
    "Yukarıdaki bilgilerin doğruluğunu onaylarım.",
)


@pytest.mark.parametrize("said", OF_ALL)
def test_a_line_around_a_list_may_hold_the_whole_of_it(said: str) -> None:
    both = {AYSE.family_name, HULYA.family_name}
    people = [person_line(AYSE), person_line(HULYA)]
    assert held(PRINTED, *people, [], [said]) == both
    assert (
        held([f"{said} Bilgilerinize arz ederim, gereğini saygılarımla rica ederim."], PRINTED, *people)
        == both
    )
    assert held_by_sheet("Açıklama", [said]) == both


@pytest.mark.parametrize("said", OF_NONE)
def test_what_a_form_says_around_its_rows_holds_nobody(said: str) -> None:
    assert held(PRINTED, person_line(AYSE), person_line(HULYA), [], [said]) == set()
    assert held_by_sheet("Açıklama", [said]) == set()


@pytest.mark.parametrize(
    "over",
    [
        "YENİLEME",
        "İLK BAŞVURU YAPACAKLAR",
        "Süresi dolanlar",
        "KART OKUYUCU TALEP LİSTESİ",
        "Kırılan kartlar",
    ],
)
def test_a_caption_of_another_kind_holds_those_below_it(over: str) -> None:
    rows = (PRINTED, ["KAYIP"], person_line(AYSE), [over], person_line(HULYA))
    assert held(*rows) == {HULYA.family_name}
    assert held([f"{over} / KAYIP-ÇALINTI"], PRINTED, person_line(AYSE)) == set()


def test_who_alone_is_named_leaves_the_others_in_doubt() -> None:
    assert heard(f"Liste ektedir. Sadece {AYSE.name} için işlem yapılacaktır.")[0] == {
        AYSE.given_name,
        HULYA.given_name,
    }


@pytest.mark.parametrize("kind", ["xlsx", "xls"])
@pytest.mark.parametrize(("letters", "ground", "is_unseen"), [
    ("000000", "000000", True), ("1F4E78", "1F4E78", True), ("FEFEFE", None, True),
    ("FFFFFF", "FFFFFF", True), ("000000", "FF0000", False), ("FFFFFF", "1F4E78", False),
    ("808080", None, False), (None, "FFFF00", False),
])  # fmt: skip
def test_letters_of_their_grounds_colour_are_not_seen(
    letters: str | None, ground: str | None, is_unseen: bool, kind: str
) -> None:
    holders = read_file(coloured(letters, ground, kind)).holders
    assert ["unseen" in holder.doubts for holder in holders] == [is_unseen, False]


def coloured(letters: str | None, ground: str | None, kind: str) -> bytes:
    """A list of two whose first person's name is set in one colour on another."""
    stream = io.BytesIO()
    if kind == "xlsx":
        book = openpyxl.load_workbook(io.BytesIO(xlsx(Grid("Liste", TWO))))
        cell = book.worksheets[0].cell(2, 3)
        cell.font = Font(color=f"FF{letters}" if letters else None)
        if ground:
            cell.fill = PatternFill("solid", fgColor=f"FF{ground}")
        book.save(stream)
        return stream.getvalue()
    old = xlwt.Workbook()
    sheet = old.add_sheet("Liste")
    for r, row in enumerate(TWO):
        for c, value in enumerate(row):
            style = xlwt.XFStyle()
            style.num_format_str = "DD.MM.YYYY" if isinstance(value, date) else "General"
            if (r, c) == (1, 2):
                style.font.colour_index = _OLD[letters]
                style.pattern.pattern = 1 if ground else 0
                style.pattern.pattern_fore_colour = _OLD[ground]
            if value is not None:
                sheet.write(r, c, value, style)
    old.save(stream)
    return stream.getvalue()


# Colours, or those most like them, as the old palette numbers them.
_OLD = {
    None: 0x7FFF,
    "000000": 8,
    "FFFFFF": 9,
    "FEFEFE": 9,
    "FF0000": 10,
    "FFFF00": 13,
    "808080": 23,
    "1F4E78": 56,
}
