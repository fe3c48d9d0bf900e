"""In which order runs changed: the feed of all runs of a tenant.

Revision ID: 0002
"""

from alembic import op

from events.migrations._upgrade import run_script

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), "0002_changes.sql")


def downgrade() -> None:
    # The calls of before stand in the file of their revision; those of now cannot do without the tables.
    raise NotImplementedError("Restore a backup from before revision 0002.")
