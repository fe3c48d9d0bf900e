"""A run whose worker died behind its last word is found by those who tell Prefect how runs ended.

Revision ID: 0013
"""

from alembic import op

from events.migrations._upgrade import run_script

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), "0013_untold.sql")


def downgrade() -> None:
    raise NotImplementedError("Restore a backup from before revision 0013.")
