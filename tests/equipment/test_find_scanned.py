"""A scan names one pump: by our tag, by its serial number, and by the maker's label only within its own model."""

from datetime import date

import pytest

from infusion_desktop.access.people import UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.equipment.queries import find_scanned
from infusion_desktop.equipment.registering import NewAsset, register
from infusion_desktop.errors import Refused
from infusion_desktop.identifiers import gtin_check_digit
from infusion_desktop.stock.catalogue import NewItem, Pack, add_item
from infusion_desktop.stock.places import set_up_places
from infusion_desktop.stock.scanning.scans import read_scan
from infusion_desktop.stock.words import ItemKind

TODAY = date(2026, 11, 24)
CODES = [body + str(gtin_check_digit(body)) for body in ("0081234500001", "0081234500002")]


def test_two_makers_may_give_the_same_serial_number(database: Database, administrator: UserId) -> None:
    with database.transaction() as session:
        set_up_places(session, administrator)
    models = [
        add_item(database, NewItem(code, f"Pump {code}", ItemKind.PUMP, packs=(Pack("each", 1, code),)), administrator)
        for code in CODES
    ]
    pumps = [register(database, NewAsset(model, "SN-7"), administrator) for model in models]
    with database.reading() as session:

        def found(raw: str) -> int | None:
            row, _product = find_scanned(session, read_scan(raw, today=TODAY), TODAY)
            return None if row is None else row.id

        assert [found(f"]d201{code}21SN-7") for code in CODES] == pumps
        assert found("SN-7") is None
        assert found("AST:P0002") == pumps[1]
        assert found(f"]d201{CODES[0]}21SN-8") is None
        assert found(CODES[0]) is None
        with pytest.raises(Refused, match="label of a delivery"):
            found("DLV:12")
