"""Where the public test data are: `LOTGRAPH_FIXTURES`, else `../shared/fixtures`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_BESIDE = Path(__file__).resolve().parents[2] / "shared" / "fixtures"


def fixture_dir(name: str) -> Path:
    """Folder of one data set. Skips the test where it is absent; under CI that is a failure."""
    folder = Path(os.environ.get("LOTGRAPH_FIXTURES", _BESIDE)) / name
    if not folder.is_dir():
        reason = f"{folder} is absent; set LOTGRAPH_FIXTURES to the folder of the data sets"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder
