"""Fixtures that many tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real videos beside the checkout (``VSSLFW_TEST_DATA`` names another place); tests that use them skip without."""
    folder = Path(os.environ.get("VSSLFW_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real test videos at {folder}")
    return folder
