"""The engine: one `transaction` for each thing a person does, one `reading` for what a screen asks.

SQLite (encrypted by SQLCipher when a key is given) is opened the way RELIABILITY G1 to G3 ask: our own BEGIN IMMEDIATE
for writers, WAL with full syncs, foreign keys, and an authorizer that refuses to change ledgers. PostgreSQL runs in
READ COMMITTED; conditional updates and row locks make reservations safe.
"""

import platform
import random
import secrets
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from selectors import EVENT_READ, DefaultSelector
from time import monotonic, sleep
from typing import Any, TypeVar

from sqlalchemy import Connection, Dialect, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, DisconnectionError, IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.pool import ConnectionPoolEntry

from infusion_desktop.database.append_only import may_go
from infusion_desktop.database.driver import CAN_ENCRYPT, opens_with, sqlite
from infusion_desktop.database.on_connection import GUARD, connection_of
from infusion_desktop.database.place import Place
from infusion_desktop.database.prepared import command
from infusion_desktop.database.server import roll_back, tell
from infusion_desktop.database.statements import loosens, tables_written, writes
from infusion_desktop.database.transport import proven_login, refuse_forgetful, refuse_unproven
from infusion_desktop.database.trouble import Contended, Unavailable, Unsure, explain, sqlstate, went_away
from infusion_desktop.database.types import APPEND_ONLY
from infusion_desktop.database.when_asked import declared, map_all
from infusion_desktop.errors import Stale

__all__ = [
    "CAN_ENCRYPT",
    "Database",
    "Place",
    "Protected",
    "UnauditedWrite",
    "in_plain_words",
    "open_engine",
    "opens_with",
    "prepare_sqlite",
    "sqlite",
]

SAFE_WAL = (3, 51, 3)  # Older ones have the WAL-reset corruption race.
BUSY_MS = 20_000
"""How long a writer waits for another program before it is told so."""
CHANNEL = "infusion_changes"
"""Where PostgreSQL tells workstations what others changed."""

LOOSENS = "tables, triggers and rights are changed by migrations only"
RESTED = 20.0
"""Seconds after which an idle connection to a server is asked whether it still lives before it is used again."""
PREPARED = 500
"""Statements a connection to a server keeps prepared there: more than a day's screens and deeds have."""

LOG_PAGES = 4000
"""Pages (16 MB) that SQLite's log holds before they are brought into the file: a kit changes the same ones as the last.
"""
TRIES = 5
"""How often a deed is done again that met a deadlock, before a person hears of it."""
BROKEN_RULE = "23"
"""The server's states for a row that is there already, or is there no more."""
ANSWER_S = 10.0
"""How long is asked whether a deed was kept whose server went away at its commit."""
_ON_A_NETWORK = {
    "connect_timeout": "5", "keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "3",
    "tcp_user_timeout": "20000",
}  # fmt: skip
"""A server that fell silent is noticed within half a minute instead of hours; what the address says goes before."""

T = TypeVar("T")
Proof = Callable[[Session], bool]
"""Asks, in another session, whether a sealed deed was kept."""
Seal = Callable[[Session], Proof | None]


class UnauditedWrite(AssertionError):
    """A deed changed data without saying so to the audit trail, or a look wrote: a defect, rolled back."""


class Protected(AssertionError):
    """Something tried to change tables, triggers or rights while people work: a defect, refused."""


class Database:
    """The pharmacy's data. Sessions live in the thread and the `with` block that opened them, and nowhere else."""

    def __init__(
        self,
        place: Place,
        seal: Seal | None = None,
        workstation: str = "",
        know_tables: Callable[[], None] = map_all,
    ) -> None:
        self.place = place
        self.workstation = workstation or platform.node() or "unnamed"
        self.know_tables = know_tables
        """Reads and maps every table: before anything is written the guards must know which of them are ledgers."""
        self._seal = seal
        self.origin = secrets.token_hex(8)
        """Tells what this object wrote from what others did (see listening.py)."""
        self.entries = 0
        """How many audit entries this object committed."""
        self.again = 0
        """How many deeds were done again because another workstation's stood in their way."""
        self._here = threading.local()
        self.engine = open_engine(place)
        self._writing = _beside(self.engine, "BEGIN IMMEDIATE", _note_writes)
        self._looking = _beside(self.engine, "BEGIN", _refuse_writes)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One deed: everything in the block and its audit entry are committed together, or nothing is.

        Raises Stale when a row was changed by somebody else since it was read, Unavailable when the database cannot be
        reached or written, and UnauditedWrite when the block wrote without recording why. A server that goes away at
        the very commit is asked when it is back whether it kept the deed; Unsure when it does not come back in time.
        """
        self.know_tables()
        with (
            in_plain_words(),
            self._writing.connect() as connection,
            _Deed(connection, expire_on_commit=False, join_transaction_mode="control_fully") as session,
        ):
            connection.begin()  # The session joins in where it is asked for mapped objects: in few deeds of a kit.
            session.info.update(workstation=self.workstation, connection=connection)
            wrote: set[str] = set()
            connection.info["wrote"] = wrote
            entries, proof = 0, None
            yield session
            session.flush()
            if self._seal is not None:
                if wrote and not session.info.get("audit"):
                    raise UnauditedWrite("a deed wrote without an audit entry")
                entries = len(session.info.get("audit", ()))
                proof = self._seal(session)
            self._commit(session, wrote, proof)
            self.entries += entries
            self._here.commits = self._commits() + 1

    def unhindered(self, deed: Callable[[], T]) -> T:
        """Do a deed, and again where another workstation's stood in its way and nothing of it was committed yet.

        Where another entered the same a moment earlier, the second look finds it and the deed says so in words.
        """
        for turn in range(1, TRIES):
            before = self._commits()
            try:
                return deed()
            except Contended:
                if self._commits() != before:
                    raise
            except IntegrityError as error:
                if turn > 1 or self._commits() != before or not sqlstate(error).startswith(BROKEN_RULE):
                    raise
            self.again += 1
            sleep(random.uniform(0.01, 0.05) * turn)
        return deed()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """What a screen, a report or a rule asks: a short look that changes nothing and waits for nobody."""
        with in_plain_words(), Session(self._looking, expire_on_commit=False, autoflush=False) as session:
            yield session

    def connect_ahead(self, connections: int) -> None:
        """Open so many connections now, so that no screen that asks for as many things at once waits for them."""
        with in_plain_words(), ExitStack() as stack:
            for _ in range(connections):
                stack.enter_context(self._looking.connect())

    def _commits(self) -> int:
        """How many transactions this thread committed here."""
        return int(getattr(self._here, "commits", 0))

    def _commit(self, session: Session, wrote: set[str], proof: Proof | None) -> None:
        try:
            if wrote and not self.place.is_sqlite:
                self._commit_and_tell(session, {table for statement in wrote for table in tables_written(statement)})
            if session.in_transaction():
                session.commit()
            if (connection := session.info["connection"]).in_transaction():  # The session had not joined in.
                connection.commit()
        except DBAPIError as error:
            if proof is None or not went_away(error):
                raise
            session.expunge_all()  # What the deed gives back stays readable.
            if not self._was_kept(proof, ANSWER_S):
                raise

    def _was_kept(self, proof: Proof, seconds: float) -> bool:
        """Whether a deed was kept whose server went away; Unsure when it does not say so within the seconds."""
        end = monotonic() + seconds
        while True:
            try:
                with Session(self._looking) as session:
                    session.execute(text("SET LOCAL lock_timeout = '5s'"))
                    return proof(session)
            except DBAPIError as error:
                if monotonic() >= end:
                    raise Unsure(partial(self._was_kept, proof, 0.0)) from error
            sleep(0.2)

    def _commit_and_tell(self, session: Session, tables: set[str]) -> None:
        """Commit on a server, and have other workstations hear which rooms changed: one round trip for both.

        The server forgets what was to be told when the commit fails.
        """
        rooms = ",".join(sorted(rooms_of(tables)))  # Our own words alone, so no parameters.
        command(connection_of(session), f"NOTIFY {CHANNEL}, '{self.origin}|{rooms}'; COMMIT")

    def close(self) -> None:
        """Let go of every connection; the object is of no use afterwards."""
        self.engine.dispose()


class _Deed(Session):
    """The session of a deed. Most of a kit's ask for no mapped object: nothing is to be let go of then."""

    def close(self) -> None:
        if self.in_transaction() or self.identity_map:
            super().close()


def open_engine(place: Place, *, guarded: bool = True) -> Engine:
    """An engine for the place. ``guarded=False`` is for migrations, which must change tables and triggers."""
    return _open_sqlite(place, guarded) if place.is_sqlite else _open_postgresql(place, guarded)


def _beside(engine: Engine, begin: str, minds: Callable[[Connection, str], None]) -> Engine:
    """An engine over the same connections, all of whose statements pass a guard.

    The guard and SQLite's begin sit in the dialect, because events of connections cost a third of each small statement.
    """
    is_sqlite = engine.dialect.name == "sqlite"
    driver = {"module": sqlite} if is_sqlite else {}

    def check(connection: Connection, statement: str) -> None:
        if loosens(statement):
            raise Protected(LOOSENS)
        minds(connection, statement)

    asked = minds if is_sqlite else check
    other = create_engine(
        engine.url, pool=engine.pool, hide_parameters=True, execution_options={GUARD: asked}, **driver
    )
    if is_sqlite:
        other.dialect.do_begin = lambda connection: connection.execute(begin)  # type: ignore[method-assign,assignment]
    else:
        _keep_what_is_prepared(other.dialect)
    for way in ("do_execute", "do_executemany", "do_execute_no_params"):
        event.listen(other, way, lambda _cursor, statement, *more: asked(more[-1].root_connection, statement))
    return other


def _open_sqlite(place: Place, guarded: bool) -> Engine:
    def connect() -> Any:
        connection = sqlite.connect(
            str(place.file),
            isolation_level=None,
            check_same_thread=False,
            cached_statements=512,
            timeout=BUSY_MS / 1000,
        )
        prepare_sqlite(connection, place.key)
        if guarded:
            connection.set_authorizer(_authorize)
        return connection

    engine = create_engine(
        "sqlite://", module=sqlite, creator=connect, pool_size=8, poolclass=_queue_pool(), hide_parameters=True
    )
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def _queue_pool() -> Any:
    from sqlalchemy.pool import QueuePool

    return QueuePool


def prepare_sqlite(connection: Any, key: bytes | None) -> None:
    """Give a fresh connection its key and the settings the ledger relies on; a wrong key fails here."""
    if key is not None:
        connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
        connection.execute("PRAGMA cipher_memory_security = ON")
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    wal = sqlite.sqlite_version_info >= SAFE_WAL
    journal = connection.execute(f"PRAGMA journal_mode = {'WAL' if wal else 'TRUNCATE'}").fetchone()[0]
    wanted = {
        "synchronous": 2,
        "foreign_keys": 1,
        "recursive_triggers": 1,
        "busy_timeout": BUSY_MS,
        "trusted_schema": 0,
        "wal_autocheckpoint": LOG_PAGES,
    }
    if sys.platform == "darwin":
        wanted["fullfsync"] = 1
    for name, value in wanted.items():
        connection.execute(f"PRAGMA {name} = {value}")
        if connection.execute(f"PRAGMA {name}").fetchone()[0] != value:
            raise Unavailable(f"This SQLite refuses the setting {name}, which the ledger needs.")
    if journal not in {"wal", "truncate"}:
        raise Unavailable("The database cannot keep a safe journal here. Choose a folder on a local disk.")


def _note_writes(connection: Connection, statement: str) -> None:
    """Which tables they wrote is asked once, when the deed ends."""
    if writes(statement):
        connection.info.setdefault("wrote", set()).add(statement)


def _refuse_writes(_connection: Connection, statement: str) -> None:
    if writes(statement):
        raise UnauditedWrite("a look wrote; only a transaction may")


def _refuse_loosening(_connection: Connection, _cursor: Any, statement: str, *_rest: Any) -> None:
    if loosens(statement):
        raise Protected(LOOSENS)


_DENIED_ACTIONS = frozenset(
    getattr(sqlite, name)
    for name in (
        "SQLITE_DROP_TABLE",
        "SQLITE_DROP_TRIGGER",
        "SQLITE_DROP_INDEX",
        "SQLITE_ALTER_TABLE",
        "SQLITE_ATTACH",
        "SQLITE_CREATE_TRIGGER",
        "SQLITE_CREATE_TEMP_TRIGGER",
    )
)
_PROTECTED_PRAGMAS = frozenset(
    {"writable_schema", "foreign_keys", "recursive_triggers", "synchronous", "journal_mode", "trusted_schema"}
    | {"ignore_check_constraints", "schema_version", "key", "rekey", "hexkey", "hexrekey"}
)


def _authorize(action: int, first: str | None, second: str | None, *_where: str | None) -> int:
    """Second line behind the triggers: this connection cannot drop tables, change ledgers or loosen its settings."""
    if action in _DENIED_ACTIONS:
        return int(sqlite.SQLITE_DENY)
    if action in (sqlite.SQLITE_UPDATE, sqlite.SQLITE_DELETE) and first in append_only_tables():
        is_past_its_time = action == sqlite.SQLITE_DELETE and may_go(first)  # The trigger looks at each row.
        return int(sqlite.SQLITE_OK if is_past_its_time else sqlite.SQLITE_DENY)
    if action == sqlite.SQLITE_PRAGMA and second is not None and (first or "").casefold() in _PROTECTED_PRAGMAS:
        return int(sqlite.SQLITE_DENY)
    return int(sqlite.SQLITE_OK)


def append_only_tables() -> frozenset[str]:
    """Names of the ledgers among the tables that are known so far."""
    if _LEDGERS.get("known") != len(declared):
        names = frozenset(name for name, each in declared.items() if each.__table_args__[-1] is APPEND_ONLY)
        _LEDGERS.update(known=len(declared), names=names)
    return frozenset(_LEDGERS["names"])


_LEDGERS: dict[str, Any] = {}


def rooms_of(tables: Iterable[str]) -> frozenset[str]:
    """The rooms of the house whose tables these are: "stock", "deliveries"; unknown names are left out."""
    return frozenset(declared[name].__module__.split(".")[1] for name in tables if name in declared)


def _open_postgresql(place: Place, guarded: bool) -> Engine:
    refuse_unproven(place.url)
    url = place.url.set(drivername="postgresql+psycopg")
    patience = {name: value for name, value in _ON_A_NETWORK.items() if name not in url.query}
    engine = create_engine(url, hide_parameters=True, pool_size=8, connect_args=patience | proven_login(place.url))
    _keep_what_is_prepared(engine.dialect)
    event.listen(engine, "connect", refuse_forgetful)
    event.listen(engine, "connect", _keep_prepared)
    event.listen(engine, "checkin", _note_rest)
    event.listen(engine, "checkout", partial(_refuse_dead, engine.dialect))
    if guarded:
        event.listen(engine, "before_cursor_execute", _refuse_loosening)
    return engine


def _keep_what_is_prepared(dialect: Dialect) -> None:
    """Take back without the driver, which would have the server forget every statement it prepared."""
    dialect.do_rollback = roll_back  # type: ignore[method-assign]
    dialect.do_rollback_to_savepoint = (  # type: ignore[method-assign]
        lambda connection, name: tell(connection, f"ROLLBACK TO SAVEPOINT {name}")
    )


def _keep_prepared(connection: Any, _record: ConnectionPoolEntry) -> None:
    connection.prepared_max = PREPARED


def _note_rest(_connection: Any, record: ConnectionPoolEntry) -> None:
    record.info["rests_since"] = monotonic()


def _refuse_dead(dialect: Dialect, connection: Any, record: ConnectionPoolEntry, *_proxy: Any) -> None:
    """Have the pool open another connection in place of one that the server ended.

    One that was just in use and whose socket holds no farewell lives: no round trip is spent on asking it.
    """
    if monotonic() - record.info.get("rests_since", monotonic()) < RESTED and not _has_news(connection):
        return
    try:
        lives = dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error:
        lives = False
    if not lives:
        raise DisconnectionError


def _has_news(connection: Any) -> bool:
    with DefaultSelector() as selector:
        selector.register(connection.fileno(), EVENT_READ)
        return bool(selector.select(0))


@contextmanager
def in_plain_words() -> Iterator[None]:
    """What the database refuses in the block is raised as Stale or Unavailable, with a sentence for a person."""
    try:
        yield
    except StaleDataError as error:
        raise Stale("Somebody else changed this record meanwhile. Look at it again before you save.") from error
    except DBAPIError as error:
        explained = explain(error)
        if explained is None:
            raise
        raise explained from error
