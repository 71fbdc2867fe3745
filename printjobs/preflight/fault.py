"""What a file that must not leave is refused with."""

from printjobs.core.model import PrintjobsError


class PreflightError(PrintjobsError):
    """The finished file is not what was planned. It is never released."""
