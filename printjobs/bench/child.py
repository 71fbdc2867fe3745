"""The life of a child (``measure.Child``): make one object, then answer until the other end is closed."""

from __future__ import annotations

import sys
import traceback
from multiprocessing.connection import Connection
from typing import Any


def serve(pipe: Connection[Any, Any]) -> None:
    try:
        make, values = pipe.recv()
        made = make(*values)
        pipe.send(None)
        while True:
            method, arguments = pipe.recv()
            pipe.send(getattr(made, method)(*arguments))
    except EOFError:
        return
    except Exception as error:  # noqa: BLE001 - raised on the other side
        error.add_note(traceback.format_exc())
        pipe.send(error)


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))
