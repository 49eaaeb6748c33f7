"""Files read and written safely: pictures, packed files, YAML, SQLite, and output that is whole or absent."""
