"""The audit trail tells what changed in words, not in its stored form."""

from infusion_desktop.desktop.office.trail_words import facts


def test_what_an_entry_keeps_reads_as_words() -> None:
    assert facts("{}") == "" and facts("") == ""
    assert facts('{"rank":2,"ratio":1,"note":"","ends_on":null}') == "Rank: 2; Ratio: 1"
    assert facts('{"roles":["biller","manager"],"is_cold":true}') == "Roles: biller, manager; Is cold: yes"
    assert facts('{"lines":[{"item":4,"units":2}]}') == "Lines 1: Item: 4, Units: 2"
    assert facts('{"home":{"zip_code":"97205"}}', "\n") == "Home zip code: 97205"
