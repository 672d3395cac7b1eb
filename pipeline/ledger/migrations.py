"""migrations: how the ledger's tables came to be, step by step; a step that has landed is never changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pipeline.domain import Outcome, Procedure
from pipeline.ledger.database import Database
from pipeline.ledger.traces import LAID, trace_all

_OUTCOMES = ", ".join(f"'{o}'" for o in Outcome)
_PROCEDURES = ", ".join(f"'{p}'" for p in Procedure)
_FIRST_TABLES = (
    """CREATE TABLE run (
            id INTEGER PRIMARY KEY, command TEXT NOT NULL, started_at TEXT NOT NULL,
            ended_at TEXT, outcome TEXT) STRICT""",
    """CREATE TABLE mailbox (
            account TEXT NOT NULL, folder TEXT NOT NULL, uidvalidity INTEGER NOT NULL,
            uidnext INTEGER NOT NULL, PRIMARY KEY (account, folder)) STRICT""",
    """CREATE TABLE arrival (
            sha TEXT PRIMARY KEY CHECK (length(sha)=64), received_at TEXT NOT NULL,
            size INTEGER NOT NULL, run INTEGER NOT NULL REFERENCES run (id),
            attempts INTEGER NOT NULL DEFAULT 0, erased_at TEXT) STRICT""",
    """CREATE TABLE sighting (
            account TEXT NOT NULL, folder TEXT NOT NULL, uidvalidity INTEGER NOT NULL, uid INTEGER NOT NULL,
            sha TEXT REFERENCES arrival (sha), kept_in INTEGER REFERENCES run (id),
            state TEXT NOT NULL CHECK (state IN ('waiting', 'kept', 'filed', 'gone', 'set_aside')),
            tries INTEGER NOT NULL DEFAULT 0, why TEXT NOT NULL DEFAULT '',
            PRIMARY KEY (account, folder, uidvalidity, uid),
            CHECK (state NOT IN ('kept', 'filed') OR sha IS NOT NULL)) STRICT""",
    "CREATE INDEX sighting_state ON sighting (state, account, folder, uid)",
    "CREATE INDEX sighting_sha ON sighting (sha)",
    """CREATE TABLE transcript (
            digest TEXT NOT NULL, version TEXT NOT NULL, body TEXT NOT NULL, kept_at TEXT NOT NULL,
            PRIMARY KEY (digest, version)) STRICT""",
    f"""CREATE TABLE decision (
            sha TEXT PRIMARY KEY REFERENCES arrival (sha), number TEXT NOT NULL UNIQUE,
            sender TEXT NOT NULL, subject TEXT NOT NULL,
            outcome TEXT NOT NULL CHECK (outcome IN ({_OUTCOMES})),
            procedure TEXT CHECK (procedure IN ({_PROCEDURES})), silence TEXT NOT NULL, shunt TEXT NOT NULL,
            decided_at TEXT NOT NULL, policy TEXT NOT NULL, body TEXT NOT NULL,
            CHECK (outcome NOT IN ('ignored', 'shunted') OR silence<>'')) STRICT""",
    "CREATE INDEX decision_decided_at ON decision (decided_at)",
    f"""CREATE TABLE entry (
            id INTEGER PRIMARY KEY, case_number TEXT NOT NULL,
            procedure TEXT NOT NULL CHECK (procedure IN ({_PROCEDURES})), identity_number TEXT NOT NULL,
            event TEXT NOT NULL CHECK (event IN (
                'listed', 'amended', 'batched', 'paid', 'form_received', 'withdrawn', 'closed')), day TEXT NOT NULL, proof TEXT NOT NULL,
            holder TEXT, receipt TEXT,
            UNIQUE (case_number, event, proof),
            CHECK (event NOT IN ('listed', 'amended') OR holder IS NOT NULL),
            CHECK ((event='paid')=(receipt IS NOT NULL))) STRICT""",
    "CREATE UNIQUE INDEX entry_opens_once ON entry (case_number) WHERE event='listed'",
    "CREATE INDEX entry_person ON entry (identity_number)",
    """CREATE TRIGGER entry_is_final BEFORE UPDATE ON entry
            BEGIN SELECT raise(ABORT, 'entries are append only'); END""",
    """CREATE TABLE spent (key TEXT PRIMARY KEY, case_number TEXT NOT NULL, sender TEXT NOT NULL) STRICT""",
    """CREATE TABLE hold (
            sha TEXT PRIMARY KEY REFERENCES decision (sha),
            state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'accepted', 'returned')),
            because TEXT, settled_by TEXT, settled_at TEXT,
            CHECK ((state='open')=(because IS NULL))) STRICT""",
    """CREATE TABLE letter (
            id INTEGER PRIMARY KEY, message_id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, about TEXT NOT NULL,
            recipient TEXT NOT NULL, subject TEXT NOT NULL, body BLOB NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('planned', 'started', 'done', 'deferred', 'failed', 'in_doubt')),
            attempts INTEGER NOT NULL DEFAULT 0, response TEXT NOT NULL DEFAULT '',
            planned_at TEXT NOT NULL, changed_at TEXT, next_at TEXT NOT NULL,
            UNIQUE (kind, about, recipient)) STRICT""",
    "CREATE INDEX letter_state ON letter (state, next_at)",
    """CREATE TABLE batch (
            day TEXT NOT NULL, number INTEGER NOT NULL, digest TEXT NOT NULL, rows INTEGER NOT NULL CHECK (rows>0),
            workbook BLOB NOT NULL, PRIMARY KEY (day, number)) STRICT""",
    """CREATE TABLE batch_row (
            case_number TEXT PRIMARY KEY, day TEXT NOT NULL, number INTEGER NOT NULL, position INTEGER NOT NULL,
            UNIQUE (day, number, position), FOREIGN KEY (day, number) REFERENCES batch (day, number)) STRICT""",
    """CREATE TABLE audit (
            seq INTEGER PRIMARY KEY, at TEXT NOT NULL, event TEXT NOT NULL, about TEXT NOT NULL,
            hash TEXT NOT NULL UNIQUE) STRICT""",
    """CREATE TRIGGER audit_is_final BEFORE UPDATE ON audit
            BEGIN SELECT raise(ABORT, 'the audit log is append only'); END""",
    """CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
            BEGIN SELECT raise(ABORT, 'the audit log is append only'); END""",
    """CREATE TABLE tombstone (
            person TEXT NOT NULL, case_number TEXT PRIMARY KEY, erased_at TEXT NOT NULL) STRICT""",
    """CREATE TABLE destruction (
            id INTEGER PRIMARY KEY, at TEXT NOT NULL, class TEXT NOT NULL, until TEXT NOT NULL,
            count INTEGER NOT NULL) STRICT""",
    """CREATE TABLE night (
            day TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, since TEXT NOT NULL, until TEXT NOT NULL,
            CHECK (since<until)) STRICT""",
)


def _begin(db: Database) -> None:
    """Lays the tables; STRICT, with every rule that a table can enforce by itself."""
    for statement in _FIRST_TABLES:
        db.execute(statement)


def _bounces(db: Database) -> None:
    """Adds the letters that came back, and whose address a case belongs to."""
    db.execute(
        """CREATE TABLE bounce (
            sha TEXT PRIMARY KEY REFERENCES decision (sha), letter INTEGER REFERENCES letter (id),
            recipient TEXT NOT NULL, status TEXT NOT NULL, diagnostic TEXT NOT NULL) STRICT"""
    )
    db.execute("ALTER TABLE entry ADD COLUMN address TEXT NOT NULL DEFAULT ''")
    db.execute("CREATE INDEX entry_address ON entry (address) WHERE address<>''")
    db.execute("CREATE INDEX decision_sender ON decision (sender)")
    db.execute("CREATE INDEX letter_recipient ON letter (recipient, planned_at)")


def _know_again(db: Database) -> None:
    """Finds mails by sender and by the people in their lists, to know a corrected list when it comes."""
    db.execute("CREATE INDEX entry_proof ON entry (proof)")
    db.execute(
        """CREATE TABLE named (
            person TEXT NOT NULL, sha TEXT NOT NULL REFERENCES decision (sha),
            PRIMARY KEY (person, sha)) STRICT"""
    )


def _more_events(db: Database) -> None:
    """Lets more happen to a case; SQLite changes no check of a table, so the table is laid anew."""
    procedures = ", ".join(f"'{p}'" for p in Procedure)
    for statement in (
        f"""CREATE TABLE entry_anew (
            id INTEGER PRIMARY KEY, case_number TEXT NOT NULL,
            procedure TEXT NOT NULL CHECK (procedure IN ({procedures})), identity_number TEXT NOT NULL,
            event TEXT NOT NULL CHECK (event IN (
                'listed', 'amended', 'released', 'batched', 'returned_by_kamu_sm', 'paid', 'form_scanned',
                'form_received', 'reminded', 'withdrawn', 'closed')),
            day TEXT NOT NULL, proof TEXT NOT NULL, holder TEXT, receipt TEXT, address TEXT NOT NULL DEFAULT '',
            UNIQUE (case_number, event, proof),
            CHECK (event NOT IN ('listed', 'amended') OR holder IS NOT NULL),
            CHECK ((event='paid')=(receipt IS NOT NULL))) STRICT""",
        """INSERT INTO entry_anew
            (id, case_number, procedure, identity_number, event, day, proof, holder, receipt, address)
            SELECT id, case_number, procedure, identity_number, event, day, proof, holder, receipt, address
            FROM entry""",
        # Its indices and its trigger go with the old table.
        "DROP TABLE entry",
        "ALTER TABLE entry_anew RENAME TO entry",
        "CREATE UNIQUE INDEX entry_opens_once ON entry (case_number) WHERE event='listed'",
        "CREATE INDEX entry_person ON entry (identity_number)",
        "CREATE INDEX entry_address ON entry (address) WHERE address<>''",
        "CREATE INDEX entry_proof ON entry (proof)",
        """CREATE TRIGGER entry_is_final BEFORE UPDATE ON entry
            BEGIN SELECT raise(ABORT, 'entries are append only'); END""",
    ):
        db.execute(statement)


def _several_rounds(db: Database) -> None:
    """Lets a case go out on another list after Kamu SM returned it, and lists wait for their release."""
    for statement in (
        """CREATE TABLE batch_row_anew (
            case_number TEXT NOT NULL, day TEXT NOT NULL, number INTEGER NOT NULL, position INTEGER NOT NULL,
            PRIMARY KEY (case_number, day, number),
            UNIQUE (day, number, position), FOREIGN KEY (day, number) REFERENCES batch (day, number)) STRICT""",
        "INSERT INTO batch_row_anew SELECT case_number, day, number, position FROM batch_row",
        "DROP TABLE batch_row",
        "ALTER TABLE batch_row_anew RENAME TO batch_row",
        """CREATE TRIGGER batch_row_once BEFORE INSERT ON batch_row
            WHEN EXISTS (SELECT 1 FROM batch_row WHERE case_number=NEW.case_number)
            AND coalesce((SELECT max(id) FROM entry WHERE case_number=NEW.case_number
                AND event='returned_by_kamu_sm'), 0) <=
                coalesce((SELECT max(id) FROM entry WHERE case_number=NEW.case_number AND event='batched'), 0)
            BEGIN SELECT raise(ABORT, 'a case goes out again only after Kamu SM has returned it'); END""",
        "ALTER TABLE batch ADD COLUMN for_release INTEGER NOT NULL DEFAULT 0",
        """CREATE TABLE release (
            day TEXT NOT NULL, number INTEGER NOT NULL, released_at TEXT NOT NULL, released_by TEXT NOT NULL,
            PRIMARY KEY (day, number), FOREIGN KEY (day, number) REFERENCES batch (day, number)) STRICT""",
        """CREATE TABLE kamu_sm_answer (
            digest TEXT PRIMARY KEY CHECK (length(digest)=64), name TEXT NOT NULL, imported_at TEXT NOT NULL) STRICT""",
        """CREATE TABLE kamu_sm_answer_row (
            digest TEXT NOT NULL REFERENCES kamu_sm_answer (digest), position INTEGER NOT NULL,
            case_number TEXT NOT NULL, batch TEXT NOT NULL,
            result TEXT NOT NULL CHECK (result IN ('accepted', 'returned')),
            PRIMARY KEY (digest, position)) STRICT""",
    ):
        db.execute(statement)


def _usage(db: Database) -> None:
    """Adds what each sender's mails cost, by a keyed digest of the address, and who wrote what waits."""
    db.execute(
        """CREATE TABLE usage (
            sha TEXT PRIMARY KEY REFERENCES arrival (sha), sender TEXT NOT NULL, at TEXT NOT NULL,
            bytes INTEGER NOT NULL, seconds REAL NOT NULL DEFAULT 0) STRICT"""
    )
    db.execute("CREATE INDEX usage_sender ON usage (sender, at)")
    for table in ("sighting", "arrival"):
        db.execute(f"ALTER TABLE {table} ADD COLUMN sender TEXT NOT NULL DEFAULT ''")


def _stops(db: Database) -> None:
    """Adds the stops of the breaker, and which mails were decided in the run that was stopped."""
    db.execute(
        """CREATE TABLE stop (
            id INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('fault', 'refusal')),
            name TEXT NOT NULL, hit INTEGER NOT NULL, among INTEGER NOT NULL,
            settled_at TEXT, settled_by TEXT, because TEXT, word TEXT CHECK (word IN ('send', 'again')),
            CHECK ((settled_at IS NULL)=(word IS NULL))) STRICT"""
    )
    db.execute("CREATE UNIQUE INDEX stop_once ON stop (settled_at IS NULL) WHERE settled_at IS NULL")
    db.execute(
        """CREATE TABLE stopped (
            stop INTEGER NOT NULL REFERENCES stop (id), sha TEXT NOT NULL REFERENCES arrival (sha),
            PRIMARY KEY (stop, sha)) STRICT"""
    )


def _way_back(db: Database) -> None:
    """Keeps what each transaction changed, and the rules, texts and settings that it went by."""
    for statement in (
        """CREATE TABLE change (
            id INTEGER PRIMARY KEY, tx INTEGER NOT NULL,
            kind TEXT NOT NULL CHECK (kind IN ('insert', 'update', 'delete')),
            "table" TEXT NOT NULL, "key" TEXT NOT NULL, old TEXT NOT NULL) STRICT""",
        "CREATE TABLE policy (fingerprint TEXT PRIMARY KEY, files BLOB NOT NULL) STRICT",
        """CREATE TABLE in_force (
            id INTEGER PRIMARY KEY, at TEXT NOT NULL, policy TEXT NOT NULL REFERENCES policy (fingerprint)
            DEFERRABLE INITIALLY DEFERRED, settings TEXT NOT NULL, program TEXT NOT NULL) STRICT""",
    ):
        db.execute(statement)


def _folder_counts(db: Database) -> None:
    """Counts the mails that should lie in each folder: a server's numbers alone may go back."""
    db.execute(
        """CREATE TABLE folder_count (
            account TEXT NOT NULL, folder TEXT NOT NULL, messages INTEGER NOT NULL,
            PRIMARY KEY (account, folder)) STRICT"""
    )


def _troubles(db: Database) -> None:
    """Adds what stands wrong with the world, so that a person is told of it once."""
    db.execute(
        """CREATE TABLE trouble (
            name TEXT NOT NULL, since TEXT NOT NULL, reason TEXT NOT NULL, seen_at TEXT NOT NULL,
            alarmed_at TEXT, calm_since TEXT, ended_at TEXT, mark TEXT NOT NULL,
            PRIMARY KEY (name, since)) STRICT"""
    )
    db.execute("CREATE UNIQUE INDEX trouble_stands_once ON trouble (name) WHERE ended_at IS NULL")


def _likenesses(db: Database) -> None:
    """Keeps how receipts look, with keyed digests of whose and of which sum they are."""
    db.execute(
        """CREATE TABLE likeness (
            sha TEXT NOT NULL REFERENCES decision (sha), picture TEXT NOT NULL CHECK (length(picture)=64),
            payment TEXT NOT NULL, person TEXT NOT NULL, sum TEXT NOT NULL,
            PRIMARY KEY (sha, payment)) STRICT"""
    )
    db.execute("CREATE INDEX likeness_sum ON likeness (sum)")


def _numbers(db: Database) -> None:
    """Keeps which case numbers were ever given, and by which mail: also of those that wait for an official."""
    for statement in (
        """CREATE TABLE numbered (
            number TEXT PRIMARY KEY, sha TEXT REFERENCES decision (sha)) STRICT""",
        """INSERT INTO numbered SELECT e.case_number, d.sha FROM entry e LEFT JOIN decision d
            ON d.sha=e.proof OR 'settle/' || d.number=e.proof WHERE true
            GROUP BY e.case_number HAVING e.id=min(e.id)""",
        """INSERT INTO numbered SELECT json_extract(w.value, '$.case'), d.sha
            FROM hold JOIN decision d USING (sha), json_each(d.body, '$.withheld') w WHERE true
            ON CONFLICT DO NOTHING""",
        "INSERT INTO numbered SELECT case_number, NULL FROM tombstone WHERE true ON CONFLICT DO NOTHING",
    ):
        db.execute(statement)


def _one_by_one(db: Database) -> None:
    """Lets an official decide a held mail case by case, and one person stand on a night's lists once."""
    for statement in (
        """CREATE TABLE settled (
            sha TEXT NOT NULL REFERENCES decision (sha), case_number TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('accepted', 'returned')), because TEXT NOT NULL,
            settled_by TEXT NOT NULL, settled_at TEXT NOT NULL, PRIMARY KEY (sha, case_number)) STRICT""",
        """CREATE TRIGGER entry_opens_one_case BEFORE INSERT ON entry
            WHEN NEW.event='listed' AND EXISTS (
                SELECT 1 FROM entry WHERE identity_number=NEW.identity_number AND procedure=NEW.procedure
                AND case_number<>NEW.case_number GROUP BY case_number
                HAVING max(CASE WHEN event IN ('listed', 'amended') THEN id ELSE 0 END) >
                max(CASE WHEN event IN ('withdrawn', 'closed') THEN id ELSE 0 END))
            BEGIN SELECT raise(ABORT, 'a person has one open case'); END""",
        """CREATE TRIGGER batch_row_one_person BEFORE INSERT ON batch_row
            WHEN EXISTS (
                SELECT 1 FROM batch_row b JOIN entry o ON o.case_number=b.case_number AND o.event='listed'
                JOIN entry n ON n.case_number=NEW.case_number AND n.event='listed'
                WHERE b.day=NEW.day AND b.case_number<>NEW.case_number
                AND o.identity_number=n.identity_number)
            BEGIN SELECT raise(ABORT, 'a person stands on the lists of a night once'); END""",
    ):
        db.execute(statement)


def _seals(db: Database) -> None:
    """Adds a keyed seal for every row of every table, and one for each table as a whole (`seals`)."""
    db.execute(
        """CREATE TABLE seal (
            "table" TEXT NOT NULL, "key" TEXT NOT NULL, mark BLOB NOT NULL,
            PRIMARY KEY ("table", "key")) STRICT, WITHOUT ROWID"""
    )
    db.execute(
        """CREATE TABLE sealed (
            name TEXT PRIMARY KEY, rows INTEGER NOT NULL, total BLOB NOT NULL, mark BLOB NOT NULL) STRICT"""
    )


def _clocks_and_folders(db: Database) -> None:
    """Adds how far folders of filed mail and of copies are known, and the nights that were taken back.

    `newest` is the latest moment by the server's clock that a folder's mails arrived at. A night is taken
    back that a wrong clock had closed ahead of its day.
    """
    db.execute(
        """CREATE TABLE folder (
            account TEXT NOT NULL, folder TEXT NOT NULL, uidvalidity INTEGER NOT NULL,
            uidnext INTEGER NOT NULL, newest TEXT NOT NULL, PRIMARY KEY (account, folder)) STRICT"""
    )
    db.execute(
        """CREATE TABLE taken_back (
            day TEXT PRIMARY KEY, number INTEGER NOT NULL, since TEXT NOT NULL, until TEXT NOT NULL,
            at TEXT NOT NULL, taken_by TEXT NOT NULL, because TEXT NOT NULL) STRICT"""
    )


def level_references(db: Database) -> None:
    """Marks the step after which the ledger names spent receipts anew: its marks need the ledger's key."""


def _asked_for(db: Database) -> None:
    """Keeps who had a person's data destroyed, and why."""
    for column in ("by", "because"):
        db.execute(f"ALTER TABLE destruction ADD COLUMN \"{column}\" TEXT NOT NULL DEFAULT ''")


def _acts(db: Database) -> None:
    """Keeps every act of a person, and lets the claims of a mail be decided one by one, with an answer too.

    A claim goes by its name in the mail ("receipt/0"); what was decided by case keeps the case as its name.
    """
    states = "'accepted', 'returned', 'answered'"
    for statement in (
        f"""CREATE TABLE hold_anew (
            sha TEXT PRIMARY KEY REFERENCES decision (sha),
            state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', {states})),
            because TEXT, settled_by TEXT, settled_at TEXT,
            CHECK ((state='open')=(because IS NULL))) STRICT""",
        "INSERT INTO hold_anew SELECT sha, state, because, settled_by, settled_at FROM hold ORDER BY rowid",
        "DROP TABLE hold",
        "ALTER TABLE hold_anew RENAME TO hold",
        f"""CREATE TABLE settled_anew (
            sha TEXT NOT NULL REFERENCES decision (sha), claim TEXT NOT NULL, case_number TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ({states})), because TEXT NOT NULL,
            settled_by TEXT NOT NULL, settled_at TEXT NOT NULL, PRIMARY KEY (sha, claim)) STRICT""",
        """INSERT INTO settled_anew SELECT sha, case_number, case_number, state, because, settled_by, settled_at
            FROM settled ORDER BY rowid""",
        "DROP TABLE settled",
        "ALTER TABLE settled_anew RENAME TO settled",
        """CREATE TABLE act (
            id INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, sha TEXT REFERENCES decision (sha),
            about TEXT NOT NULL, "by" TEXT NOT NULL, because TEXT NOT NULL, body TEXT NOT NULL,
            copy TEXT NOT NULL) STRICT""",
        "CREATE INDEX act_sha ON act (sha) WHERE sha IS NOT NULL",
        "CREATE INDEX act_about ON act (about)",
    ):
        db.execute(statement)


def _for_years(db: Database) -> None:
    """Marks what there is still to do, so that a day costs what the day brings and not what years have left.

    `decided` and `open_case` tell what a join over everything would tell as well; `verify` holds them against it.
    """
    for statement in (
        "ALTER TABLE arrival ADD COLUMN decided INTEGER NOT NULL DEFAULT 0 CHECK (decided IN (0, 1))",
        "UPDATE arrival SET decided=1 WHERE sha IN (SELECT sha FROM decision)",
        "CREATE INDEX arrival_undecided ON arrival (sender, received_at) WHERE decided=0",
        "CREATE TABLE open_case (number TEXT PRIMARY KEY) STRICT",
        """INSERT INTO open_case SELECT case_number FROM entry GROUP BY case_number
            HAVING max(CASE WHEN event IN ('withdrawn', 'closed') THEN id ELSE 0 END) <=
            max(CASE WHEN event IN ('listed', 'amended') THEN id ELSE 0 END)""",
        "CREATE INDEX arrival_received ON arrival (received_at, size)",
        "CREATE INDEX arrival_run ON arrival (run)",
        "CREATE INDEX sighting_kept_in ON sighting (kept_in, sha)",
        "CREATE INDEX run_started ON run (started_at)",
        "CREATE INDEX run_command ON run (command)",
        "CREATE INDEX run_outcome ON run (command, outcome)",
        "CREATE INDEX decision_outcome ON decision (outcome, decided_at)",
        "CREATE INDEX hold_open ON hold (sha) WHERE state='open'",
        "CREATE INDEX letter_about ON letter (about)",
        "CREATE INDEX letter_changed ON letter (state, changed_at)",
        "CREATE INDEX letter_reader ON letter (lower(recipient))",
        "CREATE INDEX bounce_letter ON bounce (letter)",
        "CREATE INDEX named_sha ON named (sha)",
        "CREATE INDEX numbered_sha ON numbered (sha)",
        "CREATE INDEX act_at ON act (at)",
        "CREATE INDEX audit_at ON audit (at)",
        "CREATE INDEX batch_for_release ON batch (day, number, digest, rows) WHERE for_release=1",
    ):
        db.execute(statement)


def _samples(db: Database) -> None:
    """Keeps which accepted receipts people read blind, what they found, and whether that was an error of ours."""
    db.execute(
        """CREATE TABLE sample (
            id INTEGER PRIMARY KEY, sha TEXT NOT NULL REFERENCES decision (sha), place INTEGER NOT NULL,
            bank TEXT NOT NULL, reading TEXT NOT NULL CHECK (reading IN ('text', 'picture')),
            drawn_at TEXT NOT NULL, answer TEXT CHECK (answer IN ('right', 'wrong', 'unclear')),
            wrong TEXT NOT NULL DEFAULT '', answered_by TEXT, answered_at TEXT,
            cause TEXT CHECK (cause IN ('error', 'slip')), because TEXT, settled_by TEXT, settled_at TEXT,
            UNIQUE (sha, place), CHECK ((answer IS NULL)=(answered_at IS NULL)),
            CHECK (cause IS NULL OR answer='wrong'), CHECK ((cause IS NULL)=(settled_at IS NULL))) STRICT"""
    )


def traces(db: Database) -> None:
    """Adds by what people are found again (`traces`), and reads what waits for a person in its order."""
    for statement in (*LAID, "CREATE INDEX hold_waits ON hold (state) WHERE state='open'"):
        db.execute(statement)
    trace_all(db.conn)


def moments_in_utc(db: Database) -> None:
    """Writes the moments at which mails arrived, which stood in their server's zone, as all others are written."""
    for sha, received_at in db.execute("SELECT sha, received_at FROM arrival").fetchall():
        db.execute("UPDATE arrival SET received_at=? WHERE sha=?", (datetime.fromisoformat(received_at), sha))


def to_release(db: Database) -> None:
    """Marks the lists that the unit has yet to release, so that those of years need not be looked through.

    `to_release` tells what a join of lists and releases would tell as well; `verify` holds it against that.
    """
    for statement in (
        "CREATE TABLE to_release (day TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (day, number)) STRICT",
        """INSERT INTO to_release SELECT b.day, b.number FROM batch b LEFT JOIN release r USING (day, number)
            WHERE b.for_release=1 AND r.day IS NULL""",
        "DROP INDEX IF EXISTS batch_for_release",
    ):
        db.execute(statement)


MIGRATIONS: tuple[Callable[[Database], None], ...] = (
    _begin,
    _bounces,
    _know_again,
    _more_events,
    _several_rounds,
    _usage,
    _stops,
    _way_back,
    _troubles,
    _likenesses,
    _numbers,
    _one_by_one,
    level_references,
    _seals,
    _clocks_and_folders,
    _asked_for,
    _folder_counts,
    _acts,
    _for_years,
    _samples,
    traces,
    moments_in_utc,
    to_release,
)

# From this step on a ledger carries seals, and a change that went past the program can be told.
SEALED_SINCE = MIGRATIONS.index(_seals) + 1
