"""Alembic's environment and the schema's versions, one file each, never edited once released."""
