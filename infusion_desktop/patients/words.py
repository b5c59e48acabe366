"""The words of patients: therapies, methods, access devices, interruptions, coverage."""

from enum import StrEnum
from typing import NewType

PatientId = NewType("PatientId", int)
EpisodeId = NewType("EpisodeId", int)
TherapyId = NewType("TherapyId", int)
DeviceId = NewType("DeviceId", int)
PrescriberId = NewType("PrescriberId", int)
PayerId = NewType("PayerId", int)
CoverageId = NewType("CoverageId", int)


class Sex(StrEnum):
    """X12 DMG03."""

    FEMALE = "F"
    MALE = "M"
    UNKNOWN = "U"


class TherapyClass(StrEnum):
    """What sort of therapy; the per-diem code follows from it, the interval, the volume and the run time."""

    ANTI_INFECTIVE = "anti-infective"
    HYDRATION = "hydration"
    PARENTERAL_NUTRITION = "parenteral nutrition"
    ENTERAL_NUTRITION = "enteral nutrition"
    PAIN = "pain management"
    CHEMOTHERAPY = "chemotherapy"
    IMMUNE_GLOBULIN = "immune globulin"
    FACTOR = "clotting factor"
    ALPHA_1 = "alpha-1 proteinase inhibitor"
    PROSTACYCLIN = "prostacyclin"
    INOTROPE = "inotrope"
    ANTI_EMETIC = "anti-emetic"
    INSULIN = "insulin"
    CHELATION = "chelation"
    ENZYME = "enzyme replacement"
    ANTI_TNF = "anti-TNF"
    DIURETIC = "diuretic"
    ANTI_SPASMODIC = "anti-spasmodic"
    ANTICOAGULANT = "anticoagulant"
    CORTICOSTEROID = "corticosteroid"
    HEMATOPOIETIC = "hematopoietic"
    BLOOD_PRODUCT = "blood product"
    GROWTH_HORMONE = "growth hormone"
    INTERFERON = "interferon"
    HORMONE = "hormone"
    RSV_ANTIBODY = "RSV antibody"
    IMMUNOTHERAPY = "immunotherapy"
    IRRIGATION = "irrigation"
    AEROSOL = "aerosol"
    CATHETER_CARE = "catheter care"
    OTHER = "other"


class Route(StrEnum):
    """How the drug enters the body."""

    INTRAVENOUS = "intravenous"
    SUBCUTANEOUS = "subcutaneous"
    INTRAMUSCULAR = "intramuscular"
    EPIDURAL = "epidural"
    INTRATHECAL = "intrathecal"
    ENTERAL = "enteral"
    INHALED = "inhaled"


class Method(StrEnum):
    """How the dose is given."""

    GRAVITY = "gravity"
    ELASTOMERIC = "elastomeric"
    AMBULATORY_PUMP = "ambulatory pump"
    SYRINGE_PUMP = "syringe pump"
    STATIONARY_PUMP = "stationary pump"
    ENTERAL_PUMP = "enteral pump"
    IV_PUSH = "IV push"
    INJECTION = "injection"
    NONE = "none"

    @property
    def pump(self) -> bool:
        """A pump of ours goes along."""
        return self in (Method.AMBULATORY_PUMP, Method.SYRINGE_PUMP, Method.STATIONARY_PUMP, Method.ENTERAL_PUMP)


class AccessKind(StrEnum):
    """What the drug goes in through."""

    PICC = "PICC"
    MIDLINE = "midline"
    PORT = "implanted port"
    TUNNELED = "tunneled catheter"
    PERIPHERAL = "peripheral catheter"
    SUBCUTANEOUS = "subcutaneous"
    FEEDING_TUBE = "feeding tube"
    INTRASPINAL = "intraspinal catheter"


class InterruptionKind(StrEnum):
    """Why days do not count."""

    HOSPITAL = "hospital"
    HOLD = "hold"
    SKILLED_NURSING = "skilled nursing facility"
    AWAY = "away"
    SUITE = "infusion suite"


class Relation(StrEnum):
    """The patient's relation to the policy holder (X12 SBR02 and PAT01)."""

    SELF = "18"
    SPOUSE = "01"
    CHILD = "19"
    EMPLOYEE = "20"
    UNKNOWN = "21"
    LIFE_PARTNER = "53"
    OTHER = "G8"


class Rank(StrEnum):
    """Whose turn it is to pay (X12 SBR01)."""

    PRIMARY = "P"
    SECONDARY = "S"
    TERTIARY = "T"


class PayerKind(StrEnum):
    """X12 claim filing indicator (SBR09)."""

    COMMERCIAL = "CI"
    BLUE_CROSS = "BL"
    HMO = "HM"
    MEDICARE_B = "MB"
    MEDICARE_ADVANTAGE = "16"
    MEDICAID = "MC"
    TRICARE = "CH"
    VETERANS = "VA"
    WORKERS_COMPENSATION = "WC"
    SELF_PAY = "09"
