"""The one list of invented people that every fixture and test takes its persons from.

The identity numbers are made up and satisfy the check digits; the last two belong to foreigners (99…).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from pipeline.turkish import fold


@dataclass(frozen=True, slots=True)
class Person:
    """One invented holder, as the population register and the unit would write them."""

    identity_number: str
    given_name: str
    family_name: str
    born_on: date
    work_email: str
    workplace: str

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}"

    @property
    def file_name(self) -> str:
        """The name as people put it into file names: folded to ASCII, words joined."""
        return fold(self.name).replace(" ", "_")


# identity number, given name, family name, born on, work e-mail, workplace
_ROWS = (
    (
        "10000000146",
        "Ayşe",
        "Karaağaçlı",
        "25.07.1980",
        "ayse.karaagacli@hastane1.saglik.example.org",
        "ÇINARLI DEVLET HASTANESİ-RADYOLOJİ",
    ),
    (
        "17291716060",
        "Mehmet Şükrü",
        "İnanöz",
        "02.06.1974",
        "mehmet.sukru.inanoz@hastane2.saglik.example.org",
        "GÖKSU EĞİTİM VE ARAŞTIRMA HASTANESİ-ECZANE",
    ),
    (
        "41476423078",
        "Işıl",
        "Ağırbaşlı",
        "05.02.1964",
        "isil.agirbasli@hastane3.saglik.example.org",
        "YEŞİLTEPE KADIN DOĞUM HASTANESİ-YENİDOĞAN YOĞUN BAKIM",
    ),
    (
        "72200326822",
        "İpek",
        "Yıldızhan",
        "22.05.1970",
        "ipek.yildizhan@adsm.saglik.example.org",
        "IŞIKLAR AĞIZ VE DİŞ SAĞLIĞI MERKEZİ-PROTEZ",
    ),
    (
        "51383442246",
        "Çağrı",
        "Öztürkmen",
        "14.12.1992",
        "cagri.ozturkmen@ilce1.saglik.example.org",
        "KAVAKLI İLÇE SAĞLIK MÜDÜRLÜĞÜ-5 NO'LU ASM",
    ),
    (
        "80887937538",
        "Ümit",
        "Gündoğmuş",
        "11.08.1965",
        "umit.gundogmus@saglik.example.org",
        "İL SAĞLIK MÜDÜRLÜĞÜ-PERSONEL HİZMETLERİ",
    ),
    (
        "18590768880",
        "Hülya",
        "Şimşekoğlu",
        "04.07.1991",
        "hulya.simsekoglu@hastane1.saglik.example.org",
        "ÇINARLI DEVLET HASTANESİ-HASTA HAKLARI",
    ),
    (
        "69625371414",
        "İbrahim Halil",
        "Küçükdere",
        "17.04.1998",
        "ibrahim.halil.kucukdere@hastane1.saglik.example.org",
        "ÇINARLI DEVLET HASTANESİ-KALİTE BİRİMİ",
    ),
    (
        "49719532594",
        "Irmak",
        "Sığırtmaç",
        "25.03.1966",
        "irmak.sigirtmac@hastane3.saglik.example.org",
        "YEŞİLTEPE KADIN DOĞUM HASTANESİ-YENİDOĞAN YOĞUN BAKIM",
    ),
    (
        "80240108520",
        "Gülşen",
        "Çobanoğulları",
        "20.10.1973",
        "gulsen.cobanogullari@adsm.saglik.example.org",
        "IŞIKLAR AĞIZ VE DİŞ SAĞLIĞI MERKEZİ-İDARİ BİRİM",
    ),
    (
        "85745993954",
        "Oğuzhan",
        "Bıyıklı",
        "18.07.1999",
        "oguzhan.biyikli@ilce1.saglik.example.org",
        "KAVAKLI İLÇE SAĞLIK MÜDÜRLÜĞÜ-AŞI BİRİMİ",
    ),
    (
        "57645091894",
        "Ebru",
        "Taşdelenler",
        "08.05.1995",
        "ebru.tasdelenler@saglik.example.org",
        "İL SAĞLIK MÜDÜRLÜĞÜ-DESTEK HİZMETLERİ",
    ),
    (
        "45255695472",
        "Süleyman",
        "Işıldak",
        "24.12.1966",
        "suleyman.isildak@hastane1.saglik.example.org",
        "ÇINARLI DEVLET HASTANESİ-HASTA HAKLARI",
    ),
    (
        "38347241282",
        "Nazlı Gül",
        "Erğin",
        "22.04.1975",
        "nazli.gul.ergin@hastane2.saglik.example.org",
        "GÖKSU EĞİTİM VE ARAŞTIRMA HASTANESİ-İNSAN KAYNAKLARI",
    ),
    (
        "62088927686",
        "Tuğba",
        "Demirağaç",
        "09.02.1977",
        "tugba.demiragac@hastane1.saglik.example.org",
        "ÇINARLI DEVLET HASTANESİ-ACİL SERVİS",
    ),
    (
        "71259482558",
        "Yiğit",
        "Uçarsu",
        "14.04.1982",
        "yigit.ucarsu@adsm.saglik.example.org",
        "IŞIKLAR AĞIZ VE DİŞ SAĞLIĞI MERKEZİ-ORTODONTİ",
    ),
    (
        "41179258434",
        "Şeyma",
        "Kılıçarslantürk",
        "25.04.1981",
        "seyma.kilicarslanturk@ilce1.saglik.example.org",
        "KAVAKLI İLÇE SAĞLIK MÜDÜRLÜĞÜ-112 İSTASYONU",
    ),
    (
        "29045266004",
        "Cüneyt",
        "İpekçioğlu",
        "14.02.1972",
        "cuneyt.ipekcioglu@saglik.example.org",
        "İL SAĞLIK MÜDÜRLÜĞÜ-DESTEK HİZMETLERİ",
    ),
    (
        "13448679462",
        "Fatma Nur",
        "Gökırmak",
        "11.12.1966",
        "fatma.nur.gokirmak@hastane1.saglik.example.org",
        "ÇINARLI DEVLET HASTANESİ-BİYOKİMYA",
    ),
    (
        "59356283810",
        "Özgür",
        "Hatipkaya",
        "08.12.1988",
        "ozgur.hatipkaya@hastane2.saglik.example.org",
        "GÖKSU EĞİTİM VE ARAŞTIRMA HASTANESİ-ECZANE",
    ),
    (
        "96266108468",
        "Zeliha",
        "Yağızer",
        "06.04.1963",
        "zeliha.yagizer@hastane3.saglik.example.org",
        "YEŞİLTEPE KADIN DOĞUM HASTANESİ-DOĞUMHANE",
    ),
    (
        "42775005842",
        "Ilgın",
        "Karasulu",
        "12.10.1984",
        "ilgin.karasulu@hastane1.saglik.example.org",
        "ÇINARLI DEVLET HASTANESİ-HASTA HAKLARI",
    ),
    (
        "94639183722",
        "Muhittin",
        "Çelikbilekli",
        "21.01.1997",
        "muhittin.celikbilekli@ilce1.saglik.example.org",
        "KAVAKLI İLÇE SAĞLIK MÜDÜRLÜĞÜ-112 İSTASYONU",
    ),
    (
        "58549614394",
        "Sıdıka",
        "Öncüoğlu",
        "09.07.1976",
        "sidika.oncuoglu@saglik.example.org",
        "İL SAĞLIK MÜDÜRLÜĞÜ-DESTEK HİZMETLERİ",
    ),
    (
        "94539058014",
        "Barış",
        "Tunahanlı",
        "08.07.1968",
        "baris.tunahanli@hastane1.saglik.example.org",
        "ÇINARLI DEVLET HASTANESİ-HASTA HAKLARI",
    ),
    (
        "73171173156",
        "Dilâra",
        "Şenyuvalı",
        "22.06.1980",
        "dilara.senyuvali@hastane2.saglik.example.org",
        "GÖKSU EĞİTİM VE ARAŞTIRMA HASTANESİ-ÇOCUK SERVİSİ",
    ),
    (
        "28193809392",
        "Kâzım",
        "Alıçlı",
        "04.06.1997",
        "kazim.alicli@hastane3.saglik.example.org",
        "YEŞİLTEPE KADIN DOĞUM HASTANESİ-YENİDOĞAN YOĞUN BAKIM",
    ),
    (
        "85024309056",
        "Melike",
        "Dağıstanlıgil",
        "21.01.1980",
        "melike.dagistanligil@adsm.saglik.example.org",
        "IŞIKLAR AĞIZ VE DİŞ SAĞLIĞI MERKEZİ-ORTODONTİ",
    ),
    (
        "15145874768",
        "Recep",
        "Büyükırmak",
        "11.07.1991",
        "recep.buyukirmak@hastane1.saglik.example.org",
        "ÇINARLI DEVLET HASTANESİ-KALİTE BİRİMİ",
    ),
    (
        "90022581748",
        "Övünç",
        "Sarıçamlı",
        "21.03.1981",
        "ovunc.saricamli@saglik.example.org",
        "İL SAĞLIK MÜDÜRLÜĞÜ-ACİL SAĞLIK HİZMETLERİ",
    ),
    (
        "93711105782",
        "Pınar",
        "İlkbaharlı",
        "13.04.1967",
        "pinar.ilkbaharli@hastane1.saglik.example.org",
        "ÇINARLI DEVLET HASTANESİ-KALİTE BİRİMİ",
    ),
    (
        "20459290708",
        "Abdülkadir",
        "Güneşdoğan",
        "02.06.1965",
        "abdulkadir.gunesdogan@hastane2.saglik.example.org",
        "GÖKSU EĞİTİM VE ARAŞTIRMA HASTANESİ-KARDİYOLOJİ",
    ),
    (
        "72923298260",
        "Şule",
        "Akıncıtürk",
        "16.11.1986",
        "sule.akinciturk@hastane3.saglik.example.org",
        "YEŞİLTEPE KADIN DOĞUM HASTANESİ-DOĞUMHANE",
    ),
    (
        "24345915126",
        "Hacer",
        "Bağcıvanlı",
        "19.12.1962",
        "hacer.bagcivanli@adsm.saglik.example.org",
        "IŞIKLAR AĞIZ VE DİŞ SAĞLIĞI MERKEZİ-İDARİ BİRİM",
    ),
    (
        "86663617632",
        "Türkan",
        "Yorgancılar",
        "19.05.1966",
        "turkan.yorgancilar@ilce1.saglik.example.org",
        "KAVAKLI İLÇE SAĞLIK MÜDÜRLÜĞÜ-112 İSTASYONU",
    ),
    (
        "98072490942",
        "Nihat",
        "Özdoğruer",
        "08.04.1965",
        "nihat.ozdogruer@hastane1.saglik.example.org",
        "ÇINARLI DEVLET HASTANESİ-KALİTE BİRİMİ",
    ),
    (
        "35735763920",
        "Begüm",
        "Çıtakoğlu",
        "23.07.1963",
        "begum.citakoglu@hastane1.saglik.example.org",
        "ÇINARLI DEVLET HASTANESİ-HASTA HAKLARI",
    ),
    (
        "21961954232",
        "Sinan",
        "Eskiçırak",
        "01.09.1985",
        "sinan.eskicirak@hastane2.saglik.example.org",
        "GÖKSU EĞİTİM VE ARAŞTIRMA HASTANESİ-KARDİYOLOJİ",
    ),
    (
        "63931992080",
        "Ülkü",
        "Gümüşdişli",
        "02.04.1967",
        "ulku.gumusdisli@hastane3.saglik.example.org",
        "YEŞİLTEPE KADIN DOĞUM HASTANESİ-POLİKLİNİK",
    ),
    (
        "76088807510",
        "İsmail Hakkı",
        "Tepecikli",
        "03.08.1969",
        "ismail.hakki.tepecikli@adsm.saglik.example.org",
        "IŞIKLAR AĞIZ VE DİŞ SAĞLIĞI MERKEZİ-ORTODONTİ",
    ),
    (
        "93236558292",
        "Gizem",
        "Kırlangıçlı",
        "27.06.1997",
        "gizem.kirlangicli@ilce1.saglik.example.org",
        "KAVAKLI İLÇE SAĞLIK MÜDÜRLÜĞÜ-TOPLUM SAĞLIĞI",
    ),
    (
        "67969134016",
        "Uğur",
        "Beşikdüzlü",
        "28.08.1965",
        "ugur.besikduzlu@saglik.example.org",
        "İL SAĞLIK MÜDÜRLÜĞÜ-PERSONEL HİZMETLERİ",
    ),
    (
        "19328415878",
        "Asuman",
        "Çakıroğulları",
        "05.06.1990",
        "asuman.cakirogullari@hastane1.saglik.example.org",
        "ÇINARLI DEVLET HASTANESİ-BİYOKİMYA",
    ),
    (
        "74333809074",
        "Levent",
        "Söğütlüdere",
        "14.01.1981",
        "levent.sogutludere@hastane2.saglik.example.org",
        "GÖKSU EĞİTİM VE ARAŞTIRMA HASTANESİ-ECZANE",
    ),
    (
        "51104868812",
        "Nuray",
        "Işıklıtepe",
        "16.03.1999",
        "nuray.isiklitepe@hastane3.saglik.example.org",
        "YEŞİLTEPE KADIN DOĞUM HASTANESİ-YENİDOĞAN YOĞUN BAKIM",
    ),
    (
        "42095672724",
        "Tolga",
        "Ballıkayalı",
        "05.03.1963",
        "tolga.ballikayali@adsm.saglik.example.org",
        "IŞIKLAR AĞIZ VE DİŞ SAĞLIĞI MERKEZİ-İDARİ BİRİM",
    ),
    (
        "51454777550",
        "Emine Büşra",
        "Karagülle",
        "25.07.1984",
        "emine.busra.karagulle@ilce1.saglik.example.org",
        "KAVAKLI İLÇE SAĞLIK MÜDÜRLÜĞÜ-AŞI BİRİMİ",
    ),
    (
        "86715804188",
        "Volkan",
        "Denizaşan",
        "26.11.1999",
        "volkan.denizasan@saglik.example.org",
        "İL SAĞLIK MÜDÜRLÜĞÜ-İLAÇ VE TIBBİ CİHAZ",
    ),
    (
        "91470429804",
        "Filiz",
        "Yaylacıklı",
        "04.11.1973",
        "filiz.yaylacikli@hastane1.saglik.example.org",
        "ÇINARLI DEVLET HASTANESİ-HASTA HAKLARI",
    ),
    (
        "36535775090",
        "Serkan",
        "İğdeliler",
        "12.04.1982",
        "serkan.igdeliler@hastane1.saglik.example.org",
        "ÇINARLI DEVLET HASTANESİ-ACİL SERVİS",
    ),
    (
        "14695298352",
        "Rabia",
        "Üçpınarlı",
        "24.04.1994",
        "rabia.ucpinarli@hastane3.saglik.example.org",
        "YEŞİLTEPE KADIN DOĞUM HASTANESİ-YENİDOĞAN YOĞUN BAKIM",
    ),
    (
        "80033885836",
        "Hakan",
        "Gözübüyükler",
        "09.04.1971",
        "hakan.gozubuyukler@adsm.saglik.example.org",
        "IŞIKLAR AĞIZ VE DİŞ SAĞLIĞI MERKEZİ-İDARİ BİRİM",
    ),
    (
        "33579257360",
        "Canan",
        "Şahinbaşlı",
        "24.11.1967",
        "canan.sahinbasli@ilce1.saglik.example.org",
        "KAVAKLI İLÇE SAĞLIK MÜDÜRLÜĞÜ-5 NO'LU ASM",
    ),
    (
        "71259511012",
        "Doğukan",
        "Ortaköylügil",
        "27.09.1962",
        "dogukan.ortakoylugil@saglik.example.org",
        "İL SAĞLIK MÜDÜRLÜĞÜ-PERSONEL HİZMETLERİ",
    ),
    (
        "75924003864",
        "Esma",
        "Kızılçamlı",
        "17.10.1985",
        "esma.kizilcamli@hastane1.saglik.example.org",
        "ÇINARLI DEVLET HASTANESİ-BİYOKİMYA",
    ),
    (
        "49385574386",
        "Murat Can",
        "Ağaçdiken",
        "24.09.1990",
        "murat.can.agacdiken@hastane2.saglik.example.org",
        "GÖKSU EĞİTİM VE ARAŞTIRMA HASTANESİ-ECZANE",
    ),
    (
        "49812606512",
        "Sevgi",
        "Pınarbaşılı",
        "16.09.1992",
        "sevgi.pinarbasili@hastane1.saglik.example.org",
        "ÇINARLI DEVLET HASTANESİ-ACİL SERVİS",
    ),
    (
        "68277107266",
        "Alper",
        "Tütüncügil",
        "08.08.1994",
        "alper.tutuncugil@adsm.saglik.example.org",
        "IŞIKLAR AĞIZ VE DİŞ SAĞLIĞI MERKEZİ-PROTEZ",
    ),
    (
        "84455098676",
        "Gönül",
        "Harmancılar",
        "15.05.1984",
        "gonul.harmancilar@ilce1.saglik.example.org",
        "KAVAKLI İLÇE SAĞLIK MÜDÜRLÜĞÜ-112 İSTASYONU",
    ),
    (
        "20649043626",
        "Ferhat",
        "Çiftçibaşılı",
        "23.10.1974",
        "ferhat.ciftcibasili@saglik.example.org",
        "İL SAĞLIK MÜDÜRLÜĞÜ-DESTEK HİZMETLERİ",
    ),
    (
        "16123292062",
        "Meryem",
        "İncesulu",
        "22.11.1982",
        "meryem.incesulu@hastane1.saglik.example.org",
        "ÇINARLI DEVLET HASTANESİ-ACİL SERVİS",
    ),
    (
        "51135811702",
        "Onur",
        "Kestanelik",
        "03.11.1969",
        "onur.kestanelik@hastane2.saglik.example.org",
        "GÖKSU EĞİTİM VE ARAŞTIRMA HASTANESİ-İNSAN KAYNAKLARI",
    ),
    (
        "55585252412",
        "Yasemin",
        "Gülümserler",
        "03.12.1976",
        "yasemin.gulumserler@hastane3.saglik.example.org",
        "YEŞİLTEPE KADIN DOĞUM HASTANESİ-DOĞUMHANE",
    ),
    (
        "17516735364",
        "Erdem",
        "Bozkırlıgil",
        "28.08.1998",
        "erdem.bozkirligil@hastane1.saglik.example.org",
        "ÇINARLI DEVLET HASTANESİ-HASTA HAKLARI",
    ),
    (
        "95600585378",
        "Sibel",
        "Ardıçlıoğlu",
        "08.12.1989",
        "sibel.ardiclioglu@ilce1.saglik.example.org",
        "KAVAKLI İLÇE SAĞLIK MÜDÜRLÜĞÜ-AŞI BİRİMİ",
    ),
    (
        "50064924774",
        "Taner",
        "Müezzinzade",
        "01.07.1968",
        "taner.muezzinzade@saglik.example.org",
        "İL SAĞLIK MÜDÜRLÜĞÜ-İLAÇ VE TIBBİ CİHAZ",
    ),
    (
        "84700226458",
        "Nilüfer",
        "Sazlıdereli",
        "12.01.1993",
        "nilufer.sazlidereli@hastane1.saglik.example.org",
        "ÇINARLI DEVLET HASTANESİ-EVRAK KAYIT",
    ),
    (
        "60813765466",
        "Kadir",
        "Oyluklu",
        "23.10.1993",
        "kadir.oyluklu@hastane2.saglik.example.org",
        "GÖKSU EĞİTİM VE ARAŞTIRMA HASTANESİ-İNSAN KAYNAKLARI",
    ),
    (
        "47477610578",
        "Aslıhan",
        "Zeytinburcu",
        "02.11.1989",
        "aslihan.zeytinburcu@hastane3.saglik.example.org",
        "YEŞİLTEPE KADIN DOĞUM HASTANESİ-POLİKLİNİK",
    ),
    (
        "68419729950",
        "Cihan",
        "Yüksekyaylalı",
        "13.05.1971",
        "cihan.yuksekyaylali@adsm.saglik.example.org",
        "IŞIKLAR AĞIZ VE DİŞ SAĞLIĞI MERKEZİ-ORTODONTİ",
    ),
    (
        "99118237910",
        "Elvin",
        "Rzazadeh",
        "23.06.1989",
        "elvin.rzazadeh@hastane1.saglik.example.org",
        "ÇINARLI DEVLET HASTANESİ-ACİL SERVİS",
    ),
    (
        "99120131602",
        "Noura",
        "Haddadi",
        "22.04.1984",
        "noura.haddadi@saglik.example.org",
        "İL SAĞLIK MÜDÜRLÜĞÜ-İLAÇ VE TIBBİ CİHAZ",
    ),
)

PEOPLE = tuple(
    Person(number, given, family, datetime.strptime(born, "%d.%m.%Y").date(), email, workplace)
    for number, given, family, born, email, workplace in _ROWS
)
_BY_NAME = {person.name: person for person in PEOPLE}

# They satisfy the check digits as well, but nobody bears them.
FILLERS = ("11111111110", "12345678950")
# Numbers of nobody: in each, one of the two check digits holds and the other does not.
WRONG_ELEVENTH = "17291716062"
WRONG_TENTH = "17291716071"


def person(name: str) -> Person:
    """Finds one of the invented people by given and family name."""
    return _BY_NAME[name]
