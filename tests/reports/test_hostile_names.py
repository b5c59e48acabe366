"""Every kind of paper prints every name exactly or marks what it cannot print; nothing else gets in (E1, E2, E5)."""

import re
import socket
import unicodedata

import pypdfium2
import pytest

from reports.lettering import covers
from reports.safe_text import SUBSTITUTE, printable
from tests.promises import times
from tests.reports.hostile_papers import kinds

EXACT = (
    "O'Brien", 'Ann "Meg" Lee', "Lee <Jr>", "A&B", "&lt;b&gt;", "&#65;&#x41;", "<b>Lee</b>", "<font color=red>Lee",
    '<img src="/etc/hostname"/>', '<a href="http://x.example">x</a>', "<para><br/></para>", "]]>", "<!--x-->",
    "<![CDATA[x]]>", "%s %d %(name)s", "{0} {name}", "${HOME}", "\\n\\t", "a\\b(c)[d]", "(unclosed", "closed)", "(()",
    "'; DROP TABLE x;--", "=1+1", "+cmd|'x'!A1", "@SUM(1)", "-2+3", "../../etc/passwd", "C:\\CON", "a:b", "NUL", "null",
    "None", "NaN", "0", "1e5", "Łukasz Żółć", "Nguyễn Thị Hằng", "Çağrı Şahin", "Þórdís Ægisdóttir", "Søren Ødegård",
    "Ștefan Țepeș", "Zoë", "D’Arcy–Smith", "Jean-Luc", "Škoda Ďáblová", "Győző Őrsi", "Ħamrun Ġorġ", "Αλέξανδρος",
    "Ελένη Ώρα", "Дмитрий Щербаков", "Їжакевич Ґалаґан", "Ђорђе Љубић", "Գագիկ", "გიორგი", "½ µg ≥ ± °C",
    "Re\u0301ne\u0301", "A\u030angstro\u0308m", "x" * 40, "i" * 60,
)  # fmt: skip
MARKED = (
    "李小龙",
    "山田 太郎",
    "김철수",
    "محمد علي",
    "שרה כהן",
    "अमित",
    "ไทย",
    "አበበ",
    "தமிழ்",
    "Ann 🙂",
    "\ue000x",
    "𝔄𝔫𝔫",
)
BENT = (
    "a\x00b", "a\x1db\x1fc", "A\u202egro.live\u202cB", "Zero\u200bWidth\ufeff", "lone \ud800 half", "line\nbreak\r\n",
    "tab\tstop\x0bfeed\x0c", "W" * 300, "word " * 900, "\u0301\u0301 alone", "\u2066iso\u2069", "\x85\u2028\u2029",
)  # fmt: skip
NAMES = (*EXACT, *MARKED, *BENT)
PAPERS = kinds()
PREPRINTED = "cms1500.render_preprinted"
NO_NOTE = {"cms1500.render_preprinted", "cms1500.render_proof", "labels.render_totes", "labels.render"}
"""Forms and labels have no line for the sentence below; the mark in the name is all there is room for."""


@pytest.fixture(autouse=True)
def _no_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_where: object) -> None:
        raise AssertionError("a paper asked the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFC", text))


def read(pdf: bytes) -> tuple[str, str]:
    """The words without their spaces, and what stands in the document's own facts."""
    with pypdfium2.PdfDocument(pdf) as document:
        words = "".join(page.get_textpage().get_text_bounded() for page in document)
        return squeezed(words), " ".join(document.get_metadata_dict().values())


def test_there_are_as_many_names_and_kinds_as_promised() -> None:
    assert len(NAMES) >= 76
    assert len(PAPERS) >= 32


@pytest.mark.parametrize("kind", PAPERS)
def test_each_name_is_printed_exactly_or_marked_on_every_kind_of_paper(kind: str) -> None:
    step = times(9, 1)
    for name in [*EXACT[::step], *MARKED[::step], *BENT[::step]]:
        pdf = PAPERS[kind](name)
        words, facts = read(pdf)
        for what in (b"/URI", b"/Annots", b"/JavaScript", b"/Launch", b"/EmbeddedFile", b"/Subtype /Image"):
            assert what not in pdf, (name, what)
        assert squeezed(name) not in squeezed(facts) or len(squeezed(name)) < 4, (name, facts)
        if name in EXACT:
            whole, words = squeezed(name), words.upper() if kind == PREPRINTED else words
            whole = whole.upper() if kind == PREPRINTED else whole
            end = "" if kind.startswith("cms1500") else "…"  # The boxes of the form have room for so many letters.
            cut = len(name) > 16 and any(whole[:length] + end in words for length in range(8, len(whole)))
            assert whole in words or cut, ascii(name)
            assert SUBSTITUTE not in words, ascii(name)
        if name in MARKED:
            assert SUBSTITUTE in words, ascii(name)
            assert kind in NO_NOTE or "cannotprint" in words, ascii(name)
        assert not re.search(r"[\x00-\x08\x0e-\x1f\u202a-\u202e\u2066-\u2069]", words.replace("\x02", ""))


def test_two_hundred_names_of_many_scripts_hold_no_missing_glyph() -> None:
    letters = [chr(code) for code in range(0x20, 0x2FFF) if unicodedata.category(chr(code))[0] in "LNPS"]
    names = ["".join(letters[at::200][:40]) for at in range(200)]
    for name in names:
        shown, missing = printable(name)
        assert all(covers(char) for char in shown if char != SUBSTITUTE)
        assert (SUBSTITUTE in shown) == bool(missing)
