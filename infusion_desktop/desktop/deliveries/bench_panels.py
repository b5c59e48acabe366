"""The large panel at the side of the bench: what to take next, who verifies, packing, handing over."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QProgressBar, QVBoxLayout, QWidget

from infusion_desktop.dates import show_day, today
from infusion_desktop.deliveries.screen_queries import BenchPage
from infusion_desktop.deliveries.words import Carrier, DeliveryState
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.deliveries.bench_lines import BenchLine
from infusion_desktop.desktop.forms import QuantityField, TextField
from infusion_desktop.desktop.labels import icon_label, label, tone_icon
from infusion_desktop.desktop.pages import Card
from infusion_desktop.desktop.theme import set_icon
from infusion_desktop.stock.scanning.scans import is_others_number


class NextPanel(Card):
    """The bin to walk to, the item, how many, and how far the whole step is."""

    entered = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.caption = label("Next bin", "caption")
        self.place = label("", "figure", wrap=True)
        self.item = label("", "heading", wrap=True)
        self.lot = label("", "muted", wrap=True)
        self.note = label("", "strong", wrap=True)
        self.count = label("", "figure", wrap=True)
        self.progress = label("", "title")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress")
        self.overall = label("", "muted")
        self.quantity = QuantityField("Or type how many, for the marked line", least=0)
        self.quantity.line.returnPressed.connect(self._enter)
        for part in (self.caption, self.place, self.item, self.lot, self.note, self.count, self.progress):
            self.add(part)
        self.column.addStretch(1)
        self.add(self.quantity)
        self.add(self.overall)
        self.add(self.bar)

    def show_line(self, line: BenchLine | None, done: int, total: int, verifying: bool) -> None:
        """Show what comes next, with how many lines are done of all."""
        self.bar.setMaximum(max(1, total))
        self.bar.setValue(done)
        self.overall.setText(f"{done} of {total} lines done")
        self.caption.setText("Check next" if verifying else "Next bin")
        self.note.setVisible(line is not None and bool(line.note))
        self.quantity.setEnabled(line is not None)
        if line is None:
            self.place.setText("")
            self.item.setText("Everything is done." if total else "There is nothing to pick. Everything is short.")
            for part in (self.lot, self.count, self.note, self.progress):
                part.setText("")
            return
        self.place.setText(line.place)
        self.item.setText(line.name)
        facts = [line.number, f"lot {line.lot}" if line.lot and line.is_lot else line.lot]
        facts += [f"expires {line.expires}" if line.expires else "", "keep cold" if line.cold else ""]
        self.lot.setText(" · ".join(fact for fact in facts if fact))
        self.note.setText(line.note)
        left = line.wanted - line.done
        verb = "Check" if verifying else "Take"
        self.count.setText(f"{verb} {left:,} {line.unit}" if line.is_lot else "Scan it")
        if line.is_done:
            self.count.setText("Done")
        self.progress.setText(f"{line.done:,} of {line.wanted:,}" if line.is_lot else "")

    def _enter(self) -> None:
        if self.quantity.is_blank() or not self.quantity.check():
            return
        value = self.quantity.value()
        assert value is not None
        self.entered.emit(value)


class StopPanel(Card):
    """Something is wrong in a kit that is verified: a large word, the sentence, and nothing else goes on."""

    read = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("stop", "true")
        self.word = label("STOP", "stop")
        self.word.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.sentence = label("", "heading", wrap=True)
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.go_on = button("Put aside, go on", self.read.emit, icon="check", kind="primary")
        self.go_on.setMinimumHeight(60)
        self.column.addStretch(1)
        self.column.addWidget(icon_label("cross-circle", "bad", 72), 0, Qt.AlignmentFlag.AlignHCenter)
        for part in (self.word, self.sentence):
            self.add(part)
        self.column.addStretch(1)
        self.add(self.go_on)

    def start(self, sentence: str) -> None:
        """Say what is wrong."""
        self.sentence.setText(sentence)
        self.setAccessibleName(f"Stop. {sentence}")
        self.go_on.setFocus()


class SignOnPanel(Card):
    """The second person signs on to verify, without the first signing out."""

    signed_on = Signal(str, str)

    def __init__(self) -> None:
        super().__init__("A second person verifies")
        self.add(icon_label("people", "accent", 40))
        self.why = label("", wrap=True)
        self.username = TextField("User name", required=True, longest=60)
        self.password = TextField("Password", required=True, longest=200)
        self.password.line.setEchoMode(self.password.line.EchoMode.Password)
        self.sign_on = button("Verify", self.press, icon="check", kind="primary")
        self.sign_on.setMinimumHeight(46)
        for part in (self.why, self.username, self.password, self.sign_on):
            self.add(part)
        self.add(label("Or scan your badge; your PIN is asked.", "muted", wrap=True))
        self.column.addStretch(1)
        self.username.line.returnPressed.connect(self.password.line.setFocus)
        self.password.line.returnPressed.connect(self.press)

    def start(self, why: str) -> None:
        """Ask for somebody, with the reason."""
        self.why.setText(why)
        self.username.set_value("")
        self.password.set_value("")

    def press(self) -> None:
        """Hand over what was typed; the password does not stay in the field."""
        if self.username.check() and self.password.check():
            name, password = self.username.value(), self.password.line.text()
            self.password.set_value("")
            self.signed_on.emit(name, password)


class PackPanel(Card):
    """Totes and cold packs."""

    packed = Signal(int, int)

    def __init__(self) -> None:
        super().__init__("Pack")
        self.cold = label("", wrap=True)
        self.totes = QuantityField("Totes", least=1, most=99, required=True)
        self.cold_packs = QuantityField("Cold packs", least=0, most=999, required=True)
        self.pack = button("Packed", self.press, icon="box", kind="primary")
        self.pack.setMinimumHeight(52)
        for part in (self.cold, self.totes, self.cold_packs, self.pack):
            self.add(part)
        self.column.addStretch(1)
        self.totes.line.returnPressed.connect(self.cold_packs.line.setFocus)
        self.cold_packs.line.returnPressed.connect(self.press)

    def start(self, kept: BenchPage) -> None:
        """Start with one tote; cold packs are asked for where something is cold."""
        cold = [line.item_name for line in kept.page.lines if line.storage.is_cold and line.lots]
        self.cold.setText(f"Cold: {', '.join(cold)}" if cold else "Nothing in this delivery is cold.")
        self.totes.set_value(1)
        self.cold_packs.set_value(None if cold else 0)

    def press(self) -> None:
        """Say how it was packed."""
        if self.totes.check() and self.cold_packs.check():
            totes, packs = self.totes.value(), self.cold_packs.value()
            assert totes is not None and packs is not None
            self.packed.emit(totes, packs)


class ShipPanel(Card):
    """The manifest, the tracking number, and out of the house."""

    print_asked = Signal()
    labels_asked = Signal()
    shipped = Signal(str)

    def __init__(self) -> None:
        super().__init__("Hand over")
        self.facts = label("", wrap=True)
        self.print_button = button("Print manifest", self.print_asked.emit, icon="print")
        self.print_button.setMinimumHeight(46)
        self.labels_button = button("Print tote labels", self.labels_asked.emit, icon="tag")
        self.labels_button.setMinimumHeight(46)
        self.printed = label("", "muted", wrap=True)
        self.tracking = TextField("Tracking number", longest=60)
        self.ship = button("Hand over", self.press, icon="truck", kind="primary")
        self.ship.setMinimumHeight(52)
        self.totes = label("", "title", wrap=True)
        for part in (self.facts, self.labels_button, self.print_button, self.printed, self.totes, self.tracking,
                     self.ship):  # fmt: skip
            self.add(part)
        self.column.addStretch(1)
        self.tracking.line.returnPressed.connect(self.press)

    def start(self, kept: BenchPage) -> None:
        """Show what leaves, with whom."""
        self.totes.setText("")
        row = kept.page.row
        packs = f", {kept.page.cold_packs} cold packs" if kept.page.cold_packs else ""
        totes = f"{row.totes} tote" if row.totes == 1 else f"{row.totes} totes"
        self.facts.setText(f"{totes}{packs}. By {row.carrier.value}, {show_day(row.scheduled_on)} {row.window}".strip())
        self.printed.setText("The manifest was printed." if row.printed else "The manifest goes along with the totes.")
        self.tracking.required = row.carrier is Carrier.PARCEL
        self.tracking.setVisible(row.carrier in (Carrier.PARCEL, Carrier.COURIER))
        if not self.tracking.typed():
            self.tracking.set_value(kept.page.tracking)

    def show_totes(self, totes: int, unseen: int | None) -> None:
        """How many totes are still to be scanned; None where they have no printed label and are counted."""
        if unseen is None:
            self.totes.setText("Count the totes." if totes > 1 else "")
        else:
            self.totes.setText(f"Scan each tote: {totes - unseen} of {totes}." if unseen else "Every tote was scanned.")

    def take(self, scanned: str) -> bool:
        """The carrier's label on the parcel; False for other labels, and where nothing is tracked."""
        if not self.tracking.isVisible() or not is_others_number(scanned, today()):
            return False
        self.tracking.set_value(scanned.strip())
        return True

    def press(self) -> None:
        """Out of the house."""
        if self.tracking.check():
            self.shipped.emit(self.tracking.value())


class DonePanel(Card):
    """It has left the bench."""

    def __init__(self) -> None:
        super().__init__()
        self.text = label("", "heading", wrap=True)
        self.text.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.column.addStretch(1)
        self.column.addWidget(icon_label("check-circle", "good", 64), 0, Qt.AlignmentFlag.AlignHCenter)
        self.add(self.text)
        self.column.addStretch(2)

    def start(self, state: DeliveryState) -> None:
        """Say where it stands."""
        said = {
            DeliveryState.DRAFT: "It is a draft. Release it on its page first.",
            DeliveryState.SHIPPED: "It is on its way. Scan the next delivery.",
        }
        self.text.setText(said.get(state, f"This delivery is {state.value}."))


class LastAnswer(QWidget):
    """The answer to the last scan, to be read in peace after the large one went away."""

    def __init__(self) -> None:
        super().__init__()
        self._icon = tone_icon(Tone.NEUTRAL, 24)
        self.text = label("", wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(2, 0, 2, 0)
        column.addWidget(self.text)
        self._icon.hide()

    def say(self, tone: Tone, text: str) -> None:
        """Keep the answer in view."""
        mark = "✓ " if tone is Tone.GOOD else "✗ "
        self.text.setText(mark + text)
        self.text.setProperty("role", "strong" if tone is Tone.GOOD else "error")
        self.text.style().unpolish(self.text)
        self.text.style().polish(self.text)

    def clear(self) -> None:
        """Nothing was scanned yet."""
        self.text.setText("")


def mark_step(icon: QWidget, text: QWidget, is_done: bool, is_now: bool) -> None:
    """Draw a step of the trail as done, current or to come."""
    set_icon(icon, "check-circle" if is_done else "dot", "accent" if is_done or is_now else "muted")
    text.setProperty("role", "strong" if is_now else "muted")
    text.style().unpolish(text)
    text.style().polish(text)
