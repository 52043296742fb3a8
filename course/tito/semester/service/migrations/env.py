"""Alembic's entry: migrate over the connection that `schema.bring_up_to_date` passes in."""

from alembic import context
from tito.semester.service.database import Table

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Table.metadata, render_as_batch=True
)
context.run_migrations()
