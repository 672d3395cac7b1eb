"""migrations: how the ledger's tables came to be, step by step; a step that has landed is never changed."""

from __future__ import annotations

from collections.abc import Callable

from sqlite_utils import Database

from pipeline.domain import Outcome, Procedure


def _begin(db: Database) -> None:
    """Lays the tables; STRICT, with every rule that a table can enforce by itself."""
    outcomes = ", ".join(f"'{o}'" for o in Outcome)
    procedures = ", ".join(f"'{p}'" for p in Procedure)
    for statement in (
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
            outcome TEXT NOT NULL CHECK (outcome IN ({outcomes})),
            procedure TEXT CHECK (procedure IN ({procedures})), silence TEXT NOT NULL, shunt TEXT NOT NULL,
            decided_at TEXT NOT NULL, policy TEXT NOT NULL, body TEXT NOT NULL,
            CHECK (outcome NOT IN ('ignored', 'shunted') OR silence<>'')) STRICT""",
        "CREATE INDEX decision_decided_at ON decision (decided_at)",
        f"""CREATE TABLE entry (
            id INTEGER PRIMARY KEY, case_number TEXT NOT NULL,
            procedure TEXT NOT NULL CHECK (procedure IN ({procedures})), identity_number TEXT NOT NULL,
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
    ):
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
    """Adds what each sender's mails cost, by a keyed mark of the address, and who wrote what waits."""
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
    """Keeps how receipts look, with keyed marks of whose and of which sum they are."""
    db.execute(
        """CREATE TABLE likeness (
            sha TEXT NOT NULL REFERENCES decision (sha), picture TEXT NOT NULL CHECK (length(picture)=64),
            payment TEXT NOT NULL, person TEXT NOT NULL, sum TEXT NOT NULL,
            PRIMARY KEY (sha, payment)) STRICT"""
    )
    db.execute("CREATE INDEX likeness_sum ON likeness (sum)")


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
)
