"""The starter kit templates hold together: every item exists, and every kit can be reckoned for its therapy."""

import csv
import io
import json
from datetime import date
from decimal import Decimal

import pytest

import resources
from infusion_desktop.dates import Days
from infusion_desktop.deliveries.care_words import Ages, Purpose
from infusion_desktop.deliveries.rules import Frequency, KitLine, QuantityRule, Supply, need
from infusion_desktop.patients.words import AccessKind, Method, TherapyClass

ITEMS = {row["number"]: row for row in csv.DictReader(io.StringIO(resources.read_text("demonstration/items.csv")))}
KITS = json.loads(resources.read_text("templates/kits.json"))["templates"]
EQUIPMENT = {"ambulatory_pump", "syringe_pump", "stationary_pump", "enteral_pump", "pole"}
each_kit = pytest.mark.parametrize("kit", KITS, ids=lambda kit: kit["code"])


def test_there_is_a_kit_for_each_interval_and_main_therapy():
    assert len({kit["code"] for kit in KITS}) == len(KITS) >= 12
    classes = {TherapyClass[kit["therapy_class"].upper()] for kit in KITS}
    assert len(classes) >= 10
    for hours in (24, 12, 8, 6, 4):
        assert any(
            kit["therapy_class"] == "anti_infective"
            and kit["lowest_interval_hours"] <= hours <= kit["highest_interval_hours"]
            for kit in KITS
        )


@each_kit
def test_a_kit_speaks_the_words_of_therapies(kit):
    assert kit["methods"]
    assert all(Method[method.upper()] in Method for method in kit["methods"])
    assert all(AccessKind[access.upper()] in AccessKind for access in kit["access_kinds"])
    assert 1 <= kit["lowest_interval_hours"] <= kit["highest_interval_hours"] <= 8760


@each_kit
def test_every_item_of_a_kit_exists_and_has_a_way_around_latex(kit):
    for line in kit["lines"]:
        if "equipment" in line:
            assert line["equipment"] in EQUIPMENT
            assert "item" not in line
            continue
        named = [line["item"], *line["alternatives"], *filter(None, [line["latex_free_item"]])]
        assert all(number in ITEMS for number in named)
        assert line["note"]
        if ITEMS[line["item"]]["contains_latex"] == "yes":
            assert ITEMS[line["latex_free_item"]]["contains_latex"] == "no"
    items = [line["item"] for line in kit["lines"] if "item" in line]
    assert len(set(items)) == len(items)


@each_kit
def test_lines_for_an_access_device_or_purpose_fit_their_kit(kit):
    assert Ages[kit.get("ages", "any").upper()] in Ages
    for line in kit["lines"]:
        assert set(line.get("access_kinds", ())) <= set(kit["access_kinds"])
        assert Purpose[line.get("purpose", "supply").upper()] in Purpose
        if line.get("item", "").startswith("OTH-DOC"):
            assert line["purpose"] == "teaching"
    if kit["therapy_class"] == "immune_globulin":
        assert {line["item"] for line in kit["lines"] if line.get("purpose") == "anaphylaxis"} >= {"DRG-EPIN-01"}


def test_the_starter_set_has_the_kits_a_pharmacy_begins_with():
    for method in ("elastomeric", "ambulatory_pump"):
        for hours in (24, 12, 8, 6, 4):
            assert [
                kit["code"]
                for kit in KITS
                if kit["therapy_class"] == "anti_infective" and method in kit["methods"]
                and kit["lowest_interval_hours"] <= hours <= kit["highest_interval_hours"]
            ]  # fmt: skip
    anti_infective = {method for kit in KITS if kit["therapy_class"] == "anti_infective" for method in kit["methods"]}
    assert anti_infective >= {"gravity", "elastomeric", "ambulatory_pump", "syringe_pump", "iv_push"}
    for therapy, method, words in (
        ("hydration", "gravity", ""), ("parenteral_nutrition", "ambulatory_pump", ""), ("pain", "ambulatory_pump", ""),
        ("chemotherapy", "ambulatory_pump", "continuous"), ("immune_globulin", "syringe_pump", ""),
        ("inotrope", "ambulatory_pump", "continuous"), ("catheter_care", "none", "care only"),
        ("enteral_nutrition", "enteral_pump", ""),
    ):  # fmt: skip
        assert any(
            kit["therapy_class"] == therapy and method in kit["methods"] and words in kit["name"] for kit in KITS
        ), f"{therapy} by {method}"
    assert any(kit.get("ages") == "child" for kit in KITS)


@each_kit
def test_a_pump_goes_along_where_the_method_needs_one(kit):
    needs_pump = any(Method[method.upper()].pump for method in kit["methods"])
    sends_pump = any(line.get("equipment", "").endswith("_pump") for line in kit["lines"])
    assert needs_pump == sends_pump


@each_kit
def test_a_week_of_every_kit_can_be_reckoned(kit):
    doses = Frequency.every_hours(kit["lowest_interval_hours"])
    supply = Supply(Days(date(2026, 3, 2), date(2026, 3, 8)), doses=doses, is_first=True)
    for line in kit["lines"]:
        answer = need(KitLine(QuantityRule(line["rule"]), Decimal(line["amount"]), line["round_to"]), supply)
        assert answer.to_send >= answer.needed > 0
        assert answer.why
