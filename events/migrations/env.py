"""What Alembic runs: the revisions, on the connection that `events.migrations._upgrade` hands over."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=None,
    version_table_schema="stepglass",
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
