"""A delivery as billing looks at it: the days its supplies are for, when it went and arrived, and its proof."""

from datetime import date

from infusion_desktop.dates import Days
from infusion_desktop.deliveries.words import DeliveryId
from infusion_desktop.values import value


@value
class Delivered:
    """A delivery that arrived; ``supply`` are the days it is for, no ``therapy_id`` serves all therapies."""

    id: DeliveryId
    number: str
    supply: Days
    therapy_id: int | None
    shipped_on: date | None
    delivered_on: date
    signed_on: date | None = None
    """The day it arrived where somebody signed for it, else None."""
    signed_by_staff: bool = False
    counted_on: date | None = None
    """When the patient's supplies were counted for it, None when nobody did."""
    gaps: tuple[str, ...] = ()
    """What its proof of delivery still lacks, as sentences (`deliveries/door/proof_rules.py`)."""
    versions: frozenset[int] = frozenset()
    """Earlier and later versions of the therapy's order, which it serves too."""
    short: tuple[str, ...] = ()
    """Drugs it went without and nothing has brought since, as "21 of 21 Cefazolin 2 g"."""

    @property
    def proven(self) -> bool:
        """Whether somebody signed for it."""
        return self.signed_on is not None

    def serves(self, therapy_id: int | None) -> bool:
        """Whether its supplies are for a line's therapy, under any version of its order."""
        return self.therapy_id in (None, therapy_id) or therapy_id in self.versions
