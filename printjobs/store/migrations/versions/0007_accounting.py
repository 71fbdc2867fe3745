"""The ledger says when, by whom, why and for which month; invoices, pinned tables, closed months and years."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_KEPT = ("charge", "dated_table", "closing")  # append-only
_SQLITE = "CREATE TRIGGER {table}_no_{what} BEFORE {what} ON {table} BEGIN SELECT RAISE(ABORT, 'append-only'); END"
_POSTGRES = """
CREATE FUNCTION books_append_only() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'append-only'; END $$
"""
_GUARD = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION books_append_only()
"""


def upgrade() -> None:
    op.create_table(
        "invoice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", AutoString(), nullable=False),
        sa.Column("issuer", AutoString(), nullable=False),
        sa.Column("number", AutoString(), nullable=False),
        sa.Column("date", AutoString(), nullable=False),
        sa.Column("sha256", AutoString(), nullable=False),
        sa.Column("yen", sa.BigInteger(), nullable=False),
        sa.Column("month", AutoString(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_by", sa.Integer(), nullable=True),
        sa.Column("withdrawn_month", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["replaced_by"], ["invoice.id"]),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("issuer", "number"),
    )
    op.create_index(op.f("ix_invoice_run_id"), "invoice", ["run_id"], unique=False)
    op.create_table(
        "invoice_line",
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_yen", AutoString(), nullable=False),
        sa.Column("yen", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"]),
        sa.PrimaryKeyConstraint("invoice_id", "line"),
    )
    op.create_table(
        "dated_table",
        sa.Column("name", AutoString(), nullable=False),
        sa.Column("sha256", AutoString(), nullable=False),
        sa.Column("run_id", AutoString(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"]),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "closing",
        sa.Column("period", AutoString(), nullable=False),
        sa.Column("invoice_yen", sa.BigInteger(), nullable=False),
        sa.Column("charged_yen", sa.BigInteger(), nullable=False),
        sa.Column("notices", sa.Integer(), nullable=False),
        sa.Column("by", AutoString(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("period"),
    )
    op.add_column("charge", sa.Column("at", sa.DateTime(timezone=True), nullable=True))
    for name in ("by", "month", "group"):
        op.add_column("charge", sa.Column(name, AutoString(), server_default=sa.text("''"), nullable=False))
    op.add_column("charge", sa.Column("reason", sa.Text(), server_default=sa.text("''"), nullable=False))
    _complete_the_ledger()
    _keep_the_books()


def _complete_the_ledger() -> None:
    """Settlements that are there were entered with their run's "charge" event, for the month of its mailing."""
    op.execute(
        "UPDATE charge SET month = (SELECT substr(mailing_date, 1, 7) FROM run WHERE run.id = charge.run_id), "
        "at = (SELECT min(event.at) FROM event WHERE event.run_id = charge.run_id AND event.what = 'charge'), "
        "\"group\" = CASE WHEN item LIKE '郵便料%' THEN 'postage' WHEN item LIKE '消費税%' THEN 'tax' "
        "WHEN rule LIKE '%人口割%' THEN 'fixed' ELSE 'variable' END"
    )


def _keep_the_books() -> None:
    """The database itself refuses to change or delete what was charged."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    if not sqlite:
        op.execute(_POSTGRES)
    for table in _KEPT:
        if sqlite:
            for what in ("UPDATE", "DELETE"):
                op.execute(_SQLITE.format(table=table, what=what))
        else:
            op.execute(_GUARD.format(table=table))


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for what in ("UPDATE", "DELETE"):
            op.execute(f"DROP TRIGGER charge_no_{what}")
    else:
        op.execute("DROP TRIGGER charge_append_only ON charge")
    for name in ("reason", "group", "month", "by", "at"):
        op.drop_column("charge", name)
    for table in ("closing", "dated_table", "invoice_line", "invoice"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION books_append_only")
