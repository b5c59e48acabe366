"""`python -m infusion_desktop`: the command line."""

import sys

from infusion_desktop.cli import main

sys.exit(main())
