"""A run that nobody holds and nobody may claim: it is paused, or waits for a person.

Revision ID: 0007
"""

from alembic import op

from events.migrations._upgrade import run_script

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), "0007_parking.sql")


def downgrade() -> None:
    raise NotImplementedError("Restore a backup from before revision 0007.")
