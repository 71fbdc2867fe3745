"""Alembic's entry: migrates over the connection that ``store.migrate`` hands in."""

from alembic import context
from sqlmodel import SQLModel

from printjobs.store import accounting, dealings, models

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    compare_type=True,
)
assert accounting
assert dealings
assert models
with context.begin_transaction():
    context.run_migrations()
