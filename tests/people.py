"""The one list of invented people that every fixture and test takes its persons from.

The identity numbers are made up and satisfy the check digits; the last two belong to foreigners (99…).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from pipeline.domain.turkish import fold


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


# code → mail domain, name
UNITS = {
    "hastane1": ("hastane1.saglik.example.org", "ÇINARLI DEVLET HASTANESİ"),
    "hastane2": ("hastane2.saglik.example.org", "GÖKSU EĞİTİM VE ARAŞTIRMA HASTANESİ"),
    "hastane3": ("hastane3.saglik.example.org", "YEŞİLTEPE KADIN DOĞUM HASTANESİ"),
    "adsm": ("adsm.saglik.example.org", "IŞIKLAR AĞIZ VE DİŞ SAĞLIĞI MERKEZİ"),
    "ilce1": ("ilce1.saglik.example.org", "KAVAKLI İLÇE SAĞLIK MÜDÜRLÜĞÜ"),
    "il": ("saglik.example.org", "İL SAĞLIK MÜDÜRLÜĞÜ"),
}

# identity number | given name | family name | born on | unit | department
_TABLE = """
10000000146 | Ayşe          | Karaağaçlı      | 25.07.1980 | hastane1 | RADYOLOJİ
17291716060 | Mehmet Şükrü  | İnanöz          | 02.06.1974 | hastane2 | ECZANE
41476423078 | Işıl          | Ağırbaşlı       | 05.02.1964 | hastane3 | YENİDOĞAN YOĞUN BAKIM
72200326822 | İpek          | Yıldızhan       | 22.05.1970 | adsm     | PROTEZ
51383442246 | Çağrı         | Öztürkmen       | 14.12.1992 | ilce1    | 5 NO'LU ASM
80887937538 | Ümit          | Gündoğmuş       | 11.08.1965 | il       | PERSONEL HİZMETLERİ
18590768880 | Hülya         | Şimşekoğlu      | 04.07.1991 | hastane1 | HASTA HAKLARI
69625371414 | İbrahim Halil | Küçükdere       | 17.04.1998 | hastane1 | KALİTE BİRİMİ
49719532594 | Irmak         | Sığırtmaç       | 25.03.1966 | hastane3 | YENİDOĞAN YOĞUN BAKIM
80240108520 | Gülşen        | Çobanoğulları   | 20.10.1973 | adsm     | İDARİ BİRİM
85745993954 | Oğuzhan       | Bıyıklı         | 18.07.1999 | ilce1    | AŞI BİRİMİ
57645091894 | Ebru          | Taşdelenler     | 08.05.1995 | il       | DESTEK HİZMETLERİ
45255695472 | Süleyman      | Işıldak         | 24.12.1966 | hastane1 | HASTA HAKLARI
38347241282 | Nazlı Gül     | Erğin           | 22.04.1975 | hastane2 | İNSAN KAYNAKLARI
62088927686 | Tuğba         | Demirağaç       | 09.02.1977 | hastane1 | ACİL SERVİS
71259482558 | Yiğit         | Uçarsu          | 14.04.1982 | adsm     | ORTODONTİ
41179258434 | Şeyma         | Kılıçarslantürk | 25.04.1981 | ilce1    | 112 İSTASYONU
29045266004 | Cüneyt        | İpekçioğlu      | 14.02.1972 | il       | DESTEK HİZMETLERİ
13448679462 | Fatma Nur     | Gökırmak        | 11.12.1966 | hastane1 | BİYOKİMYA
59356283810 | Özgür         | Hatipkaya       | 08.12.1988 | hastane2 | ECZANE
96266108468 | Zeliha        | Yağızer         | 06.04.1963 | hastane3 | DOĞUMHANE
42775005842 | Ilgın         | Karasulu        | 12.10.1984 | hastane1 | HASTA HAKLARI
94639183722 | Muhittin      | Çelikbilekli    | 21.01.1997 | ilce1    | 112 İSTASYONU
58549614394 | Sıdıka        | Öncüoğlu        | 09.07.1976 | il       | DESTEK HİZMETLERİ
94539058014 | Barış         | Tunahanlı       | 08.07.1968 | hastane1 | HASTA HAKLARI
73171173156 | Dilâra        | Şenyuvalı       | 22.06.1980 | hastane2 | ÇOCUK SERVİSİ
28193809392 | Kâzım         | Alıçlı          | 04.06.1997 | hastane3 | YENİDOĞAN YOĞUN BAKIM
85024309056 | Melike        | Dağıstanlıgil   | 21.01.1980 | adsm     | ORTODONTİ
15145874768 | Recep         | Büyükırmak      | 11.07.1991 | hastane1 | KALİTE BİRİMİ
90022581748 | Övünç         | Sarıçamlı       | 21.03.1981 | il       | ACİL SAĞLIK HİZMETLERİ
93711105782 | Pınar         | İlkbaharlı      | 13.04.1967 | hastane1 | KALİTE BİRİMİ
20459290708 | Abdülkadir    | Güneşdoğan      | 02.06.1965 | hastane2 | KARDİYOLOJİ
72923298260 | Şule          | Akıncıtürk      | 16.11.1986 | hastane3 | DOĞUMHANE
24345915126 | Hacer         | Bağcıvanlı      | 19.12.1962 | adsm     | İDARİ BİRİM
86663617632 | Türkan        | Yorgancılar     | 19.05.1966 | ilce1    | 112 İSTASYONU
98072490942 | Nihat         | Özdoğruer       | 08.04.1965 | hastane1 | KALİTE BİRİMİ
35735763920 | Begüm         | Çıtakoğlu       | 23.07.1963 | hastane1 | HASTA HAKLARI
21961954232 | Sinan         | Eskiçırak       | 01.09.1985 | hastane2 | KARDİYOLOJİ
63931992080 | Ülkü          | Gümüşdişli      | 02.04.1967 | hastane3 | POLİKLİNİK
76088807510 | İsmail Hakkı  | Tepecikli       | 03.08.1969 | adsm     | ORTODONTİ
93236558292 | Gizem         | Kırlangıçlı     | 27.06.1997 | ilce1    | TOPLUM SAĞLIĞI
67969134016 | Uğur          | Beşikdüzlü      | 28.08.1965 | il       | PERSONEL HİZMETLERİ
19328415878 | Asuman        | Çakıroğulları   | 05.06.1990 | hastane1 | BİYOKİMYA
74333809074 | Levent        | Söğütlüdere     | 14.01.1981 | hastane2 | ECZANE
51104868812 | Nuray         | Işıklıtepe      | 16.03.1999 | hastane3 | YENİDOĞAN YOĞUN BAKIM
42095672724 | Tolga         | Ballıkayalı     | 05.03.1963 | adsm     | İDARİ BİRİM
51454777550 | Emine Büşra   | Karagülle       | 25.07.1984 | ilce1    | AŞI BİRİMİ
86715804188 | Volkan        | Denizaşan       | 26.11.1999 | il       | İLAÇ VE TIBBİ CİHAZ
91470429804 | Filiz         | Yaylacıklı      | 04.11.1973 | hastane1 | HASTA HAKLARI
36535775090 | Serkan        | İğdeliler       | 12.04.1982 | hastane1 | ACİL SERVİS
14695298352 | Rabia         | Üçpınarlı       | 24.04.1994 | hastane3 | YENİDOĞAN YOĞUN BAKIM
80033885836 | Hakan         | Gözübüyükler    | 09.04.1971 | adsm     | İDARİ BİRİM
33579257360 | Canan         | Şahinbaşlı      | 24.11.1967 | ilce1    | 5 NO'LU ASM
71259511012 | Doğukan       | Ortaköylügil    | 27.09.1962 | il       | PERSONEL HİZMETLERİ
75924003864 | Esma          | Kızılçamlı      | 17.10.1985 | hastane1 | BİYOKİMYA
49385574386 | Murat Can     | Ağaçdiken       | 24.09.1990 | hastane2 | ECZANE
49812606512 | Sevgi         | Pınarbaşılı     | 16.09.1992 | hastane1 | ACİL SERVİS
68277107266 | Alper         | Tütüncügil      | 08.08.1994 | adsm     | PROTEZ
84455098676 | Gönül         | Harmancılar     | 15.05.1984 | ilce1    | 112 İSTASYONU
20649043626 | Ferhat        | Çiftçibaşılı    | 23.10.1974 | il       | DESTEK HİZMETLERİ
16123292062 | Meryem        | İncesulu        | 22.11.1982 | hastane1 | ACİL SERVİS
51135811702 | Onur          | Kestanelik      | 03.11.1969 | hastane2 | İNSAN KAYNAKLARI
55585252412 | Yasemin       | Gülümserler     | 03.12.1976 | hastane3 | DOĞUMHANE
17516735364 | Erdem         | Bozkırlıgil     | 28.08.1998 | hastane1 | HASTA HAKLARI
95600585378 | Sibel         | Ardıçlıoğlu     | 08.12.1989 | ilce1    | AŞI BİRİMİ
50064924774 | Taner         | Müezzinzade     | 01.07.1968 | il       | İLAÇ VE TIBBİ CİHAZ
84700226458 | Nilüfer       | Sazlıdereli     | 12.01.1993 | hastane1 | EVRAK KAYIT
60813765466 | Kadir         | Oyluklu         | 23.10.1993 | hastane2 | İNSAN KAYNAKLARI
47477610578 | Aslıhan       | Zeytinburcu     | 02.11.1989 | hastane3 | POLİKLİNİK
68419729950 | Cihan         | Yüksekyaylalı   | 13.05.1971 | adsm     | ORTODONTİ
99118237910 | Elvin         | Rzazadeh        | 23.06.1989 | hastane1 | ACİL SERVİS
99120131602 | Noura         | Haddadi         | 22.04.1984 | il       | İLAÇ VE TIBBİ CİHAZ
"""


def _person(line: str) -> Person:
    number, given, family, born, unit, department = (part.strip() for part in line.split("|"))
    domain, unit_name = UNITS[unit]
    return Person(
        number,
        given,
        family,
        datetime.strptime(born, "%d.%m.%Y").date(),
        f"{fold(given).replace(' ', '.')}.{fold(family)}@{domain}",
        f"{unit_name}-{department}",
    )


PEOPLE = tuple(_person(line) for line in _TABLE.strip().splitlines())
_BY_NAME = {person.name: person for person in PEOPLE}

# They satisfy the check digits as well, but nobody bears them.
FILLERS = ("11111111110", "12345678950")
# Numbers of nobody: in each, one of the two check digits holds and the other does not.
WRONG_ELEVENTH = "17291716062"
WRONG_TENTH = "17291716071"


def person(name: str) -> Person:
    """Finds one of the invented people by given and family name."""
    return _BY_NAME[name]
