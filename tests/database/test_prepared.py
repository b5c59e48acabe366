"""Statements prepared once keep types, guards and errors; rows sent together arrive in their order."""

from datetime import date

import pytest
from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.exc import IntegrityError

from infusion_desktop.access.audit import record
from infusion_desktop.access.roles import UserId
from infusion_desktop.database.engine import Database, UnauditedWrite
from infusion_desktop.database.many import insert_many
from infusion_desktop.database.prepared import Prepared
from infusion_desktop.deliveries.steps import core
from infusion_desktop.stock.tables import Item, Lot
from infusion_desktop.stock.words import ItemKind

ITEM, LOT = core(Item), core(Lot)
ADD = Prepared(insert(ITEM).returning(ITEM.c.id))
FIND = Prepared(
    select(LOT.c.id, LOT.c.number, LOT.c.expires_on).where(LOT.c.item_id == bindparam("item")).order_by(LOT.c.id)
)
REMOVE = Prepared(delete(LOT).where(LOT.c.id == bindparam("lot")))


def test_rows_sent_together_keep_their_order_types_and_quotes(database: Database, administrator: UserId) -> None:
    numbers = ["B", 'A"; DROP', "ü\\n", "7"]
    with pytest.raises(UnauditedWrite), database.transaction() as session:
        item = ADD.value(session, {"number": "I1", "name": "One", "kind": ItemKind.DRESSING, "version": 1})
        rows = [{"number": number, "expires_on": date(2030, 1, place)} for place, number in enumerate(numbers, 1)]
        insert_many(session, LOT, [*rows, {"number": "none", "expires_on": None}], item_id=item, version=1)
        found = FIND.rows(session, {"item": item})
        assert [row.number for row in found] == [*numbers, "none"]
        assert [row.expires_on for row in found][3:] == [date(2030, 1, 4), None]


def test_more_rows_than_one_statement_takes_arrive_in_their_order(database: Database, administrator: UserId) -> None:
    numbers = [f"L{each}" for each in range(250)]
    with pytest.raises(UnauditedWrite), database.transaction() as session:
        item = ADD.value(session, {"number": "I1", "name": "One", "kind": ItemKind.DRESSING, "version": 1})
        insert_many(session, LOT, [{"number": number} for number in numbers], item_id=item, expires_on=None, version=1)
        assert [row.number for row in FIND.rows(session, {"item": item})] == numbers


def test_a_statement_stays_prepared_when_a_deed_is_given_up(database: Database, administrator: UserId) -> None:
    values = {"number": "I1", "name": "100 %(one)s", "kind": ItemKind.DRESSING, "version": 1}
    for _ in range(3):
        with pytest.raises(IntegrityError), database.transaction() as session:
            session.execute(select(Item.id).where(Item.number == "none"))  # What the driver itself prepares.
            ADD.value(session, values)
            ADD.value(session, values)
    with pytest.raises(ValueError, match="no item"), database.transaction() as session:
        assert ADD.value(session, values)
        assert session.scalar(select(Item.name)) == values["name"]
        raise ValueError("no item")


def test_a_part_taken_back_is_gone_and_statements_stay_prepared(database: Database, administrator: UserId) -> None:
    values = {"number": "I1", "name": "One", "kind": ItemKind.DRESSING, "version": 1}
    with pytest.raises(ValueError, match="the whole"), database.transaction() as session:
        for turn in range(7):  # The driver itself prepares a statement at its fifth time.
            with pytest.raises(ValueError, match="the part"), session.begin_nested():
                ADD.value(session, values)
                raise ValueError("the part")
            assert session.scalar(select(Item.id).where(Item.number == f"I{turn}")) is None
        with session.begin_nested():
            ADD.value(session, values)
        assert session.scalar(select(Item.name)) == "One"
        raise ValueError("the whole")


def test_what_was_added_is_kept_where_the_session_began_and_asked_nothing(
    database: Database, administrator: UserId
) -> None:
    with database.transaction() as session:
        ADD.value(session, {"number": "I1", "name": "One", "kind": ItemKind.DRESSING, "version": 1})
        record(session, administrator, "add", "item")
        with session.begin_nested():
            pass
    with database.reading() as session:
        assert session.scalar(select(Item.name)) == "One"


def test_a_text_that_no_database_keeps_is_not_cut_off(database: Database, administrator: UserId) -> None:
    values = {"number": "I\0001", "name": "One", "kind": ItemKind.DRESSING, "version": 1}
    expected = "kept whole" if database.place.is_sqlite else "no server keeps"
    with pytest.raises(ValueError, match=expected), database.transaction() as session:
        ADD.value(session, values)
        assert session.scalar(select(Item.number)) == values["number"]
        raise ValueError("kept whole")


def test_a_look_cannot_write_through_a_prepared_statement(database: Database) -> None:
    with pytest.raises(UnauditedWrite), database.reading() as session:
        REMOVE.change(session, {"lot": 1})


def test_what_the_database_refuses_is_raised_as_everywhere(database: Database, administrator: UserId) -> None:
    values = {"number": "I1", "name": "One", "kind": ItemKind.DRESSING, "version": 1}
    with pytest.raises(IntegrityError), database.transaction() as session:
        ADD.value(session, values)
        ADD.value(session, values)
