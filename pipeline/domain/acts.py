"""acts: what a person did, as it is kept, and as it stands sealed outside of the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

# The file in an act's copy by which it can be done again.
ACT_FILE = "act.json"


@dataclass(frozen=True, slots=True)
class SealedAct:
    """An act as a file with the mark of the home's key, and the name that its copy goes by."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Done:
    """An act as it is kept: when, of which kind, about which mail ("" for none) or what else, whose, why.

    `body` is all else it takes to do it again; `copy` is the Message-ID of its copy, "" where there is none.
    """

    at: datetime
    kind: str
    sha: str
    about: str
    by: str
    because: str
    body: Mapping[str, Any]
    copy: str = ""
    id: int = 0
