"""Turkish text, amounts, dates and identity numbers: a leaf that imports nothing of ours.

>>> fold("IĞDIR  İli"), lower("ISPARTA İSTANBUL")
('igdir ili', 'ısparta istanbul')
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_97_10
from stdnum.tr import tckimlik

_UPPER = str.maketrans({"i": "İ", "ı": "I"})
_LOWER = str.maketrans({"İ": "i", "I": "ı"})
# 'ı' has no decomposition, so the accent strip below would leave it as it is.
_ASCII = str.maketrans({"ı": "i", "’": "'", "`": "'", "´": "'", "ﬁ": "fi", "ﬂ": "fl"})
_SWAPPED = str.maketrans(",.", ".,")
_MONTHS = "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık".split()
_DAYS = "Pazartesi Salı Çarşamba Perşembe Cuma Cumartesi Pazar".split()


def upper(text: str) -> str:
    """Upper-cases by Turkish rules after NFC.

    >>> upper("istanbul ısparta")
    'İSTANBUL ISPARTA'
    """
    return unicodedata.normalize("NFC", text).translate(_UPPER).upper()


def lower(text: str) -> str:
    """Lower-cases by Turkish rules after NFC; never leaves a combining dot behind.

    >>> len(lower("İSTANBUL"))
    8
    """
    return unicodedata.normalize("NFC", text).translate(_LOWER).lower()


def squeeze(text: str) -> str:
    """Turns every run of blanks, line breaks and no-break spaces into one blank."""
    return " ".join(text.split())


def visible(text: str) -> str:
    """Drops what nobody sees: soft hyphens, zero-width signs and marks of direction.

    >>> visible("104\\u00ad387\\u200b78198")
    '10438778198'
    """
    return "".join(ch for ch in text if unicodedata.category(ch) != "Cf") if not text.isascii() else text


_ADDRESS = re.compile(r"\S*(?:://|@)\S*|www\.\S+")


def without_addresses(text: str) -> str:
    """Drops the addresses of mails and pages: what they are made of is nothing that somebody says.

    >>> without_addresses("Bilgi: ali.kurtulmus@posta.invalid ve www.posta.invalid/iptal").split()
    ['Bilgi:', 've']
    """
    return _ADDRESS.sub(" ", text)


def fold(text: str) -> str:
    """Folds to lower-case ASCII words, the one form in which texts are compared.

    >>> fold("Kayıp/ÇALINTI\\n(2)")
    'kayip/calinti (2)'
    """
    if text.isascii():
        return squeeze(text.lower().replace("`", "'"))
    # Compatibility first: a mathematical 𝕬 is an A only after it, and would miss being lowered.
    plain = lower(unicodedata.normalize("NFKC", text)).translate(_ASCII)
    if plain.isascii():
        return squeeze(plain)
    return squeeze(unicodedata.normalize("NFKD", plain).translate(_BARE))


def squash(text: str) -> str:
    """Folds a text to its bare letters and digits.

    >>> squash("İşlem Türü: 1")
    'islemturu1'
    """
    return re.sub(r"[^a-z0-9]", "", fold(text))


class _Bare(dict[int, int | None]):
    """Drops accents, and signs that nobody sees, such as a soft hyphen amid a word."""

    def __missing__(self, code: int) -> int | None:
        sign = chr(code)
        bare = None if unicodedata.combining(sign) or unicodedata.category(sign) == "Cf" else code
        # A stranger's text has no more signs remembered than a few scripts have.
        if len(self) < _MOST_SIGNS:
            self[code] = bare
        return bare


_MOST_SIGNS = 4096
_BARE = _Bare()


def heading(text: str) -> str:
    """Folds a printed heading or label: brackets and punctuation become blanks.

    >>> heading("Doğum Tarihi\\n(GG/AA/YYYY)")
    'dogum tarihi gg aa yyyy'
    """
    return _heading(text) if len(text) <= _SHORT else _folded_words(text)


# Labels and rules' own words are short, and are held against one another again and again.
_SHORT = 60
_BETWEEN_WORDS = re.compile(r"[^a-z0-9]+")


def _folded_words(text: str) -> str:
    return _BETWEEN_WORDS.sub(" ", fold(text)).strip()


_heading = lru_cache(maxsize=8192)(_folded_words)


def spoken_date(day: date) -> str:
    """Writes a day as Turkish letters do.

    >>> spoken_date(date(2024, 5, 13))
    '13 Mayıs 2024'
    """
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def weekday(day: date) -> str:
    """Names the day of the week.

    >>> weekday(date(2024, 5, 13))
    'Pazartesi'
    """
    return _DAYS[day.weekday()]


def number_date(day: date) -> str:
    """Writes a day as forms do.

    >>> number_date(date(2024, 5, 3))
    '03.05.2024'
    """
    return f"{day:%d.%m.%Y}"


def numeral(value: float) -> str:
    """Writes a number with Turkish marks.

    >>> numeral(1200), numeral(2.5)
    ('1.200', '2,5')
    """
    return f"{value:,.10g}".translate(_SWAPPED)


# What is read as one: telephone numbers, amounts, dates, the names of rows and cells.
_READ_AS_ONE = re.compile(
    r"\b\d{3} \d \d{3}\b|\b\d[\d.,]* TL\b|\b\d+\. satır|\b[A-Z]{1,3}\d+ hücresi|\bKamu SM\b|"
    rf"\b\d{{1,2}} (?:{'|'.join(_MONTHS)})(?: \d{{4}})?\b"
)


def unbroken(text: str) -> str:
    """Puts no-break spaces where no line should end.

    >>> unbroken("444 5 576: 780,00 TL, 3 Mart 2024")
    '444\\xa05\\xa0576: 780,00\\xa0TL, 3\\xa0Mart\\xa02024'
    """
    return _READ_AS_ONE.sub(lambda found: found[0].replace(" ", "\u00a0"), text)


def lira(amount: Decimal) -> str:
    """Writes an amount with Turkish marks and its unit.

    >>> lira(Decimal("1080"))
    '1.080,00 TL'
    """
    return f"{amount:,.2f}".translate(_SWAPPED) + " TL"


def amount_readings(text: str) -> tuple[Decimal, ...]:
    """Lists every way an amount can be read: none, one, or two when a mark is ambiguous.

    The rightmost mark followed by exactly two digits is the decimal mark; a lone mark with three
    digits behind it is a thousands point when it is a point, and ambiguous when it is a comma.

    >>> [str(a) for a in amount_readings("1.080,00 TL")], [str(a) for a in amount_readings("75,000.00")]
    (['1080.00'], ['75000.00'])
    >>> [str(a) for a in amount_readings("1,080")], amount_readings("yok")
    (['1080.00', '1.08'], ())

    Nobody writes "080,00": there a digit is missing in front.
    """
    bare = re.sub(r"(?i)\b(TL|TRY)\b|[₺\s+]", "", text).strip("*")
    bare = re.sub(r"(?i)(TL|TRY)$", "", bare)
    if not re.fullmatch(r"-?\d[\d.,]*", bare):
        return ()
    negative, bare = bare.startswith("-"), bare.lstrip("-")
    found = _unsigned_amounts(bare)
    return tuple(-a if negative else a for a in found)


def _unsigned_amounts(bare: str) -> tuple[Decimal, ...]:
    if re.match(r"0\d", bare):
        return ()
    if re.fullmatch(r"\d+", bare):
        return (_money(bare),)
    if decimal := re.fullmatch(r"(\d{1,3}(?:[.,]\d{3})+|\d+)[.,](\d{2})", bare):
        marks = {ch for ch in bare[:-3] if not ch.isdigit()}
        if len(marks) > 1 or bare[-3] in marks:
            return ()
        return (_money(re.sub(r"[.,]", "", decimal[1]) + "." + decimal[2]),)
    if re.fullmatch(r"\d{1,3}(\.\d{3})+", bare):
        return (_money(bare.replace(".", "")),)
    if re.fullmatch(r"\d{1,3}(,\d{3}){2,}", bare):
        return (_money(bare.replace(",", "")),)
    if re.fullmatch(r"\d{1,3},\d{3}", bare):
        return (_money(bare.replace(",", "")), Decimal(bare.replace(",", ".")).normalize())
    return ()


def _money(text: str) -> Decimal:
    return Decimal(text).quantize(Decimal("0.01"))


_ONES = "sıfır bir iki üç dört beş altı yedi sekiz dokuz".split()
_TENS = "- on yirmi otuz kırk elli altmış yetmiş seksen doksan".split()


def _in_words(number: int) -> str:
    """Spells a number below a million as cheques do, in one word."""
    if number >= 1000:
        head, rest = divmod(number, 1000)
        return ("" if head == 1 else _in_words(head)) + "bin" + (_in_words(rest) if rest else "")
    if number >= 100:
        head, rest = divmod(number, 100)
        return ("" if head == 1 else _ONES[head]) + "yüz" + (_in_words(rest) if rest else "")
    tens, ones = divmod(number, 10)
    return (_TENS[tens] if tens else "") + (_ONES[ones] if ones or not tens else "")


def says_amount(text: str, amount: Decimal) -> bool:
    """Tells whether a text without blanks spells this amount, as receipts do beside its digits.

    >>> says_amount("YediyüzSeksenTL", Decimal("780.00")), says_amount("yediyüzseksentl00kr", Decimal("780"))
    (True, True)
    >>> says_amount("yediyüzelli", Decimal("780.00")), says_amount("alacak", Decimal("780.00"))
    (False, False)
    """
    if amount >= 1_000_000:
        return False
    lira, kurus = divmod(int(amount * 100), 100)
    whole, part = re.escape(fold(_in_words(lira))), re.escape(fold(_in_words(kurus)))
    cents = rf"(?:(?:{kurus:02d}|{part})(?:kr|krs|kurus))" + ("?" if not kurus else "")
    return (
        re.fullmatch(rf"(?:yalniz)?{whole}(?:tl|try|lira|turklirasi)?{cents}(?:dir)?", fold(text)) is not None
    )


_DATE = re.compile(
    r"(?<!\d)(?:(?P<d>\d{1,2})\s?[./-]\s?(?P<m>\d{1,2})\s?[./-]\s?(?P<y>\d{4})"
    r"|(?P<y2>\d{4})-(?P<m2>\d{2})-(?P<d2>\d{2}))(?!\d)"
    r"(?:[\sT]*-?[\sT]*(?P<hour>\d{2})[:.](?P<minute>\d{2})"
    r"(?:[:.](?P<second>\d{2})(?:[.,]\d{3,6})?)?(?!\d|[:.]\d))?"
)


def moment_of(text: str) -> datetime | None:
    """Reads a bank's date, with its time of day where one is printed, day before month.

    >>> moment_of("06/02/2024-12:19:17 - F06195")
    datetime.datetime(2024, 2, 6, 12, 19, 17)
    >>> moment_of("2024-02-06-12.19.17"), moment_of("31.02.2024")
    (datetime.datetime(2024, 2, 6, 12, 19, 17), None)
    """
    found = _DATE.search(text)
    if not found:
        return None
    year, month, day = (int(found[k] or found[k + "2"]) for k in ("y", "m", "d"))
    hour, minute, second = (int(found[k] or 0) for k in ("hour", "minute", "second"))
    try:
        return datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None


def moments_in(text: str) -> tuple[datetime, ...]:
    """Reads every date of a text; none where one of them is no day of the calendar.

    >>> [m.day for m in moments_in("13.05.2024 - 14.05.2024")], moments_in("31.02.2024 14.05.2024")
    ([13, 14], ())
    """
    moments = [moment_of(found[0]) for found in _DATE.finditer(text)]
    return tuple(m for m in moments if m) if all(moments) else ()


def date_of(text: str) -> date | None:
    """Reads a whole text as one day written with four-digit year, day before month.

    >>> date_of(" 3/4/1985 "), date_of("3/4/85"), date_of("3 Nisan 1985")
    (datetime.date(1985, 4, 3), None, datetime.date(1985, 4, 3))
    """
    bare = squeeze(text)
    if found := re.fullmatch(r"(\d{1,2}) (\w+) (\d{4})", bare):
        names = [fold(m) for m in _MONTHS]
        if fold(found[2]) not in names:
            return None
        bare = f"{found[1]}.{names.index(fold(found[2])) + 1}.{found[3]}"
    if not _DATE.fullmatch(bare):
        return None
    moment = moment_of(bare)
    return moment.date() if moment else None


# They satisfy the check digits, but every developer and clerk has typed them as a filler.
_FILLERS = {f"{d}" * 10 + "0" for d in "123456789"} | {"12345678950"}


@dataclass(frozen=True, slots=True, order=True)
class IdentityNumber:
    """A T.C. identity number as read, valid or not; prints masked, `.digits` is the exception.

    A wrapper and not a `str`, so that no library can print or write the digits by accident.

    >>> str(IdentityNumber("10000000146")), IdentityNumber("10000000146").is_valid
    ('100******46', True)
    >>> IdentityNumber("17291716050").is_valid, IdentityNumber("11111111110").is_filler
    (False, True)
    """

    digits: str = field(repr=False)

    def __str__(self) -> str:
        return mask(self.digits)

    def __repr__(self) -> str:
        return f"IdentityNumber({self})"

    @property
    def is_valid(self) -> bool:
        """Tells whether the eleven digits satisfy both check digits."""
        try:
            tckimlik.validate(self.digits)
        except ValidationError:
            return False
        return True

    @property
    def is_filler(self) -> bool:
        """Tells whether the digits are a well-known filler such as 11111111110."""
        return self.digits in _FILLERS

    @property
    def is_foreigner(self) -> bool:
        """Tells whether the number is one given to foreigners (99…)."""
        return self.digits.startswith("99")


def mask(digits: str) -> str:
    """Masks a long number, first three and last two digits left: the one mask pattern.

    >>> mask("10000000146")
    '100******46'
    """
    return digits[:3] + "*" * (len(digits) - 5) + digits[-2:] if len(digits) > 5 else "*" * len(digits)


_LONG_NUMBER = re.compile(r"\d(?:[ \u00a0]?\d){8,}")
_IBAN = re.compile(r"\bTR\s?\d{2}(?:\s?\d){22}\b", re.IGNORECASE)


def masked(text: str) -> str:
    """Masks every run of nine or more digits and every IBAN in a free text.

    >>> masked("T.C. 10000000146, IBAN TR93 0001 2009 4570 0044 0000 04")
    'T.C. 100******46, IBAN TR***04'
    """
    text = _IBAN.sub(lambda m: "TR***" + re.sub(r"\D", "", m[0])[-2:], text)
    return _LONG_NUMBER.sub(lambda m: mask(re.sub(r"\D", "", m[0])), text)


_LINK = re.compile(r"(?i)\b(?:[a-z][a-z0-9+.\-]*://|www\.)\S+")
# Without any of these there is neither a number, an IBAN nor a link in it; most texts have none.
_TELLING = re.compile(r"\d|://|[wW]{3}\.")


def quotable(text: str) -> str:
    """Makes a stranger's words fit to be quoted: one line, no long numbers, IBANs or links.

    >>> quotable("bakınız\\n https://posta.invalid/x 10000000146")
    'bakınız […] 100******46'
    """
    shown = text if text.isprintable() else "".join(ch if ch.isprintable() else " " for ch in text)
    if not _TELLING.search(shown):
        return squeeze(shown)
    return masked(squeeze(_LINK.sub("[…]", shown)))


def iban_holds(text: str) -> bool:
    """Tells whether a text is a Turkish IBAN whose mod-97 check holds.

    >>> iban_holds("TR93 0001 2009 4570 0044 0000 04"), iban_holds("TR94 0001 2009 4570 0044 0000 04")
    (True, False)
    """
    bare = re.sub(r"\s", "", text).upper()
    # Not `stdnum.iban`: it reads a register of all countries from a file when it is imported, for which every
    # start of the program would pay, and it asks less of a Turkish number: any reserve digit, and letters.
    if not re.fullmatch(r"TR\d{7}0\d{16}", bare):
        return False
    return bool(mod_97_10.is_valid(bare[4:] + bare[:4]))
