"""What an installation signs with.

Revision ID: 0010
"""

from alembic import op

from events.migrations._upgrade import run_script

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), "0010_keys.sql")


def downgrade() -> None:
    raise NotImplementedError("Restore a backup from before revision 0010.")
