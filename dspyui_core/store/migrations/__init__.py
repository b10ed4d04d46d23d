"""The Alembic environment of the state database, packaged so that a wheel can upgrade one."""
