"""membership: where the readers are, and by which certificate one is let in; light, for settings name it."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

Part = Literal["scheduler", "worker", "office"]

AUTHORITY, CERTIFICATE, KEY = "authority.pem", "certificate.pem", "key.pem"
# The authority's list of certificates that it has called back; there is none before the first.
REVOKED = "revoked.pem"
# What the scheduler's certificate is made out to, wherever it stands: no worker can pass for it.
SCHEDULER_NAME = "scheduler.nes-intake.invalid"
_ADDRESS = re.compile(r"tls://([A-Za-z0-9.\-]+|\[[0-9A-Fa-f:]+\]):\d{1,5}")


def is_address(text: str) -> bool:
    """Tells whether readers can be behind this; nothing but TLS is spoken with them."""
    return bool(_ADDRESS.fullmatch(text))


@dataclass(frozen=True, slots=True)
class Membership:
    """The scheduler's address (tls://host:port) and the folder with our certificate, key and authority."""

    address: str
    certificates: Path

    def missing(self) -> Path | None:
        """Names the first of its files that cannot be read; None where all are there."""
        for name in (AUTHORITY, CERTIFICATE, KEY):
            try:
                (self.certificates / name).read_bytes()
            except OSError:
                return self.certificates / name
        return None

    def as_json(self) -> str:
        """Tells another process of ours."""
        return json.dumps({**asdict(self), "certificates": str(self.certificates)})

    @staticmethod
    def from_json(told: str) -> Membership:
        """Hears what `as_json` told."""
        said = json.loads(told)
        return Membership(said["address"], Path(said["certificates"]))
