"""One fault at a time, at every point there is: power cut before every effect, every line never heard."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from drill.stage import DAY, Theatre, Verdict
from pipeline.ledger.home import Home
from pipeline.review.rebuild import make_way, rebuild
from tests.house import NIGHT, House
from tests.power import TRY_LATER, Step
from tests.saboteurs import DropAtLine, DropInLiteral, Saboteur, Side

# Of the conversation with the SMTP server: its replies, and our commands without the lines of the letters.
SMTP_COMMAND = rb"^(EHLO|MAIL|RCPT|DATA|RSET|QUIT|\.\r\n)"
SMTP_LETTER = rb"^(?!EHLO|MAIL|RCPT|DATA|RSET|QUIT|\.\r\n)"
# The ledger grows by pages of this size.
_PAGE = 4096
REFUSED = 78
Point = tuple[str, Callable[[Theatre], Verdict]]


class _Lines(Saboteur):
    """Lets everything pass, and notes what both sides say."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.said: list[bytes] = []
        self.literals = 0

    def from_server(self, line: bytes) -> bytes:
        self.said.append(line)
        self.literals += line.endswith(b"}\r\n")
        return line


@dataclass(frozen=True)
class Family:
    """Points of one kind."""

    name: str
    points: Sequence[Point]


def kills(theatre: Theatre) -> Family:
    """SIGKILL before every effect of a day and a night that nothing has disturbed before."""
    with theatre.house() as house:
        effects = theatre.powered.play(house.file, DAY, is_counted=True).effects
    points = [(f"before {effect}", _kill(at)) for at, effect in enumerate(effects)]
    return Family("SIGKILL before an effect", points)


def drops(theatre: Theatre) -> Iterator[Family]:
    """The connection ends at every line of either protocol, heard or said, and in every literal."""
    with theatre.house() as house, _Lines(house.box.server.port) as imap, _Lines(theatre.smtp.port) as smtp:
        passing = house.through(imap.port).posting_through(smtp.port)
        passing.write()
        assert theatre.powered.play(passing.file, DAY).codes == [0]
        heard, said, literals = len(imap.heard), len(imap.said), imap.literals
        commands = sum(line.startswith(_verbs()) or line == b".\r\n" for line in smtp.heard)
        replies, body = len(smtp.said), len(smtp.heard) - commands
    yield Family("IMAP command never heard", [_imap_drop("client", at) for at in range(1, heard + 1)])
    yield Family("IMAP answer never heard", [_imap_drop("server", at) for at in range(1, said + 1)])
    yield Family("IMAP literal cut", [_literal_cut(at) for at in range(1, literals + 1)])
    yield Family(
        "SMTP command never heard", [_smtp_drop("client", at, SMTP_COMMAND) for at in range(1, commands + 1)]
    )
    yield Family("SMTP reply never heard", [_smtp_drop("server", at) for at in range(1, replies + 1)])
    # The lines of the letters are alike; fifty of them stand for all.
    some = range(1, body + 1, max(1, body // 50))
    yield Family("SMTP cut inside a letter", [_smtp_drop("client", at, SMTP_LETTER) for at in some])


def full_disks(theatre: Theatre) -> Family:
    """A disk that is full at every page that the ledger takes, and in the files that are smaller."""
    with theatre.house() as house:
        assert theatre.powered.play(house.file, DAY).codes == [0]
        largest = max(file.stat().st_size for file in house.home.rglob("*") if file.is_file())
    sizes = range(0, largest, _PAGE)
    return Family("disk full", [(f"no file over {size} bytes", _full(size)) for size in sizes])


def lost_files(_theatre: Theatre) -> Family:
    """Between two runs a file goes: every run is refused until `rebuild`, and the calm days go on."""
    losses = [
        *((f"{name} removed", name, None) for name in ("ledger.db", "key")),
        *((f"{name} emptied", name, b"") for name in ("ledger.db", "key")),
        ("ledger.db overwritten", "ledger.db", b"\0" * 65536),
        ("key of another", "key", b"another key of 32 bytes exactly!"),
    ]
    times = (("after the poll", DAY[:1]), ("after the night", DAY))
    points = [
        (f"{what} {when}", _lost(name, left, steps)) for when, steps in times for what, name, left in losses
    ]
    return Family("ledger or key lost", points)


def clock_ahead(_theatre: Theatre) -> Family:
    """The clock is ahead for a while: no night is closed by it, and none of the right ones is missing."""
    return Family("clock ahead", [(f"{days} days", _ahead(days)) for days in (4, 30, 365)])


def _lost(name: str, left: bytes | None, steps: Sequence[Step]) -> Callable[[Theatre], Verdict]:
    def play(theatre: Theatre) -> Verdict:
        with theatre.house() as house:
            codes = theatre.powered.play(house.file, steps).codes
            if left is None:
                (house.home / name).unlink()
            else:
                (house.home / name).write_bytes(left)
            refused = [theatre.powered.play(house.file, [step]).codes for step in DAY]
            wrong = () if refused == [[REFUSED]] * 2 else (f"not refused: {refused}",)
            make_way(Home(house.home))
            with house.opened(steps[-1][1]) as shop:
                rebuild(shop)
            if steps == DAY[:1]:
                codes += theatre.powered.play(house.file, DAY[1:]).codes
            verdict = theatre.end(house, kills=0, crashes=unforeseen(codes))
            return replace(verdict, wrong=(*verdict.wrong, *wrong))

    return play


def _ahead(days: int) -> Callable[[Theatre], Verdict]:
    def play(theatre: Theatre) -> Verdict:
        with theatre.house() as house:
            theatre.smtp.tells_time = False
            codes = theatre.powered.play(house.file, DAY[:1]).codes
            late = NIGHT + timedelta(days=days)
            ahead = theatre.powered.play(house.file, [("nightly", late)]).codes
            wrong = () if ahead == [TRY_LATER] else (f"closed by a wrong clock: {ahead}",)
            codes += theatre.powered.play(house.file, DAY[1:]).codes
            verdict = theatre.end(house, kills=0, crashes=unforeseen(codes))
            return replace(verdict, wrong=(*verdict.wrong, *wrong))

    return play


def _full(size: int) -> Callable[[Theatre], Verdict]:
    def play(theatre: Theatre) -> Verdict:
        with theatre.house() as house:
            codes = [
                code
                for step in DAY
                for code in theatre.powered.play(house.file, [step], most_bytes=size).codes
            ]
            wrong = () if TRY_LATER in codes else ("the disk was not full",)
            verdict = theatre.end(house, kills=0, crashes=unforeseen(codes))
            return replace(verdict, wrong=(*verdict.wrong, *wrong))

    return play


def _verbs() -> tuple[bytes, ...]:
    return (b"EHLO", b"MAIL", b"RCPT", b"DATA", b"RSET", b"QUIT")


def _kill(at: int) -> Callable[[Theatre], Verdict]:
    def play(theatre: Theatre) -> Verdict:
        with theatre.house() as house:
            codes = theatre.powered.play(house.file, DAY, at).codes
            return theatre.end(house, kills=1, crashes=unforeseen(codes))

    return play


def _imap_drop(side: Side, at: int) -> Point:
    def play(theatre: Theatre) -> Verdict:
        with theatre.house() as house, DropAtLine(house.box.server.port, side, at) as saboteur:
            return through(theatre, house, house.through(saboteur.port))

    return f"{side}'s line {at} of IMAP", play


def _literal_cut(at: int) -> Point:
    def play(theatre: Theatre) -> Verdict:
        with theatre.house() as house, DropInLiteral(house.box.server.port, at) as saboteur:
            return through(theatre, house, house.through(saboteur.port))

    return f"literal {at} of IMAP", play


def _smtp_drop(side: Side, at: int, pattern: bytes = b"") -> Point:
    def play(theatre: Theatre) -> Verdict:
        with theatre.house() as house, DropAtLine(theatre.smtp.port, side, at, pattern) as saboteur:
            return through(theatre, house, house.posting_through(saboteur.port))

    return f"{side}'s line {at} of SMTP ({pattern!r})", play


def through(theatre: Theatre, house: House, detour: House) -> Verdict:
    """Plays the day over a detour, each command in a process of its own, and counts."""
    detour.write()
    codes = [code for step in DAY for code in theatre.powered.play(detour.file, [step]).codes]
    return theatre.end(house, kills=0, crashes=unforeseen(codes))


def unforeseen(codes: Sequence[int]) -> list[int]:
    """Keeps the exit codes that are neither success, nor "try later", nor the drill's own kill."""
    return [code for code in codes if code not in (0, TRY_LATER, -9)]
