"""The database (SQLModel): the only room that knows SQL."""

from .database import connect, is_migrated, migrate, writing

__all__ = ["connect", "is_migrated", "migrate", "writing"]
