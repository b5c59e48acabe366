"""Whatever is wrong in the books is found and named, each way by itself, on both engines (RELIABILITY A6).

Every test that writes asks whether the books are in order; that the question is worth something is shown here.
"""

import re

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from infusion_desktop.billing import verify as billing
from infusion_desktop.database.engine import open_engine
from infusion_desktop.deliveries import verify as deliveries
from infusion_desktop.equipment import verify as equipment
from infusion_desktop.opening import know_tables
from infusion_desktop.stock import verify as stock

MAIN = "(SELECT id FROM location WHERE code = 'MAIN')"
WRONG: dict[str, tuple[str, str]] = {
    "stock: a balance too high": (
        "UPDATE balance SET on_hand = on_hand + 2", r"the moves make -2 more than the balance"),
    "stock: a balance too low": (
        "UPDATE balance SET on_hand = on_hand - 2 WHERE on_hand > reserved + 2", r"make \+2 more than the balance"),
    "stock: a move that no balance knows": (
        "UPDATE move SET quantity = quantity + 3", r"the moves make [+-]\d+ more than the balance"),
    "stock: a reservation nobody made": (
        "UPDATE balance SET reserved = reserved + 1 WHERE on_hand > reserved", r"-1 reserved beyond the balance"),
    "stock: a reservation that grew": (
        "UPDATE reservation SET quantity = quantity + 1", r"\+1 reserved beyond the balance"),
    "stock: more reserved than there is": (
        "UPDATE balance SET reserved = on_hand + 1", r": below zero\."),
    "stock: an unusable lot on the shelf": (
        "UPDATE balance SET usable = NOT usable", r"repeats other facts than the lot"),
    "stock: a held lot that is used": (
        "UPDATE lot SET held = 'recall' WHERE held = ''", r"repeats other facts than the lot"),
    "stock: another expiry": (
        "UPDATE lot SET expires_on = '2049-01-31' WHERE expires_on IS NOT NULL", r"repeats other facts than the lot"),
    "stock: an order that knows of no receipt": (
        "UPDATE purchase_order_line SET received = received + 1", r"\d+ received, the receipts say \d+"),
    "equipment: a state without its event": (
        "UPDATE asset SET state = 'cleaned' WHERE state = 'patient-ready'", r"is not what its last event says"),
    "equipment: a place without its event": (
        f"UPDATE asset SET location_id = {MAIN} WHERE state = 'received'", r"is not what its last event says"),
    "equipment: reserved for nothing": (
        "UPDATE asset SET document = '' WHERE state = 'reserved'", r"on the way, but for nothing"),
    "equipment: with a patient, on our shelf": (
        f"UPDATE asset SET location_id = {MAIN} WHERE state = 'with patient'", r"do not go together"),
    "equipment: it left unchecked": (
        "UPDATE asset_event SET deed = 'clean' WHERE deed = 'pass function check'", r"without a passed check"),
    "equipment: a booking that keeps nothing": (
        "UPDATE asset_booking SET asset_id = (SELECT id FROM asset WHERE state = 'due back' ORDER BY id LIMIT 1)",
        r"kept for a booking that is not open, or booked and not kept"),
    "equipment: kept for no booking": (
        "UPDATE asset_booking SET ended_at = first_on", r"kept for a booking that is not open, or booked and not kept"),
    "deliveries: one pair of hands": (
        "UPDATE delivery_step SET staff_id = 1", r"whoever verified it had picked it"),
    "deliveries: reserved for one that is done": (
        "UPDATE reservation SET document = 'delivery', document_id = 1", r"reserved beyond what it lists"),
    "deliveries: more listed than was shipped": (
        "UPDATE delivery_lot SET quantity = quantity + 1", r"-1 shipped beyond what it lists"),
    "deliveries: came back, says the list alone": (
        "UPDATE delivery_lot SET came_back = came_back + 1", r"-1 came back beyond what it lists"),
    "deliveries: not verified": (
        "UPDATE delivery_lot SET verified = 0", r"without being picked and verified in full"),
    "deliveries: not picked": (
        "UPDATE delivery_lot SET picked = 0", r"without being picked and verified in full"),
    "deliveries: a line that owes more": (
        "UPDATE delivery_line SET owed = owed + 1", r"what is owed are not what it sends"),
    "deliveries: no proof": (
        "DELETE FROM proof_of_delivery", r"without proof of delivery"),
    "deliveries: a pump that is missing": (
        "UPDATE delivery_equipment SET asset_id = NULL", r"without a pump or pole it asks for"),
    "billing: a claim against its lines": (
        "UPDATE claim_line SET charge = charge + 1", r"Claim \d+ charges [\d.]+, its lines [\d.]+"),
    "billing: a charge of the ledger": (
        "UPDATE receivable_entry SET amount = amount + 1 WHERE kind = 'charge'",
        r"Claim \d+ charges [\d.]+, the ledger"),
    "billing: charged, and not sent": (
        "UPDATE claim SET state = 'voided' WHERE state = 'paid'", r"is voided, but the ledger charges"),
    "billing: another payment than its entries": (
        "UPDATE remittance SET amount = amount + 1", r"Remittance \d+ is [\d.]+, its entries"),
    "billing: a transfer to the patient": (
        "UPDATE receivable_entry SET amount = amount + 1 WHERE group_code = 'PR'", r"to the patient do not balance"),
    "billing: a decision": (
        "UPDATE payer_decision SET paid = paid + 1", r"Decision \d+ pays [\d.]+, the ledger took"),
    "billing: a transfer of no decision": (
        "UPDATE receivable_entry SET decision_id = NULL WHERE amount > 0 AND group_code = 'PR'",
        r"between payers and patients do not balance"),
    "billing: more posted than came": (
        "UPDATE deposit SET amount = 1", r"Deposit \d+ brought [\d.]+, but [\d.]+ are posted"),
    "billing: posted into a closed month": (
        "INSERT INTO month_close (id, first_on, last_on, closed_at, staff_id, last_entry_id, last_item_id, figures,"
        " sha256) SELECT 1, '2020-01-01', '2099-12-31', min(at), 1, 0, 0, '{}', '' FROM audit_entry",
        r"entries were posted into a month that was closed"),
    "billing: a unit without evidence": (
        "UPDATE claim_line SET units = units + 1", r"units without evidence for each"),
    "billing: no rules": (
        "UPDATE claim_line SET rules_id = NULL", r"does not name the payer rules"),
    "billing: no therapy": (
        "UPDATE claim_line SET evidence = replace(evidence, '\"therapy\": 1,', '\"therapy\": null,')"
        " WHERE kind = 'per diem'", r"has a unit without a therapy"),
    "billing: left without a file": (
        "UPDATE claim SET batch_id = NULL", r"left without a claim file"),
    "billing: an empty file": (
        "UPDATE claim_batch SET content = ''", r"Claim file \d+ has no content"),
}  # fmt: skip


ROOMS = {"stock": stock, "equipment": equipment, "deliveries": deliveries, "billing": billing}


def problems(connection: Connection, room: str) -> tuple[str, ...]:
    with Session(connection, join_transaction_mode="rollback_only") as session:
        return tuple(ROOMS[room].problems(session))


def open_to_all(connection: Connection) -> None:
    """From now on nothing in this database stands in anybody's way."""
    if connection.dialect.name == "sqlite":
        for pragma in ("ignore_check_constraints = ON", "foreign_keys = OFF"):
            connection.connection.driver_connection.execute(f"PRAGMA {pragma}")  # type: ignore[union-attr]
        for name in connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
            connection.execute(text(f"DROP TRIGGER {name}"))
    else:
        checks = "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'c' AND conrelid <> 0"
        for table, name in connection.execute(text(checks)).all():
            connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))
        connection.execute(text("SET session_replication_role = replica"))
    connection.commit()


@pytest.mark.parametrize("where", ["sqlite", "postgresql"])
def test_each_wrong_thing_is_found_and_named(request: pytest.FixtureRequest, where: str) -> None:
    know_tables()
    engine, silent = open_engine(request.getfixturevalue(f"{where}_demonstration"), guarded=False), []
    with engine.connect() as connection:
        open_to_all(connection)
        for what, (wrong, said) in WRONG.items():
            room = what.partition(":")[0]
            assert connection.execute(text(wrong)).rowcount, f"{what}: nothing was made wrong"
            if not any(re.search(said, each) for each in problems(connection, room)):
                silent.append(what)
            connection.rollback()
        assert [problem for room in ROOMS for problem in problems(connection, room)] == [], "for a moment only"
    engine.dispose()
    assert silent == []
