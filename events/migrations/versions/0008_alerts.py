"""What should not be as it is, and whether anybody was told.

Revision ID: 0008
"""

from alembic import op

from events.migrations._upgrade import run_script

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), "0008_alerts.sql")


def downgrade() -> None:
    raise NotImplementedError("Restore a backup from before revision 0008.")
