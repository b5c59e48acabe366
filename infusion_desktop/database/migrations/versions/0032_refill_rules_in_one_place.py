"""What payers say about refills stands with the refill rules alone, and no more in the billing rules too."""

import json

import sqlalchemy as sa
from alembic import op

from infusion_desktop.database import types

revision = "0032"
down_revision = "0031"

_GONE = ("max_days_supply", "early_refill_days", "contact_window_days", "on_hand_required", "weekend_extra_days")


def upgrade() -> None:
    op.add_column(
        "payer_refill_rule", sa.Column("weekend_extra_days", types.Whole, nullable=False, server_default="0")
    )
    op.add_column(
        "payer_refill_rule", sa.Column("count_required", types.Flag(), nullable=False, server_default=sa.false())
    )
    _take_over(op.get_bind())


def _take_over(connection: sa.Connection) -> None:
    """Billing rules that say something of refills become refill rules of payers that have none.

    Those of payers that have some learn what they could not say: weekends, and the count at home. Versions that were
    taken back never were in force, and say nothing.
    """
    rules = sa.table(
        "payer_rules", sa.column("id"), sa.column("payer_id"), sa.column("starts_on", types.Day()),
        sa.column("ends_on", types.Day()), sa.column("rules"),
    )  # fmt: skip
    refill = sa.table(
        "payer_refill_rule", sa.column("payer_id"), sa.column("starts_on", types.Day()), sa.column("contact_days"),
        sa.column("contact_counts_from_delivery", types.Flag()), sa.column("delivery_days"),
        sa.column("longest_supply_days"), sa.column("weekend_extra_days"), sa.column("count_required", types.Flag()),
        sa.column("source"), sa.column("version"),
    )  # fmt: skip
    have = set(connection.scalars(sa.select(refill.c.payer_id)))
    made: set[tuple[int, object]] = set()
    kept = connection.execute(sa.select(rules).order_by(rules.c.payer_id, rules.c.starts_on, rules.c.id)).all()
    for row in kept:
        data = json.loads(row.rules)
        told = {key: data.pop(key) for key in _GONE if key in data}
        if not told:
            continue
        connection.execute(
            sa.update(rules).where(rules.c.id == row.id).values(rules=json.dumps(data, sort_keys=True))
        )
        if row.ends_on is not None and row.ends_on < row.starts_on:
            continue
        said = {
            "weekend_extra_days": told.get("weekend_extra_days") or 0,
            "count_required": bool(told.get("on_hand_required")),
        }
        if row.payer_id in have:
            connection.execute(sa.update(refill).where(refill.c.payer_id == row.payer_id).values(**said))
            continue
        key = (row.payer_id, row.starts_on)
        says_more = any(told.values()) or any(payer == row.payer_id for payer, _ in made)
        if key in made or not says_more:
            continue
        made.add(key)
        connection.execute(
            sa.insert(refill).values(
                payer_id=row.payer_id, starts_on=row.starts_on, contact_days=told.get("contact_window_days") or 0,
                contact_counts_from_delivery=False, delivery_days=told.get("early_refill_days") or 0,
                longest_supply_days=told.get("max_days_supply") or 0, source="billing rules", version=1, **said,
            )  # fmt: skip
        )
