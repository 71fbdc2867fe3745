"""The steps of the main job: load, decide in ``core``, save, say which steps come next."""

from .context import Context, Step
from .steps import run_step, unfinished

__all__ = ["Context", "Step", "run_step", "unfinished"]
