"""What the figures of a tenant are made of: totals of runs, times of steps, who left.

Revision ID: 0004
"""

from alembic import op

from events.migrations._upgrade import run_script

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), "0004_stats.sql")


def downgrade() -> None:
    raise NotImplementedError("Restore a backup from before revision 0004.")
