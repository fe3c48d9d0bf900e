"""The runs, their events, the durations of their steps, and the guard that refuses what must not be stored.

Revision ID: 0001
"""

from alembic import op

from events.migrations._upgrade import run_script

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("tables", "guard", "calls"):
        run_script(op.get_bind(), f"0001_{name}.sql")


def downgrade() -> None:
    op.execute("DROP TABLE stepglass.runs, stepglass.events, stepglass.step_history")
    op.execute("DROP FUNCTION stepglass.guard_events, stepglass.keep_events, stepglass.forget, stepglass.append")
    op.execute("DROP FUNCTION stepglass.accept, stepglass.ended")
