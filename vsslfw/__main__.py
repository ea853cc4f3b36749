"""``python -m vsslfw``: the same as ``vsslfw``."""

from __future__ import annotations

import sys

from vsslfw.cli import main

sys.exit(main())
