"""Which run does which again.

Revision ID: 0005
"""

from alembic import op

from events.migrations._upgrade import run_script

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), "0005_forks.sql")


def downgrade() -> None:
    raise NotImplementedError("Restore a backup from before revision 0005.")
