"""What happened in a run is found without looking at what a model wrote in it.

Revision ID: 0017
"""

from alembic import op

from events.migrations._upgrade import run_script

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), "0017_said.sql")


def downgrade() -> None:
    raise NotImplementedError("Restore a backup from before revision 0017.")
