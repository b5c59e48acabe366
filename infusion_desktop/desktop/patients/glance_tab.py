"""The first tab of a patient's page: what one look should tell, in cards."""

from collections.abc import Callable, Sequence
from datetime import date

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from infusion_desktop.dates import show_day, show_instant
from infusion_desktop.deliveries.care.patient_glance import Moment, NextDelivery
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import Card, scrolled
from infusion_desktop.desktop.patients.order_deeds import order_in_words
from infusion_desktop.desktop.patients.page_base import Everything
from infusion_desktop.identifiers import show_phone
from infusion_desktop.money import show_money
from infusion_desktop.patients.queries import show_device

MOST_LINES, MOST_OF_A_LIST = 6, 4
"""How many lines a card shows; fewer where each is a line of a longer list, so that all stands on one screen."""
_LISTS = frozenset({"Supplies left", "To do", "Events", "Lately"})
_COLUMNS = (
    (("Therapies", "Orders"), ("At home", "Pumps"), ("Who pays", "Coverage")),
    (("Deliveries", "Deliveries"), ("Supplies left", "Supplies"), ("Lately", "Time line")),
    (("Refill", "Calls"), ("To do", "Tasks"), ("Events", "Events")),
)
"""The cards and the tabs they lead to, column by column; a short card makes room for the one below it."""
Line = tuple[str, str]
"""What is said, and its role in the stylesheet."""


class GlanceTab(QWidget):
    """Cards with a few lines each; ``open_tab`` leads to the list behind a card."""

    def __init__(self, open_tab: Callable[[str], object]) -> None:
        super().__init__()
        self.cards: dict[str, Card] = {}
        self.lines: dict[str, QVBoxLayout] = {}
        self.texts: dict[str, list[str]] = {}
        across = QHBoxLayout()
        across.setSpacing(12)
        for cards in _COLUMNS:
            side = QVBoxLayout()
            side.setSpacing(12)
            for name, tab in cards:
                side.addWidget(self._card(name, tab, open_tab))
            side.addStretch(1)
            across.addLayout(side, 1)
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(across, 1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 8, 0, 0)
        outer.addWidget(scrolled(holder))

    def _card(self, name: str, tab: str, open_tab: Callable[[str], object]) -> Card:
        card = Card()
        card.column.setContentsMargins(14, 8, 14, 10)
        card.column.setSpacing(3)
        top = QHBoxLayout()
        top.addWidget(label(name, "strong"), 1)
        more = button("All", lambda: open_tab(tab), kind="chip")
        more.setAccessibleName(f"All: {name}")
        top.addWidget(more)
        card.add(top)
        lines = QVBoxLayout()
        lines.setSpacing(2)
        card.add(lines)
        self.cards[name], self.lines[name] = card, lines
        return card

    def clear(self) -> None:
        """Nobody's page."""
        for name in self.cards:
            self._fill(name, ())

    def show_everything(self, found: Everything, today: date) -> None:
        """Show a patient."""
        self._fill("Therapies", _therapies(found, today), "No order runs.")
        self._fill("Deliveries", _deliveries(found), "Nothing was delivered yet.")
        self._fill("Refill", _refill(found, today), "Nobody called yet.")
        self._fill("At home", _at_home(found), "No pump, pole or catheter.")
        self._fill("Supplies left", _supplies(found, today), "Nothing of ours is at home.")
        self._fill("To do", _tasks(found, today), "Nothing is to be done.")
        self._fill("Events", _events(found), "No event.")
        self._fill("Who pays", _pays(found, today), "Nobody pays yet.")
        self._fill("Lately", [(f"{show_day(each.on)}   {each.what}", "") for each in _lately(found, today)], "")

    def _fill(self, name: str, lines: Sequence[Line], empty: str = "") -> None:
        column = self.lines[name]
        while (item := column.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.setParent(None)
                widget.deleteLater()
        most = MOST_OF_A_LIST if name in _LISTS else MOST_LINES
        shown = list(lines[:most]) or ([(empty, "muted")] if empty else [])
        if len(lines) > most:
            shown.append((f"and {len(lines) - most} more", "small"))
        self.texts[name] = [text for text, _role in shown]
        for text, role in shown:
            column.addWidget(label(text, role, wrap=True))


def _therapies(found: Everything, today: date) -> list[Line]:
    lines: list[Line] = []
    for row in found.page.therapies:
        order = row.order
        if order.stops_on is not None and order.stops_on < today:
            continue
        until = f"through {show_day(order.stops_on)}" if order.stops_on else "goes on"
        days = found.days.get(row.id, 0)
        begins = f"begins {show_day(order.starts_on)}" if order.starts_on > today else f"{days} days at home"
        lines += [(order.drug, "strong"), (f"{order_in_words(order)}; {begins}; {until}", "small")]
    return lines


def _deliveries(found: Everything) -> list[Line]:
    lines: list[Line] = [(f"Owed: {row.said}" + (f", comes with {row.coming}" if row.coming else ""), "error")
                         for row in found.glance.owed[:2]]  # fmt: skip
    if len(found.glance.owed) > 2:
        lines.append((f"and {len(found.glance.owed) - 2} more owed", "error"))
    if (coming := found.glance.next_delivery) is not None:
        window = f", {coming.window}" if coming.window else ""
        lines += [(f"Next: {coming.number} on {show_day(coming.on)}{window}", "strong"),
                  (f"{coming.state.value}, for {_days(coming)}", "small")]  # fmt: skip
    if (last := found.glance.last_delivery) is not None:
        signed = f"signed by {last.signed_by}, {show_instant(last.signed_at)}" if last.signed_by else "no proof yet"
        lines += [(f"Last: {last.number}, {signed}", ""), (f"for {_days(last)}", "small")]
    return lines


def _days(row: NextDelivery) -> str:
    return f"{show_day(row.period.first)} to {show_day(row.period.last)}"


def _refill(found: Everything, today: date) -> list[Line]:
    lines: list[Line] = []
    glance = found.glance
    if glance.supply_ends_on is not None and glance.window is not None:
        over = glance.supply_ends_on < today
        but = ", but for what is owed" if glance.owed else ""
        lines.append((f"Supplied through {show_day(glance.supply_ends_on)}{but}", "error" if over else "strong"))
        lines.append((f"Call by {show_day(glance.window.latest_on)}", "small"))
        if glance.window.deliver_from is not None:
            lines.append((f"The payer lets it be delivered from {show_day(glance.window.deliver_from)}", "small"))
    lines += [
        (f"{show_day(call.called_on)}: {call.outcome.value}" + (f" ({call.spoke_with})" if call.spoke_with else ""), "")
        for call in glance.calls[:2]
    ]
    return lines


def _at_home(found: Everything) -> list[Line]:
    lines: list[Line] = [(f"{row.item_name}, serial {row.serial or row.tag}", "") for row in found.equipment]
    lines += [
        (
            f"{show_device(row.device)}"
            + (f", placed {show_day(row.device.placed_on)}" if row.device.placed_on else ""),
            "",
        )
        for row in found.page.devices
        if row.device.removed_on is None
    ]
    return lines


def _supplies(found: Everything, today: date) -> list[Line]:
    lines: list[Line] = []
    beside: list[Line] = []
    for row in found.glance.supplies:
        item = row.item
        units = f", {row.left:,} {item.unit}" if row.left else ""
        if not row.is_used:
            beside += [(f"Also there: {item.name}{units}", "muted")] if row.left else []
            continue
        if row.lasts_through is None:
            left, role = "lasts over a month", "muted"
        else:
            days = (row.lasts_through - today).days + 1
            left, role = (f"{days} days" if days > 0 else "under a day"), ("error" if days <= 1 else "")
        lines.append((f"{left.capitalize()}: {item.name}{units}", role))
    return lines + beside


def _tasks(found: Everything, today: date) -> list[Line]:
    rows = sorted((row for row in found.tasks if not row.done), key=lambda row: row.due_on)
    return [
        (f"{show_day(row.due_on)}   {row.title}" + (f" ({row.owner})" if row.owner else ""),
         "error" if row.due_on < today else "")
        for row in rows
    ]  # fmt: skip


def _events(found: Everything) -> list[Line]:
    return [
        (f"{show_instant(row.at)}   {row.kind.value.capitalize()}: {row.what}", "")
        for row in found.glance.events
        if not row.withdrawn
    ]


def _pays(found: Everything, today: date) -> list[Line]:
    lines: list[Line] = [
        (f"{row.policy.rank.name.capitalize()}: {row.payer}, member {row.policy.member_id}", "")
        for row in found.page.coverages
        if row.policy.ends_on is None or row.policy.ends_on >= today
    ]
    if found.balance is not None:
        lines.insert(0, (f"Balance: {show_money(found.balance)}", "strong"))
    phone = found.page.person.caregiver_phone
    if phone:
        lines.append((f"Caregiver {found.page.person.caregiver_name}: {show_phone(phone)}", "small"))
    return lines


def _lately(found: Everything, today: date) -> list[Moment]:
    return [each for each in found.glance.moments if each.on <= today]
