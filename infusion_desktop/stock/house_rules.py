"""How this pharmacy counts and writes off: its tolerances and limits."""

from dataclasses import asdict, dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.errors import Stale, refuse_if
from infusion_desktop.stock.tables import StockSetting


@dataclass(frozen=True, slots=True)
class HouseRules:
    """The pharmacy's own limits; ``version`` is the one that was read, 0 while nobody changed them."""

    second_person_above: Decimal = Decimal("250.00")
    """Dollars of a write-off above which a second person decides."""
    tolerance_percent: int = 5
    tolerance_value: Decimal = Decimal("50.00")
    dead_after_days: int = 90
    version: int = 0


def house_rules(session: Session) -> HouseRules:
    """The limits that hold now."""
    kept = session.get(StockSetting, 1)
    if kept is None:
        return HouseRules()
    return HouseRules(
        kept.second_person_above, kept.tolerance_percent, kept.tolerance_value, kept.dead_after_days, kept.version
    )


def save_house_rules(database: Database, rules: HouseRules, by: UserId) -> None:
    """Keep the pharmacy's limits; counts that are open keep the tolerance they began with."""
    reasons = []
    if rules.second_person_above < 0 or rules.tolerance_value < 0:
        reasons.append("An amount is not below zero.")
    if not 0 <= rules.tolerance_percent <= 100:
        reasons.append("The tolerance is 0 to 100 percent.")
    if not 1 <= rules.dead_after_days <= 3650:
        reasons.append("Stock is called dead after 1 to 3650 days.")
    refuse_if(reasons)
    values = {name: value for name, value in asdict(rules).items() if name != "version"}
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_PHARMACY)
        kept = session.get(StockSetting, 1)
        if (kept.version if kept is not None else 0) != rules.version:
            raise Stale("Somebody else changed the limits meanwhile. Look at them again before you save.")
        before = {} if kept is None else {name: getattr(kept, name) for name in values}
        if kept is None:
            session.add(StockSetting(id=1, **values))
        else:
            for name, value in values.items():
                setattr(kept, name, value)
        record(session, by, "save stock limits", "stock setting", 1, before=before, after=values)
