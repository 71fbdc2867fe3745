"""Which notices have a customer barcode, and in which posting each piece is handed to the post."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "posting",
        sa.Column("run_id", AutoString(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("route", AutoString(), nullable=False),
        sa.Column("delay", sa.Integer(), nullable=False),
        sa.Column("regional", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"]),
        sa.PrimaryKeyConstraint("run_id", "number"),
    )
    # The rows that are there claim no discount: nobody looked whether they could.
    op.add_column("notice", sa.Column("barcode", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("piece", sa.Column("barcode", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("piece", sa.Column("posting", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("piece", "posting")
    op.drop_column("piece", "barcode")
    op.drop_column("notice", "barcode")
    op.drop_table("posting")
