"""What is done about clinical events on a patient's page."""

from infusion_desktop.access.queries import working_people
from infusion_desktop.access.roles import UserId
from infusion_desktop.deliveries.care.events import EventRow, withdraw_event
from infusion_desktop.desktop.patients.event_dialog import EventDialog
from infusion_desktop.desktop.patients.page_base import PageBase
from infusion_desktop.desktop.table_view import TableView


class EventDeeds(PageBase):
    """The deeds about clinical events."""

    events: TableView[EventRow]

    def _log_event(self) -> None:
        """Something went wrong with site, line or patient."""
        found = self.shown
        if found is None:
            return

        def read() -> tuple[tuple[str, UserId], ...]:
            with self.context.database.reading() as session:
                return working_people(session)

        def show(people: tuple[tuple[str, UserId], ...]) -> None:
            self.dialog = EventDialog(self, found, people)
            self.dialog.open()

        self.ask(read, show, key="people")

    def _withdraw_event(self) -> None:
        row = self._selected(self.events, "Select the event that never was.")
        if row is None or row.withdrawn:
            return
        database, by = self.context.database, self.context.user_id
        self._ask_why(
            "The event never was", "Why it is withdrawn", lambda why: withdraw_event(database, row.id, why, by),
            "The event is withdrawn; put right by hand what it changed.",
        )  # fmt: skip
