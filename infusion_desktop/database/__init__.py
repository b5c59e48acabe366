"""The engine, one transaction per deed, column types, migrations, backup and verification."""
