"""cli: the commands gathered, and every kind of wrong turned into its exit code and one sentence.

Exit codes: 0 done · 1 something was set aside · 64 wrong command · 70 a fault of the program · 75 try later ·
78 bad configuration.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import cast

import click

from pipeline.commands.frames import framed

DONE = 0


def main() -> None:
    """Runs the command line and turns every kind of wrong into its exit code and one sentence."""
    # Whatever this process makes, temporary files included, is nobody else's to read.
    os.umask(0o077)
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Runs one command and gives its exit code."""
    try:
        return cast(int, commands.main(arguments, prog_name="nes-intake", standalone_mode=False)) or DONE
    except click.exceptions.Exit as end:
        return end.exit_code
    except Exception as fault:
        # What words a fault needs is imported where there is one.
        from pipeline.commands.wrongs import tell

        return tell(fault)


class _ByNeed(click.Group):
    """A group that imports a command with its libraries where that one is asked for, and no other."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names the commands in the order they are told of."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context | None, cmd_name: str) -> click.Command | None:
        """Imports a command; None for one that there is not."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"pipeline.commands.{COMMANDS[cmd_name][0]}")
        return framed(cast(click.Command, getattr(module, cmd_name.replace("-", "_") + "_command")))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Tells what each command does, and imports none of them for it."""
        with formatter.section("Komutlar"):
            formatter.write_dl([(name, says) for name, (_, says) in COMMANDS.items()])


# Every command: the module of this package that has it, and the first sentence of its help.
# fmt: off
COMMANDS = {
    "init": ("installing", "Ayar, parola ve servis dosyalarını, klasörleri ve servis kullanıcısını kurar; var olana dokunmaz."),
    "poll": ("polling", "Posta kutularına bakar, gelenleri değerlendirir, dosyalar ve yanıtlar."),
    "nightly": ("mailroom", "Geceyi kapatır: Kamu SM listesi ve gece raporu."),
    "take-back-night": ("mailroom", "Yanlış saatle ileri tarihte kapanmış geceyi geri alır; gönderilmiş liste ve yazı yinelenmez."),
    "serve": ("mailroom", "Sürekli çalışır: düzenli aralıkla posta kutusu, her gece rapor."),
    "status": ("mailroom", "Kayıtların durumunu ve görevli bekleyen iletileri gösterir; hiçbir şeyi değiştirmez."),
    "settle": ("settling", "Bekleyen bir iletiyi görevli kararıyla kapatır; NUMARA iletinin (G-…) ya da başvurunun (N-…)."),
    "amend": ("settling", "Okunamayan ya da yanlış okunan değeri görevlinin sayfada gördüğüyle tamamlar; NUMARA G-…/2 gibi."),
    "resume": ("office", "Durdurulan yanıtları sürdürür: send olduğu gibi gönderir, again iletileri yeniden değerlendirtir."),
    "doubt": ("office", "Gidip gitmediği bilinmeyen yazıyı sonuca bağlar: arrived ulaşmıştır, again aynısını yeniden gönderir."),
    "rehearse": ("office", "KLASÖR içindeki değişik kuralları saklanan iletilerde dener; hiçbir şey yazmaz ve göndermez."),
    "tariff": ("upkeep", "Tarifeye yeni dönem ekler."),
    "rejudge": ("upkeep", "Bekleyenleri bugünkü kurallarla yeniden değerlendirir; --because ile uygunları kabul eder."),
    "replay": ("office", "Kapanmış bir geceyi saklanan iletilerden, o günün kurallarıyla yeniden yapıp karşılaştırır."),
    "check": ("proof", "Ayarları, kuralları, dekont düzenlerini ve metinleri sunucuya bağlanmadan denetler."),
    "explain": ("proof", "İletileri sırayla, hiçbir şey göndermeden değerlendirir; görüleni ve kararı yazar."),
    "find": ("finding", "Adının bir parçası, T.C. kimlik no, e-posta, numara ya da dekont numarasıyla bir kişiyi bulur."),
    "form-received": ("desk", "Evrakının aslı ulaşan başvuruları (N-…) işler; ödemesi de tamamsa kapatır."),
    "off-list": ("desk", "Liste bekleyen bir başvuruyu (N-…) listelerin dışında tutar (cikar) ya da geri alır (geri)."),
    "release": ("desk", "Onay bekleyen bir listeyi (örnek: 2026-11-25/1) Kamu SM'ye gönderir; bir liste bir kez gönderilir."),
    "import-answer": ("desk", "Kamu SM'nin bir listeye yanıtını (.xls, .xlsx, .csv) okur; geri gönderilenlerin sahiplerine yazar."),
    "sample": ("sampling", "Kabul edilmiş dekontları, okunanı göstermeden görevliye okutur: yanılma payı böyle ölçülür."),
    "erase": ("custody", "Saklama süresi dolan verileri siler ve imha kaydı tutar; açık başvurulara dokunmaz."),
    "export": ("custody", "Bir kişi hakkında saklanan her şeyi JSON olarak yazar."),
    "verify": ("custody", "Her kaydı, denetim zincirini ve saklanan iletileri doğrular; hiçbir şeyi değiştirmez."),
    "backup": ("custody", "Kayıt defterini, anahtarı ve saklanan iletileri bir klasöre yedekler."),
    "rebuild": ("custody", "Kayıt defterini posta klasörlerinden ve yazı kopyalarından yeniden kurar; hiçbir şey göndermez."),
    "doctor": ("running", "Ayarlardan sunuculara her şeyi yoklar, her satırda ne yapılacağını söyler; hiçbir şeyi değiştirmez."),
    "cluster": ("cluster", "Başka makinelerdeki okuyucular: sertifikalar (init, revoke), dağıtıcı (scheduler), okuyucu (worker)."),
    "desk": ("at_the_desk", "Görevlilerin masasını tarayıcıda açar: bekleyenler, kişiler, evrak, listeler."),
    "demo": ("show", "Örnek iletilerle bütün bir günü gösterir; sunucu ve ayar gerekmez."),
    "browse": ("show", "Kayıt defterinin maskeli bir görüntüsünü yalnız bu makinede, tarayıcıda gösterir."),
}
# fmt: on


@click.group(cls=_ByNeed, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def commands() -> None:
    """Kayıp/çalıntı NES başvurularını posta kutusundan alır, denetler, yanıtlar, listeler."""


framed(commands)
