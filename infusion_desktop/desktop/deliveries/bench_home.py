"""The bench with nothing on it: deliveries that wait, waves under way, and what is being printed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from PySide6.QtWidgets import QHBoxLayout, QTabWidget, QVBoxLayout, QWidget

from infusion_desktop.database.engine import Database
from infusion_desktop.dates import show_instant
from infusion_desktop.deliveries.batches import BatchRow, batches
from infusion_desktop.deliveries.bench.wave_queries import WaveRow, waves
from infusion_desktop.deliveries.lists import DeliveryRow, on_bench
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Desk
from infusion_desktop.desktop.deliveries.board_columns import BENCH_COLUMNS
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Column
from infusion_desktop.desktop.table_view import TableView

Press = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Home:
    """Everything that waits."""

    deliveries: tuple[DeliveryRow, ...]
    waves: tuple[WaveRow, ...]
    batches: tuple[BatchRow, ...]


def home_of(database: Database, today: date) -> Home:
    """What the bench shows while nothing is on it."""
    with database.reading() as session:
        return Home(on_bench(session, today), waves(session), batches(session))


def _batch_state(row: BatchRow) -> str:
    return "drawn" if row.finished else f"{row.drawn} of {row.parts} parts"


WAVE_COLUMNS: tuple[Column[WaveRow], ...] = (
    Column("Wave", lambda row: row.number),
    Column("Deliveries", lambda row: str(row.deliveries), sort_key=lambda row: row.deliveries, numeric=True),
    Column("Picked", lambda row: f"{row.picked} of {row.deliveries}", sort_key=lambda row: row.picked,
           tone=lambda row: Tone.GOOD if row.picked == row.deliveries else Tone.INFO),
    Column("Begun by", lambda row: row.by, stretch=True),
    Column("When", lambda row: show_instant(row.made_at), sort_key=lambda row: row.made_at),
)  # fmt: skip
BATCH_COLUMNS: tuple[Column[BatchRow], ...] = (
    Column("Batch", lambda row: row.title, stretch=True, width=200),
    Column("State", _batch_state, tone=lambda row: Tone.GOOD if row.finished else Tone.WARN),
    Column("Pages", lambda row: f"{row.pages:,}", sort_key=lambda row: row.pages, numeric=True),
    Column("Labels", lambda row: f"{row.labels:,}", sort_key=lambda row: row.labels, numeric=True),
    Column("By", lambda row: row.by, stretch=True),
    Column("When", lambda row: show_instant(row.made_at), sort_key=lambda row: row.made_at),
)  # fmt: skip


class BenchHome(QWidget):
    """Three lists: deliveries to work on, waves, batches of papers."""

    def __init__(self, screen: Screen, desk: Desk, *, wave: Press, papers: Press, hand_over: Press) -> None:
        super().__init__()
        self.queue: TableView[DeliveryRow] = TableView(
            BENCH_COLUMNS, lambda row: row.id, name="Deliveries at the bench", desk=desk,
            noun=("delivery", "deliveries"), settings=screen.settings(),
            empty="Nothing waits at the bench. Release a delivery on its page first.",
        )  # fmt: skip
        self.waves: TableView[WaveRow] = TableView(
            WAVE_COLUMNS, lambda row: row.id, name="Waves", desk=desk, noun=("wave", "waves"),
            empty="No wave is under way. Mark released deliveries and press Pick as a wave.",
        )  # fmt: skip
        self.batches: TableView[BatchRow] = TableView(
            BATCH_COLUMNS, lambda row: row.id, name="Batches of papers", desk=desk, noun=("batch", "batches"),
            empty="Nothing is being printed. Print a day on the Schedule, or mark deliveries and press Print.",
        )  # fmt: skip
        self.wave_button = button("Pick as a wave", wave, icon="list", kind="primary")
        self.wave_button.setToolTip("One walk through the bins for the marked released deliveries")
        self.print_button = button("Print…", papers, icon="print")
        self.print_button.setToolTip("Papers of the marked deliveries, or of all that the list shows")
        self.ship_button = button("Hand over…", hand_over, icon="truck")
        self.ship_button.setToolTip("Everything marked that is packed leaves with its driver")
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        first = QWidget()
        column = QVBoxLayout(first)
        column.setContentsMargins(0, 12, 0, 0)
        row = QHBoxLayout()
        row.addStretch(1)
        for each in (self.ship_button, self.print_button, self.wave_button):
            row.addWidget(each)
        column.addWidget(self.queue, 1)
        column.addLayout(row)
        self.tabs.addTab(first, "Deliveries")
        for table, name in ((self.waves, "Waves"), (self.batches, "Printing")):
            page = QWidget()
            inside = QVBoxLayout(page)
            inside.setContentsMargins(0, 12, 0, 0)
            inside.addWidget(table, 1)
            self.tabs.addTab(page, name)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.tabs)

    def show_home(self, shown: Home) -> None:
        """Show what waits."""
        self.queue.set_rows(shown.deliveries)
        self.waves.set_rows(shown.waves)
        self.batches.set_rows(shown.batches)
        self.tabs.setTabText(1, f"Waves ({len(shown.waves)})" if shown.waves else "Waves")
        self.tabs.setTabText(2, f"Printing ({len(shown.batches)})" if shown.batches else "Printing")
