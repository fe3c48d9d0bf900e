"""The documents that people go on working on: their versions, and which run is about which.

Revision ID: 0003
"""

from alembic import op

from events.migrations._upgrade import run_script

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), "0003_versions.sql")


def downgrade() -> None:
    raise NotImplementedError("Restore a backup from before revision 0003.")
