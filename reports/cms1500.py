"""The CMS-1500 (02/12): a proof on white paper in our own boxes, and the bare text for the pre-printed red form.

The red form is read by scanners in its own ink and is not reproduced. Boxes after NUCC's 1500 map; the places on the
pre-printed form are its printing grid of ten characters and six lines an inch, which printers miss by a little: hence
the offset.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from reports.lettering import BODY, CAPTION, FAINT, MONO, STRONG, Style, capitals
from reports.paper import INCH, Paper

LINES_A_FORM = 6
_COLUMN, _ROW = INCH / 10, INCH / 6
_LEFT, _TOP = 0.30 * INCH, 0.0
_TYPED = Style(MONO, 10.0, 12.0)
PROOF = "Proof, not for submission"


@dataclass(frozen=True, slots=True)
class FormLine:
    """A line of box 24: shaded text above, dates as MM DD YY, amounts with two decimals."""

    shaded: str
    first: tuple[str, str, str]
    last: tuple[str, str, str]
    place: str
    code: str
    modifiers: tuple[str, ...]
    pointers: str
    charge: Decimal
    units: str
    rendering_npi: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """A claim as the boxes say it; more than six lines make more forms, each with a total of its own."""

    carrier: tuple[str, ...]
    kind: str
    insured_id: str
    patient_name: str
    born: tuple[str, str, str]
    sex: str
    insured_name: str
    patient_address: tuple[str, str, str, str]
    patient_phone: str
    relation: str
    insured_address: tuple[str, str, str, str]
    group: str
    lines: tuple[FormLine, ...]
    diagnoses: tuple[str, ...]
    tax_id: str
    account: str
    billing_name: str
    billing_address: tuple[str, ...]
    billing_phone: str
    billing_npi: str
    taxonomy: str
    other_insured: str = ""
    other_group: str = ""
    other_plan: str = ""
    insured_born: tuple[str, str, str] = ("", "", "")
    insured_sex: str = ""
    plan: str = ""
    another_plan: bool = False
    referring_qualifier: str = ""
    referring: str = ""
    referring_npi: str = ""
    note: str = ""
    resubmission: str = ""
    original_reference: str = ""
    authorization: str = ""
    accepts: bool = True
    paid: Decimal | None = None
    signed: str = ""
    signed_on: str = ""


KINDS = ("Medicare", "Medicaid", "TRICARE", "CHAMPVA", "Group", "FECA", "Other")
_KIND_COLUMNS = dict(zip(KINDS, (1, 8, 15, 24, 31, 39, 45), strict=True))
_RELATIONS = {"Self": 33, "Spouse": 38, "Child": 42, "Other": 47}


def pages(form: Form) -> list[tuple[FormLine, ...]]:
    """The lines of each form, at most six."""
    found = [form.lines[start : start + LINES_A_FORM] for start in range(0, len(form.lines), LINES_A_FORM)]
    return found or [()]


def render_preprinted(forms: Sequence[Form], right: float = 0.0, down: float = 0.0) -> bytes:
    """The text alone, for the pre-printed form; shifted by points. ValueError without a form."""
    if not forms:
        raise ValueError("no form to print")
    paper = Paper("CMS-1500")
    for form in forms:
        for lines in pages(form):
            _typed(_Typewriter(paper, right, down), form, lines)
            paper.next_page()
    return paper.finish()


class _Typewriter:
    """Puts text at a column and line of the form's grid."""

    def __init__(self, paper: Paper, right: float, down: float) -> None:
        self._paper, self._right, self._down = paper, right, down

    def __call__(self, line: int, column: int, text: str, longest: int = 40, to_right: bool = False) -> None:
        shown = capitals(text)[:longest]
        x = _LEFT + (column - 1) * _COLUMN + self._right
        y = self._paper.height - _TOP - line * _ROW - self._down
        for place, letter in enumerate(shown.rjust(longest) if to_right else shown):
            if letter != " ":
                self._paper.text(x + place * _COLUMN, y, letter, _TYPED)

    def day(self, line: int, columns: tuple[int, int, int], parts: tuple[str, str, str]) -> None:
        for column, part in zip(columns, parts, strict=True):
            self(line, column, part, 4)


def _typed(put: _Typewriter, form: Form, lines: Sequence[FormLine]) -> None:
    for at, text in enumerate(form.carrier[:4]):
        put(2 + at, 41, text, 38)
    put(8, _KIND_COLUMNS[form.kind], "X")
    put(8, 50, form.insured_id, 29)
    put(10, 1, form.patient_name, 28)
    put.day(10, (31, 34, 37), form.born)
    if form.sex in ("M", "F"):
        put(10, 42 if form.sex == "M" else 47, "X")
    put(10, 50, form.insured_name, 29)
    put(12, _RELATIONS[form.relation], "X")
    for column, address in ((1, form.patient_address), (50, form.insured_address)):
        street, city, state, zip_code = address
        put(12, column, street, 28)
        put(14, column, city, 24)
        put(14, column + 25, state, 2)
        put(16, column, zip_code, 12)
    put(16, 15, form.patient_phone, 13)
    put(18, 1, form.other_insured, 28)
    put(18, 50, form.group or "NONE", 29)
    put(20, 1, form.other_group, 28)
    for line in (20, 22, 24):
        put(line, 41, "X")
    put.day(20, (53, 56, 59), form.insured_born)
    if form.insured_sex in ("M", "F"):
        put(20, 68 if form.insured_sex == "M" else 75, "X")
    put(24, 50, form.plan, 29)
    put(26, 1, form.other_plan, 28)
    put(26, 52 if form.another_plan else 57, "X")
    put(29, 7, form.signed, 24)
    put(29, 36, form.signed_on, 12)
    put(29, 57, form.signed, 22)
    if form.referring:
        put(34, 1, form.referring_qualifier, 2)
        put(34, 4, form.referring, 24)
        put(34, 33, form.referring_npi, 10)
    put(36, 1, form.note, 48)
    put(36, 57, "X")
    put(37, 42, "0")
    for at, code in enumerate(form.diagnoses[:12]):
        put(38 + at // 4, 3 + 13 * (at % 4), code, 8)
    put(38, 50, form.resubmission, 10)
    put(38, 62, form.original_reference, 17)
    put(40, 50, form.authorization, 29)
    for at, each in enumerate(lines):
        _typed_line(put, 43 + 2 * at, each)
    put(56, 1, form.tax_id, 15)
    put(56, 19, "X")
    put(56, 23, form.account, 14)
    put(56, 38 if form.accepts else 43, "X")
    put(56, 52, _cents(sum((each.charge for each in lines), Decimal(0))), 9, to_right=True)
    if form.paid is not None:
        put(56, 62, _cents(form.paid), 8, to_right=True)
    put(57, 66, form.billing_phone, 13)
    for at, text in enumerate((form.billing_name, *form.billing_address)[:3]):
        put(58 + at, 50, text, 29)
    put(60, 1, form.signed, 21)
    put(61, 51, form.billing_npi, 10)
    put(61, 64, f"ZZ{form.taxonomy}" if form.taxonomy else "", 14)


def _typed_line(put: _Typewriter, row: int, line: FormLine) -> None:
    put(row - 1, 1, line.shaded, 60)
    put.day(row, (1, 4, 7), line.first)
    put.day(row, (10, 13, 16), line.last)
    put(row, 19, line.place, 2)
    put(row, 25, line.code, 6)
    for at, modifier in enumerate(line.modifiers[:4]):
        put(row, 33 + 3 * at, modifier, 2)
    put(row, 45, line.pointers, 4)
    put(row, 50, _cents(line.charge), 9, to_right=True)
    put(row, 60, line.units, 6)
    put(row, 68, line.rendering_npi, 10)


def _cents(amount: Decimal) -> str:
    """Dollars and cents with a space where the form has its line."""
    return f"{amount:.2f}".replace(".", " ")


def render_proof(forms: Sequence[Form]) -> bytes:
    """Each form on white paper in our own boxes, marked as a proof. ValueError without a form."""
    if not forms:
        raise ValueError("no form to print")
    paper = Paper("CMS-1500 proof")
    for form in forms:
        runs = pages(form)
        for number, lines in enumerate(runs, 1):
            _proof(paper, form, lines, f"Form {number} of {len(runs)}")
            paper.next_page()
    return paper.finish()


def _proof(paper: Paper, form: Form, lines: Sequence[FormLine], which: str) -> None:
    top = paper.height - 36
    paper.text(paper.left, top - 10, "CMS-1500 (02/12)", Style(STRONG.font, 13, 15))
    paper.text(paper.left, top - 24, f"{PROOF}.  {which}", STRONG)
    for at, text in enumerate(form.carrier[:4]):
        paper.text(paper.right, top - 8 - 10 * at, text, BODY, "right", room=260)
    boxes = _Boxes(paper, top - 50)
    name = form.patient_name
    address = " ".join(filter(None, form.patient_address))
    boxes.row(("1 Kind", form.kind, 2), ("1a Insured's number", form.insured_id, 2), ("26 Our claim", form.account, 2))
    boxes.row(("2 Patient", name, 3), ("3 Born, sex", f"{' '.join(form.born)}  {form.sex}", 1.4),
              ("4 Insured", form.insured_name, 2.6))  # fmt: skip
    boxes.row(("5 Patient's address", address, 3), ("6 Relation", form.relation, 1),
              ("7 Insured's address", " ".join(filter(None, form.insured_address)), 3))  # fmt: skip
    boxes.row(("9 Other insured", form.other_insured, 2), ("9a Its group", form.other_group, 1.4),
              ("9d Its plan", form.other_plan, 2), ("10 Work, auto, other accident", "no", 1.6))  # fmt: skip
    boxes.row(("11 Group", form.group or "NONE", 1.4), ("11c Plan", form.plan, 2.4),
              ("11d Another plan", "yes" if form.another_plan else "no", 1),
              ("12, 13 Signatures", form.signed, 2.2))  # fmt: skip
    boxes.row(("17 Ordering", f"{form.referring_qualifier} {form.referring}".strip(), 2.4),
              ("17b NPI", form.referring_npi, 1.2), ("19 Note", form.note, 3.4))  # fmt: skip
    codes = "   ".join(f"{chr(65 + at)} {code}" for at, code in enumerate(form.diagnoses[:12]))
    boxes.row(("21 Diagnoses (ICD-10)", codes, 7))
    boxes.row(("22 Resubmission", form.resubmission, 1), ("22 Payer's number", form.original_reference, 2.4),
              ("23 Authorization", form.authorization, 2.4))  # fmt: skip
    _proof_lines(paper, boxes, lines)
    total = sum((each.charge for each in lines), Decimal(0))
    boxes.row(("25 Tax number (EIN)", form.tax_id, 1.6), ("27 Accepts", "yes" if form.accepts else "no", 1),
              ("28 Charge of this form", f"{total:.2f}", 1.6),
              ("29 Paid", "" if form.paid is None else f"{form.paid:.2f}", 1.2))  # fmt: skip
    billing = ", ".join((form.billing_name, *form.billing_address))
    boxes.row(("31 Signed", f"{form.signed} {form.signed_on}".strip(), 2), ("33 Pharmacy", billing, 5))
    boxes.row(("33 Telephone", form.billing_phone, 2), ("33a NPI", form.billing_npi, 2),
              ("33b Taxonomy", f"ZZ{form.taxonomy}", 2))  # fmt: skip
    paper.text(paper.width / 2, 30, f"{PROOF}. Payers take the red form or an 837P file.", FAINT, "center")


class _Boxes:
    """Rows of captioned boxes from the top down."""

    high = 30.0

    def __init__(self, paper: Paper, top: float) -> None:
        self._paper, self.top = paper, top

    def row(self, *boxes: tuple[str, str, float]) -> None:
        paper, shares = self._paper, sum(box[2] for box in boxes)
        x = paper.left
        for caption, text, share in boxes:
            wide = paper.room * share / shares
            paper.box(x, self.top - self.high, wide, self.high)
            paper.text(x + 4, self.top - 9, caption, CAPTION, room=wide - 8)
            paper.text(x + 4, self.top - 23, text, BODY, room=wide - 8)
            x += wide
        self.top -= self.high


_COLUMNS = (
    ("24A From", 0.0), ("To", 62.0), ("B Place", 124.0), ("D Code, modifiers", 162.0), ("E Points to", 290.0),
    ("F Charge", 345.0), ("G Units", 415.0), ("J NPI", 468.0),
)  # fmt: skip


def _proof_lines(paper: Paper, boxes: _Boxes, lines: Sequence[FormLine]) -> None:
    top = boxes.top
    paper.box(paper.left, top - 14, paper.room, 14, fill=0.93)
    for caption, at in _COLUMNS:
        paper.text(paper.left + at + 4, top - 10, caption, CAPTION)
    y = top - 14
    for line in (*lines, *[None] * (LINES_A_FORM - len(lines))):
        paper.box(paper.left, y - 13, paper.room, 13, fill=0.96, stroke=None)
        paper.box(paper.left, y - 28, paper.room, 28)
        if line is not None:
            paper.text(paper.left + 4, y - 10, line.shaded, FAINT, room=paper.room - 8)
            told = (
                " ".join(line.first), " ".join(line.last), line.place, " ".join((line.code, *line.modifiers)),
                line.pointers, f"{line.charge:.2f}", line.units, line.rendering_npi,
            )  # fmt: skip
            for (_, at), text in zip(_COLUMNS, told, strict=True):
                paper.text(paper.left + at + 4, y - 24, text, BODY)
        y -= 28
    boxes.top = y
