"""Of two words about one viewer the later one holds, whichever arrives first.

Revision ID: 0014
"""

from alembic import op

from events.migrations._upgrade import run_script

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), "0014_leavings.sql")


def downgrade() -> None:
    raise NotImplementedError("Restore a backup from before revision 0014.")
