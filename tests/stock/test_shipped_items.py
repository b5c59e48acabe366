"""The demonstration catalogue holds together: check digits, packs, codes, costs."""

import csv
import io
import re
from decimal import Decimal

import pytest

import resources
from infusion_desktop.identifiers import gtin14, read_ndc
from infusion_desktop.stock.words import BillingClass, ItemKind, Storage

ITEMS = tuple(csv.DictReader(io.StringIO(resources.read_text("demonstration/items.csv"))))
PRICE = re.compile(r"\d{1,6}\.\d{2,4}")
each_item = pytest.mark.parametrize("item", ITEMS, ids=lambda item: item["number"])


def gtins(item):
    return [item[name] for name in ("each_gtin", "pack1_gtin", "pack2_gtin") if item[name]]


def test_the_catalogue_is_of_the_promised_size_and_covers_every_kind():
    assert len(ITEMS) >= 300
    assert {ItemKind[item["kind"].upper()] for item in ITEMS} == set(ItemKind)
    assert {Storage[item["storage"].upper()] for item in ITEMS} == set(Storage)
    assert any(item["contains_latex"] == "yes" for item in ITEMS)
    assert any(item["hazardous"] == "yes" for item in ITEMS)


def test_numbers_names_and_gtins_are_unique():
    assert len({item["number"] for item in ITEMS}) == len(ITEMS)
    assert len({(item["name"], item["manufacturer"]) for item in ITEMS}) == len(ITEMS)
    all_gtins = [gtin14(code) for item in ITEMS for code in gtins(item)]
    assert len(set(all_gtins)) == len(all_gtins)


@each_item
def test_every_item_is_whole(item):
    assert None not in item.values()
    assert item["name"]
    assert item["manufacturer"]
    assert BillingClass[item["billing_class"].upper()] in BillingClass
    for name in ("lot_tracked", "serial_tracked", "contains_latex", "hazardous"):
        assert item[name] in ("yes", "no")
    assert PRICE.fullmatch(item["unit_cost"])
    assert int(item["reorder_point"]) <= int(item["par_level"])
    assert int(item["shelf_life_days"]) >= 0
    assert all(gtin14(code).endswith(code) for code in gtins(item))
    assert Decimal(item["hcpcs_units_per_unit"]) > 0
    assert item["hcpcs"] == "" or re.fullmatch(r"[A-Z]\d{4}", item["hcpcs"])


@each_item
def test_packs_grow_and_each_has_a_gtin(item):
    sizes = [int(item[f"pack{n}_quantity"] or 0) for n in (1, 2)]
    for n, size in enumerate(sizes, start=1):
        assert bool(size) == bool(item[f"pack{n}_name"]) == bool(item[f"pack{n}_gtin"])
    assert sizes[0] != 1
    assert sizes[1] == 0 or (sizes[1] > sizes[0] and sizes[1] % sizes[0] == 0)


@each_item
def test_an_ndc_has_its_unit_and_stands_in_the_gtin(item):
    if not item["ndc"]:
        assert not item["ndc_unit"]
        return
    assert read_ndc(item["ndc"]) == item["ndc"]
    assert item["ndc_unit"] in ("UN", "ML", "GR", "F2", "ME")
    assert Decimal(item["ndc_quantity_per_unit"]) > 0
    assert gtin14(item["each_gtin"])[3:13] == item["ndc"][:9] + item["ndc"][10]


def test_pumps_and_poles_are_tracked_by_serial_number_and_drugs_by_lot():
    for item in ITEMS:
        kind = ItemKind[item["kind"].upper()]
        assert (item["serial_tracked"] == "yes") == kind.is_equipment
        if kind in (ItemKind.DRUG, ItemKind.DILUENT, ItemKind.FLUSH):
            assert item["lot_tracked"] == "yes"


def test_no_controlled_substance_is_in_the_catalogue():
    controlled = (
        "morphine",
        "hydromorphone",
        "fentanyl",
        "ketamine",
        "midazolam",
        "meperidine",
        "methadone",
        "testosterone",
    )
    assert not [item["name"] for item in ITEMS if any(name in item["name"].lower() for name in controlled)]
