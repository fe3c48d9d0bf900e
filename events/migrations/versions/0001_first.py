"""The runs, their events, the durations of their steps, and the guard that refuses what must not be stored.

Revision ID: 0001
"""

from importlib.resources import files

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("tables", "guard", "calls"):
        script = (files("events.migrations") / "sql" / f"0001_{name}.sql").read_text()
        # Straight to asyncpg: SQLAlchemy prepares what it runs, and a prepared statement is one statement.
        op.get_bind().connection.dbapi_connection.run_async(lambda connection, sql=script: connection.execute(sql))


def downgrade() -> None:
    op.execute("DROP TABLE stepglass.runs, stepglass.events, stepglass.step_history")
    op.execute("DROP FUNCTION stepglass.guard_events, stepglass.keep_events, stepglass.forget, stepglass.append")
    op.execute("DROP FUNCTION stepglass.accept, stepglass.ended")
