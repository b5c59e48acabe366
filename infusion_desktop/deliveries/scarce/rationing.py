"""While an item is rationed: what a delivery may take by the priority of therapies, before it is released."""

from collections.abc import Collection
from datetime import date

from sqlalchemy.orm import Session

from infusion_desktop.deliveries.scarce.supply_demand import demands
from infusion_desktop.deliveries.words import DeliveryId
from infusion_desktop.stock.buying.reordering import DEFAULT_LEAD_DAYS, REVIEW_DAYS, Demand, free_units
from infusion_desktop.stock.scarce.shortage_rules import Claim, share_out
from infusion_desktop.stock.scarce.substitutes import substitutes
from infusion_desktop.stock.words import ItemId

HORIZON_DAYS = DEFAULT_LEAD_DAYS + REVIEW_DAYS
"""Needs of these days stand in line with the delivery."""


def beyond_its_share(
    session: Session, delivery_id: DeliveryId, items: Collection[tuple[ItemId, str, str]], today: date, last: date
) -> list[str]:
    """For each rationed item (id, name, why) of which the delivery wants more than its share: a sentence.

    Needs up to ``last`` (the delivery's day) or the usual horizon stand in line, by priority and then by day.
    """
    if not items:
        return []
    wanted = {item for item, _, _ in items}
    days = max(HORIZON_DAYS, (last - today).days)
    lines: dict[ItemId, list[Demand]] = {item: [] for item in wanted}
    for each in demands(session, today, days):
        if each.item_id in wanted:
            lines[each.item_id].append(each)
    free = free_units(session, today)
    instead = substitutes(session, free, wanted)
    sentences = []
    for item, name, why in items:
        line = lines[item]
        shares = share_out(free.get(item, 0), [Claim(n, e.priority, e.on, e.units) for n, e in enumerate(line)])
        mine = [share for share in shares if line[share.claim.key].delivery_id == delivery_id]
        units, given = sum(share.claim.units for share in mine), sum(share.given for share in mine)
        if given >= units:
            continue
        others = instead.get(item, ())
        way = f"Send {others[0].name} for the rest" if others else "Send less"
        got = f"{given:,} of {units:,}" if given else f"none of {units:,}"
        sentences.append(
            f"{name} is rationed ({why}): by priority {got} go to this delivery. {way}, or say why it goes first."
        )
    return sentences
