"""What rests costs nobody anything who looks for work, or accepts another run.

Revision ID: 0011
"""

from alembic import op

from events.migrations._upgrade import run_script

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), "0011_claims.sql")


def downgrade() -> None:
    raise NotImplementedError("Restore a backup from before revision 0011.")
