"""City files in, records and problems out, streaming."""

from .notices import Fit, Listed, Outcome, Rules
from .postal_codes import PostalCodes
from .submission import SubmissionReader
from .transmittal import MAPPING, NAME, FileEntry, TableMapping, Transmittal, parse, parse_mapping

__all__ = [
    "MAPPING",
    "NAME",
    "FileEntry",
    "Fit",
    "Listed",
    "Outcome",
    "PostalCodes",
    "Rules",
    "SubmissionReader",
    "TableMapping",
    "Transmittal",
    "parse",
    "parse_mapping",
]
