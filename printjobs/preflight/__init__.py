"""Reads a finished PDF back with other people's programs and compares it with the plan.

``marks``: what every sheet's own symbol says. ``structure``: whether the file is one that a press takes, in the
form that the vendor profile asks for.
"""

from .fault import PreflightError

__all__ = ["PreflightError"]
