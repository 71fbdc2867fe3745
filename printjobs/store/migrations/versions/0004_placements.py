"""Where notices are is inserted into a table of its own, a row for each generation; a piece's run is its batch's."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_NOTICE = "id, submission_id, run_id, city, number, owner, office, zip, sheets, slips, inserts, start, length"
_PIECE = "batch_id, number, generation, city, office, zip, sheets, inserts, slips, notices, status"


def upgrade() -> None:
    # SQLite cannot drop a column that a foreign key has: both tables are made anew. Nothing but notices refers to
    # pieces and nothing to notices, so in this order no row ever points to nothing.
    sqlite = op.get_bind().dialect.name == "sqlite"
    if sqlite:
        op.rename_table("notice", "notice_before")
        op.rename_table("piece", "piece_before")
        _create_piece()
        op.execute(f"INSERT INTO piece ({_PIECE}) SELECT {_PIECE} FROM piece_before")  # noqa: S608 - our own columns
        _create_notice()
        op.execute(f"INSERT INTO notice ({_NOTICE}) SELECT {_NOTICE} FROM notice_before")  # noqa: S608 - same
    op.create_table(
        "placement",
        sa.Column("notice_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("batch_id", AutoString(), nullable=False),
        sa.Column("piece", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id", "piece"], ["piece.batch_id", "piece.number"]),
        sa.PrimaryKeyConstraint("notice_id", "generation"),
    )
    before = "notice_before" if sqlite else "notice"  # it knew the newest generation only
    op.execute(
        "INSERT INTO placement (notice_id, generation, batch_id, piece)"  # noqa: S608 - one of two names
        f" SELECT n.id, b.generation, b.id, n.piece FROM {before} AS n JOIN batch AS b ON b.id = n.batch_id"
    )
    op.create_index("ix_placement_piece", "placement", ["batch_id", "piece"])
    if sqlite:
        op.drop_table("notice_before")
        op.drop_table("piece_before")
        op.create_index("ix_notice_submission_id", "notice", ["submission_id"])
    else:
        op.drop_column("notice", "piece")
        op.drop_column("notice", "batch_id")
        op.drop_column("piece", "run_id")
        op.drop_constraint("piece_batch_id_fkey", "piece", if_exists=True)  # a downgrade does not bring it back


def _create_piece() -> None:
    op.create_table(
        "piece",
        sa.Column("batch_id", AutoString(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("city", AutoString(), nullable=False),
        sa.Column("office", AutoString(), nullable=False),
        sa.Column("zip", AutoString(), nullable=False),
        sa.Column("sheets", sa.Integer(), nullable=False),
        sa.Column("inserts", sa.Integer(), nullable=False),
        sa.Column("slips", sa.Boolean(), nullable=False),
        sa.Column("notices", sa.Integer(), nullable=False),
        sa.Column("status", AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "number"),
    )


def _create_notice() -> None:
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("run_id", AutoString(), nullable=False),
        sa.Column("city", AutoString(), nullable=False),
        sa.Column("number", AutoString(), nullable=False),
        sa.Column("owner", AutoString(), nullable=False),
        sa.Column("office", AutoString(), nullable=False),
        sa.Column("zip", AutoString(), nullable=False),
        sa.Column("sheets", sa.Integer(), nullable=False),
        sa.Column("slips", sa.Boolean(), nullable=False),
        sa.Column("inserts", sa.Integer(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"]),
        sa.ForeignKeyConstraint(["submission_id"], ["submission.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("run_id", "city", "number"),
    )


def downgrade() -> None:
    # The columns come back as they can be added to tables that have rows: without their foreign keys.
    op.add_column("piece", sa.Column("run_id", AutoString(), server_default="", nullable=False))
    op.execute("UPDATE piece SET run_id = (SELECT run_id FROM batch WHERE id = batch_id)")
    op.create_index("ix_piece_run_id", "piece", ["run_id"])
    op.add_column("notice", sa.Column("batch_id", AutoString(), nullable=True))
    op.add_column("notice", sa.Column("piece", sa.Integer(), nullable=True))
    op.execute(
        "UPDATE notice SET batch_id = at.batch_id, piece = at.piece FROM placement AS at WHERE at.notice_id = notice.id"
        " AND at.generation = (SELECT max(generation) FROM placement WHERE notice_id = notice.id)"
    )
    op.create_index("ix_notice_piece", "notice", ["batch_id", "piece"])
    op.drop_table("placement")
