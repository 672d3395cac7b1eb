"""contradictions: addresses and domains as they are written → what of them cannot be meant.

What is sent goes by these alone: where two are one, or a domain is anybody's, words reach the wrong eyes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.policy.checks import within

# Below a country's letters these are registries, not houses: everybody's name ends with them.
_REGISTRIES = frozenset(
    "ac av bbs bel biz co com dr edu gen gov info k12 kep mil name net org pol tel tsk tv web".split()
)
COPIES, OWN, UNIT, KAMU_SM = "evidence.address", "addresses.own", "addresses.it_unit", "addresses.kamu_sm"
BOUNCES, ALSO_OURS, RELEASERS = "addresses.bounces", "addresses.also_ours", "batch.releasers"
# Which two keys may not have an address in common, and the sentence that says why.
_NEVER_ONE = (
    *((COPIES, other, "copies_to_others") for other in (KAMU_SM, UNIT, OWN, RELEASERS)),
    *((OWN, other, "own_address") for other in (KAMU_SM, UNIT, RELEASERS)),
    (KAMU_SM, UNIT, "list_to_unit"),
    *((KAMU_SM, other, "kamu_sm_as_ours") for other in (BOUNCES, ALSO_OURS, RELEASERS)),
)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What cannot be meant: `kind` picks the sentence, `one` and `other` are the keys that it names."""

    kind: str
    one: str
    other: str
    what: str


def of_addresses(
    written: Mapping[str, Sequence[str]], kamu_sm_domains: Sequence[str]
) -> Iterator[Contradiction]:
    """Finds addresses that stand under two keys, and such of ours as lie with Kamu SM."""
    for one, other, kind in _NEVER_ONE:
        for address in set(written.get(one, ())) & set(written.get(other, ())):
            yield Contradiction(kind, one, other, address)
    for key, addresses in written.items():
        for address in addresses:
            host = address.rpartition("@")[2]
            if key != KAMU_SM and any(within(host, domain) for domain in kamu_sm_domains):
                yield Contradiction("at_kamu_sm", key, "kamu_sm_domains", address)


def of_domains(key: str, domains: Sequence[str]) -> Iterator[Contradiction]:
    """Finds domains under which anybody may have a name, and stars that are not needed before them."""
    for domain in domains:
        if _is_of_all(domain):
            yield Contradiction("domain_of_all", key, key, domain)
        elif domain.startswith("*."):
            yield Contradiction("domain_star", key, domain.lstrip("*."), domain)


def of_servers(key: str, names: Sequence[str]) -> Iterator[Contradiction]:
    """Finds names of servers whose star stands for anybody's."""
    for name in names:
        if name.startswith("*") and _is_of_all(name.partition(".")[2]):
            yield Contradiction("servers_of_all", key, key, name)


def _is_of_all(domain: str) -> bool:
    labels = domain.strip("*.").split(".") if domain.startswith("*.") else domain.split(".")
    # Those of Northern Cyprus have one more: gov.nc.tr.
    labels = [*labels[:-2], "tr"] if labels[-2:] == ["nc", "tr"] else labels
    is_of_a_country = len(labels) == 2 and len(labels[1]) == 2
    return len(labels) < 2 or (is_of_a_country and labels[0] in _REGISTRIES)
