"""What the README prints is what its commands print."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_readme_shows_what_the_demo_prints(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "LOTGRAPH_DEMO_SERVE": "0", "COLUMNS": "200",
           "LOTGRAPH_LANG": "en"}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", "from api.cli import main; main()", "demo"],
        cwd=tmp_path, env=env, capture_output=True, text=True, check=True, timeout=600,
    )  # fmt: skip
    printed = done.stdout
    shown = (ROOT / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```\n(Saved against .*?)```", shown, re.DOTALL)
    for line in block.splitlines():
        assert line.removesuffix("…").rstrip() in printed, line
