"""The command line: parse, call, show. Exit codes: 0 done, 1 fault, 2 usage, 3 refused by a rule, 4 bad input."""

from __future__ import annotations

import json
import sys

from printjobs.core.model import PrintjobsError

from .commands import app


def main() -> None:
    """Entry of ``printjobs``. A fault of the operator or the input is a sentence; a fault of ours is a trace."""
    try:
        app()
    except PrintjobsError as error:
        if "--json" in sys.argv:
            said = {"error": str(error), "exit_code": error.exit_code}
            sys.stdout.write(json.dumps(said, ensure_ascii=False) + "\n")
        sys.stderr.write(f"エラー: {error}\n")
        sys.exit(error.exit_code)
