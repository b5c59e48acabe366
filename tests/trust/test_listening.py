"""What one workstation writes, the others hear within seconds; a server that goes away is told and heard again."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from pytestqt.qtbot import QtBot
from sqlalchemy import text

from infusion_desktop.access.audit import record, seal
from infusion_desktop.access.people import UserId
from infusion_desktop.database import listening
from infusion_desktop.database.engine import Database
from infusion_desktop.database.listening import EVERYTHING, Listener
from infusion_desktop.desktop.changes import Changes
from infusion_desktop.desktop.others import Others
from infusion_desktop.stock.tables import Item
from infusion_desktop.stock.words import ItemKind

SECONDS = 120.0
HANG_UP = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
)


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "LOOK_EVERY_S", 0.1)
    monkeypatch.setattr(listening, "TRY_AGAIN_S", (0.1,))


@pytest.fixture
def neighbour(database: Database) -> Iterator[Database]:
    """The same pharmacy, opened at another workstation."""
    other = Database(database.place, seal, "bench-2")
    yield other
    other.close()


def add_item(database: Database, by: UserId, number: str) -> None:
    with database.transaction() as session:
        session.add(Item(number=number, name="Dressing", kind=ItemKind.DRESSING))
        record(session, by, "add", "item", 1)


class Ear:
    """Keeps what a listener told."""

    def __init__(self) -> None:
        self.heard: list[frozenset[str]] = []
        self.reached: list[bool] = []
        self.news = threading.Condition()

    def hear(self, rooms: frozenset[str]) -> None:
        with self.news:
            self.heard.append(rooms)
            self.news.notify_all()

    def reach(self, is_reached: bool) -> None:
        with self.news:
            self.reached.append(is_reached)
            self.news.notify_all()

    def wait(self, until: Callable[[], bool]) -> bool:
        with self.news:
            return self.news.wait_for(until, SECONDS)


class Looks(threading.Event):
    """The end of listening, which has a file looked at when it is told to, and not by a clock."""

    def __init__(self) -> None:
        super().__init__()
        self._turns, self._rests = threading.Semaphore(0), threading.Semaphore(0)

    def wait(self, timeout: float | None = None) -> bool:
        self._rests.release()
        self._turns.acquire()
        return self.is_set()

    def set(self) -> None:
        super().set()
        self._turns.release()

    def look(self) -> None:
        """Have it look once, from rest to rest."""
        self._rests.acquire()
        self._turns.release()
        self._rests.acquire()
        self._rests.release()


def test_a_neighbours_deed_is_heard_and_ones_own_is_not(
    database: Database, neighbour: Database, administrator: UserId
) -> None:
    ear, looks = Ear(), Looks()
    listener = Listener(database, ear.hear, ear.reach)
    listener._over = looks
    listener.start()
    assert listener.hears.wait(SECONDS), "what is written before somebody listens is no news"
    look = looks.look if database.place.is_sqlite else bool  # A server tells by itself, in the order of the commits.
    try:
        for number in range(5):
            add_item(database, administrator, f"I{number}")
            look()
        with neighbour.transaction() as session:
            record(session, administrator, "look in", "pharmacy")
        look()
        assert ear.wait(lambda: len(ear.heard) == 1), "the neighbour's deed was not heard"
        add_item(neighbour, administrator, "N1")
        look()
        assert ear.wait(lambda: len(ear.heard) == 2), "nor the next"
        theirs = [{"access"}, {"access", "stock"}]
        assert ear.heard == ([EVERYTHING] * 2 if database.place.is_sqlite else theirs), "seven deeds, five of them ours"
        assert ear.reached == []
    finally:
        listener.stop()


def test_a_lost_connection_is_told_and_everything_counts_as_changed_when_it_is_back(
    postgresql_database: Database,
) -> None:
    ear = Ear()
    listener = Listener(postgresql_database, ear.hear, ear.reach)
    listener.start()
    try:
        for turn in range(1, 4):
            assert _hung_up_on(postgresql_database)
            assert ear.wait(lambda turn=turn: len(ear.heard) == turn), "it was not heard again"
        assert ear.reached == [False, True] * 3
        assert set(ear.heard) == {EVERYTHING}
    finally:
        listener.stop()


def _hung_up_on(database: Database) -> bool:
    """End the listener's connection at the server, as soon as it is there."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        with database.engine.connect() as connection:
            if connection.execute(text(HANG_UP)).all():
                return True
        time.sleep(0.02)
    return False


def test_an_open_screen_asks_again(
    qtbot: QtBot, database: Database, neighbour: Database, administrator: UserId
) -> None:
    changes = Changes()
    told: list[frozenset[str]] = []
    changes.changed.connect(told.append)
    others = Others(database, changes)
    others.start()
    assert others._listener.hears.wait(SECONDS), "what is written before somebody listens is no news"
    try:
        add_item(neighbour, administrator, "N0")
        add_item(neighbour, administrator, "N1")
        qtbot.waitUntil(lambda: bool(told))
        assert {"stock", "counts"} <= told[0]
    finally:
        others.stop()
