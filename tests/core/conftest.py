"""Laws are tested without a clock: a busy machine must not make one look broken."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("laws", settings(), deadline=None)  # on top of Hypothesis' own profile for CI
settings.load_profile("laws")
