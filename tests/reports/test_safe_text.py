"""Every name prints exactly or with a visible mark (RELIABILITY E1, E2, G8)."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.delivery_manifest import Recipient, render
from reports.safe_text import LONGEST_TEXT, SUBSTITUTE, clean, escape, note_of, printable

EXACT = (
    "Ann A&B",
    "Lee <Jr>",
    '<img src="file:///etc/passwd"/>',
    "<a href='http://example.com'>x</a>",
    "&lt;b&gt;",
    'O\'Connor "Meg"',
    "Łukasz Żółć",
    "Nguyễn Thị Hằng",
    "Çağrı Şahin İpek",
    "Þórdís Ægisdóttir",
    "Søren Ødegård",
    "Ștefan Țepeș",
    "Αλέξανδρος",
    "Дмитрий Щербаков",
    "Գագիկ",
    "გიორგი",
    "Zoë—“quoted” … ½ µg ≥ ±",
    "=HYPERLINK(1)",
    "%s %(name)s {0} \\n",
    "'; DROP TABLE patient;--",
    "a\\b(c)[d]{e}",
    "\u1e9eharf",
)


@pytest.mark.parametrize("name", EXACT)
def test_a_name_prints_exactly(read, manifest, name):
    words = read(render(manifest(1, recipient=Recipient(name, ())))).words
    assert " ".join(unicodedata.normalize("NFC", name).split()) in words
    assert "cannot print" not in words


@pytest.mark.parametrize("name", ["李小龙", "山田 太郎", "김철수", "محمد", "שרה כהן", "अमित", "Ann 🙂", "\ue000x"])
def test_what_cannot_be_printed_is_marked_and_said(read, manifest, name):
    words = read(render(manifest(1, recipient=Recipient(name, ())))).words
    assert SUBSTITUTE in words
    missing = next(char for char in name if char not in "Ann x")
    assert f"U+{ord(missing):04X}" in words and "cannot print" in words


def test_a_letter_in_two_parts_becomes_one():
    assert clean("Ren\u0065\u0301") == "Ren\u00e9"


def test_controls_bidi_overrides_and_surrogates_are_gone():
    assert clean("A\x00\x07n\x9bn \u202egnirts\u202c\u2066x\u2069\ufeff\u200bZ\ud800") == "Ann gnirtsxZ"
    assert clean("one\ttwo\nthree\xa0four") == "one two three four"


def test_a_text_that_is_too_long_ends_visibly():
    cut = clean("x" * 9000)
    assert len(cut) == LONGEST_TEXT and cut.endswith("…")
    assert clean("x" * LONGEST_TEXT) == "x" * LONGEST_TEXT
    assert len(clean("e\u0301" * 9000)) <= LONGEST_TEXT


def test_markup_is_escaped_for_paragraphs():
    assert escape("A&B <Jr>") == "A&amp;B &lt;Jr&gt;"


def test_the_note_names_the_characters_but_not_endlessly():
    assert note_of("") == ""
    assert note_of("李").count("U+") == 1
    assert note_of("".join(map(chr, range(0x4E00, 0x4E20)))).count("U+") == 8


@given(st.text(max_size=60))
def test_nothing_that_passed_is_invisible_or_unprintable(text):
    shown, missing = printable(text)
    assert all(unicodedata.category(char) not in ("Cc", "Cf", "Cs") for char in shown)
    assert not set(shown) & set(missing) - {SUBSTITUTE}
    assert printable(shown)[0] == shown


def test_a_paper_holds_no_link_and_no_picture(manifest):
    pdf = render(manifest(1, recipient=Recipient('<a href="http://x.example">y</a><img src="/etc/hostname"/>', ())))
    assert b"/URI" not in pdf and b"/Subtype /Image" not in pdf and b"/Annots" not in pdf
