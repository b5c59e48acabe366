"""Numbers other people give out are read as typed and refused when they cannot be right."""

from collections.abc import Callable

import pytest

from infusion_desktop.errors import Refused
from infusion_desktop.identifiers import (
    gtin14,
    gtin_check_digit,
    is_npi,
    read_ndc,
    read_npi,
    read_phone,
    read_tax_id,
    read_taxonomy,
    read_zip,
    show_ndc,
    show_phone,
    show_zip,
)


def test_the_published_npi_example_is_good_and_no_other_check_digit_is() -> None:
    good = [f"123456789{last}" for last in range(10) if is_npi(f"123456789{last}")]
    assert good == ["1234567893"]
    assert is_npi("1112223338")


def test_every_single_wrong_digit_and_most_swaps_of_an_npi_are_noticed() -> None:
    npi = "1234567893"
    for place in range(10):
        for digit in "0123456789":
            changed = npi[:place] + digit + npi[place + 1 :]
            assert is_npi(changed) == (changed == npi)
    assert not is_npi("1324567893")


@pytest.mark.parametrize("text", ["3234567893", "١٢٣٤٥٦٧٨٩٣", "123456789", "12345678933", "", "1234567893\n", "ABC"])
def test_what_is_no_npi(text: str) -> None:
    assert not is_npi(text)


def test_an_npi_is_read_with_the_marks_people_type() -> None:
    assert read_npi(" 1234-567-893 ") == "1234567893"


@pytest.mark.parametrize(
    ("typed", "eleven"),
    [
        ("00781320985", "00781320985"),
        ("0781-3209-85", "00781320985"),
        ("00781-3209-85", "00781320985"),
        ("12345-678-90", "12345067890"),
        ("12345-6789-1", "12345678901"),
    ],
)
def test_an_ndc_becomes_eleven_digits(typed: str, eleven: str) -> None:
    assert read_ndc(typed) == eleven
    assert read_ndc(show_ndc(eleven)) == eleven


@pytest.mark.parametrize("typed", ["0781320985", "4444-333-1", "1-2-3", "N400781320985", "", "٠٠٧٨١٣٢٠٩٨٥", "9" * 5000])
def test_an_ndc_that_could_be_two_drugs_or_none_is_refused(typed: str) -> None:
    with pytest.raises(Refused, match=r"NDC.*hyphens") as refused:
        read_ndc(typed)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    ("typed", "fourteen"),
    [
        ("614141000036", "00614141000036"),
        ("4006381333931", "04006381333931"),
        ("10614141000415", "10614141000415"),
        ("96385074", "00000096385074"),
    ],
)
def test_a_gtin_of_any_length_becomes_fourteen_digits(typed: str, fourteen: str) -> None:
    assert gtin14(typed) == fourteen
    assert gtin_check_digit(fourteen[:-1]) == int(fourteen[-1])


@pytest.mark.parametrize("typed", ["614141000037", "1234567890", "", "ABCDEFGHIJKL"])
def test_a_gtin_with_a_wrong_check_digit_or_length_is_refused(typed: str) -> None:
    with pytest.raises(Refused, match="GTIN"):
        gtin14(typed)


def test_addresses_and_numbers_of_offices_are_read_as_typed() -> None:
    assert read_zip("55401-1234") == "554011234" and show_zip("554011234") == "55401-1234"
    assert read_zip(" 55401 ") == "55401"
    assert read_phone("+1 (612) 555-0123") == "6125550123" and show_phone("6125550123") == "(612) 555-0123"
    assert read_tax_id("41-1234567") == read_tax_id("411-23-4567") == "411234567"
    assert read_taxonomy("3336h0001x") == "3336H0001X"


@pytest.mark.parametrize("read", [read_npi, read_zip, read_phone, read_tax_id, read_taxonomy])
@pytest.mark.parametrize("text", ["", "5540", "1_000_000_0", "NaN", "1e9", "\x1d", "٥٥٤٠١", "0" * 5000, "012-555-0123"])
def test_anything_else_is_refused_with_what_is_expected(read: Callable[[str], str], text: str) -> None:
    with pytest.raises(Refused, match="Type ") as refused:
        read(text)
    assert len(str(refused.value)) < 200
