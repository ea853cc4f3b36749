"""Fixtures that many tests share."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from vsslfw.testing.tiny import tiny_overrides

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that starts tests in the background ignores Ctrl-C for them


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real videos beside the checkout (``VSSLFW_TEST_DATA`` names another place); tests that use them skip without."""
    folder = Path(os.environ.get("VSSLFW_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real test videos at {folder}")
    return folder


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished tiny run; its cache lies beside it. Do not change it."""
    from vsslfw import load_recipe, run

    folder = tmp_path_factory.mktemp("tiny") / "run"
    run(load_recipe("seizure_bart", profile="demo", overrides=tiny_overrides()), out=folder)
    return folder
