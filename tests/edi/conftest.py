"""Claims of every kind, made from a seed that is printed; set EDI_SEED to repeat a run."""

import io
import logging
import os
import random
from collections.abc import Callable
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from infusion_desktop.dates import Days
from infusion_desktop.edi.adjustments import Adjustment
from infusion_desktop.edi.claim_data import (
    Address,
    Attachment,
    Batch,
    BillingProvider,
    Claim,
    Drug,
    Frequency,
    Heading,
    LineAdjudication,
    Name,
    OtherPayer,
    Patient,
    Payer,
    Provider,
    Receiver,
    Rental,
    ServiceLine,
    Submitter,
    Subscriber,
)
from infusion_desktop.edi.x12_writing import Interchange

BY_HAND = Address("12 ELM STREET", "MINNEAPOLIS", "MN", "554011234")
LAST = ["O'NEIL", "SMITH-JONES", "VAN DER BERG", "LI", "WELBY", "GARCIA LOPEZ"]
FIRST = ["ANN", "BO", "MARY LOU", "J", ""]


def money(rng: random.Random, most: int) -> Decimal:
    """Some whole cents up to so many dollars."""
    return Decimal(rng.randint(0, most * 100)) / 100


class Maker:
    """Makes claims; equal seeds make equal claims."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.made = 0

    def heading(self, control: int = 1) -> Heading:
        return Heading(
            interchange=Interchange("PHARMACY1", "PAYER99", control, control, date(2026, 11, 30), time(14, 5), True),
            transaction_control=f"{control:04d}",
            batch_number=f"B{control:06d}",
            submitter=Submitter("CORNER HOME INFUSION", "SUB001", "PAT BILLER", "6125550123"),
            receiver=Receiver("CLEARING HOUSE", "CH001"),
            billing=BillingProvider("CORNER HOME INFUSION", "1234567893", "411234567", BY_HAND, pay_to=self.address()),
        )

    def batch(self, claims: int, control: int = 1) -> Batch:
        made: list[Claim] = []
        while len(made) < claims:
            first = self.claim()
            made += [first, *self.siblings(first)]
        return Batch(self.heading(control), tuple(made[:claims]))

    def siblings(self, first: Claim) -> list[Claim]:
        """Sometimes more claims of the same patient, or of another dependent of the same subscriber."""
        found = []
        for _ in range(self.rng.choice([0, 0, 0, 1, 2])):
            other = self.claim(simple=True)
            patient = first.patient if first.patient is None or self.rng.random() < 0.5 else self.patient()
            found.append(
                Claim(other.number, first.subscriber, first.payer, other.diagnoses, other.lines, patient, first.rank)
                if first.rank == "P"
                else other
            )
        return found

    def name(self) -> Name:
        middle = self.rng.choice(["", "", "Q"])
        return Name(self.rng.choice(LAST), self.rng.choice(FIRST), middle, self.rng.choice(["", "", "JR"]))

    def address(self) -> Address:
        return Address(
            f"{self.rng.randint(1, 9999)} OAK AVE", "ST. PAUL", "MN", "55101", self.rng.choice(["", "APT 5"])
        )

    def provider(self) -> Provider:
        return Provider(self.name(), self.rng.choice(["1112223338", "1234567893"]))

    def patient(self) -> Patient:
        relation = self.rng.choice(["01", "19", "20", "21", "39", "40", "53", "G8"])
        return Patient(self.name(), self.address(), self.birthday(), self.rng.choice("FMU"), relation)

    def birthday(self) -> date:
        return date(1930, 1, 1) + timedelta(days=self.rng.randint(0, 30000))

    def code(self, prefix: str) -> str:
        return f"{prefix}{self.rng.randint(1, 999999):06d}"

    def claim(self, *, lines: int = 0, simple: bool = False) -> Claim:
        rng = self.rng
        self.made += 1
        number = f"C{self.made:07d}"
        diagnoses = tuple(rng.sample(["L03115", "Z452", "A419", "E860", "K50919", "C50911", "D801"], rng.randint(1, 7)))
        dependent = rng.random() < 0.4
        frequency = Frequency.ORIGINAL if simple else rng.choice(list(Frequency))
        rank = "P" if simple else rng.choice("PPST")
        others = [("P", "OTHER1"), ("T", "OTHER3")] if rank == "S" else [("P", "OTHER1"), ("S", "OTHER2")]
        decided = [] if rank == "P" else others[: 1 if rank == "S" else 2]
        by_line = rng.random() < 0.6
        how_many = lines or rng.choice([1, 2, 3, 4, 4, 4, 7, 20, 50])
        made = [self.line(number, at, len(diagnoses)) for at in range(1, how_many + 1)]
        if by_line:
            made = [self.adjudicated(line, [identifier for _, identifier in decided]) for line in made]
        return Claim(
            number=number,
            subscriber=self.subscriber(with_person=not dependent),
            payer=Payer(
                "BIG HEALTH PLAN",
                "BHP01",
                rng.choice(["CI", "BL", "HM", "MC", "16"]),
                rng.choice([None, self.address()]),
                rng.choice(["", "77001"]),
            ),
            diagnoses=diagnoses,
            lines=tuple(made),
            patient=self.patient() if dependent else None,
            rank=rank,
            frequency=frequency,
            original_reference="" if frequency is Frequency.ORIGINAL else self.code("ICN"),
            place=rng.choice(["12", "49", "11"]),
            delay_reason=rng.choice(["", "", "1", "11"]),
            attachments=rng.choice([(), (), (Attachment("OZ", "FX", "PAPER1"), Attachment("B4", "AA"))]),
            patient_paid=rng.choice([None, Decimal("10.00")]),
            referral=rng.choice(["", "REF01"]),
            authorization=rng.choice(["", self.code("AUTH")]),
            medical_record=rng.choice(["", "MRN77"]),
            note=rng.choice(["", "PUMP CHANGED ON DAY 3"]),
            homebound=rng.random() < 0.2,
            referring=rng.choice([None, self.provider()]),
            other_payers=tuple(self.other_payer(rank, who, made, by_line) for rank, who in decided),
        )

    def subscriber(self, *, with_person: bool) -> Subscriber:
        group, group_name = self.rng.choice([("", ""), ("GRP1", ""), ("", "STEEL WORKERS")])
        address, born, sex = (
            (self.address(), self.birthday(), self.rng.choice("FMU")) if with_person else (None, None, "")
        )
        return Subscriber(self.name(), self.code("M"), address, born, sex, group, group_name)

    def line(self, claim: str, at: int, diagnoses: int) -> ServiceLine:
        rng = self.rng
        first = date(2026, 11, 1) + timedelta(days=rng.randint(0, 20))
        kind = rng.choice(["per diem", "drug", "compound", "nursing", "rental"])
        common = {
            "charge": money(rng, 3000),
            "control_number": f"{claim}-{at}",
            "pointers": tuple(rng.sample(range(1, diagnoses + 1), min(diagnoses, rng.randint(1, 4)))),
            "place": rng.choice(["", "12"]),
            "ordering": rng.choice([None, self.provider()]),
            "note": rng.choice(["", "", "SEE NOTE"]),
            "prescribed_on": rng.choice([None, date(2026, 10, 30)]),
            "authorizations": rng.choice([(), ("A1", "A2")]),
        }
        day, week = Days(first, first), Days(first, first + timedelta(days=6))
        if kind == "per diem":
            modifiers = tuple(rng.sample(["SH", "SJ", "SS", "KX", "TG"], rng.randint(0, 4)))
            return ServiceLine("S9500", units=Decimal(7), days=week, modifiers=modifiers, begun_on=first, **common)
        if kind == "nursing":
            return ServiceLine("99601", units=Decimal(1), days=day, **common)
        if kind == "rental":
            rental = Rental(30, Decimal("210.50"), Decimal(2100))
            return ServiceLine("E0781", units=Decimal(1), days=week, modifiers=("RR",), rental=rental, **common)
        tie = {"prescription": "RX1"} if kind == "drug" else {"link": "VY1"}
        drug = Drug("00781320985", Decimal(rng.randint(1, 9999)) / 8, rng.choice(["UN", "ML", "ME", "GR", "F2"]), **tie)
        description = "INGREDIENT" if kind == "compound" else ""
        units = Decimal(rng.randint(1, 99999)) / 10
        return ServiceLine("J3490", units=units, days=week, drug=drug, description=description, **common)

    def adjustments(self, total: Decimal) -> tuple[Adjustment, ...]:
        """Adjustments that come to this total."""
        rest, found = total, []
        for group, reason in (("CO", "45"), ("CO", "253"), ("PR", "1"), ("PR", "2"), ("OA", "23")):
            part = (rest * self.rng.randint(0, 100) / 100).quantize(Decimal("0.01"))
            found.append(Adjustment(group, reason, part, self.rng.choice([None, Decimal(1)])))
            rest -= part
        return (*found, Adjustment("PI", "A1", rest))

    def adjudicated(self, line: ServiceLine, payers: list[str]) -> ServiceLine:
        results = []
        for payer in payers:
            paid = (line.charge * self.rng.randint(0, 100) / 100).quantize(Decimal("0.01"))
            adjustments = self.adjustments(line.charge - paid) if paid != line.charge else ()
            owed = self.rng.choice([None, Decimal("1.00")])
            units = line.units
            result = LineAdjudication(payer, paid, line.code, units, date(2026, 12, 20), adjustments, (), owed)
            results.append(result)
        fields = {name: getattr(line, name) for name in ServiceLine.__slots__} | {"adjudications": tuple(results)}
        return ServiceLine(**fields)

    def other_payer(self, rank: str, who: str, lines: list[ServiceLine], by_line: bool) -> OtherPayer:
        charge = sum((line.charge for line in lines), Decimal(0))
        results = [result for line in lines for result in line.adjudications if result.payer_id == who]
        if by_line:
            paid, adjustments = sum((result.paid for result in results), Decimal(0)), ()
        else:
            paid = (charge / 2).quantize(Decimal("0.01"))
            adjustments = self.adjustments(charge - paid)
        return OtherPayer(
            name="FIRST INSURANCE",
            identifier=who,
            rank=rank,
            holder=self.name(),
            member_id=self.code("W"),
            kind=self.rng.choice(["CI", "MB", "BL"]),
            relation=self.rng.choice(["18", "01", "19"]),
            group_number=self.rng.choice(["", "G77"]),
            paid=paid,
            adjustments=adjustments,
            not_covered=self.rng.choice([None, Decimal("5.00")]),
            patient_owes=self.rng.choice([None, Decimal("7.25")]),
            remarks=self.rng.choice([(), ("MA01", "N30")]),
            paid_on=None if by_line else date(2026, 12, 20),
            claim_control=self.rng.choice(["", "PCN123"]),
        )


def enclosed(kind: str, version: str, *bodies: str, element: str = "*", component: str = ":", end: str = "~") -> str:
    """A whole file around transaction bodies written with * : and ~, with right counts, in any delimiters."""
    group = {"835": "HP", "999": "FA", "997": "FA", "277": "HN", "837": "HC"}[kind]
    third = f"*{version}" if kind in ("999", "277", "837") else ""
    sets = []
    for at, body in enumerate(bodies, 1):
        inside = [line for line in body.replace("\n", "").split("~") if line]
        control = f"{at:04d}"
        sets += [f"ST*{kind}*{control}{third}", *inside, f"SE*{len(inside) + 2}*{control}"]
    isa = f"ISA*00*{'':10}*00*{'':10}*ZZ*{'PAYER99':15}*ZZ*{'PHARMACY1':15}*261201*0900*^*00501*000000007*0*T*:"
    head = [isa, f"GS*{group}*PAYER99*PHARMACY1*20261201*0900*7*X*{version}"]
    text = "~".join([*head, *sets, f"GE*{len(bodies)}*7", "IEA*1*000000007", ""])
    return text.replace("*", element).replace(":", component).replace("~", end)


@pytest.fixture
def enclose() -> Callable[..., str]:
    """Makes a whole file around transaction bodies."""
    return enclosed


@pytest.fixture
def pyx12_errors() -> Callable[[str], list[str]]:
    """What pyx12, an independent validator with the guides' maps, finds wrong in a file."""
    return find_errors


def find_errors(text: str) -> list[str]:
    """Every error pyx12 reports, as text."""
    import pyx12.error_handler
    import pyx12.params
    import pyx12.x12n_document

    found: list[str] = []

    class Kept(pyx12.error_handler.err_handler):
        def __getattribute__(self, name: str) -> Any:
            if name in ("isa_error", "gs_error", "st_error", "seg_error", "ele_error"):
                return lambda *details, **more: found.append(f"{name} {self.cur_line} {details} {more}")
            return super().__getattribute__(name)

    kept, pyx12.error_handler.err_handler = pyx12.error_handler.err_handler, Kept
    logging.getLogger("pyx12").setLevel(logging.CRITICAL)
    try:
        out = io.StringIO()
        accepted = pyx12.x12n_document.x12n_document(pyx12.params.params(), io.StringIO(text), out, None, None)
    finally:
        pyx12.error_handler.err_handler = kept
    return found if found or accepted else ["refused without a word"]


@pytest.fixture
def seed() -> int:
    """The seed of this run, printed."""
    chosen = int(os.environ.get("EDI_SEED", "20261101"))
    print(f"EDI_SEED={chosen}")  # noqa: T201 - every random test says its seed
    return chosen


@pytest.fixture
def maker(seed: int) -> Maker:
    """Makes claims from the printed seed."""
    return Maker(seed)


@pytest.fixture
def new_maker() -> Callable[[int], Maker]:
    """Makes a maker of a given seed."""
    return Maker
