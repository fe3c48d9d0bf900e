"""A commit that is nothing but a model's tokens takes the short way.

Revision ID: 0016
"""

from alembic import op

from events.migrations._upgrade import run_script

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), "0016_tokens.sql")


def downgrade() -> None:
    raise NotImplementedError("Restore a backup from before revision 0016.")
