"""What a file that must not leave is refused with."""

from printjobs.core.model import PrintjobsError


class PreflightError(PrintjobsError):
    """The finished file is not what was planned. It is never released."""


class Difference(Exception):
    """What a page shows and should not, or should and does not, in words that tell nothing of the notice.

    Whoever goes through the pages adds the file, the sheet and the piece.
    """
