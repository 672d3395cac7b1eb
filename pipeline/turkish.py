"""Turkish text, amounts, dates and identity numbers: a leaf that imports nothing of ours.

>>> fold("IĞDIR  İli"), lower("ISPARTA İSTANBUL")
('igdir ili', 'ısparta istanbul')
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from stdnum.exceptions import ValidationError
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


def fold(text: str) -> str:
    """Folds to lower-case ASCII words, the one form in which texts are compared.

    >>> fold("Kayıp/ÇALINTI\\n(2)")
    'kayip/calinti (2)'
    """
    # Compatibility first: a mathematical 𝕬 is an A only after it, and would miss being lowered.
    plain = lower(unicodedata.normalize("NFKC", text)).translate(_ASCII)
    if plain.isascii():
        return squeeze(plain)
    plain = unicodedata.normalize("NFKD", plain)
    return squeeze("".join(ch for ch in plain if not unicodedata.combining(ch)))


def heading(text: str) -> str:
    """Folds a printed heading or label: brackets and punctuation become blanks.

    >>> heading("Doğum Tarihi\\n(GG/AA/YYYY)")
    'dogum tarihi gg aa yyyy'
    """
    return squeeze(re.sub(r"[^a-z0-9]+", " ", fold(text)))


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


def amount_of(text: str) -> Decimal | None:
    """Reads an amount, or nothing where there is none or more than one reading.

    >>> amount_of("780,00 TL")
    Decimal('780.00')
    """
    found = amount_readings(text)
    return found[0] if len(found) == 1 else None


_DATE = re.compile(
    r"(?<!\d)(?:(?P<d>\d{1,2})\s?[./-]\s?(?P<m>\d{1,2})\s?[./-]\s?(?P<y>\d{4})"
    r"|(?P<y2>\d{4})-(?P<m2>\d{2})-(?P<d2>\d{2}))(?!\d)"
    r"(?:[\sT]*-?[\sT]*(?P<hour>\d{2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2}))?)?"
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


def quotable(text: str) -> str:
    """Makes a stranger's words fit to be quoted: one line, no long numbers, IBANs or links.

    >>> quotable("bakınız\\n https://posta.invalid/x 10000000146")
    'bakınız […] 100******46'
    """
    shown = "".join(ch if ch.isprintable() else " " for ch in text)
    return masked(squeeze(_LINK.sub("[…]", shown)))


def iban_holds(text: str) -> bool:
    """Tells whether a text is a Turkish IBAN whose mod-97 check holds.

    >>> iban_holds("TR93 0001 2009 4570 0044 0000 04"), iban_holds("TR94 0001 2009 4570 0044 0000 04")
    (True, False)
    """
    bare = re.sub(r"\s", "", text).upper()
    if not re.fullmatch(r"TR\d{7}0\d{16}", bare):
        return False
    return int(bare[4:] + "2927" + bare[2:4]) % 97 == 1


def decimal_of(text: str) -> Decimal | None:
    """Reads a machine-written decimal such as "780.00", or nothing.

    >>> decimal_of("780.00"), decimal_of("x")
    (Decimal('780.00'), None)
    """
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
