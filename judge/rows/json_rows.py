"""Rows of JSON Lines and of JSON documents."""

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import IO, Any

from judge.errors import InputError
from judge.rows import text_lines
from judge.rows.memory import kind_of, plain
from judge.rows.text_lines import UTF8_BOM, Refuse, Row, byte_lines, decoded

JSON_LIMIT = 512 * 2**20
"""Bytes of the longest .json document; it takes several times as much memory once it is read."""

_MOST_DIGITS = 308


class JsonReader:
    """Reads one file of JSON Lines or one JSON document.

    Parameters
    ----------
    file : binary file
        The content, unpacked and in UTF-8.
    name : str
        Name of the file in errors.
    refuse : callable
        Refuses a row that cannot be read.
    """

    def __init__(self, file: IO[bytes], name: str, refuse: Refuse) -> None:
        self.file = file
        self.name = name
        self.refuse = refuse

    def lines(self) -> Iterator[tuple[str, Row]]:
        """Rows of a file with one object a line."""
        return self._rows(byte_lines(self.file, self.name))

    def lines_or_document(self, *, is_pipe: bool) -> Iterator[tuple[str, Row]]:
        """Tell one object a line from one document: a .json file may hold either, and so may a pipe.

        One object on one line is a row of a pipe and of a .txt file, and the whole document of a .json file.
        """
        head = self._through_next_text()
        first = head[-1].removeprefix(UTF8_BOM).strip() if head else b""
        if _is_object(first):
            more = [] if is_pipe else self._through_next_text()
            has_lines = is_pipe or any(line.strip() for line in more)
            head += more
        else:
            has_lines = is_pipe and first != b"{" and not first.startswith(b"[")
        if not has_lines:
            return self.entries(b"".join(head))
        return self._rows(chain(head, byte_lines(self.file, self.name)))

    def _through_next_text(self) -> list[bytes]:
        """Lines up to and with the next one that is not blank."""
        lines: list[bytes] = []
        while line := self.file.readline(JSON_LIMIT + 1):
            lines.append(line)
            if line.removeprefix(UTF8_BOM).strip():
                break
            if len(lines) > text_lines.MOST_BLANK:
                raise InputError(
                    f"{self.name}: found more than {text_lines.MOST_BLANK:,} blank lines in a row"
                )
        return lines

    def _rows(self, lines: Iterable[bytes]) -> Iterator[tuple[str, Row]]:
        for number, line in enumerate(lines, 1):
            text = line.removeprefix(UTF8_BOM) if number == 1 else line
            if not text.strip():
                continue
            try:
                row = parsed(text)
            except ValueError as error:
                cut = "" if line.endswith(b"\n") else " (this is the last line: is the file cut off?)"
                self.refuse(f"{self.name}:{number}", f"{error}{cut}")
                continue
            if isinstance(row, dict):
                yield f"{self.name}:{number}", row
            else:
                self.refuse(
                    f"{self.name}:{number}",
                    f"found {kind_of(row)}; each line must be one JSON object such as "
                    '{"id": …, "question": …, "answer": …}. A list belongs in a .json file',
                )

    def document(self, head: bytes = b"") -> Any:
        """Read the rest of a file as one JSON value; an empty one holds an empty list."""
        data = head + self.file.read(JSON_LIMIT + 1 - len(head))
        if len(data) > JSON_LIMIT:
            raise InputError(
                f"{self.name}: a .json document may have {JSON_LIMIT >> 20} MiB, since it is read at once; "
                "write one object a line (.jsonl), which has no limit"
            )
        try:
            return parsed(data.removeprefix(UTF8_BOM)) if data.strip() else []
        except ValueError as error:
            raise InputError(f"{self.name}: {error}") from None

    def entries(self, head: bytes = b"") -> Iterator[tuple[str, Row]]:
        """Rows of a document: a list of objects, or an object that holds one such list."""
        for number, row in enumerate(self._list_in(self.document(head)), 1):
            where = f"{self.name}: entry {number}"
            if isinstance(row, dict):
                yield where, row
            else:
                self.refuse(where, f"found {kind_of(row)}; each entry must be an object")

    def _list_in(self, document: Any) -> list[Any]:
        if isinstance(document, list):
            return document
        inner = document.items() if isinstance(document, dict) else ()
        lists = {name: value for name, value in inner if isinstance(value, list)}
        if len(lists) != 1:
            found = f"an object with {len(lists)} lists" if isinstance(document, dict) else kind_of(document)
            names = f" ({', '.join(lists)})" if lists else ""
            raise InputError(
                f"{self.name}: found {found}{names}; allowed: a list of objects, or an object that holds "
                "one such list. Write one object a line (.jsonl)"
            )
        return next(iter(lists.values()))


def _is_object(line: bytes) -> bool:
    try:
        return line.startswith(b"{") and isinstance(parsed(line), dict)
    except ValueError:
        return False


def parsed(line: bytes) -> Any:
    """Read JSON in UTF-8; a ValueError says what is wrong with it."""
    text = decoded(line)
    try:
        value = _DECODER.decode(text)
        return plain(value) if "\\ud" in text or "\\uD" in text else value
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, " if error.lineno > 1 else ""
        raise ValueError(f"not valid JSON: {error.msg} at {place}character {error.colno}") from None
    except RecursionError:
        raise ValueError("not readable JSON: it is nested too deeply") from None


def _integer(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(
            f"Exceeds the limit of {_MOST_DIGITS} digits for a whole number (found {len(digits):,}); "
            "write it as a text"
        )
    return int(digits)


def _unique(pairs: list[tuple[str, Any]]) -> Row:
    row = dict(pairs)
    if len(row) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the field {twice!r} stands twice in one object; keep one of them")
    return row


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_int=_integer)
