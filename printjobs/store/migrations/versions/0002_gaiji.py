"""The council's gaiji table; runs name their faces, profiles and the table's version, hand-ins the table's version."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "gaiji",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("city", AutoString(), nullable=False),
        sa.Column("character_set", AutoString(), nullable=False),
        sa.Column("code", AutoString(), nullable=False),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("mj", AutoString(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("glyph", AutoString(), nullable=False),
        sa.Column("by", AutoString(), nullable=False),
        sa.Column("date", AutoString(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("city", "character_set", "code", "version"),
    )
    with op.batch_alter_table("gaiji", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_gaiji_version"), ["version"], unique=False)
    # Added as they are, with a default for the rows that are there: to change a column, SQLite would have to drop
    # its table, and rows that refer to it forbid that.
    op.add_column("run", sa.Column("faces", sa.Text(), server_default="[]", nullable=False))
    op.add_column("run", sa.Column("gaiji_version", sa.Integer(), server_default="0", nullable=False))
    op.add_column("run", sa.Column("profiles_sha256", AutoString(), server_default=sa.text("''"), nullable=False))
    op.add_column("submission", sa.Column("gaiji_version", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("submission", "gaiji_version")
    op.drop_column("run", "profiles_sha256")
    op.drop_column("run", "gaiji_version")
    op.drop_column("run", "faces")
    with op.batch_alter_table("gaiji", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_gaiji_version"))

    op.drop_table("gaiji")
