"""A save of a row that somebody else changed meanwhile is refused, on every table that counts its changes (B5)."""

import ast
import runpy
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
from infusion_desktop.schema import metadata
from infusion_desktop.verifying import verify_books

assert metadata()  # Maps every room's tables.
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


BLIND: dict[str, tuple[str, ...]] = {
    "a step, asked under a lock what state it finds: who comes second is told that it is done": (
        "access.emergency.end_emergency", "access.emergency.review_emergency", "access.people.end_access",
        "access.waits.lift_wait",
        "deliveries.batches.draw_batch", "deliveries.bench.undoing.undo", "deliveries.bench.waves.leave_wave",
        "stock.buying.receipt_corrections.take_back", "billing.claiming.checking.check",
        "billing.claiming.claims.mark_sent", "billing.claiming.claims.print_claims",
        "billing.claiming.claims.write_file", "billing.claiming.forwarded.mark_forwarded",
        "billing.money.deposits.add_deposit", "billing.money.deposits.tie", "billing.money.deposits.withdraw_deposit",
        "billing.money.eob.take_back_paper", "billing.terms.fees.take_back_fee",
        "deliveries.batches.close_batch", "deliveries.batches.give_up_batch", "deliveries.bench.picking.take_off_pump",
        "deliveries.bench.shipping.failed_attempt", "deliveries.bench.waves.close_wave",
        "deliveries.pumps.pickup_papers.print_tickets", "deliveries.scarce.recall_papers.print_letters",
        "deliveries.scarce.recalls.bring_back", "deliveries.scarce.recalls.replace_and_fetch",
        "equipment.booking.end_booking", "keeping.let_go", "stock.buying.purchase_orders.add_line",
        "stock.buying.purchase_orders.draft_orders", "stock.buying.vendor_returns.receive_credit",
        "stock.catalogue.attach_code", "stock.counting.counts.approve", "stock.site_transfers.receive",
        "stock.site_transfers.settle", "stock.write_offs.approve_write_off", "stock.write_offs.decline_write_off",
    ),
    "an end, or the end of the one before: a day is set, nothing that was typed goes with it": (
        "billing.money.posting_rules.add_posting_rule", "billing.terms.code_lists.import_code_list",
        "reporting.sending.end_schedule",
        "billing.money.posting_rules.end_posting_rule", "billing.terms.contracts.end_contract",
        "billing.terms.fees.end_fee", "deliveries.kits.templates.end_template", "stock.buying.vendors.end_offer",
        "stock.buying.vendors.end_vendor", "stock.catalogue.end_item", "stock.counting.count_plans.end_plan",
        "stock.places.end_place", "stock.scarce.substitutes.end_substitute",
    ),
    "what hands counted just now: the later count is the truer one, and the trail keeps both": (
        "deliveries.bench.picking.enter_pick", "deliveries.bench.picking.report_short",
        "deliveries.bench.verifying.enter_verified",
    ),
    "a correction adds an entry of its own and leaves the first one": (
        "deliveries.door.correcting.correct_sent", "deliveries.door.other_lots.correct_lot",
        "deliveries.door.proof.correct_proof",
    ),
    "a secret: nobody saw what it was": ("access.people.reset_password",),
}  # fmt: skip
"""Deeds that set a fact of a row, take neither its version nor what was shown (``was``), and why the last may win."""


def test_every_deed_that_sets_a_fact_asks_what_was_seen_or_is_named_here() -> None:
    found = runpy.run_path(str(Path(__file__).with_name("reading_deeds.py")))["deeds"]()
    blind = {name for name, (_module, node) in found.items() if _sets_a_fact(node) and not _asks_what_was_seen(node)}
    named = [name for names in BLIND.values() for name in names]
    assert (sorted(blind - set(named)), sorted(set(named) - blind)) == ([], [])


def _sets_a_fact(deed: ast.FunctionDef) -> bool:
    """Whether it sets an attribute in its own body, or updates a table."""
    for node in ast.walk(deed):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            return True
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "update":
            return True
    return False


def _asks_what_was_seen(deed: ast.FunctionDef) -> bool:
    names = {each.arg for each in (*deed.args.args, *deed.args.kwonlyargs)}
    return bool(names & {"version", "was", "seen"})


def test_stale_saves_are_refused_and_change_nothing(one_demonstration: Place) -> None:
    database = open_pharmacy(one_demonstration)
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
