"""arranged: printed lines → the same lines, in which every value has a label of its own.

Some forms print a person's name without a label, or one label in two sections: "İsim" is the payer's below
"GÖNDEREN" and the payee's below "ALICI". Lines stay at their places, so that values can be pointed at.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from pipeline.domain.turkish import squash, squeeze
from pipeline.papers.rails import is_made_of

# How many words a person's name has.
_NAME_WORDS = range(2, 7)


def in_sections(lines: Sequence[str], sections: Sequence[str], labels: Collection[str]) -> Iterator[str]:
    """Puts a section's heading before each of its labels, where both together are one; `labels` are squashed.

    >>> list(in_sections(["ALICI", "İsim : X", "Saat : 10:00"], ["ALICI"], ["aliciisim"]))
    ['', 'ALICI İsim : X', 'Saat : 10:00']
    """
    known = {squash(section): section for section in sections}
    # "ALICI" alone may be a label as well; only one that has more of it is of the section.
    both = [label for label in labels if any(label.startswith(s) and label != s for s in known)]
    section = ""
    for line in lines:
        if squash(line) in known:
            section = known[squash(line)]
            yield ""
        elif section and any(squash(f"{section} {line}").startswith(label) for label in both):
            yield f"{section} {line.lstrip()}"
        else:
            yield line


def named_below(lines: Sequence[str], headings: Sequence[str], label: str) -> Iterator[str]:
    """Puts a label before the name that stands alone right below one of some headings.

    >>> list(named_below(["e-Dekont", "AYŞE KARAAĞAÇLI"], ["e-Dekont"], "Müşteri"))
    ['e-Dekont', 'Müşteri : AYŞE KARAAĞAÇLI']
    """
    above = ""
    for line in lines:
        is_below = bool(squash(above)) and is_made_of(above, headings)
        yield f"{label} : {line.lstrip()}" if is_below and is_name(line) else line
        above = line if squeeze(line) else above


def is_name(line: str) -> bool:
    """Tells whether a text has the form of a person's name."""
    return (
        len(line.split()) in _NAME_WORDS
        and re.fullmatch(r"[^\W\d_]+(?:[ .]+[^\W\d_]+)*\.?", line.strip()) is not None
    )
