"""The work list of claims: by state, payer and age; and what the next payers may owe."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from PySide6.QtWidgets import QHBoxLayout, QTabWidget, QVBoxLayout, QWidget

from infusion_desktop.access.roles import Permission
from infusion_desktop.billing.claim_lists import ClaimRow, claims
from infusion_desktop.billing.claiming.claims import PrintedClaims, WrittenFile, write_file
from infusion_desktop.billing.claiming.filing import file_by, leaves_as
from infusion_desktop.billing.claiming.secondary import Proposal, draft_for_next_payers, proposals
from infusion_desktop.billing.claiming.self_pay import BilledPatients, bill_patients
from infusion_desktop.billing.rules.rule_set import ClaimForm
from infusion_desktop.billing.words import ClaimId, ClaimState, Frequency
from infusion_desktop.dates import show_day, today
from infusion_desktop.desktop.billing.claim_columns import TONES, services
from infusion_desktop.desktop.billing.claim_dialogs import OffsetDialog
from infusion_desktop.desktop.billing.money_columns import PROPOSALS
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.file_choice import ask_for_folder
from infusion_desktop.desktop.forms import ChoiceField
from infusion_desktop.desktop.pages import Page
from infusion_desktop.desktop.pdf_preview import PdfDialog
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Chip, Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.errors import Refused
from infusion_desktop.files import safe_name, write_whole
from infusion_desktop.money import show_money
from infusion_desktop.patients.words import PayerId

_SETTLED = (ClaimState.PAID, ClaimState.VOIDED, ClaimState.CLOSED)
_OUT = (ClaimState.BATCHED, ClaimState.SENT, ClaimState.ACCEPTED)
_REFUSED = (ClaimState.REJECTED, ClaimState.DENIED)
LONG_OUT_DAYS = 30
SOON_DAYS = 14


def age_of(row: ClaimRow, on: date) -> int:
    """Days since it was sent, or made when it was not."""
    return (on - (row.sent_at or row.made_at).date()).days


def _age(row: ClaimRow) -> int:
    return age_of(row, today())


def _kind(row: ClaimRow) -> str:
    return {Frequency.ORIGINAL: "", Frequency.REPLACEMENT: "replacement", Frequency.VOID: "void"}[row.frequency]


@dataclass(frozen=True, slots=True)
class WorkRow:
    """A claim with its last day to be filed."""

    claim: ClaimRow
    file_by: date | None
    form: ClaimForm | None = None
    """What it leaves as, once it is ready."""


def _filing_tone(row: WorkRow) -> Tone | None:
    if row.file_by is None:
        return None
    left = (row.file_by - today()).days
    return Tone.BAD if left < 0 else Tone.WARN if left <= SOON_DAYS else None


COLUMNS: tuple[Column[WorkRow], ...] = (
    Column("Claim", text=lambda row: f"{row.claim.number} {_kind(row.claim)}".strip()),
    Column("Patient", text=lambda row: row.claim.patient, stretch=True),
    Column("Payer", text=lambda row: row.claim.payer, stretch=True),
    Column("Services", text=lambda row: services(row.claim.period), sort_key=lambda row: row.claim.period.first),
    Column("Charge", text=lambda row: show_money(row.claim.charge), numeric=True, sort_key=lambda row: row.claim.charge,
           value=lambda row: row.claim.charge),
    Column("Expected", text=lambda row: show_money(row.claim.expected), numeric=True,
           sort_key=lambda row: row.claim.expected, value=lambda row: row.claim.expected, hidden=True),
    Column("Findings", text=lambda row: str(row.claim.findings or ""), sort_key=lambda row: row.claim.findings,
           numeric=True, hidden=True),
    Column("State", text=lambda row: row.claim.state.value, tone=lambda row: TONES.get(row.claim.state, Tone.NEUTRAL)),
    Column("File by", text=lambda row: show_day(row.file_by), sort_key=lambda row: row.file_by, tone=_filing_tone,
           value=lambda row: row.file_by),
    Column("Sent", text=lambda row: show_day(row.claim.sent_at.date()) if row.claim.sent_at else "",
           sort_key=lambda row: row.claim.sent_at, hidden=True),
    Column("Days", text=lambda row: str(_age(row.claim)), sort_key=lambda row: _age(row.claim), numeric=True,
           value=lambda row: _age(row.claim)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Work:
    """What the screen shows."""

    rows: tuple[WorkRow, ...]
    proposals: tuple[Proposal, ...]


def _told_of_statements(made: BilledPatients) -> str:
    """What was charged, which statements are to be mailed, and for whom there is none."""
    covered = f"credits cover all of what {made.covered} patient{'s owe' if made.covered > 1 else ' owes'}"
    if not made.patients:
        return f"{show_money(made.charged)} are charged; {covered}: there is no statement to mail."
    rest = f" {covered[0].upper()}{covered[1:]}: no statement." if made.covered else ""
    patients = f"{made.patients} patient{'s' if made.patients > 1 else ''}"
    return f"{show_money(made.charged)} are charged. Mail the statements of {patients}.{rest}"


class ClaimsScreen(Screen):
    """Every claim that is not settled, and the shares of next payers."""

    title = "Claims"
    topics = frozenset({"billing"})
    help = (
        "Filter by state and payer; Days counts since a claim was sent (or made). Enter opens a claim. "
        "Select ready claims of one payer or several and write their files."
    )

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self._rows: tuple[WorkRow, ...] = ()
        self.payer: ChoiceField[PayerId] = ChoiceField("Payer", placeholder="Every payer")
        self.payer.setFixedWidth(280)
        self.payer.changed.connect(self._narrow)
        self.payer.combo.editTextChanged.connect(lambda _text: self._narrow())
        self.table: TableView[WorkRow] = TableView(
            COLUMNS, lambda row: row.claim.id, name="Claims", desk=desk, noun=("claim", "claims"),
            chips=[
                Chip("Not settled", lambda row: row.claim.state not in _SETTLED, on=True,
                     none="Every claim is settled."),
                Chip("Draft", lambda row: row.claim.state is ClaimState.DRAFT, group="state"),
                Chip("Ready", lambda row: row.claim.state is ClaimState.READY, group="state"),
                Chip("Out", lambda row: row.claim.state in _OUT, group="state"),
                Chip("Refused or denied", lambda row: row.claim.state in _REFUSED, group="state"),
                Chip("Part paid", lambda row: row.claim.state is ClaimState.PART_PAID, group="state"),
                Chip("File soon", lambda row: _filing_tone(row) is not None),
                Chip("Out over 30 days", lambda row: row.claim.state in _OUT and _age(row.claim) > LONG_OUT_DAYS),
            ],
            empty="No claim yet. Count a month first (Month).", settings=self.settings(), chips_below=True,
        )  # fmt: skip
        self.table.opened.connect(self._open)
        self.next_payers: TableView[Proposal] = TableView(
            PROPOSALS, lambda row: row.claim_id, name="Next payers", desk=desk, noun=("share", "shares"),
            empty="No share waits for a next payer. Shares appear when a first payer has decided.",
            settings=self.settings(),
        )  # fmt: skip
        self.next_payers.opened.connect(lambda row: desk.open("claim", row.claim_id))
        self._lay_out()

    def _lay_out(self) -> None:
        page = Page(self)
        page.lead.hide()
        self.write_button = button("Write the files", self.write, icon="export", kind="primary")
        self.next_button = button("Bill the next payer", self.bill_next, icon="claim", kind="primary")
        work, following = QWidget(), QWidget()
        column = QVBoxLayout(work)
        column.setContentsMargins(0, 10, 0, 0)
        top = QHBoxLayout()
        top.addWidget(self.payer)
        top.addStretch(1)
        self.paper_button = button("Print as CMS-1500", self.print_forms, icon="print")
        self.patients_button = button("Bill the patients", self.bill_patients, icon="patient")
        self.patients_button.hide()
        if self.context.may(Permission.CLAIM):
            top.addWidget(self.patients_button)
            top.addWidget(self.paper_button)
            top.addWidget(self.write_button)
        column.addLayout(top)
        column.addWidget(self.table, 1)
        column = QVBoxLayout(following)
        column.setContentsMargins(0, 10, 0, 0)
        if self.context.may(Permission.CLAIM):
            top = QHBoxLayout()
            top.addStretch(1)
            top.addWidget(self.next_button)
            column.addLayout(top)
        column.addWidget(self.next_payers, 1)
        self.tabs = QTabWidget()
        self.tabs.addTab(work, "Work list")
        self.tabs.addTab(following, "Next payers")
        page.add(self.tabs, 1)

    def load(self) -> None:
        self.ask(self._work, self._show, key="work")

    def _work(self) -> Work:
        with self.context.database.reading() as session:
            rows = claims(session, limit=20_000)
            limits, forms = file_by(session, rows), leaves_as(session, rows)
            found = tuple(WorkRow(row, limits.get(row.id), forms.get(row.id)) for row in rows)
            return Work(found, proposals(session))

    def _show(self, found: Work) -> None:
        self._rows = found.rows
        alone = any(row.form is ClaimForm.STATEMENT for row in found.rows)
        self.patients_button.setVisible(alone and self.context.may(Permission.CLAIM))
        payers = sorted({(row.claim.payer, row.claim.payer_id) for row in found.rows})
        self.payer.set_choices(payers)
        self._narrow()
        self.next_payers.set_rows(found.proposals)
        waiting = len(found.proposals)
        self.tabs.setTabText(1, f"Next payers ({waiting})" if waiting else "Next payers")

    def _narrow(self) -> None:
        try:
            payer = self.payer.value()
        except Refused:
            payer = None
        self.table.set_rows(row for row in self._rows if payer is None or row.claim.payer_id == payer)

    def show_record(self, kind: str, record: object) -> None:
        if kind == "claims of payer" and isinstance(record, int):
            self.payer.set_value(PayerId(record))

    def _open(self, row: object) -> None:
        if isinstance(row, WorkRow):
            self.desk.open("claim", row.claim.id)

    def write(self) -> None:
        """Write the selected claims (or all ready ones that are shown) into files by payer."""
        by_payer = self._ready_by_payer(ClaimForm.X12_837P)
        if not by_payer:
            told = "No ready claim that goes into a file is shown. Check the drafts first."
            self.desk.messages.refused((told,), self, Tone.INFO)
            return
        database, by = self.context.database, self.context.user_id

        def write_all(_why: str) -> list[WrittenFile]:
            return [write_file(database, batch, by) for batch in by_payer.values()]

        self.do(write_all, changed=("billing",), then=self._written, pressed=self.write_button)

    def _ready_by_payer(self, form: ClaimForm) -> dict[int, list[ClaimId]]:
        """The selected claims, or all that are shown, that are ready to leave in this way, by payer."""
        chosen = self.table.selected_rows()
        if len(chosen) < 2:
            chosen = list(self.table.model.shown)
        by_payer: dict[int, list[ClaimId]] = {}
        for row in chosen:
            if row.form is form:
                by_payer.setdefault(row.claim.payer_id, []).append(row.claim.id)
        return by_payer

    def bill_patients(self) -> None:
        """Charge the ready claims of self-payers to the patients and show their statements."""
        by_payer = self._ready_by_payer(ClaimForm.STATEMENT)
        if not by_payer:
            told = "No ready claim of a patient who pays alone is shown."
            self.desk.messages.refused((told,), self, Tone.INFO)
            return
        database, by = self.context.database, self.context.user_id
        claims = [claim for several in by_payer.values() for claim in several]
        self.do(
            lambda _why: bill_patients(database, claims, by), changed=("billing",), pressed=self.patients_button,
            said=_told_of_statements, then=self._billed,
        )  # fmt: skip

    def _billed(self, made: BilledPatients) -> None:
        if made.pdf:
            self.preview = PdfDialog(self.desk, "Statements", made.pdf, made.name, self.context.folder, self)
            self.preview.open()

    def print_forms(self) -> None:
        """Send the selected ready claims of one payer on paper."""
        chosen = [row.claim.id for row in self.table.selected_rows() if row.claim.state is ClaimState.READY]
        if not chosen:
            self.desk.messages.refused(("Select the ready claims of a payer that takes paper.",), self, Tone.INFO)
            return
        self.dialog = OffsetDialog(self.context, self.desk, self, self.settings(), chosen)
        self.dialog.succeeded.connect(self._printed)
        self.dialog.open()

    def _printed(self, printed: object) -> None:
        if isinstance(printed, PrintedClaims):
            self.preview = PdfDialog(self.desk, "CMS-1500", printed.pdf, printed.name, self.context.folder, self)
            self.preview.open()

    def _written(self, files: list[WrittenFile]) -> None:
        self.files = files
        told = f"{sum(len(each.claims) for each in files)} claims are in {len(files)} files."
        self.desk.messages.said(f"{told} Payments, Claim files has them too.")
        ask_for_folder(self, "Where shall the claim files go?", self.save)

    def save(self, folder: Path) -> None:
        """Put the files just written into a folder."""
        files = self.files

        def write(_why: str) -> None:
            for each in files:
                write_whole(folder / safe_name(each.name), each.text.encode("ascii"))

        self.do(write, said=f"{len(files)} claim files are saved.")

    def bill_next(self) -> None:
        """Draft the claims to the next payers for the selected shares; of several, those a payer forwarded wait."""
        rows = self.next_payers.selected_rows()
        chosen = rows if len(rows) == 1 else [row for row in rows if not row.forwarded]
        if not chosen:
            self.desk.messages.refused(("Select the shares to bill first.",), self, Tone.INFO)
            return
        database, by, ids = self.context.database, self.context.user_id, [row.claim_id for row in chosen]

        def drafted(done: tuple[tuple[ClaimId, ...], tuple[str, ...]]) -> None:
            made, refused = done
            if refused:
                self.desk.messages.refused(refused, self)
            elif len(made) == 1:
                self.desk.open("claim", made[0])

        self.do(
            lambda why: draft_for_next_payers(database, ids, by, why), changed=("billing",),
            pressed=self.next_button, then=drafted,
            said=lambda done: f"{len(done[0])} claims to next payers are drafted. Check them, then write their files."
            if len(done[0]) > 1 else "The claim to the next payer is drafted. Check it, then write its file.",
        )  # fmt: skip
