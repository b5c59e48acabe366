"""What a professional claim says, as plain frozen data: written to and read from 837P files (005010X222A1)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from infusion_desktop.dates import Days
from infusion_desktop.edi.adjustments import Adjustment
from infusion_desktop.edi.x12_writing import Interchange
from infusion_desktop.money import ZERO


class Frequency(StrEnum):
    """Which submission of a claim this is (CLM05-3)."""

    ORIGINAL = "1"
    REPLACEMENT = "7"
    VOID = "8"


@dataclass(frozen=True, slots=True)
class Address:
    """A street address; ``zip_code`` is five or nine digits."""

    street: str
    city: str
    state: str
    zip_code: str
    street2: str = ""


@dataclass(frozen=True, slots=True)
class Name:
    """A person's name, or with ``last`` alone an organisation's."""

    last: str
    first: str = ""
    middle: str = ""
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Provider:
    """A person who referred or ordered."""

    name: Name
    npi: str


@dataclass(frozen=True, slots=True)
class Submitter:
    """Who sends the file (loop 1000A); ``phone`` is ten digits."""

    name: str
    identifier: str
    contact: str
    phone: str


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who takes the file (loop 1000B): the payer or its clearinghouse."""

    name: str
    identifier: str


@dataclass(frozen=True, slots=True)
class BillingProvider:
    """The pharmacy (loop 2010AA); the default taxonomy is NUCC's home infusion therapy pharmacy."""

    name: str
    npi: str
    tax_id: str
    address: Address
    taxonomy: str = "3336H0001X"
    pay_to: Address | None = None


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Who holds the policy (loops 2000B, 2010BA); address, birth and sex only when this person is the patient."""

    name: Name
    member_id: str
    address: Address | None = None
    born_on: date | None = None
    sex: str = ""
    group_number: str = ""
    group_name: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """The patient when it is not the subscriber (loop 2010CA); ``relation`` is PAT01, such as 01 spouse or 19 child."""

    name: Name
    address: Address
    born_on: date
    sex: str
    relation: str


@dataclass(frozen=True, slots=True)
class Payer:
    """The payer the claim goes to (loop 2010BB); ``kind`` is SBR09, ``our_number`` what the payer calls us (REF*G2)."""

    name: str
    identifier: str
    kind: str = "CI"
    address: Address | None = None
    our_number: str = ""
    medicare_second: str = ""


@dataclass(frozen=True, slots=True)
class Drug:
    """The drug behind a line (loop 2410): eleven-digit NDC, quantity and unit of the NDC, what ties a compound."""

    ndc: str
    quantity: Decimal
    unit: str
    prescription: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Rental:
    """A pump rented outside a per diem (SV5); ``period`` is 1 weekly, 4 monthly, 6 daily."""

    days: int
    rental: Decimal
    purchase: Decimal
    period: str = "4"


@dataclass(frozen=True, slots=True)
class LineAdjudication:
    """What another payer decided on a line (loop 2430), copied from its remittance."""

    payer_id: str
    paid: Decimal
    code: str
    units: Decimal
    paid_on: date
    adjustments: tuple[Adjustment, ...] = ()
    modifiers: tuple[str, ...] = ()
    patient_owes: Decimal | None = None


@dataclass(frozen=True, slots=True)
class OtherPayer:
    """Another payer of the same patient (loops 2320, 2330A, 2330B); ``relation`` is 18 when the patient holds it.

    ``paid`` is None for a payer that has not decided yet. ``paid_on`` only when its lines carry no decision.
    """

    name: str
    identifier: str
    rank: str
    holder: Name
    member_id: str
    kind: str = "CI"
    relation: str = "18"
    group_number: str = ""
    paid: Decimal | None = None
    adjustments: tuple[Adjustment, ...] = ()
    not_covered: Decimal | None = None
    patient_owes: Decimal | None = None
    remarks: tuple[str, ...] = ()
    paid_on: date | None = None
    claim_control: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A paper that goes with the claim (PWK): what it is, how it is sent, our number on it."""

    kind: str
    sent_by: str
    number: str = ""


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """One line (loop 2400): code, charge, units and days; ``pointers`` count the claim's diagnoses from 1."""

    code: str
    charge: Decimal
    units: Decimal
    days: Days
    control_number: str
    modifiers: tuple[str, ...] = ()
    pointers: tuple[int, ...] = (1,)
    unit: str = "UN"
    place: str = ""
    description: str = ""
    rental: Rental | None = None
    prescribed_on: date | None = None
    begun_on: date | None = None
    shipped_on: date | None = None
    authorizations: tuple[str, ...] = ()
    note: str = ""
    drug: Drug | None = None
    ordering: Provider | None = None
    adjudications: tuple[LineAdjudication, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim (loop 2300); ``rank`` is the place of the payer it goes to: P primary, S secondary, T tertiary.

    ``original_reference`` is the payer's number of the claim that is replaced or voided (CLP07 of its 835).
    """

    number: str
    subscriber: Subscriber
    payer: Payer
    diagnoses: tuple[str, ...]
    lines: tuple[ServiceLine, ...]
    patient: Patient | None = None
    rank: str = "P"
    frequency: Frequency = Frequency.ORIGINAL
    original_reference: str = ""
    place: str = "12"
    accepts_assignment: str = "A"
    benefits_assigned: str = "Y"
    release_signed: str = "Y"
    delay_reason: str = ""
    attachments: tuple[Attachment, ...] = ()
    patient_paid: Decimal | None = None
    referral: str = ""
    authorization: str = ""
    medical_record: str = ""
    note: str = ""
    homebound: bool = False
    referring: Provider | None = None
    other_payers: tuple[OtherPayer, ...] = ()

    @property
    def charge(self) -> Decimal:
        """What all lines charge together (CLM02)."""
        return sum((line.charge for line in self.lines), ZERO)


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands before the claims: envelope, our batch number (BHT03, back in the 277CA), who sends and bills."""

    interchange: Interchange
    transaction_control: str
    batch_number: str
    submitter: Submitter
    receiver: Receiver
    billing: BillingProvider
    reissue: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """One file of claims of one pharmacy."""

    heading: Heading
    claims: tuple[Claim, ...]

    @property
    def charge(self) -> Decimal:
        """What all claims charge together."""
        return sum((claim.charge for claim in self.claims), ZERO)


@dataclass(frozen=True, slots=True)
class ClaimFile:
    """A written file; ``notices`` say which texts were changed to fit X12's letters (with names: never log them)."""

    text: str
    claims: int
    charge: Decimal
    notices: tuple[str, ...]
