"""The layout language, its loader and checks, and one file per notice kind and version."""

from .language import Layout, LayoutError
from .loader import load, newest, parse, source, versions

__all__ = ["Layout", "LayoutError", "load", "newest", "parse", "source", "versions"]
