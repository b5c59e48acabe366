"""The stock screen's list with 1,000 and 100,000 lots: asked for, shown, sorted and filtered in its own table."""

import os
import tempfile
import time
from pathlib import Path

from benchmarks.figures import Figure, in_turns, memory
from benchmarks.kit_life import ready_stock

LOTS = 100_000


def measure() -> list[Figure]:
    """Processor time of what a person waits for, in the window's own screen; the query's floor is its SQL by hand."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtCore import Qt
    from PySide6.QtWidgets import QApplication

    from infusion_desktop.access.people import user_of
    from infusion_desktop.access.roles import Permission
    from infusion_desktop.desktop import theme
    from infusion_desktop.desktop.context import Context
    from infusion_desktop.desktop.shell import Shell
    from infusion_desktop.desktop.stock.places import PLACES
    from infusion_desktop.desktop.stock.stock_screen import StockScreen
    from infusion_desktop.stock.queries import stock_rows

    qt = QApplication([])
    theme.install(qt, False)
    with tempfile.TemporaryDirectory() as folder:
        database, boss = ready_stock(str(Path(folder) / "stock.db"), LOTS)
        with database.reading() as session:
            name = user_of(session, boss).name
        before = memory()
        shell = Shell(Context(database, boss, name, frozenset(Permission)), PLACES)
        shell.resize(1280, 800)
        shell.show()
        screen = StockScreen(shell.context, shell.desk)
        model, table = screen.table.model, screen.table

        def ask() -> None:
            with database.reading() as session:
                asked.append(stock_rows(session))
                del asked[:-1]

        def by_hand() -> None:
            with database.engine.connect() as connection:
                connection.exec_driver_sql(_BY_HAND).fetchall()

        asked: list[tuple[object, ...]] = []
        clock = time.process_time
        query_floor, query = in_turns(by_hand, ask, runs=5, warm=1, clock=clock)
        (shown,) = in_turns(lambda: table.set_rows(asked[0]), runs=5, warm=1, clock=clock)  # type: ignore[arg-type]
        expiry = next(place for place, column in enumerate(model.columns) if column.title == "Expires")
        backwards = iter([Qt.SortOrder.DescendingOrder, Qt.SortOrder.AscendingOrder] * 10)
        (sort,) = in_turns(lambda: model.sort(expiry, next(backwards)), runs=6, warm=2, clock=clock)
        (read,) = in_turns(lambda: (model.set_rows(asked[0]), model.read_more()), runs=3, warm=1, clock=clock)  # type: ignore[arg-type]
        words = iter(["l123", "item 7", "l9", "available", "item 12 l4"] * 4)
        (found,) = in_turns(lambda: model.set_filter(next(words)), runs=10, warm=2, clock=clock)
        figures = [
            Figure(f"{LOTS:,} lots asked for, cpu", query, "ms", query_floor),
            Figure(f"{LOTS:,} lots asked for and shown, cpu", query + shown, "ms", goal=500),
            Figure(f"{LOTS:,} lots sorted by expiry, cpu", sort, "ms", goal=150),
            Figure(f"{LOTS:,} lots filtered, cpu", found, "ms", goal=100),
            Figure("  their texts read for the filter, in idle steps, cpu", read, "ms"),
            Figure("  memory after it", memory(), "MB", goal=350),
            Figure("  of it for the list", memory() - before, "MB"),
        ]
        shell.close()
        qt.processEvents()
        database.close()
    return figures


_BY_HAND = """
SELECT b.lot_id, b.location_id, i.id, i.number, i.name, i.kind, i.base_unit, l.number, l.serial, l.expires_on, p.code,
       p.kind, b.on_hand, b.reserved, l.held, i.storage, l.unit_cost
FROM balance b JOIN lot l ON l.id = b.lot_id JOIN item i ON i.id = b.item_id JOIN location p ON p.id = b.location_id
WHERE b.on_hand > 0 AND p.kind <> 'patient_home' ORDER BY i.name, b.expires_on, b.lot_id
"""
