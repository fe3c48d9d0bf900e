"""Who waits for runs that are about another hears when one of them ends, and those that are left over are found.

Revision ID: 0015
"""

from alembic import op

from events.migrations._upgrade import run_script

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), "0015_batches.sql")


def downgrade() -> None:
    raise NotImplementedError("Restore a backup from before revision 0015.")
