"""Every table at once, for migrations, for opening a database and for the check that both agree."""

from sqlalchemy import MetaData, text

from infusion_desktop.access import tables as access
from infusion_desktop.billing import tables as billing
from infusion_desktop.billing.money import money_tables as receivables
from infusion_desktop.database import counters
from infusion_desktop.database.types import Table
from infusion_desktop.database.when_asked import map_all
from infusion_desktop.deliveries import care_tables as care
from infusion_desktop.deliveries import tables as deliveries
from infusion_desktop.deliveries.scarce import shortage_tables as shortages
from infusion_desktop.deliveries.schedule import dispatch_tables as dispatch
from infusion_desktop.equipment import tables as equipment
from infusion_desktop.patients import tables as patients
from infusion_desktop.reporting import tables as reporting
from infusion_desktop.stock import purchase_tables as purchasing
from infusion_desktop.stock import tables as stock

ROOMS = (
    access, billing, care, counters, deliveries, dispatch, equipment, patients, purchasing, receivables,
    reporting, shortages, stock,
)  # fmt: skip


def metadata() -> MetaData:
    """The mapped tables of all rooms, with what only PostgreSQL's dialect knows (see `types.only_where`)."""
    map_all()
    for table in Table.metadata.tables.values():
        for index in table.indexes:
            if "where" in index.info:
                index.dialect_options["postgresql"]["where"] = text(index.info["where"])
    return Table.metadata
