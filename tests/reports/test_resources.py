"""Shipped files are found by name, and only shipped ones."""

import pytest

import resources


def test_a_shipped_file_is_read_and_found():
    assert resources.read("fonts/DejaVuSansMono.ttf")[:4] == b"\x00\x01\x00\x00"
    assert "Bitstream" in resources.read_text("fonts/LICENSE-DejaVu.txt")
    assert resources.path("fonts").is_dir()


def test_a_missing_file_is_named():
    with pytest.raises(FileNotFoundError):
        resources.path("fonts/none.ttf")


@pytest.mark.parametrize("name", ["../pyproject.toml", "/etc/hostname", "fonts\\x", "fonts/../../start.py"])
def test_no_name_leads_out(name):
    with pytest.raises(ValueError, match="not a shipped file"):
        resources.read(name)
