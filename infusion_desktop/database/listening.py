"""Hearing what others changed: PostgreSQL tells it at their commit, a SQLite file is looked at every second or two.

Runs on a thread of its own with a connection of its own. A server that is away is told, and asked again until it is
back; everything counts as changed then, because nobody knows what was missed.
"""

import logging
import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy.exc import DBAPIError

from infusion_desktop.database.backup import opened
from infusion_desktop.database.engine import CHANNEL, Database, sqlite

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.5
TRY_AGAIN_S = (0.5, 1.0, 2.0, 5.0)
EVERYTHING: frozenset[str] = frozenset({"access", "billing", "deliveries", "equipment", "patients", "stock"})

Heard = Callable[[frozenset[str]], None]
Reached = Callable[[bool], None]


class Listener:
    """Calls ``heard`` with the rooms somebody else changed and ``reached`` when the server goes or comes back.

    Both are called on the listener's thread.
    """

    def __init__(self, database: Database, heard: Heard, reached: Reached) -> None:
        self._database, self._heard, self._reached = database, heard, reached
        self._over = threading.Event()
        self.hears = threading.Event()
        """Set once what others write from now on is heard."""
        self._failures = 0
        self._thread = threading.Thread(target=self._listen, name="listener", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Listen no longer; a window that goes does not wait long for a server that does not answer."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(0.9)

    def end(self) -> None:
        """Listen no longer, and wait until the connection is let go of."""
        self._over.set()
        self._thread.join()

    def _listen(self) -> None:
        listen = self._to_file if self._database.place.is_sqlite else self._to_server
        troubles: tuple[type[Exception], ...] = (DBAPIError, OSError, *_driver_errors(self._database.place.is_sqlite))
        while not self._over.is_set():
            try:
                listen()
            except troubles as error:
                if not self._failures:
                    log.warning("the database cannot be heard: %s", type(error).__qualname__)
                    self._reached(False)
                self._failures += 1
                self._over.wait(TRY_AGAIN_S[min(self._failures, len(TRY_AGAIN_S)) - 1])

    def _back(self) -> None:
        """It is heard again; told only now, so that nothing is missed between the telling and the hearing."""
        if self._failures:
            self._failures = 0
            self._reached(True)
            self._heard(EVERYTHING)

    def _to_server(self) -> None:
        pooled = self._database.engine.raw_connection()
        connection: Any = pooled.driver_connection
        pooled.detach()
        try:
            connection.autocommit = True
            connection.execute(f"LISTEN {CHANNEL}")
            self.hears.set()
            self._back()
            while not self._over.is_set():
                rooms: set[str] = set()
                for note in connection.notifies(timeout=0.5, stop_after=1):
                    origin, _, changed = note.payload.partition("|")
                    if origin != self._database.origin:
                        rooms.update(changed.split(","))
                if rooms:
                    self._heard(frozenset(rooms))
        finally:
            connection.close()

    def _to_file(self) -> None:
        place = self._database.place
        with opened(place.file, place.key) as connection:

            def state() -> int:
                head = connection.execute("SELECT number FROM audit_head").fetchone()
                return head[0] if head else 0

            before, ours = state(), self._database.entries
            self.hears.set()
            self._back()
            while not self._over.wait(LOOK_EVERY_S):
                now, written = state(), self._database.entries
                if now - before != written - ours:
                    self._heard(EVERYTHING)
                before, ours = now, written


def _driver_errors(is_sqlite: bool) -> tuple[type[Exception], ...]:
    if is_sqlite:
        return (sqlite.Error,)
    import psycopg

    return (psycopg.Error,)
