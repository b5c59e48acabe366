"""Gives the screens of billing the small pharmacy of billing's own tests, on a file."""

import sys
from pathlib import Path

import pytest

from infusion_desktop.database.engine import Database

sys.path.insert(0, str(Path(__file__).parents[2] / "billing"))

from service_office import office  # noqa: F401


@pytest.fixture
def database(one_database: Database) -> Database:
    """Screens need not be tried on both engines."""
    return one_database
