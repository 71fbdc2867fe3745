"""Reads a finished PDF back with other people's programs and compares it with the plan and the records.

``structure``: whether the file is one that a press takes, in the form that the vendor profile asks for. ``contents``:
whether every page says what the records say; ``pixels``: the same on pictures of a sample. Both are needed: what a page
has beside its code (a note over it, another size) is the structure's.
"""

from .fault import NEXT, PreflightError

__all__ = ["NEXT", "PreflightError"]
