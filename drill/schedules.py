"""Several faults in one day, drawn by chance from a seed: whoever has the number can play the day again."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from drill.points import SMTP_COMMAND, unforeseen
from drill.stage import MAILS, Theatre, Verdict
from tests.house import FOLDERS, MORNING, NIGHT, House
from tests.power import Step
from tests.saboteurs import DropAtLine, DropInLiteral, Side, StallOver
from tests.servers import Stage

STEPS: tuple[Step, ...] = (
    ("poll", MORNING),
    ("poll", MORNING + timedelta(hours=2)),
    ("poll", MORNING + timedelta(hours=4)),
    ("nightly", NIGHT),
)
# So many of the day's mails have come by each step.
COME = (2, 4, 5, 5)
MOST_KILLS = 2
_SIDES: tuple[Side, ...] = ("client", "server")
_WEIGHTS = {
    "kill": 4,
    "IMAP drop": 3,
    "IMAP literal": 1,
    "SMTP drop": 3,
    "SMTP reply": 3,
    "IMAP stall": 1,
    "SMTP stall": 1,
    "twin": 1,
    "moved back": 2,
    "renumbered": 1,
    "flagged": 1,
    "SMTP mood": 2,
}
_STAGES: tuple[Stage, ...] = ("connect", "EHLO", "MAIL", "RCPT", "DATA", "dot")
# "swallow" takes the letter and hangs up without a word.
_REPLIES = ("451 4.3.0 later", "421 4.3.2 not now", "452 4.2.2 full", "drop", "swallow")
# What a server says to everybody for a whole step; none of it is any letter's fate.
_MOODS = (
    "550 5.4.5 Daily user sending quota exceeded.",
    "552 5.2.2 Message would take you over your relay quota",
    "553 5.7.1 Sender address rejected: not owned by user",
    "550 5.7.1 no, and no reason",
    "530 5.7.0 Must issue a STARTTLS command first",
)


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong at one step of the day; `at` is where in it, `side` on whose."""

    step: int
    kind: str
    at: int
    side: Side
    stage: Stage
    reply: str

    def __str__(self) -> str:
        detail = {"SMTP reply": f" {self.stage} {self.reply}", "SMTP stall": f" {self.stage}"}
        where = f" {self.side} {self.at}" if self.kind in ("kill", "IMAP drop", "SMTP drop") else ""
        return f"step {self.step}: {self.kind}{where}{detail.get(self.kind, '')}"


def draw(seed: int, number: int) -> list[Fault]:
    """Draws the faults of one schedule, two to five of them."""
    dice = Random(f"{seed}/{number}")
    faults: list[Fault] = []
    for _ in range(dice.randint(2, 5)):
        fault = Fault(
            step=dice.randrange(len(STEPS)),
            kind=dice.choices(list(_WEIGHTS), weights=list(_WEIGHTS.values()))[0],
            at=dice.randint(1, 160),
            side=dice.choice(_SIDES),
            stage=dice.choice(_STAGES),
            reply=dice.choice(_REPLIES),
        )
        same_step = [f.kind for f in faults if f.step == fault.step]
        # A step is killed once, and has one fault of a kind; a mail may not be hit more often than we allow.
        if fault.kind not in same_step and [f.kind for f in faults].count("kill") < MOST_KILLS:
            faults.append(fault)
    return sorted(faults, key=lambda fault: fault.step)


def play(theatre: Theatre, faults: list[Fault]) -> Verdict:
    """Plays one day with its faults, then the calm days, and counts."""
    codes: list[int] = []
    come = 0
    with theatre.house(()) as house:
        for number, step in enumerate(STEPS):
            house.deliver(*MAILS[come : COME[number]])
            come = COME[number]
            codes += _step(theatre, house, step, [fault for fault in faults if fault.step == number])
        kills = sum(fault.kind == "kill" for fault in faults)
        return theatre.end(house, kills, unforeseen(codes))


def _step(theatre: Theatre, house: House, step: Step, faults: list[Fault]) -> list[int]:
    cut_at, has_twin = None, False
    imap, smtp = house.box.server.port, theatre.smtp.port
    theatre.smtp.faults.clear()
    with ExitStack() as stack:
        for fault in faults:
            match fault.kind:
                case "kill":
                    cut_at = fault.at
                case "twin":
                    has_twin = True
                case "IMAP drop":
                    imap = stack.enter_context(DropAtLine(imap, fault.side, 1 + fault.at % 40)).port
                case "IMAP literal":
                    imap = stack.enter_context(DropInLiteral(imap, 1 + fault.at % 3)).port
                case "IMAP stall":
                    word = (b"LOGIN", b"SELECT", b"FETCH", b"MOVE")[fault.at % 4]
                    imap = stack.enter_context(StallOver(imap, word, times=1)).port
                case "SMTP drop" if fault.side == "client":
                    drop = DropAtLine(smtp, "client", 1 + fault.at % 14, SMTP_COMMAND)
                    smtp = stack.enter_context(drop).port
                case "SMTP drop":
                    smtp = stack.enter_context(DropAtLine(smtp, "server", 1 + fault.at % 30)).port
                case "SMTP reply":
                    theatre.smtp.fail(fault.stage, fault.reply)
                case "SMTP stall" if fault.stage in ("EHLO", "MAIL", "RCPT", "DATA"):
                    theatre.smtp.fail(fault.stage, "stall")
                case "SMTP mood":
                    at: Stage = ("MAIL", "RCPT", "DATA", "dot")[fault.at % 4]
                    theatre.smtp.fail(at, _MOODS[fault.at % 5], times=None)
                case "moved back":
                    _move_back(house, fault.at)
                case "renumbered":
                    house.box.renumber()
                case "flagged":
                    if there := list(house.box.flags()):
                        house.box.flag(there[:1], "\\Flagged")
        detour = house.through(imap).posting_through(smtp)
        detour.write()
        return theatre.powered.play(detour.file, [step], cut_at, has_twin=has_twin).codes


def _move_back(house: House, at: int) -> None:
    """Has a person put one of the filed mails into the inbox again."""
    folders = [name for name in FOLDERS.values() if name in house.box.folders()]
    filled = [(name, uid) for name in folders for uid in house.box.flags(name)]
    if filled:
        name, uid = filled[at % len(filled)]
        house.box.move([uid], name, "INBOX")
