"""Statements prepared once keep types, guards and errors; rows sent together arrive in their order."""

from datetime import date

import pytest
from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.exc import IntegrityError

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


def test_a_look_cannot_write_through_a_prepared_statement(database: Database) -> None:
    with pytest.raises(UnauditedWrite), database.reading() as session:
        REMOVE.change(session, {"lot": 1})


def test_what_the_database_refuses_is_raised_as_everywhere(database: Database, administrator: UserId) -> None:
    values = {"number": "I1", "name": "One", "kind": ItemKind.DRESSING, "version": 1}
    with pytest.raises(IntegrityError), database.transaction() as session:
        ADD.value(session, values)
        ADD.value(session, values)
