"""The state database: engine, tables, migrations, journal, turns, watermarks and locks."""
