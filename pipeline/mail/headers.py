"""headers: the names of the header lines by which our own letters are known again."""

from __future__ import annotations

# The header that every letter of ours carries, so that we know it when it comes back.
LOOP_HEADER = "X-NES-Intake"
# What the letter is about, and its running number: by these a copy of it can take the ledger's place.
ABOUT_HEADER = "X-NES-Intake-About"
NUMBER_HEADER = "X-NES-Intake-Number"
