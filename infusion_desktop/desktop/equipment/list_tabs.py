"""The tabs beside the board, each asked for when it is first seen: returns, rentals, models, use and cost."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infusion_desktop.access.roles import Permission
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.deliveries.pumps.pickup_papers import print_tickets
from infusion_desktop.deliveries.pumps.pickups import (
    TicketRow,
    cancel_ticket,
    count_unwritten,
    ticket_by_number,
    ticket_rows,
    write_due_tickets,
)
from infusion_desktop.deliveries.pumps.returns import ReturnRow, returns_due
from infusion_desktop.deliveries.pumps.swapping import SwapRow, swap_rows
from infusion_desktop.desktop.equipment.lending_dialogs import CallDialog, ChargeDialog, TripDialog
from infusion_desktop.desktop.equipment.models_tab import ModelDialog, ModelsTab
from infusion_desktop.desktop.equipment.pickups_tab import PickupsTab
from infusion_desktop.desktop.equipment.rental_dialogs import ExtendDialog
from infusion_desktop.desktop.equipment.rentals_tab import RentalsTab
from infusion_desktop.desktop.equipment.returns_tab import ReturnsTab
from infusion_desktop.desktop.equipment.tab_pages import TabPages
from infusion_desktop.desktop.equipment.use_tab import UseTab
from infusion_desktop.desktop.pdf_preview import PdfDialog
from infusion_desktop.desktop.question import Answer, Question
from infusion_desktop.equipment.models import ModelRow, model_rows
from infusion_desktop.equipment.rentals import RentalRow, give_back, rental_rows
from infusion_desktop.equipment.usage import UseRow, use_rows
from infusion_desktop.equipment.words import PickupId
from infusion_desktop.money import show_money

if TYPE_CHECKING:
    from infusion_desktop.dates import Days
    from infusion_desktop.desktop.equipment.board_screen import BoardScreen

_TOPICS = ("equipment", "deliveries")


@dataclass(frozen=True, slots=True)
class _Trips:
    tickets: tuple[TicketRow, ...]
    swaps: tuple[SwapRow, ...]
    unwritten: int


class ListTabs:
    """Holds the tabs, fills the one in view and does what their buttons ask."""

    def __init__(self, screen: "BoardScreen") -> None:
        self.screen = screen
        context, desk = screen.context, screen.desk
        may = context.may
        self.returns = ReturnsTab(desk, may(Permission.DELIVER), may(Permission.CHARGE_EQUIPMENT))
        self.pickups = PickupsTab(desk, may(Permission.PLAN_DELIVERY), self.write_tickets, self.print_tickets)
        self.rentals = RentalsTab(desk, may(Permission.REGISTER_EQUIPMENT))
        self.models = ModelsTab(desk, may(Permission.EDIT_EQUIPMENT_MODELS))
        self.use = UseTab(desk)
        self._ticket: PickupId | None = None
        self.returns.call_asked.connect(lambda row: CallDialog(context, desk, row, screen).open())
        self.returns.charge_asked.connect(self._charge)
        self.pickups.plan_asked.connect(
            lambda row: TripDialog(context, desk, screen, row).opened_by(self.pickups.plan_button.click).open()
        )
        self.pickups.cancel_asked.connect(self._cancel_ticket)
        self.returns.table.opened.connect(lambda row: screen.select(row.asset_id))
        self.rentals.extend_asked.connect(
            lambda row: ExtendDialog(context, desk, row, screen).opened_by(self.rentals.extend_button.click).open()
        )
        self.rentals.give_back_asked.connect(self._give_back)
        self.rentals.table.opened.connect(lambda row: screen.select(row.asset_id))
        self.models.edit_asked.connect(
            lambda row: ModelDialog(context, desk, row, screen).opened_by(self.models.edit_button.click).open()
        )
        self.use.period_changed.connect(self.load)
        self.use.table.opened.connect(lambda row: screen.select(row.asset_id))

    def add_to(self, tabs: TabPages) -> None:
        """Put the tabs beside the board."""
        self.tabs = tabs
        for tab, title in (
            (self.returns, "Overdue returns"), (self.pickups, "Pick-ups and swaps"), (self.rentals, "Rentals"),
            (self.models, "Models"), (self.use, "Use and cost"),
        ):  # fmt: skip
            tabs.add(tab, title)

    def load(self) -> None:
        """Ask for what the tab in view shows."""
        shown = self.tabs.stack.currentWidget()
        database, ask = self.screen.context.database, self.screen.ask
        if shown is self.returns:
            ask(lambda: _returns(database), self._show_returns, key="returns")
        elif shown is self.pickups:
            ask(lambda: _trips(database), self._show_trips, key="trips")
        elif shown is self.rentals:
            ask(lambda: _rentals(database), self.rentals.show_rows, key="rentals")
        elif shown is self.models:
            ask(lambda: _models(database), self.models.table.set_rows, key="models")
        elif shown is self.use:
            day = today()
            period = self.use.days(day)
            ask(lambda: _use(database, period), lambda rows: self.use.show_rows(rows, day), key="use")

    def fit(self) -> None:
        """A table is as wide as it is seen only once it is seen."""
        self.pickups.fit()
        for table in (self.returns.table, self.rentals.table, self.models.table, self.use.table):
            table.fit_columns()

    def find_ticket(self, number: str) -> None:
        """The pick-up ticket whose code was scanned."""
        database = self.screen.context.database

        def found(ticket: PickupId | None) -> None:
            if ticket is None:
                self.screen.desk.messages.wrong(f"No pick-up ticket has the number {number[:20]}.")
            else:
                self.show_ticket(ticket)

        self.screen.ask(lambda: _ticket(database, number), found, key="scan")

    def show_ticket(self, ticket: int) -> None:
        """Bring a ticket into view."""
        self._ticket = PickupId(ticket)
        self.pickups.tickets.clear_filter()
        if self.tabs.is_shown(self.pickups):
            self.load()
        else:
            self.tabs.show_page(self.pickups)

    def write_tickets(self) -> None:
        """Ask back what ended therapies left at home."""
        database, by = self.screen.context.database, self.screen.context.user_id
        self.screen.do(
            lambda _override: write_due_tickets(database, today(), by), changed=_TOPICS,
            said=lambda count: f"{count} pick-up ticket{'' if count == 1 else 's'} written.",
            pressed=self.pickups.write_button,
        )  # fmt: skip

    def print_tickets(self) -> None:
        """The tickets that are chosen, or all that are open, on paper."""
        chosen = [row for row in self.pickups.tickets.selected_rows() if not row.cancelled]
        rows = chosen or [row for row in self.pickups.tickets.model.rows if row.is_open]
        ids = [row.id for row in rows]
        database, by = self.screen.context.database, self.screen.context.user_id
        name = f"pick-up-{rows[0].number.lower()}.pdf" if len(rows) == 1 else "pick-up-tickets.pdf"

        def show(pdf: bytes) -> None:
            PdfDialog(self.screen.desk, "Pick-up tickets", pdf, name, self.screen.context.folder, self.screen).open()

        if ids:
            self.screen.do(lambda why: print_tickets(database, ids, by, why), changed=_TOPICS, then=show,
                           pressed=self.pickups.print_button)  # fmt: skip

    def _show_returns(self, rows: tuple[ReturnRow, ...]) -> None:
        self.returns.show_rows(rows)
        self.count_overdue(sum(row.is_overdue for row in rows))

    def count_overdue(self, over: int) -> None:
        """How many returns are overdue, on the tab."""
        self.tabs.entitle(self.returns, f"Overdue returns ({over})" if over else "Overdue returns")

    def count_unwritten(self, things: int) -> None:
        """How much waits for a ticket, on the tab."""
        title = f"Pick-ups and swaps ({things} to write)" if things else "Pick-ups and swaps"
        self.tabs.entitle(self.pickups, title)

    def _show_trips(self, found: _Trips) -> None:
        self.pickups.show_rows(found.tickets, found.swaps, found.unwritten)
        self.count_unwritten(found.unwritten)
        if self._ticket is not None:
            self.pickups.tickets.select_ids([self._ticket])
            self._ticket = None

    def _charge(self, row: ReturnRow) -> None:
        ChargeDialog(self.screen.context, self.screen.desk, row.asset_id, row.tag, row.replacement_value, False,
                     self.screen).open()  # fmt: skip

    def _cancel_ticket(self, row: TicketRow) -> None:
        database, by = self.screen.context.database, self.screen.context.user_id
        asked = Question(f"Cancel pick-up {row.number}?", ("What is on it stays with the patient.",),
                         yes="Cancel the ticket", no="Leave it", needs_reason=True)  # fmt: skip

        def answered(answer: Answer) -> None:
            if answer.yes:
                self.screen.do(lambda _override: cancel_ticket(database, row.id, answer.reason, row.version, by),
                               changed=_TOPICS, said=f"Pick-up {row.number} is cancelled.")  # fmt: skip

        self.screen.desk.messages.ask(asked, answered, self.screen.window())

    def _give_back(self, row: RentalRow) -> None:
        database, by = self.screen.context.database, self.screen.context.user_id
        asked = Question(f"Give {row.tag} back to {row.vendor}?",
                         ("It leaves the register's board and cannot come back.",
                          f"It has cost {show_money(row.cost_so_far)} so far. Say how it goes, and its return number."),
                         yes="Give it back", needs_reason=True)  # fmt: skip

        def answered(answer: Answer) -> None:
            if answer.yes:
                self.screen.do(
                    lambda _override: give_back(database, row.id, by, note=answer.reason, version=row.version),
                    changed=_TOPICS, said=lambda cost: f"{row.tag} went back; it cost {show_money(cost)} in all.",
                )  # fmt: skip

        self.screen.desk.messages.ask(asked, answered, self.screen.window())


def _returns(database: Database) -> tuple[ReturnRow, ...]:
    with database.reading() as session:
        return returns_due(session, today())


def _trips(database: Database) -> _Trips:
    with database.reading() as session:
        return _Trips(
            ticket_rows(session, closed_too=True), swap_rows(session, done_too=True),
            count_unwritten(session, today()),
        )  # fmt: skip


def _rentals(database: Database) -> tuple[RentalRow, ...]:
    with database.reading() as session:
        return rental_rows(session, today(), ended_too=True)


def _models(database: Database) -> tuple[ModelRow, ...]:
    with database.reading() as session:
        return model_rows(session)


def _use(database: Database, period: "Days") -> tuple[UseRow, ...]:
    with database.reading() as session:
        return use_rows(session, period)


def _ticket(database: Database, number: str) -> PickupId | None:
    with database.reading() as session:
        return ticket_by_number(session, number)
