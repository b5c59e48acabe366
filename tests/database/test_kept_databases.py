"""A small pharmacy kept from each schema that people have used still upgrades with its data (STYLE 12, RELIABILITY F6).

`kept/schema-NNNN.db.xz` is the small demonstration as that schema's program made it, seed 7.
"""

import lzma
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import select

from infusion_desktop.billing.tables import PayerRules
from infusion_desktop.billing.terms.contracts import rule_versions
from infusion_desktop.database import migrations
from infusion_desktop.database.engine import Place
from infusion_desktop.deliveries.care_tables import PayerRefillRule
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.patients.words import PayerId
from infusion_desktop.verifying import verify_books

KEPT = sorted((Path(__file__).parent / "kept").glob("schema-*.db.xz"))
SAME = (
    "patient", "therapy", "delivery", "delivery_lot", "proof_of_delivery", "lot", "move", "balance", "asset",
    "claim", "claim_line", "receivable_entry", "remittance", "audit_entry", "staff",
)  # fmt: skip
"""Tables whose rows an upgrade neither adds to nor takes from."""


def facts(file: Path) -> dict[str, object]:
    """How many rows each table has, and the sums that must not change."""
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        found: dict[str, object] = {
            table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in SAME
        }
        found["on hand"] = connection.execute("SELECT sum(on_hand), sum(reserved) FROM balance").fetchone()
        found["moved"] = connection.execute("SELECT sum(quantity * id) FROM move").fetchone()
        found["owed"] = connection.execute(
            "SELECT sum(amount), sum(amount * claim_id) FROM receivable_entry"
        ).fetchone()
        found["claims"] = connection.execute(
            "SELECT group_concat(number || state || charge || expected) FROM (SELECT * FROM claim ORDER BY id)"
        ).fetchone()
        found["seal"] = connection.execute("SELECT number, seal FROM audit_head").fetchone()
    finally:
        connection.close()
    return found


@pytest.fixture(params=KEPT, ids=lambda file: file.name.partition(".")[0])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    file = tmp_path / "pharmacy.db"
    file.write_bytes(lzma.decompress(request.param.read_bytes()))
    return file


def test_there_is_one_to_upgrade() -> None:
    assert KEPT


def test_an_old_pharmacy_upgrades_with_its_data_and_a_copy_is_made_first(old: Path, tmp_path: Path) -> None:
    before = facts(old)
    stood = migrations.version_of(Place.of(str(old)))
    assert stood is not None and stood < migrations.newest()
    database = open_pharmacy(Place.of(str(old)), backups=tmp_path / "copies")
    try:
        assert migrations.version_of(database.place) == migrations.newest()
        assert verify_books(database) == ()
        with database.reading() as session:
            payers = set(session.scalars(select(PayerRules.payer_id)))
            assert payers and all(rule_versions(session, PayerId(payer)) for payer in payers), "this program reads them"
            asked = session.scalars(select(PayerRefillRule.count_required)).all()
            assert asked and all(asked), "Medicare's count at home, from its billing rules"
    finally:
        database.close()
    assert facts(old) == before
    (copy,) = (tmp_path / "copies").glob("before-upgrade-*.db")
    assert migrations.version_of(Place.of(str(copy))) == stood
    assert facts(copy) == before
