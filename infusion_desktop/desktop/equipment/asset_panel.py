"""The side panel of the board: one pump or pole, what may be done with it next, and its whole life."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QMenu, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from infusion_desktop.dates import show_day, show_instant
from infusion_desktop.deliveries.pumps.asset_pages import AssetPage
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.equipment.check_form import CheckForm, Limit
from infusion_desktop.desktop.equipment.deeds import CHECK, NEXT_OF, BoardDeed, allowed, tone_of
from infusion_desktop.desktop.labels import label, rule, tone_icon
from infusion_desktop.desktop.pages import Card, scrolled
from infusion_desktop.desktop.theme import set_icon
from infusion_desktop.equipment.models import ModelFacts
from infusion_desktop.equipment.queries import AssetRow, EventRow
from infusion_desktop.equipment.words import AssetState


@dataclass(frozen=True, slots=True)
class AssetFacts:
    """What the panel shows."""

    row: AssetRow
    history: tuple[EventRow, ...]
    limits: tuple[Limit, ...]
    model: ModelFacts
    page: AssetPage


@dataclass(frozen=True, slots=True)
class More:
    """Something else that may be done with it: an entry of the menu, and a button too where it is ``usual``."""

    title: str
    run: Callable[[], object]
    icon: str = ""
    usual: bool = False


class AssetPanel(Card):
    """``deed_asked`` carries the deed, ``checked`` the measured values; the screen does them.

    ``more`` gives what else may be done with a pump as it stands.
    """

    deed_asked = Signal(object)
    checked = Signal(object)

    def __init__(
        self, may_care: bool, more: Callable[[AssetFacts], Sequence[More]], parent: QWidget | None = None
    ) -> None:
        super().__init__("", parent)
        self.may_care, self._more_of = may_care, more
        self.facts: AssetFacts | None = None
        self.buttons: dict[str, QPushButton] = {}
        self.more: dict[str, More] = {}
        self._offered: tuple[object, ...] = ()
        self.tag = label("", "title")
        self.state_icon = tone_icon(Tone.NEUTRAL)
        self.state = label("", "strong")
        self.item = label("", wrap=True)
        self.where = label("", "muted", wrap=True)
        self.why_not = label("", wrap=True)
        self.deeds = QWidget()
        self._deed_grid = QGridLayout(self.deeds)
        self._deed_grid.setContentsMargins(0, 0, 0, 0)
        self._deed_grid.setSpacing(6)
        self.check = CheckForm()
        self.work = QStackedWidget()
        self.work.addWidget(self.deeds)
        self.work.addWidget(self.check)
        self._events = QWidget()
        self._event_column = QVBoxLayout(self._events)
        self._event_column.setContentsMargins(0, 0, 0, 0)
        self._event_column.setSpacing(10)
        self._lay_out()
        self.check.finished.connect(self.checked)
        self.check.left.connect(self.leave_check)

    def show_nothing(self) -> None:
        """Nothing is selected."""
        self.facts = None
        self.tag.setText("No pump or pole chosen")
        self.state.setText("")
        self.state_icon.hide()
        self.item.setText("Choose one in the list, or scan its tag or serial number.")
        for part in (self.where, self.why_not, self.work, self.history_title, self.history_area):
            part.hide()

    def show_facts(self, facts: AssetFacts) -> None:
        """Show a pump or pole; a check that is being typed for the same one stays."""
        before = self.facts.row if self.facts is not None else None
        self.facts = facts
        row = facts.row
        self.tag.setText(row.tag)
        tone = tone_of(row.state)
        set_icon(self.state_icon, tone.value, tone.name.lower())  # type: ignore[arg-type]  # they share names
        self.state_icon.show()
        self.state.setText(row.state.value.capitalize())
        self.item.setText(f"{row.item_name}\nSerial number {row.serial}")
        self.where.setText("\n".join(_standing(facts)))
        self.why_not.setText(row.why_not or "Ready for a patient.")
        for part in (self.where, self.why_not, self.work, self.history_title, self.history_area):
            part.show()
        if before is None or before.id != row.id or before.state is not row.state:
            self.leave_check()
        if not self.is_checking:
            self._show_deeds(facts)
        self._show_events(facts.history)

    @property
    def is_checking(self) -> bool:
        """Whether a function check is begun and not saved."""
        return self.work.currentWidget() is self.check and self.check.is_begun()

    def start_check(self) -> None:
        """Ask for the measured values."""
        if self.facts is not None:
            self.work.setCurrentWidget(self.check)
            self.check.ask(self.facts.limits, has_meter=bool(self.facts.model.maintenance_hours))
            self._fit_work()

    def leave_check(self) -> None:
        """Back to the deeds."""
        self.work.setCurrentWidget(self.deeds)
        self._fit_work()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.tag)
        head.addStretch(1)
        head.addWidget(self.state_icon)
        head.addWidget(self.state)
        self.history_title = label("History", "heading")
        self.history_area = scrolled(self._events)
        self.add(head)
        for part in (self.item, self.where, self.why_not, self.work):
            self.add(part)
        self.add(rule())
        self.rest = QWidget()
        self.add(self.rest, 1)
        self.add(self.history_title)
        self.add(self.history_area, 1)
        self._event_column.addStretch(1)

    def _show_deeds(self, facts: AssetFacts) -> None:
        """The buttons; they stay as they are while the same may be done, since one may have just been pressed."""
        deeds = allowed(facts.row.state)
        rare = [More(deed.title, partial(self._press, deed), deed.icon) for deed in deeds if deed.rare]
        self.more = {each.title: each for each in [*self._more_of(facts), *(rare if self.may_care else ())]}
        offered = (facts.row.id, facts.row.state, tuple(self.more))
        if offered == self._offered:
            return
        self._offered = offered
        _clear(self._deed_grid)
        self.buttons = {}
        made: list[QPushButton] = []
        for deed in deeds:
            if deed.rare:
                continue
            is_next = NEXT_OF.get(facts.row.state) is deed.deed
            press = button(deed.title, partial(self._press, deed), icon=deed.icon, kind="primary" if is_next else "")
            press.setEnabled(self.may_care)
            if not self.may_care:
                press.setToolTip("Technicians and pharmacists care for equipment.")
            self.buttons[deed.title] = press
            made.append(press)
        for each in self.more.values():
            if each.usual:
                self.buttons[each.title] = button(each.title, partial(self._run, each.title), icon=each.icon)
                made.append(self.buttons[each.title])
        if self.more:
            self.more_button = button("More", self._show_menu, icon="more")
            self.more_button.setAccessibleName("More for this pump or pole")
            made.append(self.more_button)
        for place, press in enumerate(made):
            self._deed_grid.addWidget(press, place // 2, place % 2)
        self._fit_work()

    def _run(self, title: str) -> None:
        """What the menu's entry does with the pump as it stands now."""
        if title in self.more:
            self.more[title].run()

    def _show_menu(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for each in self.more.values():
            menu.addAction(each.title, partial(self._run, each.title))
        menu.popup(self.more_button.mapToGlobal(QPoint(0, self.more_button.height())))

    def _press(self, deed: BoardDeed) -> None:
        if deed is CHECK:
            self.start_check()
        else:
            self.deed_asked.emit(deed)

    def _fit_work(self) -> None:
        """A stack is as tall as its tallest page; this one follows the page in view."""
        for page in (self.deeds, self.check):
            is_shown = page is self.work.currentWidget()
            policy = page.sizePolicy()
            policy.setVerticalPolicy(policy.Policy.Preferred if is_shown else policy.Policy.Ignored)
            page.setSizePolicy(policy)
        page_shown = self.check if self.work.currentWidget() is self.check else self.deeds
        is_checking = page_shown is self.check
        for part in (self.history_title, self.history_area, self.why_not):
            part.setVisible(not is_checking and self.facts is not None)  # The values need the room.
        self.rest.setVisible(is_checking)
        self.work.setMinimumHeight(page_shown.sizeHint().height())
        self.work.adjustSize()
        self.work.updateGeometry()

    def _show_events(self, events: tuple[EventRow, ...]) -> None:
        _clear(self._event_column)
        for event in events:
            self._event_column.addWidget(_event(event))
        self._event_column.addStretch(1)


def _standing(facts: AssetFacts) -> list[str]:
    """Where it is and how it stands, a line each."""
    row, page = facts.row, facts.page
    is_home = row.state in (AssetState.WITH_PATIENT, AssetState.DUE_BACK)
    who = f"{'With' if is_home else 'For'} {page.patient_name}" if page.patient_name else row.place
    lines = [
        who + (f", delivery {page.delivery_number}" if page.delivery_number else ""),
        f"Kept from {show_day(row.booked_from)}" if row.booked_from else "",
        f"Due back {show_day(row.due_back_on)}" if row.due_back_on else "",
        f"Pick-up ticket {page.ticket}" if page.ticket else "",
        f"Exchange {page.swap.number}: {page.swap.stands}" if page.swap else "",
        f"Checked {show_day(row.checked_on)}" if row.checked_on else "",
        f"Maintenance due {show_day(row.maintenance_due_on)}" if row.maintenance_due_on else "",
        f"Hour meter {row.run_hours:,}, maintenance in {row.hours_left:,} hours" if row.hours_left is not None else "",
        _versions(row),
        f"Rented from {row.owner}" if row.owner else "",
        f"Goes back by {show_day(row.rental_ends_on)}" if row.rental_ends_on else "",
        f"Lacks {row.lacks}" if row.lacks else "",
    ]
    return [line for line in lines if line]


def _versions(row: AssetRow) -> str:
    parts = [f"Software {row.firmware}" if row.firmware else "", f"library {row.library}" if row.library else ""]
    shown = ", ".join(filter(None, parts))
    return f"{shown or 'Software'} (not what its model asks for)" if row.is_behind else shown


def _event(event: EventRow) -> QWidget:
    made = QFrame()
    column = QVBoxLayout(made)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(1)
    column.addWidget(label(event.deed.value.capitalize(), "strong"))
    column.addWidget(label(f"{show_instant(event.at)} · {event.by} · {event.place}", "small", wrap=True))
    measured = ", ".join(f"{name} {value}" for name, value in event.measured.items())
    for text in (measured, event.note, event.document):
        if text:
            column.addWidget(label(text, "small", wrap=True))
    return made


def _clear(layout: QGridLayout | QVBoxLayout) -> None:
    while layout.count():
        place = layout.takeAt(0)
        widget = place.widget() if place is not None else None
        if widget is not None:
            widget.hide()
            widget.deleteLater()
