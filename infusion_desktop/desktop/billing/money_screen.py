"""What payers answered and what they owe: read their files, see what is open by age."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from PySide6.QtWidgets import QTabWidget

from infusion_desktop.access.roles import Permission
from infusion_desktop.billing.answers import read_answer
from infusion_desktop.billing.claims import mark_sent
from infusion_desktop.billing.queries import AgingRow, BatchRow, WorkItem, aging, batches, file_content, work_queue
from infusion_desktop.billing.words import BatchId
from infusion_desktop.dates import show_instant, today
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.file_choice import ask_what_to_read, ask_where_to_save
from infusion_desktop.desktop.pages import Page
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.files import write_whole
from infusion_desktop.money import show_money

BIGGEST_FILE = 20_000_000
AGES = (
    ("To 30 days", "to_30"), ("31 to 60", "to_60"), ("61 to 90", "to_90"), ("91 to 120", "to_120"), ("Older", "older"),
)  # fmt: skip


def _money(title: str, name: str) -> Column[AgingRow]:
    def amount(row: AgingRow) -> Decimal:
        value: Decimal = getattr(row, name)
        return value

    return Column(title, text=lambda row: show_money(amount(row)), sort_key=amount, numeric=True, value=amount)


AGING: tuple[Column[AgingRow], ...] = (
    Column("Payer", text=lambda row: row.payer, stretch=True),
    *(_money(title, name) for title, name in AGES),
    _money("Total", "total"),
)
QUEUE: tuple[Column[WorkItem], ...] = (
    Column("Claims", text=lambda row: str(len(row.claims)), sort_key=lambda row: len(row.claims), numeric=True),
    Column("What", text=lambda row: row.sentence, stretch=True, hint=lambda row: row.sentence),
    Column("Put it right in", text=lambda row: row.where),
)
BATCHES: tuple[Column[BatchRow], ...] = (
    Column("File", text=lambda row: f"{row.interchange_control:09}"),
    Column("Made", text=lambda row: show_instant(row.made_at), sort_key=lambda row: row.made_at),
    Column("Payer", text=lambda row: row.payer, stretch=True),
    Column("Claims", text=lambda row: str(row.claims), sort_key=lambda row: row.claims, numeric=True),
    Column("Charge", text=lambda row: show_money(row.charge), sort_key=lambda row: row.charge, numeric=True),
    Column("Answer", text=lambda row: row.acknowledged or "none yet"),
)


@dataclass(frozen=True, slots=True)
class Money:
    """What the screen shows."""

    aging: tuple[AgingRow, ...]
    queue: tuple[WorkItem, ...]
    batches: tuple[BatchRow, ...]


class MoneyScreen(Screen):
    """Answers, open money by age, and what holds claims up."""

    title = "Payments"
    topics = frozenset({"billing"})
    help = "Read TA1, 999, 277CA and 835 files as they come; each is posted whole or refused with the reason."

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        settings = self.settings()
        self.aging: TableView[AgingRow] = TableView(
            AGING, lambda row: row.payer_id, name="Open by age", desk=desk, noun=("payer", "payers"),
            empty="Nobody owes anything.", settings=settings,
        )  # fmt: skip
        self.queue: TableView[WorkItem] = TableView(
            QUEUE, lambda row: (row.code, row.sentence), name="What holds claims up", desk=desk,
            noun=("reason", "reasons"), empty="No claim waits for anything.", settings=settings,
        )  # fmt: skip
        self.queue.opened.connect(self._open)
        self.batches: TableView[BatchRow] = TableView(
            BATCHES, lambda row: row.id, name="Claim files", desk=desk, noun=("file", "files"),
            empty="No claim file was written yet.", settings=settings,
        )  # fmt: skip
        self.batches.opened.connect(self._save_again)
        tabs = QTabWidget()
        tabs.addTab(self.aging, "Open by age")
        tabs.addTab(self.queue, "What holds claims up")
        tabs.addTab(self.batches, "Claim files")
        page = Page(self, "Payers' answers are posted whole, or refused with the reason and nothing posted.")
        if context.may(Permission.POST_PAYMENT):
            self.read_button = button("Read a payer's file", self.choose, icon="import", kind="primary")
            page.actions(button("Mark as sent", self.mark_sent, icon="check"), self.read_button)
        self.tabs = tabs
        page.add(tabs, 1)

    def load(self) -> None:
        self.ask(self._money, self._show)

    def _money(self) -> Money:
        with self.context.database.reading() as session:
            return Money(aging(session, today()), work_queue(session), batches(session))

    def _show(self, found: Money) -> None:
        self.aging.set_rows(found.aging)
        self.queue.set_rows(found.queue)
        self.batches.set_rows(found.batches)

    def choose(self) -> None:
        """Ask for a file."""
        ask_what_to_read(self, "Which file?", "Answers (*.txt *.edi *.835 *.999 *.277);;All files (*)", self.read)

    def read(self, file: Path) -> None:
        """Post a payer's file."""
        database, by = self.context.database, self.context.user_id

        def post(why: str) -> tuple[str, ...]:
            return read_answer(database, file.read_bytes()[: BIGGEST_FILE + 1], by, why)

        self.do(post, changed=("billing",), said=lambda told: " ".join(told)[:400], pressed=self.read_button)

    def _save_again(self, row: object) -> None:
        if isinstance(row, BatchRow):
            self.ask(
                lambda: self._content(row.id), lambda text: self._save(f"837P-{row.interchange_control:09}.txt", text)
            )

    def _content(self, batch: int) -> str:
        with self.context.database.reading() as session:
            return file_content(session, BatchId(batch))

    def _save(self, name: str, text: str) -> None:
        def save(file: Path) -> None:
            self.do(lambda _why: write_whole(file, text.encode("ascii")), said="The claim file is saved.")

        ask_where_to_save(self, "Where shall the claim file go?", name, "Claim file (*.txt)", save)

    def mark_sent(self) -> None:
        """Say that the selected file went to the payer."""
        row = self.batches.current_row()
        if row is None:
            self.tabs.setCurrentWidget(self.batches)
            self.desk.messages.refused(("Select the claim file that was sent.",), self, Tone.INFO)
            return
        database, by, batch = self.context.database, self.context.user_id, BatchId(row.id)
        self.do(lambda _why: mark_sent(database, batch, by), changed=("billing",), said="Its claims are sent now.")

    def _open(self, row: object) -> None:
        if isinstance(row, WorkItem) and row.claims:
            self.desk.open("claim", row.claims[0])
