"""The command line. `main` sets the language first, since help texts are made when it is built."""

from __future__ import annotations

import os
import sys

from graph_model.errors import LotgraphError
from graph_model.i18n import use_language


def main() -> None:
    """Entry point of `lotgraph`; errors end with a message and the status of their kind."""
    use_language(_wanted_language(sys.argv[1:]))
    from api.cli.app import app

    try:
        app()
    except LotgraphError as error:
        print(str(error), file=sys.stderr)
        raise SystemExit(error.exit) from None


def _wanted_language(arguments: list[str]) -> str:
    for at, argument in enumerate(arguments):
        if argument == "--lang" and at + 1 < len(arguments):
            return arguments[at + 1]
        if argument.startswith("--lang="):
            return argument.removeprefix("--lang=")
    return os.environ.get("LOTGRAPH_LANG", "en")
