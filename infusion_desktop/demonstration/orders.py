"""The therapies that the demonstration's patients are on: orders as prescribers write them."""

import random
from dataclasses import dataclass
from decimal import Decimal

from infusion_desktop.patients.words import AccessKind, Method, Route, TherapyClass


@dataclass(frozen=True, slots=True)
class Order:
    """An order to copy: drug, how it is given, how long a course lasts (0: goes on), and days in a delivery."""

    therapy_class: TherapyClass
    drug: str
    item: str
    diagnosis: str
    method: Method
    access: AccessKind
    interval_hours: int
    weight: int
    route: Route = Route.INTRAVENOUS
    units_per_dose: int = 1
    run_hours: int = 0
    volume_ml: int = 0
    lumens: int = 1
    course_days: int = 0
    supply_days: int = 7

    @property
    def hours(self) -> Decimal:
        return Decimal(self.run_hours)


T, M, A, R = TherapyClass, Method, AccessKind, Route

ORDERS = (
    Order(T.ANTI_INFECTIVE, "Ceftriaxone 2 g", "DRG-ELA-02", "M86.9", M.ELASTOMERIC, A.PICC, 24, 18, course_days=42),
    Order(T.ANTI_INFECTIVE, "Cefazolin 2 g", "DRG-ELA-01", "A41.01", M.ELASTOMERIC, A.PICC, 8, 15, course_days=42),
    Order(T.ANTI_INFECTIVE, "Vancomycin 1 g", "DRG-ELA-03", "L03.115", M.ELASTOMERIC, A.MIDLINE, 12, 9, course_days=14),
    Order(T.ANTI_INFECTIVE, "Ertapenem 1 g", "DRG-ELA-04", "N39.0", M.ELASTOMERIC, A.MIDLINE, 24, 6, course_days=10),
    Order(T.ANTI_INFECTIVE, "Piperacillin-tazobactam 4.5 g", "DRG-PIPT-02", "K65.1", M.AMBULATORY_PUMP, A.PICC, 6, 4,
          course_days=21, lumens=2),
    Order(T.ANTI_INFECTIVE, "Penicillin G 4 million units", "DRG-PENG-01", "A52.3", M.AMBULATORY_PUMP, A.PICC, 4, 3,
          course_days=14),
    Order(T.PARENTERAL_NUTRITION, "Parenteral nutrition 2 L a day", "DRG-PN-02", "K91.2", M.AMBULATORY_PUMP, A.TUNNELED,
          24, 9, run_hours=12, volume_ml=2000, lumens=2),
    Order(T.HYDRATION, "Lactated Ringer 1 L a day", "DRG-HYD-01", "E86.0", M.GRAVITY, A.PICC, 24, 5, volume_ml=1000,
          course_days=28),
    Order(T.INOTROPE, "Milrinone continuous", "DRG-PMX-09", "I50.22", M.AMBULATORY_PUMP, A.PICC, 24, 5, run_hours=24,
          units_per_dose=2, lumens=2),
    Order(T.IMMUNE_GLOBULIN, "Immune globulin subcutaneous 10 g weekly", "DRG-IGSC-02", "D83.9", M.SYRINGE_PUMP,
          A.SUBCUTANEOUS, 168, 6, route=R.SUBCUTANEOUS, supply_days=28),
    Order(T.IMMUNE_GLOBULIN, "Immune globulin 20 g every four weeks", "DRG-IGIV-02", "G61.81", M.AMBULATORY_PUMP,
          A.PERIPHERAL, 672, 3, supply_days=28),
    Order(T.CHEMOTHERAPY, "Fluorouracil by ambulatory pump", "DRG-FLUO-02", "C18.9", M.AMBULATORY_PUMP, A.PORT, 24, 4,
          run_hours=24, course_days=56),
    Order(T.PAIN, "Ropivacaine 0.2 % continuous", "DRG-ROPI-01", "G89.18", M.AMBULATORY_PUMP, A.SUBCUTANEOUS, 24, 3,
          route=R.SUBCUTANEOUS, run_hours=24, course_days=14),
    Order(T.CHELATION, "Deferoxamine 2 g", "DRG-DEFE-01", "D56.1", M.SYRINGE_PUMP, A.SUBCUTANEOUS, 24, 3,
          route=R.SUBCUTANEOUS, run_hours=10, supply_days=14),
    Order(T.CATHETER_CARE, "Catheter care, PICC", "", "Z45.2", M.NONE, A.PICC, 168, 4, supply_days=28),
    Order(T.CATHETER_CARE, "Catheter care, implanted port", "", "Z45.2", M.NONE, A.PORT, 672, 3, supply_days=28),
    Order(T.ENTERAL_NUTRITION, "Enteral formula 1.5 L a day", "", "R13.10", M.ENTERAL_PUMP, A.FEEDING_TUBE,
          24, 6, route=R.ENTERAL, run_hours=12, volume_ml=1500, units_per_dose=2, supply_days=28),
    Order(T.CORTICOSTEROID, "Methylprednisolone 1 g", "DRG-METH-01", "G35.D", M.GRAVITY, A.PERIPHERAL, 24, 3,
          course_days=5),
)  # fmt: skip


def choose(pick: random.Random) -> Order:
    """One of the orders, the common ones more often."""
    return pick.choices(ORDERS, weights=[order.weight for order in ORDERS])[0]
