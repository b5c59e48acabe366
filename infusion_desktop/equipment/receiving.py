"""One receipt for everything a truck brought: supplies into stock, pumps and poles into the register."""

from collections import Counter
from dataclasses import replace
from datetime import datetime

from infusion_desktop.access.roles import UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.equipment.registering import NewAsset, register_in
from infusion_desktop.stock.buying.receiving import NewReceipt, receive_in
from infusion_desktop.stock.words import ReceiptId


def receive(
    database: Database,
    receipt: NewReceipt,
    equipment: tuple[NewAsset, ...],
    by: UserId,
    at: datetime | None = None,
    override: str = "",
) -> ReceiptId:
    """Take a delivery in as one deed: all of its lines and all of its pumps, or nothing."""
    with database.transaction() as session:
        for new in equipment:
            register_in(session, new, by, at)
        counted = tuple(sorted(Counter(new.item_id for new in equipment).items()))
        return receive_in(session, replace(receipt, registered=counted), by, at, override, empty=bool(equipment))
