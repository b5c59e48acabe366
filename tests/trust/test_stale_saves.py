"""A save of a row that somebody else changed meanwhile is refused, on every table that counts its changes (B5)."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import inspect, select, update
from sqlalchemy.orm import Mapper
from sqlalchemy.orm.attributes import flag_modified

from infusion_desktop.access.audit import record
from infusion_desktop.database.engine import Place
from infusion_desktop.database.types import Table
from infusion_desktop.errors import Stale
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.verifying import verify_books

assert open_pharmacy  # Maps every room's tables.
COUNTED = sorted(
    (mapper for mapper in Table.registry.mappers if mapper.version_id_col is not None),
    key=lambda mapper: str(mapper.local_table),
)


def test_every_table_with_a_version_counts_it() -> None:
    """A column named version that the mapping does not watch would let a stale save through."""
    unwatched = {
        str(mapper.local_table)
        for mapper in Table.registry.mappers
        if "version" in mapper.columns and mapper.version_id_col is None
    }
    assert not unwatched
    assert len(COUNTED) >= 35


WITHOUT: dict[str, tuple[str, ...]] = {
    "lines and parts of a record that counts its changes: written only under that record's lock or version": (
        "delivery_equipment", "delivery_line", "delivery_lot", "delivery_stop", "wave_delivery", "purchase_order_line",
        "site_transfer_line", "pickup_line", "stock_count_line", "claim_line", "claim_part", "recall_scope",
        "recalled_lot", "item_pack", "kit_alternative", "kit_template_line", "print_part",
    ),
    "numbers that only conditional updates and row locks move": ("audit_head", "balance", "counter", "reservation"),
    "added from a day on and ended, never edited: another version stands beside it": (
        "closed_day", "delivery_week", "fee", "hcpcs_code", "kit_template", "payer_rules", "posting_rule",
        "report_schedule",
    ),
    "one step that is taken once, asked under a row lock: who comes second is refused": (
        "asset_swap", "claim_batch", "deposit", "emergency_access", "print_batch", "recall_case", "receipt",
        "remittance", "wave",
    ),
    "one choice, set whole at once: the trail keeps both": ("collector", "saved_filter", "staff_role",
                                                            "therapy_priority"),
}  # fmt: skip
"""Tables that change and count no version, and why nothing typed there can be overwritten unseen."""


def test_every_table_that_changes_counts_its_changes_or_is_named_here() -> None:
    without = {
        mapper.local_table.name
        for mapper in Table.registry.mappers
        if mapper.version_id_col is None and not mapper.local_table.info.get("append_only")
    }
    named = [name for names in WITHOUT.values() for name in names]
    assert sorted(without) == sorted(named)


def test_stale_saves_are_refused_and_change_nothing(demonstration: Path, tmp_path: Path) -> None:
    file = tmp_path / "demo.db"
    shutil.copy(demonstration, file)
    database = open_pharmacy(Place.of(str(file)))
    tried = []
    for mapper in COUNTED:
        with database.reading() as session:
            if session.scalars(select(mapper.class_).limit(1)).first() is None:
                continue
        with pytest.raises(Stale, match="Somebody else changed"), database.transaction() as session:
            row = session.scalars(select(mapper.class_).limit(1)).one()
            before = row.version
            keys = [column == getattr(row, column.key) for column in mapper.primary_key]
            session.connection().execute(update(mapper.local_table).where(*keys).values(version=before + 1))
            flag_modified(row, _some_column(mapper))
            record(session, None, "save", str(mapper.local_table))
        with database.reading() as session:
            assert session.scalars(select(mapper.class_.version).where(*keys)).one() == before
        tried.append(str(mapper.local_table))
    assert len(tried) >= 20, tried
    assert verify_books(database) == ()
    database.close()


def _some_column(mapper: Mapper[Table]) -> str:
    watched = mapper.version_id_col
    return next(
        attribute.key
        for attribute in inspect(mapper.class_).column_attrs
        if not attribute.columns[0].primary_key and attribute.columns[0] is not watched
    )
