"""A deed whose answer was lost on its way is done once, and a deadlock is nobody's business (RELIABILITY A5, B4).

Every deed ends in the one commit of database/engine.py, so what holds for these holds for all of them.
"""

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from benchmarks.servers import Door
from infusion_desktop import opening
from infusion_desktop.access.audit import record, seal
from infusion_desktop.access.people import UserId, add_first_administrator
from infusion_desktop.access.tables import AuditEntry
from infusion_desktop.database import engine
from infusion_desktop.database.engine import Database, Place
from infusion_desktop.database.trouble import Contended, Unavailable, Unsure
from infusion_desktop.desktop.attempts import Attempts
from infusion_desktop.errors import Kept, Refused
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.patients.prescribers import NewPrescriber, add_prescriber
from infusion_desktop.patients.tables import Prescriber
from infusion_desktop.stock.buying.receiving import NewReceipt, ReceiptLine, receive
from infusion_desktop.stock.catalogue import NewItem, add_item
from infusion_desktop.stock.places import set_up_places
from infusion_desktop.stock.tables import Item, Receipt
from infusion_desktop.stock.words import ItemKind
from infusion_desktop.verifying import verify_books
from tests.promises import times

HOUSE = Path(opening.__file__).parent


@pytest.fixture
def door(postgresql_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    made = Door(postgresql_database.place.url, tmp_path_factory.mktemp("d"))
    yield made
    made.close()


@pytest.fixture
def behind(door: Door) -> Iterator[Database]:
    """A workstation whose way to the server leads through the door."""
    database = open_pharmacy(Place.of(door.url.render_as_string(hide_password=False)), "bench-1")
    yield database
    database.close()


@pytest.fixture
def boss(postgresql_database: Database) -> UserId:
    known = add_first_administrator(postgresql_database, "admin", "Ada Min", "correct horse battery")
    with postgresql_database.transaction() as session:
        set_up_places(session, known)
    return known


def test_there_is_one_commit_in_the_house() -> None:
    found = [
        str(file.relative_to(HOUSE))
        for file in HOUSE.rglob("*.py")
        if "migrations" not in file.parts and re.search(r"\bsession\.commit\(|\bconnection\.commit\(", file.read_text())
    ]
    assert found == ["database/engine.py"]


def test_what_was_kept_but_never_answered_is_done_once_and_gives_its_result(
    door: Door, behind: Database, boss: UserId
) -> None:
    item = add_item(behind, NewItem("LOST-1", "Dressing", ItemKind.DRESSING, lot_tracked=False), boss)
    deeds: list[tuple[Callable[[int], Any], type[Any]]] = [
        (lambda n: receive(behind, NewReceipt((ReceiptLine(item, n),)), boss), Receipt),
        (lambda n: add_item(behind, NewItem(f"LOST-{n}", "Cap", ItemKind.DRESSING), boss), Item),
        (lambda n: add_prescriber(behind, NewPrescriber(f"Hart{n}", "Lena", f"{_npi(n)}"), boss), Prescriber),
    ]
    for number, (deed, table) in enumerate(deeds * times(1, 100), 2):
        before = _rows(behind, table)
        door.swallows = 1
        made = deed(number)
        assert door.swallows == 0, "the answer was swallowed"
        assert _rows(behind, table) == before + 1
        with behind.reading() as session:
            assert session.get(table, made) is not None, "the first result"
    assert verify_books(behind) == ()


def test_what_was_never_kept_is_said_to_be_lost(
    door: Door, behind: Database, boss: UserId, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _rows(behind, AuditEntry)
    with pytest.raises(Unavailable, match="Nothing was saved"), behind.transaction() as session:
        record(session, boss, "look around", "shelf")
        session.flush()
        session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert _rows(behind, AuditEntry) == before


def test_a_deed_was_kept_when_its_own_entry_is_there_and_is_not_asked_about_before_it_is_over(
    postgresql_database: Database, boss: UserId
) -> None:
    """Another's entry may have got its number; and what still holds the trail may yet be kept."""
    database = postgresql_database
    with pytest.raises(Refused, match="lost"), database.transaction() as session:
        record(session, boss, "look around", "shelf")
        proof = seal(session)
        assert proof is not None
        with pytest.raises(DBAPIError, match="LockNotAvailable"), database.reading() as other:
            other.execute(text("SET LOCAL lock_timeout = '50ms'"))
            proof(other)
        raise Refused("The way to the server was lost before the commit.")
    with database.transaction() as session:
        record(session, boss, "look in", "shelf")
    with database.reading() as other:
        assert not proof(other)


def test_while_nobody_knows_a_second_press_settles_it(
    door: Door, behind: Database, boss: UserId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "ANSWER_S", 0.3)  # Nobody answers behind a door that is shut.
    attempts, made = Attempts(behind), "LOST-ANSWER"

    def deed() -> None:
        with behind.transaction() as session:
            session.add(Item(number=made, name="Dressing", kind=ItemKind.DRESSING))
            record(session, boss, "add", "item")
            session.flush()
            door.swallows, door.is_shut = 1, True

    with pytest.raises(Unsure, match="kept here"):
        attempts.do(deed)
    with pytest.raises(Unsure):
        attempts.do(deed)
    door.is_shut = False
    monkeypatch.undo()
    with pytest.raises(Kept, match="saved before the server went away"):
        attempts.do(deed)
    assert _rows(behind, Item, Item.number == made) == 1


def test_a_deadlock_is_done_again_and_reaches_nobody(postgresql_database: Database, boss: UserId) -> None:
    database = postgresql_database
    with database.transaction() as session:
        rows = [Item(number=f"DEAD-{n}", name="Dressing", kind=ItemKind.DRESSING) for n in (1, 2)]
        session.add_all(rows)
        record(session, boss, "add", "item")
        session.flush()
        first, second = rows[0].id, rows[1].id
    together, met, tries = threading.Barrier(2), [], [0, 0]

    def work(turn: int, order: tuple[int, int]) -> None:
        def deed() -> None:
            tries[turn] += 1
            with database.transaction() as session:
                for item in order:
                    session.execute(text("UPDATE item SET base_unit = base_unit || 'x' WHERE id = :i"), {"i": item})
                    if item == order[0] and tries[turn] == 1:
                        together.wait(300)
                record(session, boss, "edit", "item")

        try:
            database.unhindered(deed)
        except Exception as error:
            met.append(error)

    orders = ((first, second), (second, first))
    threads = [threading.Thread(target=work, args=(turn, order)) for turn, order in enumerate(orders)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(300)
    assert not met
    assert sum(tries) == 3, "one of the two was the deadlock's victim, and was done again"
    with database.reading() as session:
        units = session.scalars(select(Item.base_unit).where(Item.id.in_((first, second)))).all()
    assert units == ["eachxx", "eachxx"]


def test_a_deed_of_which_something_was_committed_is_not_done_again(postgresql_database: Database, boss: UserId) -> None:
    database, tries = postgresql_database, []

    def deed() -> None:
        tries.append(1)
        with database.transaction() as session:
            record(session, boss, "first half", "shelf")
        raise Contended("Another workstation was quicker.")

    with pytest.raises(Contended):
        database.unhindered(deed)
    assert len(tries) == 1


def _rows(database: Database, table: type[Any], *where: Any) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table).where(*where)) or 0


def _npi(number: int) -> str:
    """The NPI with these last digits before its check digit."""
    from infusion_desktop.identifiers import read_npi

    for check in range(10):
        try:
            return read_npi(f"12345{number:04}{check}")
        except Refused:
            continue
    raise AssertionError
