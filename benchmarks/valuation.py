"""What stock is worth, and the proof that nothing went below zero, over 1,000,000 moves: time and memory."""

import tempfile
import time
from datetime import timedelta
from pathlib import Path

from benchmarks.figures import Figure, memory
from benchmarks.kit_life import a_patient, ready_stock
from benchmarks.recall import LOTS, SIZES, years_of_work
from infusion_desktop.dates import Days, today

SECONDS, MEGABYTES = 15, 350


def measure() -> list[Figure]:
    """Processor time of each report over all of it, and the most memory any of them took."""
    from infusion_desktop.reporting import stock, stock_lists

    with tempfile.TemporaryDirectory() as folder:
        database, boss = ready_stock(str(Path(folder) / "worth.db"), LOTS)
        a_patient(database, boss)
        moves = years_of_work(database, SIZES[-1])
        before, figures = memory(), []
        month = Days(today() - timedelta(days=30), today())
        for name, report in (
            ("by FIFO layers", stock.by_layers), ("by moving average", stock.by_average),
            ("the layers themselves", stock.open_layers), ("a month's moves valued", stock.moves_valued),
            ("roll-forward", stock.roll_forward), ("negative-proof audit", stock_lists.never_below_zero),
        ):  # fmt: skip
            begun = time.process_time()
            with database.reading() as session:
                lines = len(report(session, month).rows)
            taken = time.process_time() - begun
            figures.append(Figure(f"{name}, {moves:,} moves, {lines:,} lines, cpu", taken, "s", goal=SECONDS))
        figures.append(Figure("  memory after them", memory(), "MB", goal=MEGABYTES))
        figures.append(Figure("  memory before them (making the ledger)", before, "MB"))
        database.close()
        return figures
