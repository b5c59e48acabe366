"""The allocator's look-up stays one walk along the index of usable stock, however many lots there are."""

from datetime import date

from sqlalchemy import text

from infusion_desktop.database.engine import Database
from infusion_desktop.stock import allocation


def test_the_allocator_walks_the_index_of_usable_stock(sqlite_database: Database) -> None:
    with sqlite_database.reading() as session:
        engine = session.connection().engine
        question = str(allocation._CANDIDATES.compile(engine, compile_kwargs={"literal_binds": False}))
        values = {"item": 1, "through": date(2027, 1, 1).isoformat(), "most": 8}
        for name in ("item", "through", "most"):
            shown = f"'{values[name]}'" if name == "through" else str(values[name])
            question = question.replace("?", shown, 1)
        plan = [row[3] for row in session.execute(text(f"EXPLAIN QUERY PLAN {question.replace(' OFFSET ?', '')}"))]
    assert plan[0] == "SEARCH balance USING INDEX ix_balance_fefo (item_id=? AND expires_on>?)", plan


def test_a_shortage_is_explained_by_item_without_reading_every_balance(sqlite_database: Database) -> None:
    with sqlite_database.reading() as session:
        plan = [
            row[3]
            for row in session.execute(
                text(
                    "EXPLAIN QUERY PLAN SELECT lot_id FROM balance WHERE item_id IN (1, 2) "
                    "AND NOT usable AND on_hand > reserved LIMIT 40"
                )
            )
        ]
    assert "ix_balance_item_id" in plan[0], plan
