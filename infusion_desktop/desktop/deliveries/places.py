"""The places of deliveries in the window, and what search and scans find there."""

from infusion_desktop.access.roles import Permission
from infusion_desktop.dates import show_day, today
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.places import Hit, NameScan, Place, Search
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.errors import Refused

_GROUP = "Care"


def _board(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.deliveries.board_screen import BoardScreen

    return BoardScreen(context, desk)


def _bench(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.deliveries.bench_screen import BenchScreen

    return BenchScreen(context, desk)


def _schedule(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.deliveries.schedule_screen import ScheduleScreen

    return ScheduleScreen(context, desk)


def _proof(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.deliveries.proof_screen import ProofScreen

    return ProofScreen(context, desk)


def _wave(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.deliveries.wave_screen import WaveScreen

    return WaveScreen(context, desk)


def _new(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.deliveries.plan_screen import PlanScreen

    return PlanScreen(context, desk)


def _delivery(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.deliveries.delivery_screen import DeliveryScreen

    return DeliveryScreen(context, desk)


def search_deliveries(context: Context) -> Search:
    """Finds deliveries by their number or a part of it."""

    def search(text: str) -> list[Hit]:
        from infusion_desktop.deliveries.lists import find_deliveries

        if not context.may(Permission.SEE_DELIVERIES):
            return []
        with context.database.reading() as session:
            found = find_deliveries(session, text, today(), limit=8)
        return [
            Hit(
                f"{row.number}  {row.patient_name}", f"{row.state.value} · {show_day(row.scheduled_on)}", "truck",
                "delivery", row.id,
            )
            for row in found
        ]  # fmt: skip

    return search


def name_deliveries(context: Context) -> NameScan:
    """Says which delivery a label or manifest is of: work for the bench, or to look at."""

    def name(raw: str) -> Hit | None:
        from infusion_desktop.deliveries.lists import ON_BENCH, find_by_number
        from infusion_desktop.stock.scanning.scan_values import ScanKind
        from infusion_desktop.stock.scanning.scans import read_scan

        if not context.may(Permission.SEE_DELIVERIES):
            return None
        try:
            scan = read_scan(raw, today=today())
        except Refused:
            return None
        if scan.kind not in (ScanKind.DELIVERY, ScanKind.TOTE):
            return None
        with context.database.reading() as session:
            row = find_by_number(session, scan.code, today())
        if row is None:
            return None
        kind = "bench" if row.state in ON_BENCH and context.may(Permission.PICK) else "delivery"
        return Hit(row.number, row.state.value, "truck", kind, row.id)

    return name


PLACES: tuple[Place, ...] = (
    Place("deliveries", "Deliveries", "truck", Permission.SEE_DELIVERIES, _board, _GROUP, opens=("deliveries",)),
    Place("schedule", "Schedule", "calendar", Permission.SEE_DELIVERIES, _schedule, _GROUP, opens=("schedule",)),
    Place("bench", "Bench", "scan", Permission.PICK, _bench, _GROUP, opens=("bench",)),
    Place("proof", "Proof of delivery", "sign", Permission.SEE_DELIVERIES, _proof, _GROUP),
    Place("new delivery", "New delivery", "plus", Permission.PLAN_DELIVERY, _new, _GROUP, ("new delivery",), False),
    Place("wave", "Wave", "list", Permission.PICK, _wave, _GROUP, ("wave",), False),
    Place("delivery", "Delivery", "truck", Permission.SEE_DELIVERIES, _delivery, _GROUP, ("delivery",), False),
)
SEARCHES = (search_deliveries,)
NAME_SCANS = (name_deliveries,)
