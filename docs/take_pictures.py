"""Takes the pictures of the guides: the real window over a small demonstration pharmacy, and the two main papers.

Run it with `.venv/bin/python docs/take_pictures.py`; it writes docs/pictures/.
"""

import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication
from sqlalchemy import select

from infusion_desktop.access.people import User
from infusion_desktop.access.pharmacy import profile
from infusion_desktop.billing.papers import claim_summary_of
from infusion_desktop.billing.tables import Claim
from infusion_desktop.billing.words import ClaimId, ClaimState
from infusion_desktop.database.engine import Database, Place
from infusion_desktop.deliveries.papers import print_manifests
from infusion_desktop.deliveries.tables import Delivery
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState
from infusion_desktop.desktop import theme
from infusion_desktop.desktop.context import Context
from infusion_desktop.desktop.rooms import house
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.progress import run_to_end
from infusion_desktop.setting_up import EXAMPLE, set_up

PICTURES = Path(__file__).parent / "pictures"
SIZE = (1280, 800)
ON_THE_BENCH = (DeliveryState.RELEASED, DeliveryState.PICKED, DeliveryState.VERIFIED)


def main() -> None:
    """Make the pharmacy, walk through its window, and keep what is seen."""
    PICTURES.mkdir(exist_ok=True)
    application = QApplication.instance() or QApplication(["", *theme.QT_OPTIONS])
    assert isinstance(application, QApplication)
    with tempfile.TemporaryDirectory() as folder:
        database = open_pharmacy(Place.of(str(Path(folder) / "pharmacy.db")))
        print("Making the demonstration pharmacy ...")
        user = run_to_end(set_up(database, EXAMPLE, "alex", "Alex Morgan", "not kept anywhere", demonstration=True))
        walk(application, database, user, Path(folder))
        papers(database, user)
        database.close()


def walk(application: QApplication, database: Database, user: User, folder: Path) -> None:
    """One picture of each place and of one record of each kind; one in the dark."""
    look = theme.install(application, dark=False)
    with database.reading() as session:
        ours = profile(session)
        picked = session.scalars(select(Delivery.id).where(Delivery.state.in_(ON_THE_BENCH))).first()
        arrived = session.scalars(select(Delivery.id).where(Delivery.state == DeliveryState.DELIVERED)).first()
        claim = session.scalars(select(Claim.id).where(Claim.state == ClaimState.PAID)).first()
    context = Context(
        database, user.id, user.name, frozenset(user.permissions), ours, folder, "pharmacy.db", folder / "copies"
    )
    rooms = house(context)
    settings = QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat)
    shell = Shell(context, rooms.places, searches=rooms.searches, name_scans=rooms.name_scans, settings=settings)
    shell.resize(*SIZE)
    shell.show()
    for place in rooms.places:
        if place.in_rail:
            shell.go(place.key)
            keep(application, shell, place.key)
    records = {"bench": picked, "delivery": arrived, "claim": claim, "patient": 3, "asset": 5, "item": 60}
    for kind, record in records.items():
        if record is not None:
            shell.open(kind, record)
            keep(application, shell, f"one-{kind}")
    look.apply(True)
    shell.go("today")
    keep(application, shell, "today-dark")
    shell.jobs.close()
    shell.close()


def keep(application: QApplication, shell: Shell, name: str) -> None:
    """Wait until everything asked for is shown, then take the picture."""
    end = time.monotonic() + 10
    time.sleep(0.1)
    while time.monotonic() < end and (application.processEvents() or shell.jobs.running):
        time.sleep(0.02)
    for _ in range(20):
        application.processEvents()
        time.sleep(0.01)
    file = PICTURES / f"{name}.png"
    shell.grab().save(str(file))
    _smaller(file)


def papers(database: Database, user: User) -> None:
    """The first page of a manifest and of a claim summary."""
    from pypdfium2 import PdfDocument

    with database.reading() as session:
        delivery = session.scalars(select(Delivery.id).where(Delivery.state == DeliveryState.DELIVERED)).first()
        claim = session.scalars(select(Claim.id).where(Claim.state == ClaimState.PAID)).first()
        summary = None if claim is None else claim_summary_of(session, ClaimId(claim), user.id)
    manifest = None if delivery is None else print_manifests(database, [DeliveryId(delivery)], user.id)
    for name, pdf in (("manifest", manifest), ("claim-summary", summary)):
        if pdf is not None:
            with PdfDocument(pdf) as document:
                file = PICTURES / f"{name}.png"
                document[0].render(scale=1.3).to_pil().save(file)
                _smaller(file)


def _smaller(file: Path) -> None:
    from PIL import Image

    with Image.open(file) as picture:
        picture.convert("RGB").quantize(128).save(file, optimize=True)


if __name__ == "__main__":
    main()
