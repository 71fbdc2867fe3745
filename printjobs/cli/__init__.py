"""The command line: parse, call, show. Exit codes: 0 done, 1 fault, 2 usage, 3 refused by a rule, 4 bad input."""

from __future__ import annotations

import json
import sys

from layouts import LayoutError
from printjobs.core.model import BadInput, PrintjobsError

from . import reasons
from .commands import app


def main() -> None:
    """Entry of ``printjobs``. A fault of the operator or the input is a sentence; a fault of ours is a trace."""
    try:
        app()
    except PrintjobsError as error:
        _end(str(error), error.exit_code)
    except LayoutError as error:
        _end(reasons.told(error), BadInput.exit_code)


def _end(said: str, exit_code: int) -> None:
    if "--json" in sys.argv:
        sys.stdout.write(json.dumps({"error": said, "exit_code": exit_code}, ensure_ascii=False) + "\n")
    sys.stderr.write(f"エラー: {said}\n")
    sys.exit(exit_code)
