"""Several faults in one day, drawn by chance from a seed: whoever has the number can play the day again."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from random import Random

from drill.company import Neighbour
from drill.points import SMTP_COMMAND, unforeseen
from drill.stage import CALM, Theatre, Verdict, count, judge
from drill.stage import MAILS as THE_DAYS
from tests.house import FOLDERS, MORNING, NIGHT, House
from tests.power import Step
from tests.saboteurs import DropAtLine, DropInLiteral, Side, StallOver
from tests.servers import Stage

# Two people of these wait for an official's word, each for one of their own.
MAILS = ("held/two-held-rows", *THE_DAYS)
STEPS: tuple[Step, ...] = (
    ("poll", MORNING),
    ("poll", MORNING + timedelta(hours=2)),
    ("desk", MORNING + timedelta(hours=3)),
    ("poll", MORNING + timedelta(hours=4)),
    ("nightly", NIGHT),
)
AT_THE_DESK = 2
# Fewer than there are, so that what is drawn among them is met.
EFFECTS_AT_THE_DESK = 60
# So many of the day's mails have come by each step.
COME = (3, 5, 5, 6, 6)
# What officials do once more who have not seen an answer, and the calm days.
REST: tuple[Step, ...] = (
    ("poll", NIGHT + timedelta(minutes=1)),
    ("desk", NIGHT + timedelta(minutes=2)),
    *CALM,
)
_POLLS_BESIDE: tuple[Step, ...] = tuple(("poll", MORNING + timedelta(days=day)) for day in (1, 2))
MOST_KILLS = 2
_WHERE = ("kill", "kill at the desk", "IMAP drop", "SMTP drop", "beside", "cluster")
_SIDES: tuple[Side, ...] = ("client", "server")
WEIGHTS = {
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
    "kill at the desk": 2,
    "beside": 2,
    "cluster": 1,
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
        where = f" {self.side} {self.at}" if self.kind in _WHERE else ""
        return f"step {self.step}: {self.kind}{where}{detail.get(self.kind, '')}"


def draw(seed: int, number: int) -> list[Fault]:
    """Draws the faults of one schedule, two to five of them."""
    dice = Random(f"{seed}/{number}")
    faults: list[Fault] = []
    for _ in range(dice.randint(2, 5)):
        kind = dice.choices(list(WEIGHTS), weights=list(WEIGHTS.values()))[0]
        step = dice.randrange(len(STEPS))
        fault = Fault(
            step=AT_THE_DESK if kind == "kill at the desk" else step,
            kind=kind,
            at=dice.randint(1, 160),
            side=dice.choice(_SIDES),
            stage=dice.choice(_STAGES),
            reply=dice.choice(_REPLIES),
        )
        same_step = [_sort(f) for f in faults if f.step == fault.step]
        # A step is killed once, and has one fault of a kind; a mail may not be hit more often than we allow.
        if _sort(fault) not in same_step and [f.kind for f in faults].count("kill") < MOST_KILLS:
            faults.append(fault)
    return sorted(faults, key=lambda fault: fault.step)


def _sort(fault: Fault) -> str:
    return "kill" if fault.kind == "kill at the desk" else fault.kind


def play(theatre: Theatre, faults: list[Fault]) -> Verdict:
    """Plays one day with its faults, then the calm days, and counts."""
    come = 0
    expected = theatre.undisturbed(MAILS, (*STEPS, *REST))
    with theatre.house(()) as house, theatre.neighbour() as neighbour:
        codes: list[int] = []
        for number, step in enumerate(STEPS):
            house.deliver(*MAILS[come : COME[number]])
            come = COME[number]
            detour = _Step(theatre, house, neighbour, [fault for fault in faults if fault.step == number])
            codes += unforeseen(detour.play(step))
        theatre.smtp.faults.clear()
        house.write()
        codes += theatre.powered.play(house.file, REST).codes
        if any(fault.kind == "beside" for fault in faults):
            codes += theatre.powered.play(neighbour.house.file, _POLLS_BESIDE).codes
        kills = sum(fault.kind == "kill" for fault in faults)
        verdict = judge(count(house, MAILS), expected, kills)
        odd = (f"exit code {code}" for code in codes if code)
        return replace(verdict, wrong=(*verdict.wrong, *neighbour.wrong(), *odd))


@dataclass
class _Step:
    """One step of the day with what goes wrong at it."""

    theatre: Theatre
    house: House
    neighbour: Neighbour
    faults: list[Fault]

    def __post_init__(self) -> None:
        self._imap, self._smtp = self.house.box.server.port, self.theatre.smtp.port
        self._cut_at: int | None = None
        self._beside: list[Path] = []
        self._readers = ""

    def play(self, step: Step) -> list[int]:
        """Plays it, and gives the exit codes of our processes."""
        self.theatre.smtp.faults.clear()
        with ExitStack() as stack:
            for fault in self.faults:
                self._among_servers(fault, stack)
                self._among_people(fault)
                self._in_company(fault, stack)
            detour = self.house.through(self._imap).posting_through(self._smtp)
            detour.write()
            detour.file.write_text(self._readers + detour.file.read_text())
            if any(fault.kind == "twin" for fault in self.faults):
                self._beside.append(detour.file)
            codes = self.theatre.powered.play(detour.file, [step], self._cut_at, beside=self._beside).codes
        # What becomes of the neighbour's process is told by its letters.
        is_neighbours = [file == self.neighbour.house.file for file in self._beside]
        return [code for code, is_other in zip(codes, [*is_neighbours, False], strict=True) if not is_other]

    def _among_servers(self, fault: Fault, stack: ExitStack) -> None:
        smtp = self.theatre.smtp
        match fault.kind:
            case "IMAP drop":
                drop = DropAtLine(self._imap, fault.side, 1 + fault.at % 40)
                self._imap = stack.enter_context(drop).port
            case "IMAP literal":
                self._imap = stack.enter_context(DropInLiteral(self._imap, 1 + fault.at % 3)).port
            case "IMAP stall":
                word = (b"LOGIN", b"SELECT", b"FETCH", b"MOVE")[fault.at % 4]
                self._imap = stack.enter_context(StallOver(self._imap, word, times=1)).port
            case "SMTP drop" if fault.side == "client":
                drop = DropAtLine(self._smtp, "client", 1 + fault.at % 14, SMTP_COMMAND)
                self._smtp = stack.enter_context(drop).port
            case "SMTP drop":
                drop = DropAtLine(self._smtp, "server", 1 + fault.at % 30)
                self._smtp = stack.enter_context(drop).port
            case "SMTP reply":
                smtp.fail(fault.stage, fault.reply)
            case "SMTP stall" if fault.stage in ("EHLO", "MAIL", "RCPT", "DATA"):
                smtp.fail(fault.stage, "stall")
            case "SMTP mood":
                at: Stage = ("MAIL", "RCPT", "DATA", "dot")[fault.at % 4]
                smtp.fail(at, _MOODS[fault.at % 5], times=None)

    def _among_people(self, fault: Fault) -> None:
        box = self.house.box
        match fault.kind:
            case "moved back":
                _move_back(self.house, fault.at)
            case "renumbered":
                box.renumber()
            case "flagged":
                if there := list(box.flags()):
                    box.flag(there[:1], "\\Flagged")

    def _in_company(self, fault: Fault, stack: ExitStack) -> None:
        match fault.kind:
            case "kill":
                self._cut_at = fault.at
            case "kill at the desk":
                self._cut_at = fault.at % EFFECTS_AT_THE_DESK
            case "beside":
                self._beside.append(stack.enter_context(self.neighbour.in_trouble(fault.at)))
            case "cluster":
                self._readers = self.theatre.cluster.naming()
                stack.enter_context(self.theatre.cluster.in_trouble(fault.at))


def _move_back(house: House, at: int) -> None:
    """Has a person put one of the filed mails into the inbox again."""
    folders = [name for name in FOLDERS.values() if name in house.box.folders()]
    filled = [(name, uid) for name in folders for uid in house.box.flags(name)]
    if filled:
        name, uid = filled[at % len(filled)]
        house.box.move([uid], name, "INBOX")
