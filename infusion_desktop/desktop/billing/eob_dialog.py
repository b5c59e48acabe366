"""Type in a paper explanation of benefits, claim by claim and line by line, as it stands on the paper."""

from collections.abc import Sequence
from decimal import Decimal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from infusion_desktop.billing.claim_lists import ClaimRow, claims
from infusion_desktop.billing.money.eob import EobClaim, EobLine, NewEob, post_eob
from infusion_desktop.billing.money.remittances import Posted
from infusion_desktop.billing.queries import ClaimPage, claim_page
from infusion_desktop.billing.words import ClaimState
from infusion_desktop.dates import show_days, today
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.forms import ChoiceField, DayField, Form, MoneyField, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.errors import Refused
from infusion_desktop.money import ZERO, read_amount, show_money
from infusion_desktop.patients.words import PayerId

OPEN = (
    ClaimState.BATCHED, ClaimState.SENT, ClaimState.ACCEPTED, ClaimState.PART_PAID, ClaimState.DENIED, ClaimState.PAID
)  # fmt: skip
COLUMNS = ("Line", "Charged", "Allowed", "Paid", "Deductible", "Coinsurance", "Copay", "Rest: why")
_TYPED = ("allowed", "paid", "deductible", "coinsurance", "copay")


class EobDialog(DeedDialog):
    """A paper with one claim or several."""

    changed = ("billing",)

    def __init__(self, context: Context, desk: Desk, parent: QWidget, payers: Sequence[tuple[str, PayerId]]) -> None:
        super().__init__(context, desk, "Type in a paper (EOB)", parent, save="Post", width=1040)
        self.pages: list[ClaimPage] = []
        self.payer: ChoiceField[PayerId] = ChoiceField("Payer", payers, required=True)
        self.number = TextField("Check or transfer number", required=True)
        self.paid_on = DayField("Dated", required=True)
        self.paid_on.set_value(today())
        self.amount = MoneyField("Amount of the check", required=True)
        self.interest = MoneyField("Interest in it")
        self.taken_back = MoneyField("Taken back in it")
        self.claim: ChoiceField[ClaimRow] = ChoiceField("Claim on the paper", placeholder="Number or patient")
        self.form = Form()
        self.form.section("", (self.payer, self.number, self.paid_on), (self.amount, self.interest, self.taken_back))
        self.body.addWidget(self.form)
        row = QHBoxLayout()
        row.addWidget(self.claim, 1)
        self.add_button = button("Add the claim", self.add_claim, icon="plus")
        row.addWidget(self.add_button, 0, Qt.AlignmentFlag.AlignVCenter)
        self.body.addLayout(row)
        self.lines = QTableWidget(0, len(COLUMNS))
        self.lines.setHorizontalHeaderLabels(COLUMNS)
        self.lines.setAccessibleName("Lines of the paper")
        self.lines.verticalHeader().hide()
        self.lines.setMinimumHeight(220)
        self.lines.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in range(1, len(COLUMNS)):
            self.lines.setColumnWidth(column, 108)
        self.lines.itemChanged.connect(lambda _item: self._count())
        self.body.addWidget(self.lines, 1)
        hint = "Rest, why: the reason code of what is neither paid nor the patient's, such as 197 or OA 23."
        self.sum = label("", "strong")
        self.body.addWidget(label(hint, "small", wrap=True))
        self.body.addWidget(self.sum)
        self.payer.changed.connect(self._offer)
        self.amount.changed.connect(self._count)

    def _offer(self) -> None:
        """The payer's claims that are out."""
        try:
            payer = self.payer.value()
        except Refused:
            return
        if payer is None:
            return
        database = self.context.database

        def ask() -> tuple[ClaimRow, ...]:
            with database.reading() as session:
                return claims(session, states=OPEN, payer=payer)

        def show(rows: tuple[ClaimRow, ...]) -> None:
            self.claim.set_choices((f"{row.number}  {row.patient}, {show_days(row.period)}", row) for row in rows)

        self.desk.jobs.run(self, ask, show, lambda error: self.desk.messages.show_failure(error, self))

    def add_claim(self) -> None:
        """Put the lines of the chosen claim below."""
        if not self.claim.check() or (row := self.claim.value()) is None:
            return
        if any(page.row.id == row.id for page in self.pages):
            self.claim.complain("This claim is below already.")
            return
        database, claim = self.context.database, row.id

        def ask() -> ClaimPage:
            with database.reading() as session:
                return claim_page(session, claim)

        self.desk.jobs.run(self, ask, self._add, lambda error: self.desk.messages.show_failure(error, self))

    def _add(self, page: ClaimPage) -> None:
        self.pages.append(page)
        self.claim.set_value(None)
        self.lines.blockSignals(True)
        for line in page.lines:
            place = self.lines.rowCount()
            self.lines.insertRow(place)
            name = f"{page.row.number}  {' '.join((line.code, *line.modifiers))}, {line.units.normalize():f} units"
            expected = f"{line.expected:.2f}"
            texts = (name, f"{line.charge:.2f}", expected, expected, "", "", "", "")
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                if column < 2:
                    item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
                if 0 < column < len(COLUMNS) - 1:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.lines.setItem(place, column, item)
        self.lines.blockSignals(False)
        self._count()

    def _count(self) -> None:
        """Compare what the lines pay with the check."""
        try:
            paid = sum((self._amount(row, 3) for row in range(self.lines.rowCount())), ZERO)
            amount = (self.amount.value() or ZERO) - (self.interest.value() or ZERO) + (self.taken_back.value() or ZERO)
        except Refused as no:
            self.sum.setText(str(no))
            return
        apart = amount - paid
        self.sum.setText(
            f"The lines pay {show_money(paid)}"
            + (f", {show_money(apart)} apart from the check." if apart else ": it adds up.")
        )

    def _amount(self, row: int, column: int) -> Decimal:
        item = self.lines.item(row, column)
        text = item.text().strip() if item is not None else ""
        return read_amount(text) if text else ZERO

    def _line(self, row: int, line_id: int) -> EobLine:
        amounts = {name: self._amount(row, column) for column, name in enumerate(_TYPED, 2)}
        item = self.lines.item(row, len(COLUMNS) - 1)
        words = (item.text() if item is not None else "").upper().split()
        group = words[0] if len(words) > 1 else "CO"
        return EobLine(line_id, **amounts, group=group, reason=words[-1] if words else "")

    def deed(self) -> Deed | None:
        payer = self.payer.value() if self.form.check() else None
        if payer is None:
            return None
        try:
            said, row = [], 0
            for page in self.pages:
                lines = []
                for line in page.lines:
                    lines.append(self._line(row, line.id))
                    row += 1
                said.append(EobClaim(page.row.id, tuple(lines)))
        except Refused as no:
            self.desk.messages.refused(no.reasons, self)
            return None
        new = NewEob(
            payer, self.number.value(), self.paid_on.value() or today(), self.amount.value() or ZERO, tuple(said),
            self.interest.value() or ZERO, self.taken_back.value() or ZERO,
        )  # fmt: skip
        database, by = self.context.database, self.context.user_id
        return lambda why: post_eob(database, new, by, why)

    def said(self, result: object) -> str:
        if not isinstance(result, Posted):
            return ""
        more = f" {result.denied} lines were denied: see Denials." if result.denied else ""
        return " ".join([f"Payment {result.trace} is posted.{more}", *result.late])
