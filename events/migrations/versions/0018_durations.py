"""How long steps take is remembered for each tenant by itself.

Revision ID: 0018
"""

from alembic import op

from events.migrations._upgrade import run_script

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), "0018_durations.sql")


def downgrade() -> None:
    raise NotImplementedError("Restore a backup from before revision 0018.")
