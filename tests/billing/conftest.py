"""Makes the modules beside these tests importable, and gives services their small pharmacy."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from service_office import office  # noqa: F401
