"""Steps that never began are accounted for also where nobody holds the run that is cancelled.

Revision ID: 0012
"""

from alembic import op

from events.migrations._upgrade import run_script

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), "0012_skips.sql")


def downgrade() -> None:
    raise NotImplementedError("Restore a backup from before revision 0012.")
