"""The deeds of the bench beside scanning: short, something instead, all by hand, step back, pack, print, hand over."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from infusion_desktop.access.roles import UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.deliveries.bench.bench import Feedback
from infusion_desktop.deliveries.bench.handing_over import Going, Tote, going, see_tote
from infusion_desktop.deliveries.bench.picking import pick_all, report_short
from infusion_desktop.deliveries.bench.shipping import pack, ship
from infusion_desktop.deliveries.bench.substituting import substitute
from infusion_desktop.deliveries.bench.undoing import undo
from infusion_desktop.deliveries.bench.verifying import verify_all
from infusion_desktop.deliveries.lists import DeliveryRow
from infusion_desktop.deliveries.papers import print_manifests
from infusion_desktop.deliveries.printing import print_pick_lists, print_tote_labels
from infusion_desktop.deliveries.words import DeliveryState
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.deliveries.bench_lines import next_of
from infusion_desktop.desktop.deliveries.instead_dialog import InsteadDialog
from infusion_desktop.desktop.deliveries.small_dialogs import ShortDialog
from infusion_desktop.desktop.pdf_preview import PdfDialog
from infusion_desktop.desktop.question import Answer, Question

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from infusion_desktop.desktop.deliveries.bench_screen import BenchScreen


class BenchDeeds:
    """What is done with the delivery on the bench by a button."""

    def __init__(self, screen: "BenchScreen") -> None:
        self._screen = screen
        self.leaving: Going | None = None
        self.seen: list[Tote] = []

    def watch_totes(self) -> None:
        """The delivery is packed: which of its totes have a label to scan."""
        screen, self.leaving, self.seen = self._screen, None, []
        if screen.kept is None:
            return
        database, delivery_id = screen.context.database, screen.kept.page.row.id

        def read() -> tuple[Going, ...]:
            with database.reading() as session:
                return going(session, [delivery_id])

        def show(found: tuple[Going, ...]) -> None:
            if found and found[0].id == screen.delivery_id:
                self.leaving = found[0]
                self.show_totes()

        screen.ask(read, show, key="totes")

    def see_tote(self, raw: str) -> bool:
        """A tote's label at the hand-over; False where none is handed over here."""
        screen, row = self._screen, self.leaving
        if row is None or not row.labelled or screen.state is not DeliveryState.PACKED:
            return False
        found = see_tote(raw, [row], self.seen)
        if found.tote is not None:
            self.seen.append(found.tote)
        screen.scans.say(Feedback(found.right, found.sentence))
        self.show_totes()
        return True

    def show_totes(self) -> None:
        """How many of its totes were scanned, as far as that is known."""
        row = self.leaving
        if row is not None:
            unseen = row.unseen(self.seen) if row.labelled else None
            self._screen.ship_panel.show_totes(row.totes, unseen)

    def report_short(self) -> None:
        """Fewer than wanted are in the bin."""
        screen = self._screen
        line = screen.table.current_row() or next_of(screen.lines)
        if line is None or not line.is_lot:
            screen.desk.messages.refused(("Mark the line of the lot that is short first.",), screen, Tone.INFO)
            return
        database, by, lot_line_id = screen.context.database, screen.context.user_id, line.lot_line_id
        ShortDialog(
            screen.context, screen.desk, line.name, line.done, line.wanted, screen,
            lambda found, why: report_short(database, lot_line_id, found, why, by),
        ).open()  # fmt: skip

    def send_instead(self) -> None:
        """Another item goes instead of what is short or not picked."""
        screen = self._screen
        if screen.kept is None:
            return
        lines = [line for line in screen.kept.page.lines if line.to_send > line.picked]
        if not lines:
            screen.desk.messages.refused(("Nothing is short or left to pick.",), screen, Tone.INFO)
            return
        marked = screen.table.current_row()
        rows = {row.lot_line_id: row.line.id for row in screen.kept.rows}
        first = rows.get(marked.lot_line_id) if marked is not None and marked.is_lot else None
        database, by = screen.context.database, screen.context.user_id
        screen.dialog = InsteadDialog(
            screen.context, screen.desk, lines, first, screen,
            lambda line, item, units, why, override: substitute(
                database, line, item, units, why, by, override=override
            ),
        )  # fmt: skip
        screen.dialog.open()

    def confirm_all(self) -> None:
        """Everything was counted or compared by hand, without scanning each box."""
        screen = self._screen
        if screen.kept is None or screen.state not in (DeliveryState.RELEASED, DeliveryState.PICKED):
            return
        database, delivery_id, by = screen.context.database, screen.kept.page.row.id, screen.worker
        verifying = screen.state is DeliveryState.PICKED
        work = verify_all if verifying else pick_all
        left = sum(not line.is_done for line in screen.lines)
        asked = Question(
            "Was every line compared with the list?" if verifying else "Was every line counted out?",
            (f"{left} of {len(screen.lines)} lines were not scanned. Your name is kept as the one who counted them.",),
            yes="All was compared" if verifying else "All was counted",
        )
        screen.desk.messages.confirm(
            asked,
            lambda: screen.do(
                lambda _override: work(database, delivery_id, by), changed=("deliveries",),
                pressed=screen.view.all_button,
            ),
            screen,
        )  # fmt: skip

    def step_back(self) -> None:
        """Take the last step back, with a reason."""
        screen = self._screen
        if screen.kept is None:
            return
        database, delivery_id, by = screen.context.database, screen.kept.page.row.id, screen.context.user_id

        def answered(answer: Answer) -> None:
            if answer.yes:
                screen.do(
                    lambda _override: undo(database, delivery_id, answer.reason, by),
                    changed=("deliveries", "equipment"), said="The step was taken back.", pressed=screen.back_button,
                )  # fmt: skip

        asked = Question("Take the last step back?", ("It has to be done again afterwards.",), "Take back",
                         needs_reason=True)  # fmt: skip
        screen.desk.messages.ask(asked, answered, screen.window())

    def pack(self, totes: int, cold_packs: int) -> None:
        """Into so many totes."""
        screen = self._screen
        if screen.kept is None:
            return
        database, delivery_id, by = screen.context.database, screen.kept.page.row.id, screen.context.user_id
        screen.do(
            lambda override: pack(database, delivery_id, totes, cold_packs, by, override=override),
            changed=("deliveries",), said="Packed. Print the labels of the totes.", pressed=screen.pack_panel.pack,
        )  # fmt: skip

    def print_manifest(self) -> None:
        """Show the manifest, to print."""
        self._print("Delivery manifest", "manifest", self._screen.ship_panel.print_button,
                    lambda database, row, by, why: print_manifests(database, [row.id], by, why))  # fmt: skip

    def print_labels(self) -> None:
        """Show a label for each tote, to print."""
        self._print("Tote labels", "labels", self._screen.ship_panel.labels_button,
                    lambda database, row, by, why: print_tote_labels(database, [row.id], by, why))  # fmt: skip

    def print_pick_list(self) -> None:
        """Show the pick list, for when the scanner rests."""
        self._print("Pick list", "pick-list", self._screen.list_button,
                    lambda database, row, by, why: print_pick_lists(database, [row.id], by, why))  # fmt: skip

    def ship(self, tracking: str) -> None:
        """Out of the house."""
        screen = self._screen
        if screen.kept is None:
            return
        row, leaving = screen.kept.page.row, self.leaving
        database, by = screen.context.database, screen.context.user_id
        scanned = leaving.totes - leaving.unseen(self.seen) if leaving is not None and leaving.labelled else None
        screen.do(
            lambda override: ship(database, row.id, by, tracking=tracking, scanned=scanned, override=override),
            changed=("deliveries", "stock", "equipment"), said=f"{row.number} is on its way.",
            pressed=screen.ship_panel.ship,
        )  # fmt: skip

    def _print(
        self, title: str, name: str, pressed: "QWidget", draw: Callable[[Database, DeliveryRow, UserId, str], bytes]
    ) -> None:
        screen = self._screen
        if screen.kept is None:
            return
        row = screen.kept.page.row
        database, by = screen.context.database, screen.context.user_id

        def show(pdf: bytes) -> None:
            PdfDialog(screen.desk, title, pdf, f"{name}-{row.number}.pdf", screen.context.folder, screen).open()
            if name == "labels":
                self.watch_totes()

        screen.do(lambda why: draw(database, row, by, why), changed=("deliveries", "printing"), then=show,
                  pressed=pressed, text=f"Drawing: {title.lower()}")  # fmt: skip
