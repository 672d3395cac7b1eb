"""Receipts that somebody has altered, through reader, rules and judge: none of them may be accepted.

Run it as `python -m benchmarks.altered_receipts --count 200` from the project's root. Each stands alone: its
person has a case that waits for just this payment. As many honest receipts tell that the set is no set of
receipts which would be held anyway.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from itertools import islice

from pipeline.domain import Attachment, Matter, Outcome
from pipeline.domain.turkish import upper
from pipeline.judging.judge import judge
from pipeline.judging.read import read
from pipeline.sandbox.scanner.scan import transcribe
from tests.in_order import POLICY, SHA, facts_of, mail_from, open_case
from tests.people import PEOPLE, Person
from tests.receipt_material import ReceiptFacts, receipt_pdf
from tests.receipt_tricks import BILL, altered


def outcome(who: Person, pdf: bytes) -> Outcome:
    """Judges a receipt of somebody whose case waits for it, as a mail with nothing else in it."""
    digest = sha256(pdf).hexdigest()
    file = Attachment("dekont.pdf", "application/pdf", pdf, digest)
    evidence = read([(file, transcribe(pdf, POLICY.clues))], POLICY.patterns)
    matter = Matter(SHA, mail_from(who.work_email), evidence)
    return judge(matter, facts_of(open_case(who)), POLICY).outcome


def drawn(seed: int) -> Iterator[tuple[Person, str, bytes]]:
    """Draws altered receipts for ever: all tricks in an order of chance, then again for other payments."""
    dice = random.Random(f"altered {seed}")
    while True:
        who = dice.choice(PEOPLE)
        facts = payment_of(who, dice)
        tricks = [*altered(facts)]
        dice.shuffle(tricks)
        yield from ((who, name, pdf) for name, pdf in tricks)


def payment_of(who: Person, dice: random.Random) -> ReceiptFacts:
    """Invents the payment that a person's case waits for."""
    reference = f"20240513{dice.randrange(10**8):08d}"
    return ReceiptFacts(identity_number=who.identity_number, name=upper(who.name), reference=reference)


def main() -> None:
    """Prints what became of each set, and the name of every trick that was believed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--honest", type=int, default=20)
    asked = parser.parse_args()
    dice = random.Random(f"honest {asked.seed}")
    people = [dice.choice(PEOPLE) for _ in range(asked.honest)]
    told = Counter(outcome(who, receipt_pdf(BILL, payment_of(who, dice))).value for who in people)
    print(f"honest  {asked.honest:4}: " + _counts(told), flush=True)
    found: Counter[str] = Counter()
    for who, name, pdf in islice(drawn(asked.seed), asked.count):
        became = outcome(who, pdf)
        found[became.value] += 1
        if became is Outcome.ACCEPTED:
            print(f"ACCEPTED: {name}", flush=True)
    print(f"altered {asked.count:4}: " + _counts(found))


def _counts(told: Counter[str]) -> str:
    return ", ".join(f"{told[outcome.value]} {outcome.value}" for outcome in Outcome if told[outcome.value])


if __name__ == "__main__":
    main()
