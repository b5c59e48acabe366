"""Parcels leave the bench with their tracking numbers, each with its own."""

from collections.abc import Callable
from datetime import timedelta

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from infusion_desktop.access.roles import Role
from infusion_desktop.dates import Days, today
from infusion_desktop.deliveries.bench.picking import pick_all
from infusion_desktop.deliveries.bench.release import release
from infusion_desktop.deliveries.bench.shipping import pack
from infusion_desktop.deliveries.bench.verifying import verify_all
from infusion_desktop.deliveries.papers import print_manifests
from infusion_desktop.deliveries.plans.planning import Visit, Wanted, plan_items
from infusion_desktop.deliveries.words import Carrier, DeliveryId, DeliveryState
from infusion_desktop.desktop.deliveries.bench_screen import BenchScreen
from infusion_desktop.desktop.shell import Shell

from .conftest import House
from .test_proof_screen import page_of

NEXT = Days(today(), today() + timedelta(days=6))


def packed(house: House, carrier: Carrier) -> DeliveryId:
    wanted = [Wanted(house.flush, 2, "asked for")]
    made = plan_items(
        house.database, house.patient, NEXT, today(), wanted, house.pharmacist, visit=Visit(carrier=carrier)
    )
    release(house.database, made, house.pharmacist)
    pick_all(house.database, made, house.technician)
    verify_all(house.database, made, house.pharmacist)
    pack(house.database, made, 1, 0, house.technician)
    return made


def test_a_parcel_needs_its_number_a_courier_may_have_one_and_none_gets_anothers(
    open_shell: Callable[..., Shell], house: House, qtbot: QtBot
) -> None:
    parcel, courier, driver = (packed(house, each) for each in (Carrier.PARCEL, Carrier.COURIER, Carrier.OWN_DRIVER))
    shell = open_shell("bench", Role.TECHNICIAN)
    bench = shell.screen_in_front
    assert isinstance(bench, BenchScreen)
    panel = bench.ship_panel

    def stands(delivery: DeliveryId) -> None:
        shell.open("bench", delivery)
        qtbot.waitUntil(lambda: bench.delivery_id == delivery and bench.side.currentWidget() is panel)
        qtbot.waitUntil(lambda: not shell.jobs.running)

    def leaves(delivery: DeliveryId) -> None:
        qtbot.mouseClick(panel.ship, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: page_of(house, delivery).row.state is DeliveryState.SHIPPED)

    stands(parcel)
    qtbot.mouseClick(panel.ship, Qt.MouseButton.LeftButton)
    assert "needed" in panel.tracking.error.text()
    assert page_of(house, parcel).row.state is DeliveryState.PACKED
    qtbot.keyClicks(panel.tracking.line, "1Z999AA10123456784")
    stands(courier)
    assert panel.tracking.isVisible() and panel.tracking.typed() == "", (
        "the number typed for the parcel is not this one's"
    )
    stands(parcel)
    for label, stands_there in ((f"DLV:{page_of(house, parcel).row.number}", ""), ("961201987654", "961201987654"),
                                ("]d20109506000134352172812311 0A12", "961201987654"),
                                ("1Z999AA10123456784", "1Z999AA10123456784")):  # fmt: skip
        shell.on_scan(label)
        qtbot.waitUntil(lambda: not shell.jobs.running)
        assert panel.tracking.typed() == stands_there, label
    leaves(parcel)
    stands(courier)
    leaves(courier)
    stands(driver)
    assert not panel.tracking.isVisible()
    leaves(driver)
    assert [page_of(house, each).tracking for each in (parcel, courier, driver)] == ["1Z999AA10123456784", "", ""]
    assert print_manifests(house.database, [parcel], house.technician).startswith(b"%PDF")
