"""Scans: what a label says is read exactly, and what is broken is answered by a sentence, never by a wrong lot."""

import random
from datetime import date
from functools import partial
from string import ascii_uppercase, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infusion_desktop.dates import month_of
from infusion_desktop.errors import Refused
from infusion_desktop.identifiers import gtin_check_digit
from infusion_desktop.stock.scanning import gs1
from infusion_desktop.stock.scanning.scans import ScanKind, own_code, read_scan, reasons_against_separator
from tests import hibc_codes
from tests.effort import light

PIECES = 20
"""Of plain work, for a scan."""
TODAY = date(2026, 3, 1)
GS = "\x1d"


def gtin_of(body: str) -> str:
    return body + str(gtin_check_digit(body))


def read(text, **how):
    return read_scan(text, today=TODAY, **how)


GOOD = gtin_of("0085000000001")
FULL = f"01{GOOD}17270331" + f"10LOT42{GS}21SN7"


def facts(scan):
    return scan.gtin14, scan.lot, scan.expires_on, scan.serial


@pytest.mark.parametrize(
    "text",
    [
        FULL,
        "]d2" + FULL,
        "]C1" + FULL + "\r\n",
        "]e0" + FULL,
        "]Q3" + FULL,
        GS + FULL + GS,
        FULL.replace(GS, GS + GS),
        FULL.replace(GS, "␝"),
        f"(01){GOOD}(17)270331(10)LOT42(21)SN7",
        f"(01) {GOOD} (17) 270331 (10) LOT42 (21) SN7",
        f"]d201{GOOD}17270331" + f"21SN7{GS}10LOT42\t",
    ],
)
def test_one_label_reads_the_same_however_the_scanner_types_it(text):
    assert facts(read(text)) == (GOOD, "LOT42", date(2027, 3, 31), "SN7")


@pytest.mark.parametrize("separator", ["|", "~", "^", "<GS>", "{GS}", "#", "é"])
def test_a_configured_substitute_stands_for_the_separator(separator):
    assert facts(read(FULL.replace(GS, separator), separator=separator)) == facts(read(FULL))


@pytest.mark.parametrize("separator", ["A", "1", "%", "ab", " ", "\r", "<A"])
def test_a_separator_that_labels_may_hold_is_refused(separator):
    assert reasons_against_separator(separator)
    with pytest.raises(Refused, match="separator must be"):
        read(FULL, separator=separator)


@pytest.mark.parametrize(
    ("digits_", "day"),
    [
        ("260300", date(2026, 3, 31)),
        ("280200", date(2028, 2, 29)),
        ("270200", date(2027, 2, 28)),
        ("760101", date(2076, 1, 1)),
        ("770101", date(1977, 1, 1)),
        ("991231", date(1999, 12, 31)),
    ],
)
def test_expiry_takes_day_zero_as_the_last_of_the_month_and_the_century_from_today(digits_, day):
    assert read(f"01{GOOD}17{digits_}").expires_on == day


def test_the_century_turns_with_today():
    assert read_scan(f"01{GOOD}17010101", today=date(2060, 1, 1)).expires_on == date(2101, 1, 1)


def test_other_fields_are_read():
    scan = read(f"01{GOOD}11260102" + f"3012{GS}240REF9{GS}10A1")
    assert (scan.quantity, scan.code, scan.made_on, scan.lot) == (12, "REF9", date(2026, 1, 2), "A1")
    assert read(f"01{GOOD}7003270331" + "1200").expires_on == date(2027, 3, 31)


def test_a_second_code_without_an_item_is_read():
    assert facts(read("]C11727033110LOT42")) == ("", "LOT42", date(2027, 3, 31), None)
    assert facts(read("1727033110LOT42")) == ("", "LOT42", date(2027, 3, 31), None)
    assert facts(read("(10)LOT42")) == ("", "LOT42", None, None)


@pytest.mark.parametrize("body", ["9638507", "03600029145", "400638133393", "1061414100073"])
def test_a_bare_gtin_becomes_fourteen_digits(body):
    code = gtin_of(body)
    for text in (code, f" {code} \r", GS + code):
        assert read(text).gtin14 == code.zfill(14)
    assert read("]E0" + gtin_of("400638133393")).gtin14 == "0" + gtin_of("400638133393")


@pytest.mark.parametrize(
    ("text", "kind", "code"),
    [
        ("DLV:D-004812", ScanKind.DELIVERY, "D-004812"),
        ("dlv:4812", ScanKind.DELIVERY, "4812"),
        ("AST:P0042", ScanKind.ASSET, "P0042"),
        ("LOC:A-03-2", ScanKind.LOCATION, "A-03-2"),
        ("LOT:918", ScanKind.LOT_LABEL, "918"),
        ("TOTE:12", ScanKind.TOTE, "12"),
        ("USR:B77", ScanKind.BADGE, "B77"),
        ("]C0DLV:4812", ScanKind.DELIVERY, "4812"),
        ("TUB-1023", ScanKind.TEXT, "TUB-1023"),
        ("10234", ScanKind.TEXT, "10234"),
        ("12345678", ScanKind.TEXT, "12345678"),
    ],
)
def test_our_own_labels_and_item_numbers(text, kind, code):
    scan = read(text)
    assert (scan.kind, scan.code, scan.lot, scan.gtin14) == (kind, code, None, "")


def test_our_labels_are_read_back_as_written():
    for kind in (ScanKind.DELIVERY, ScanKind.TOTE, ScanKind.BADGE):
        assert read(own_code(kind, "A-1")).kind is kind
    with pytest.raises(ValueError, match="capital letters"):
        own_code(ScanKind.TOTE, "a b")
    with pytest.raises(ValueError, match="capital letters"):
        own_code(ScanKind.TEXT, "A1")


# --- HIBC ---------------------------------------------------------------------------------------------------------


def test_published_hibc_examples():
    """The examples of the standard (ANSI/HIBC 2.6)."""
    first = read("+A123BJC5D6E71G")
    assert (first.code, first.link) == ("A123BJC5D6E71", "G")
    both = read("+A99912345/$$52001510X33")
    assert (both.code, both.lot, both.expires_on) == ("A99912345", "10X3", date(2020, 1, 15))


@pytest.mark.parametrize(
    ("second", "lot", "expires_on", "serial", "quantity"),
    [
        ("$LOT42", "LOT42", None, None, None),
        ("$+SN7", None, None, "SN7", None),
        ("$$0927LOT42", "LOT42", date(2027, 9, 30), None, None),
        ("$$1227LOT42", "LOT42", date(2027, 12, 31), None, None),
        ("$$2022928LOT42", "LOT42", date(2028, 2, 29), None, None),
        ("$$3270331LOT42", "LOT42", date(2027, 3, 31), None, None),
        ("$$427033114LOT42", "LOT42", date(2027, 3, 31), None, None),
        ("$$527090LOT42", "LOT42", date(2027, 3, 31), None, None),
        ("$$62709014LOT42", "LOT42", date(2027, 3, 31), None, None),
        ("$$7LOT42", "LOT42", None, None, None),
        ("$$8240927LOT42", "LOT42", date(2027, 9, 30), None, 24),
        ("$$9001007LOT42", "LOT42", None, None, 100),
        ("$$+3270331SN7", None, date(2027, 3, 31), "SN7", None),
        ("$$+7SN7", None, None, "SN7", None),
        ("27090LOT42", "LOT42", date(2027, 3, 31), None, None),
    ],
)
def test_each_form_of_a_hibc_second_part_joined_and_alone(second, lot, expires_on, serial, quantity):
    alone = read(hibc_codes.build_secondary(second, "G"))
    assert (alone.lot, alone.expires_on, alone.serial, alone.quantity) == (lot, expires_on, serial, quantity)
    assert (alone.code, alone.link) == ("", "G")
    joined = read(hibc_codes.build("A123BJC5D6E71", second))
    assert (joined.lot, joined.expires_on, joined.serial, joined.quantity) == (lot, expires_on, serial, quantity)
    assert joined.code == "A123BJC5D6E71"


def test_hibc_supplements_and_human_text():
    code = hibc_codes.build("A123BJC5D6E71", "$$7LOT42/S77DEF/14D20270331/16D20260102/Q500")
    scan = read(f"*{code}*")
    assert (scan.lot, scan.serial, scan.quantity) == ("LOT42", "77DEF", 500)
    assert (scan.expires_on, scan.made_on) == (date(2027, 3, 31), date(2026, 1, 2))


def test_a_hibc_check_character_may_be_a_space():
    code = hibc_codes.build("A123BC1")
    assert code.endswith(" ")
    assert read(code + "\r\n").link == " "


# --- hostile ------------------------------------------------------------------------------------------------------

BROKEN_AT = [FULL[:n] for n in (17, 19, 20, 21, 22, 23, 25, 26)]
LONG_LOT = f"01{GOOD}10" + "L" * 21
HIBC_BOTH = hibc_codes.build("A123BJC5D6E71", "$$3270331LOT42")
HOSTILE = [
    "",
    " ",
    "\r\n",
    GS,
    GS * 3,
    "]d2",
    "]C1 ",
    "]",
    "]]",
    "]d",
    "]9x01",
    "A" * 129,
    "1" * 5000,
    "\x00",
    "A\x00B",
    "A\x1bB",
    "A\x07",
    "\x7fA",
    "A\u202eB",
    "A\u200bB",
    "A\ufeffB",
    "A\ud800B",
    "A\ue000",
    "A\u2028B",
    "A\tB",
    "A\nB",
    f"]D2{FULL}",
    f"]c1{FULL}",
    f"]q3{FULL}",
    "]d2HELLO",
    "]C1",
    "]E0123",
    "]E0" + "4006381333930",
    "]E0ABC",
    "]I1" + "1" * 14,
    LONG_LOT,
    LONG_LOT + GS + "21A",
    FULL + "|",
    FULL.replace(GS, "|"),
    FULL.replace(GS, " "),
    FULL.replace(GS, ""),
    FULL.replace(GS, "é"),
    FULL.replace(GS, "^]"),
    FULL.replace(GS, "~"),
    FULL.replace(GS, "?"),
    FULL.replace(GS, "029"),
    FULL.replace(GS, "%"),
    FULL.replace(GS, "<GS>"),
    FULL + FULL,
    FULL + "\r" + FULL,
    FULL + GS + FULL + "X",
    FULL + GS + "10OTHER",
    FULL + GS + "17270401",
    FULL + GS + "7003270401" + "1200",
    FULL + GS + "21X",
    f"01{GOOD}17271301",
    f"01{GOOD}17270230",
    f"01{GOOD}17270001",
    f"01{GOOD}17AB0331",
    f"01{GOOD}1727033",
    f"01{GOOD}11260230",
    f"01{GOOD}10",
    f"01{GOOD}10{GS}21A",
    f"01{GOOD}21",
    f"01{GOOD}30",
    f"01{GOOD}300",
    f"01{GOOD}30X",
    f"01{GOOD}30123456789",
    f"01{GOOD}XYZ",
    f"01{GOOD}9",
    f"01{GOOD}{GS}ABC",
    f"01{GOOD[:7]}{GS}{GOOD[7:]}17270331",
    f"01{GOOD}10LO{GS}T42",
    "01" + "0" * 14,
    "01" + GOOD[:13] + str((int(GOOD[13]) + 1) % 10),
    f"02{GOOD}3712" + GS + "10A",
    f"]d202{GOOD}3712",
    "]C100123456789012345675",
    "(00)123456789012345675",
    "]d2240REF",
    "(240)REF",
    "(99)X",
    "]d291ABC",
    "(01)",
    "(01",
    "(1)A",
    "(01)123",
    f"(01){GOOD}(10)",
    f"(01){GOOD}(17)271301",
    f"(01){GOOD}(10)A(10)B",
    f"(01){GOOD}(10)A B",
    f"(01){GOOD}17270331",
    f"(01){GOOD}(10){'L' * 21}",
    f"(01){GOOD}(17)27033",
    f"(01){GOOD}(10)LOT01{GOOD}",
    f"(01){GOOD}(17)",
    f"(01){GOOD}(30)0",
    f"(01){GOOD}\x00(10)A",
    f"(01){'0' * 14}",
    "(03)(10)A",
    "(1)(2)(3)",
    "(01)" + "9" * 14,
    f"(01){GOOD}(21)é",
    f"01{GOOD}10ABC01{GOOD}",
    f"01{GOOD}10A1727033121X",
    f"01{GOOD}10A17270331",
    f"01{GOOD}21S10A",
    f"01{GOOD}3051012A",
    f"01{GOOD}305{'10'}1234",
    f"01{GOOD}10A240REF",
    f"01{GOOD}240REF10LOT",
    f"01{GOOD}10A305",
    f"01{GOOD}10A7003270331" + "1200",
    "000000000000",
    "00000000",
    "0000000000000",
    "00000000000000",
    "4006381333930",
    "036000291453",
    "10614141000738",
    "12345678901234",
    "１２３４５６７８９０１２３４" + GS,
    "01" + "٠" * 14 + GS,
    f"01{GOOD}17２７0331",
    f"01{GOOD}10LÖT",
    f"01{GOOD}10\x1e21A",
    "+",
    "+A",
    "++",
    "+A12",
    "+A123BJC5D6E71H",
    "+a123bjc5d6e71g",
    "+A123BJC5D6E71",
    "+É123",
    "+$",
    "+$$",
    "+/A",
    "+A123/",
    "+123",
    HIBC_BOTH[:-1],
    HIBC_BOTH[:-1] + ("A" if HIBC_BOTH[-1] != "A" else "B"),
    HIBC_BOTH + "X",
    HIBC_BOTH.replace("/", ""),
    HIBC_BOTH.replace("/", GS),
    HIBC_BOTH.replace("$", "4"),
    HIBC_BOTH.replace("LOT42", "LOT43"),
    HIBC_BOTH.replace("LOT42", "L0T42"),
    HIBC_BOTH + HIBC_BOTH,
    HIBC_BOTH.replace("+", "?") + GS,
    HIBC_BOTH.lower(),
    "*" + HIBC_BOTH[:-1] + "*",
    hibc_codes.build("A123"),
    hibc_codes.build("A123BJC5D6E7X"),
    hibc_codes.build("A123" + "B" * 19 + "1"),
    hibc_codes.build("A123B1", "") + " X",
    *(
        hibc_codes.build("A123BJC5D6E71", second)
        for second in (
            "LOT42",
            "$",
            "$+",
            "$" + "L" * 19,
            "$$",
            "$$A",
            "$$3270230LOT42",
            "$$21332727L",
            "$$1327LOT",
            "$$527000LOT",
            "$$527366LOT",
            "$$52736",
            "$$8XX0927L",
            "$$8000927L",
            "$$900000",
            "$$9ABC",
            "$$4270331",
            "$$6270",
            "$$7 LOT",
            "$$7LOT/X1",
            "$$7LOT/",
            "$$7LOT/14D20270230",
            "$$7LOT/14D2027",
            "$$3270331LOT/14D20270401",
            "$$7LOT/Q0",
            "$$7LOT/QX",
            "$$824" + "7LOT/Q23",
            "$$+7SN/SOTHER",
            "$$7LOT/S",
            "$$7LOT/S" + "S" * 19,
            "27366LOT",
            "27000LOT",
            "2709",
            "%LOT",
            "$LOT 42",
            "$LOT+42",
            "$$7LOT+42",
            "$$7L.T%",
        )
    ),
    *(
        hibc_codes.build_secondary(second, "G")
        for second in (
            "$" + "L" * 19,
            "$$X",
            "$$3270230LOT42",
            "$$1327LOT",
            "$$527366LOT",
            "27366LOT",
            "$LOT 42",
            "$$7LOT/X",
            "2736",
        )
    ),
    "DLV:",
    "DLV: ",
    "AST:é",
    "LOC:A B",
    "LOT:" + "1" * 41,
    "TOTE:;DROP",
    "USR:'",
    "dlv:*",
    "DLV:%",
    "LOC:\\",
    "https://id.gs1.org/01/" + GOOD,
    "HTTP://X",
    "www.example.com",
    "[)>\x1e06\x1d",
    "[)>06",
    "=A99971234567800",
    "=%5100",
    "HELLO" + GS + "WORLD",
    GS + "HELLO",
    "DLV:1" + GS,
    "A" + GS + GS + "10LOT",
    "ITEM10LOT" + GS,
    *BROKEN_AT,
]


def test_there_are_enough_hostile_scans():
    assert len(set(HOSTILE)) >= 200


@pytest.mark.parametrize("text", sorted(set(HOSTILE)), ids=lambda text: ascii(text)[:40])
def test_a_hostile_scan_is_answered_by_a_sentence(text):
    with pytest.raises(Refused) as answer:
        light(lambda: read(text), PIECES)
    sentence = str(answer.value)
    assert sentence.endswith(".")
    assert len(sentence) < 400
    assert any(way in sentence for way in ("Scan", "scan", "Type", "type", "Turn", "Count", "look"))
    assert all(letter.isprintable() for letter in sentence)


def test_129_characters_are_too_many_and_128_are_not():
    assert read("A" * 128).kind is ScanKind.TEXT
    with pytest.raises(Refused, match="128 at most"):
        read("A" * 129)


def test_a_long_doubtful_value_is_answered_quickly():
    with pytest.raises(Refused):
        light(lambda: read(f"01{GOOD}91" + "2110" * 22 + "é"), PIECES)
    light(lambda: read(f"01{GOOD}91" + "A" * 90), PIECES)
    for text in ("2130" * 22, "1021" * 22, "3021" * 21 + "3X"):
        with pytest.raises(Refused):
            light(partial(read, f"01{GOOD}91" + text), PIECES)


# --- no wrong lot ---------------------------------------------------------------------------------------------------

LETTERS = ascii_uppercase + digits + "-./"
RANDOM = random.Random(20260301)


def some(longest):
    return "".join(RANDOM.choice(LETTERS) for _ in range(RANDOM.randint(1, longest)))


def generated_gs1():
    gtin = gtin_of("0" + "".join(RANDOM.choice(digits) for _ in range(12)))
    day = f"{RANDOM.randint(26, 31)}{RANDOM.randint(1, 12):02}{RANDOM.randint(0, 28):02}"
    rest = [("10", some(20)), ("17", day)]
    rest += RANDOM.sample(
        [("21", some(20)), ("240", some(12)), ("30", str(RANDOM.randint(1, 999))), ("11", "260115")], 2
    )
    RANDOM.shuffle(rest)
    return [("01", gtin), *rest]


def generated_hibc():
    lot = "".join(RANDOM.choice(ascii_uppercase + digits) for _ in range(RANDOM.randint(1, 18)))
    head = RANDOM.choice(["$$3270331", "$$7", "$$0927", "$$52709" + "0", "$"])
    return hibc_codes.build("A123" + some(6).translate(str.maketrans("", "", "-./")) + "71", head + lot), lot


GENERATED = [generated_gs1() for _ in range(200)]
MANGLED = {
    "kept": lambda text: text,
    "doubled": lambda text: text.replace(GS, GS + GS),
    "lost": lambda text: text.replace(GS, ""),
    "as a line": lambda text: text.replace(GS, "|"),
    "as a question mark": lambda text: text.replace(GS, "?"),
    "as a hyphen": lambda text: text.replace(GS, "-"),
    "as typed digits": lambda text: text.replace(GS, "029"),
    "as a space": lambda text: text.replace(GS, " "),
}


def is_right_or_refused(typed, elements):
    """Whether a scan was read, and then nothing in it may be another than the label's."""
    try:
        scan = read(typed)
    except Refused:
        return False
    fields = dict(elements)
    year, month, day = (int(fields["17"][at : at + 2]) for at in (0, 2, 4))
    expires_on = date(2000 + year, month, day) if day else month_of(date(2000 + year, month, 1)).last
    assert facts(scan) == (fields["01"], fields["10"], expires_on, fields.get("21"))
    assert scan.quantity == (int(fields["30"]) if "30" in fields else None)
    assert scan.made_on == (date(2026, 1, 15) if "11" in fields else None)
    assert scan.code == fields.get("240", "")
    return True


@pytest.mark.parametrize("mangle", MANGLED, ids=str)
def test_no_generated_gs1_scan_gives_a_wrong_lot(mangle):
    answered = sum(is_right_or_refused(MANGLED[mangle](gs1.build(elements)), elements) for elements in GENERATED)
    if mangle in ("kept", "doubled"):
        assert answered > 150


def test_a_proven_scanner_reads_every_generated_scan():
    for elements in GENERATED:
        fields = dict(elements)
        scan = read(gs1.build(elements), separators_proven=True)
        assert (scan.gtin14, scan.lot, scan.serial) == (fields["01"], fields["10"], fields.get("21"))
        assert facts(scan) == facts(read("".join(f"({ai}){value}" for ai, value in elements)))


def test_no_hibc_scan_with_its_marks_lost_replaced_or_doubled_gives_a_wrong_lot():
    for code, lot in (generated_hibc() for _ in range(200)):
        assert read(code).lot == lot
        for mark in "/$":
            for other in ("", GS, "|", "-", "7", mark * 2, " ", "?"):
                with pytest.raises(Refused):
                    read(code.replace(mark, other, 1))
        with pytest.raises(Refused):
            read(code + code)


lots = st.text(st.sampled_from(LETTERS + "abcxyz!\"%&'()*+,:;<=>?_"), min_size=1, max_size=20)
gtins = st.integers(1, 10**13 - 1).map(lambda number: gtin_of(f"{number:013}"))
days = st.dates(date(2000, 1, 1), date(2070, 12, 31))


@given(gtins, lots, days, lots)
def test_what_is_built_is_read_back(gtin, lot, day, serial):
    code = gs1.build([("01", gtin), ("17", f"{day:%y%m%d}"), ("10", lot), ("21", serial)])
    assert facts(read("]d2" + code, separators_proven=True)) == (gtin, lot, day, serial)


@given(gtins, lots, lots)
def test_with_the_separator_lost_the_lot_is_never_wrong(gtin, lot, serial):
    try:
        scan = read(gs1.build([("01", gtin), ("10", lot), ("21", serial)], separator=""))
    except Refused:
        return
    assert scan.lot == lot


@given(st.text(max_size=140))
def test_any_text_is_read_or_refused(text):
    try:
        scan = read(text)
    except Refused as answer:
        assert str(answer).endswith(".")
    else:
        assert len(scan.raw) <= 128
        assert GS not in scan.raw
