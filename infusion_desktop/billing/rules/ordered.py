"""A prescriber's order as billing looks at it: the days it is good for, who signed it and when, its drug and doses."""

from datetime import date

from infusion_desktop.dates import Days
from infusion_desktop.stock.words import ItemId
from infusion_desktop.values import value


@value
class Order:
    """The order for one therapy; ``diagnoses`` are those of its episode."""

    therapy_id: int
    days: Days
    signed_on: date | None = None
    prescriber: str = ""
    prescriber_npi: str = ""
    diagnoses: tuple[str, ...] = ()
    drug_item_id: ItemId | None = None
    units_per_dose: int = 0
    interval_hours: int = 24
    under_the_skin: bool = False
