"""Former place of `judge.rows.memory`."""

from judge.rows.memory import RowSource, is_file, kind_of, name_of, plain, rows_of

__all__ = ["RowSource", "is_file", "kind_of", "name_of", "plain", "rows_of"]
