"""The board of 5,000 pumps with 100 events each: asked for, shown; the morning's list, use and cost, the proof."""

import os
import tempfile
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, in_turns, memory

PUMPS, EVENTS = 5_000, 100


def measure() -> list[Figure]:
    """Processor time of what a technician waits for; the query's floor is its SQL by hand."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtWidgets import QApplication

    from infusion_desktop.dates import Days, today
    from infusion_desktop.desktop import theme
    from infusion_desktop.desktop.equipment.board_columns import board_chips, board_columns
    from infusion_desktop.desktop.table_view import TableView
    from infusion_desktop.equipment.due import due_of
    from infusion_desktop.equipment.queries import AssetRow, board, history
    from infusion_desktop.equipment.usage import use_rows
    from infusion_desktop.equipment.verify import problems

    qt = QApplication([])
    theme.install(qt, False)
    with tempfile.TemporaryDirectory() as folder:
        database, pumps = _filled(str(Path(folder) / "pumps.db"))
        day = today()
        clock = time.process_time
        kept: list[Any] = []

        def asked(query: Any) -> Any:
            def run() -> None:
                with database.reading() as session:
                    kept.append(query(session))
                    del kept[:-1]

            return run

        def by_hand() -> None:
            with database.engine.connect() as connection:
                connection.exec_driver_sql(_BY_HAND).fetchall()

        floor, query = in_turns(by_hand, asked(lambda session: board(session, day)), runs=5, warm=1, clock=clock)
        rows = kept[0]
        table: TableView[AssetRow] = TableView(board_columns(lambda: day), lambda row: row.id, name="Pumps",
                                               chips=board_chips(lambda: day))  # fmt: skip
        (shown,) = in_turns(lambda: table.set_rows(rows), runs=5, warm=1, clock=clock)
        (due,) = in_turns(lambda: due_of(rows, day), runs=5, warm=1, clock=clock)
        (life,) = in_turns(asked(lambda session: history(session, pumps[77])), runs=5, warm=1, clock=clock)
        quarter = Days(day - timedelta(days=89), day)
        (used,) = in_turns(asked(lambda session: use_rows(session, quarter)), runs=3, warm=1, clock=clock)
        (proven,) = in_turns(asked(problems), runs=3, warm=1, clock=clock)
        database.close()
        return [
            Figure(f"{PUMPS:,} pumps asked for, cpu", query, "ms", floor),
            Figure(f"{PUMPS:,} pumps asked for and shown, cpu", query + shown, "ms", goal=700),
            Figure("  shown, on the window's thread, cpu", shown, "ms", goal=100),
            Figure("  the morning's list of them, cpu", due, "ms", goal=100),
            Figure("one pump's life, cpu", life, "ms", goal=50),
            Figure(f"use and cost of 90 days, {PUMPS * EVENTS:,} events on file, cpu", used, "ms", goal=3000),
            Figure("equipment's books proven, cpu", proven, "ms", goal=3000),
            Figure("  memory after it", memory(), "MB", goal=350),
        ]


_BY_HAND = """
SELECT a.*, i.*, l.*, m.*, r.return_by, b.* FROM asset a JOIN item i ON i.id = a.item_id
JOIN location l ON l.id = a.location_id LEFT JOIN asset_model m ON m.item_id = a.item_id
LEFT JOIN rental r ON r.asset_id = a.id AND r.ended_on IS NULL
LEFT JOIN asset_booking b ON b.asset_id = a.id AND b.ended_at IS NULL
WHERE a.state <> 'retired' ORDER BY a.tag
"""


def _filled(file: str) -> tuple[Any, list[Any]]:
    """A pharmacy whose pumps went their round again and again, written in bulk."""
    from sqlalchemy import insert, select

    from infusion_desktop.access.audit import record
    from infusion_desktop.access.people import add_first_administrator
    from infusion_desktop.database.engine import Place
    from infusion_desktop.dates import today
    from infusion_desktop.equipment.tables import Asset, AssetEvent
    from infusion_desktop.equipment.words import AssetDeed as D
    from infusion_desktop.equipment.words import AssetState as S
    from infusion_desktop.opening import open_pharmacy
    from infusion_desktop.stock.catalogue import NewItem, add_item
    from infusion_desktop.stock.places import place_id, set_up_places
    from infusion_desktop.stock.words import ItemKind

    database = open_pharmacy(Place.of(file))
    by = add_first_administrator(database, "admin", "Ada Min", "correct horse battery")
    with database.transaction() as session:
        set_up_places(session, by)
    items = [add_item(database, NewItem(f"P{n}", f"Pump model {n}", ItemKind.PUMP), by) for n in range(10)]
    round_ = ((D.CLEAN, S.CLEANED), (D.PASS_CHECK, S.READY), (D.RESERVE, S.RESERVED), (D.SHIP, S.IN_TRANSIT),
              (D.DELIVER, S.WITH_PATIENT), (D.TAKE_BACK, S.RETURNED))  # fmt: skip
    with database.transaction() as session:
        place, start = place_id(session, "SERVICE"), datetime.now(UTC) - timedelta(days=7 * EVENTS)
        session.execute(insert(Asset), [
            {"item_id": items[n % 10], "serial": f"S{n}", "tag": f"P{n:05}", "state": round_[(EVENTS - 1) % 6][1],
             "location_id": place, "document": "", "clean": False, "held": "", "firmware": "", "run_hours": 0,
             "owner": "", "cost": Decimal(2000), "maintenance_due_on": today() + timedelta(days=n % 300 - 10),
             "version": 1, "library": "", "maintained_hours": 0, "maintenance_owed": False, "fault": "", "lacks": ""}
            for n in range(PUMPS)
        ])  # fmt: skip
        pumps = list(session.scalars(select(Asset.id)))
        for turn in range(EVENTS):
            deed, state = round_[turn % 6]
            session.execute(insert(AssetEvent), [
                {"asset_id": pump, "deed": deed, "to_state": state, "to_location_id": place, "document": "",
                 "effective_at": start + timedelta(days=7 * turn), "recorded_at": start, "staff_id": by, "note": "",
                 "measured": "{}"} for pump in pumps
            ])  # fmt: skip
        record(session, by, "fill", "asset")
    return database, pumps
