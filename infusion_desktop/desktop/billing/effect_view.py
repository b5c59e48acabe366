"""What a change of a contract does to a real month, line by line and in dollars, before anything is kept."""

from collections.abc import Callable, Generator
from datetime import timedelta
from decimal import Decimal

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from infusion_desktop.billing.months.rule_effects import Effect, LineEffect
from infusion_desktop.dates import Days, month_of, today
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Desk
from infusion_desktop.desktop.forms import ChoiceField
from infusion_desktop.desktop.jobs import Job
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.table import Chip, Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.money import show_money
from infusion_desktop.progress import Progress

Count = Callable[[Days], Generator[Progress, None, Effect]]
MONTHS = 12


def _tone(row: LineEffect) -> Tone | None:
    if not row.is_changed:
        return None
    return Tone.GOOD if row.difference > 0 else Tone.BAD if row.difference < 0 else Tone.WARN


def _change(before: str, after: str) -> str:
    return after if before == after else f"{before} → {after}"


def _count(units: Decimal) -> str:
    return f"{units.normalize():f}"


def _signed(amount: Decimal) -> str:
    return f"{'+' if amount > 0 else ''}{show_money(amount)}"


EFFECTS: tuple[Column[LineEffect], ...] = (
    Column("Patient", text=lambda row: row.patient, width=170),
    Column("Code", text=lambda row: row.code),
    Column("Days", text=lambda row: row.days),
    Column("Units", text=lambda row: _change(_count(row.units_before), _count(row.units_after)), numeric=True,
           sort_key=lambda row: row.units_after),
    Column("Pays now", text=lambda row: show_money(row.before), numeric=True, sort_key=lambda row: row.before,
           value=lambda row: row.before, hidden=True),
    Column("Pays", text=lambda row: _change(show_money(row.before), show_money(row.after)), numeric=True,
           sort_key=lambda row: row.after, value=lambda row: row.after),
    Column("Difference", text=lambda row: _signed(row.difference) if row.is_changed else "", numeric=True,
           sort_key=lambda row: row.difference, value=lambda row: row.difference, tone=_tone),
    Column("Why", text=lambda row: row.why, stretch=True, hint=lambda row: row.why),
)  # fmt: skip


class EffectView(QWidget):
    """Choose a month; the effect of what is entered is counted off the window's thread and shown."""

    def __init__(self, desk: Desk, count: Callable[[], Count | None], parent: QWidget | None = None) -> None:
        """``count`` gives what counts the effect of what is entered now, or None where something is missing."""
        super().__init__(parent)
        self.desk, self._count = desk, count
        self._job: Job | None = None
        self._turn = 0
        self.effect: Effect | None = None
        day = month_of(today()).first - timedelta(days=1)
        months = [month_of(day)]
        while len(months) < MONTHS:
            months.append(month_of(months[-1].first - timedelta(days=1)))
        self.month: ChoiceField[Days] = ChoiceField("Effect on", [(f"{each.first:%B %Y}", each) for each in months])
        self.month.set_value(months[0])
        self.month.setFixedWidth(190)
        self.month.changed.connect(self.recount)
        self.sentence = label("", "strong", wrap=True)
        self.problem = label("", "muted", wrap=True)
        self.table: TableView[LineEffect] = TableView(
            EFFECTS, id, name="Lines of the month", desk=desk, noun=("line", "lines"),
            chips=[Chip("Only what changes", lambda row: row.is_changed, on=True,
                        none="No line of this month would change.")],
            empty="No line of this month is counted.",
        )  # fmt: skip
        top = QHBoxLayout()
        top.setSpacing(16)
        top.addWidget(self.month)
        words = QVBoxLayout()
        words.addStretch(1)
        words.addWidget(self.sentence)
        words.addWidget(self.problem)
        top.addLayout(words, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(top)
        column.addWidget(self.table, 1)

    def recount(self) -> None:
        """Count the effect anew; only the newest count is shown."""
        month, count = self.month.value(), self._count()
        if month is None or count is None:
            self.say("Enter the contract's values to see what they do.")
            return
        self._turn += 1
        turn = self._turn
        if self._job is not None and not self._job.is_over:
            self._job.cancel()
        self.sentence.setText(f"Counting {month.first:%B %Y} …")

        def show(effect: Effect) -> None:
            if turn == self._turn:
                self._show(effect)

        def failed(error: Exception) -> None:
            if turn == self._turn:
                self.say(" ".join(getattr(error, "reasons", ("The effect could not be counted.",))))

        self._job = self.desk.jobs.run(self, lambda: count(month), show, failed)

    def say(self, sentence: str) -> None:
        """Show a sentence instead of an effect."""
        self.effect = None
        self.sentence.setText(sentence)
        self.problem.setText("")
        self.table.set_rows(())

    def _show(self, effect: Effect) -> None:
        self.effect = effect
        self.sentence.setText(
            f"{effect.changed_patients} of {effect.patients} patients differ: {show_money(effect.before)} now, "
            f"{show_money(effect.after)} then ({_signed(effect.after - effect.before)}). Nothing is kept yet."
            if effect.patients
            else f"No patient of this payer was in therapy in {effect.month.first:%B %Y}."
        )
        more = f" And {len(effect.problems) - 2} more." if len(effect.problems) > 2 else ""
        self.problem.setText(" ".join(effect.problems[:2]) + more)
        self.table.set_rows(effect.lines)
