"""One question: are the books in order? Asked by the menu, the command line, after a restore and by every story."""

from pathlib import Path

from infusion_desktop.access.anchors import disagreements, read_anchors
from infusion_desktop.access.audit import first_broken_entry
from infusion_desktop.billing import verify as billing
from infusion_desktop.database.engine import Database
from infusion_desktop.database.file_check import file_problems
from infusion_desktop.deliveries import verify as deliveries
from infusion_desktop.equipment import verify as equipment
from infusion_desktop.stock import verify as stock


def verify_books(database: Database, noted: Path | None = None) -> tuple[str, ...]:
    """Every problem found, each as a sentence naming the record by its id; empty when all is well.

    ``noted`` is the folder in which the trail's seals are noted outside the database (access/anchors.py).
    """
    damage = file_problems(database.place)
    if damage:
        return damage
    with database.reading() as session:
        broken = first_broken_entry(session)
        chain: tuple[str, ...] = ()
        if broken is not None:
            chain = (f"The audit trail was changed from outside at entry {broken}.",)
        if noted is not None:
            chain += disagreements(session, read_anchors(database.place, noted))
        return (
            *chain,
            *stock.problems(session),
            *equipment.problems(session),
            *deliveries.problems(session),
            *billing.problems(session),
        )
