"""What becomes of runs that have ended: their chunks are packed, and one day they go.

Revision ID: 0006
"""

from alembic import op

from events.migrations._upgrade import run_script

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), "0006_retention.sql")


def downgrade() -> None:
    raise NotImplementedError("Restore a backup from before revision 0006.")
