"""The invented office of the demo, and of `explain` and `check` without settings."""

from __future__ import annotations

from pipeline.domain import Office

UNIT = "İstatistik ve Bilgi İşlem Birimi"
INSTITUTION = "Örnek İl Sağlık Müdürlüğü"
OWN = "nes@saglik.example.org"
IT_UNIT = "bilgi-islem@saglik.example.org"
KAMU_SM = "liste@kamusm.example.org"
CORPORATE = ("saglik.gov.tr", "saglik.example.org", "example.*")
TRUSTED = ("mx.saglik.example.org",)
KAMU_SM_DOMAINS = ("kamusm.gov.tr", "kamusm.example.org")
OFFICE = Office(
    unit=UNIT,
    institution=INSTITUTION,
    sender=OWN,
    own_addresses=(OWN,),
    it_unit=IT_UNIT,
    batch_recipient=KAMU_SM,
    kamu_sm=KAMU_SM,
    corporate_domains=CORPORATE,
    kamu_sm_domains=KAMU_SM_DOMAINS,
    trusted_servers=TRUSTED,
    # `explain` is given mails out of any mailbox, and most servers write no such header.
    authentication_required=False,
    postal_address="Örnek Mahallesi, Sağlık Caddesi, Numara 1, 00000 Örnek",
)
