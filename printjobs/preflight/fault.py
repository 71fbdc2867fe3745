"""What a file that must not leave is refused with."""

from printjobs.core.model import PrintjobsError


class PreflightError(PrintjobsError):
    """The finished file is not what was planned. It is never released."""


NEXT = (
    "このファイルは引き渡せません。もう一度 run go を行うと作り直します。"
    "同じ所で止まるときは、この文を開発者に知らせてください。"
)


class Difference(Exception):
    """What a page shows and should not, or should and does not, in words that tell nothing of the notice.

    Whoever goes through the pages adds the file, the sheet and the piece.
    """
