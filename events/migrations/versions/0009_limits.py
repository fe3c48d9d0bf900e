"""What a tenant has used, counted where its runs are accepted.

Revision ID: 0009
"""

from alembic import op

from events.migrations._upgrade import run_script

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), "0009_limits.sql")


def downgrade() -> None:
    raise NotImplementedError("Restore a backup from before revision 0009.")
