"""Small wrongs done to a file: what typing, spreadsheets, other programs and bad disks do to it. Seeded.

A wrong is done to the bytes of any file, to the tokens of any text, to one value somewhere in JSON, or to one
cell of a CSV.
"""

import csv
import gzip
import io
import json
import re
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

TOKENS = (
    *(
        "",
        " ",
        "null",
        "None",
        "NaN",
        "nan",
        "Infinity",
        "-Infinity",
        "1e999",
        "-0",
        "0x10",
        "1_000",
        "1,000",
    ),
    *(
        "true",
        "false",
        "yes",
        "no",
        "N/A",
        "#N/A",
        "?",
        ".",
        "-",
        "4/5",
        "4.5",
        "4,5",
        "4½",
        "٤",
        "excellent",
    ),
    *(
        "3 out of 10",
        "99999999999999999999999",
        "9" * 5000,
        "-1",
        "=1+1",
        "'4",
        '"',
        '""',
        "{",
        "}",
        "[",
        "]",
    ),
    *(
        ",",
        ";",
        "\t",
        ":",
        "\\",
        "\\u0000",
        "\x00",
        "\u202e",
        "\u200b",
        "\ufeff",
        "\ud7ff",
        "\U0001f600",
        "\r",
    ),
    *("\n", "\n\n", "---", "...", "&a", "*a", "!!python/name:os.system", "<<: *a", "- ", "#", "''", "|", ">"),
)
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 5, 10**30, 1e308, -0.0, 4.5, float("nan"), float("inf"), "", " ", "x", "4"),
    *("4/5", "\x00", "\u202e", "\U0001f600", "\ud83d", "a" * 100_000, [], [[]], [None], [1, "a"], {}),
    *({"": None}, {"a": {"a": {}}}, [{}], {"score": 4}, ["4"], {"data": "x"}),
)
_TOKEN = re.compile(r"\w+|[^\w\s]|\s+")
_DEPTHS = (40, 1_000, 200_000)
_ENCODINGS = ("utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "utf-7")

Mutation = Callable[[bytes, Random], bytes]


def mutated(data: bytes, suffix: str, rng: Random) -> bytes:
    """Do one to three wrongs to the content of a file whose name ends in `suffix`."""
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        data = rng.choice(BY_SUFFIX.get(suffix, ANY))(data, rng)
    return data


def flipped(data: bytes, rng: Random) -> bytes:
    """A few bytes are others."""
    found = bytearray(data or b"\0")
    for _ in range(rng.choice([1, 2, 8])):
        found[rng.randrange(len(found))] = rng.randrange(256)
    return bytes(found)


def cut(data: bytes, rng: Random) -> bytes:
    """The end is missing."""
    return data[: rng.randrange(len(data) + 1)]


def moved(data: bytes, rng: Random) -> bytes:
    """A stretch is missing, stands twice, or stands elsewhere."""
    first, last = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    piece, rest = data[first:last], data[:first] + data[last:]
    at = rng.randrange(len(rest) + 1)
    return rng.choice([rest, data[:last] + piece + data[last:], rest[:at] + piece + rest[at:]])


def token_changed(data: bytes, rng: Random) -> bytes:
    """A word or a mark is another, is missing, or stands twice."""
    tokens = _TOKEN.findall(data.decode("utf-8", "replace"))
    if not tokens:
        return data
    at = rng.randrange(len(tokens))
    tokens[at] = rng.choice([rng.choice(TOKENS), rng.choice(tokens), "", tokens[at] * 2])
    return "".join(tokens).encode("utf-8", "replace")


def line_changed(data: bytes, rng: Random) -> bytes:
    """A line is missing, stands twice, stands elsewhere, or is indented otherwise."""
    lines = data.splitlines(keepends=True)
    if not lines:
        return data
    line = lines.pop(at := rng.randrange(len(lines)))
    other = rng.randrange(len(lines) + 1)
    way = rng.randrange(4)
    if way == 1:
        lines[at:at] = [line, line]
    elif way == 2:
        lines.insert(other, line)
    elif way == 3:
        lines.insert(at, b"  " + line if rng.random() < 0.5 else line.lstrip())
    return b"".join(lines)


def encoded_otherwise(data: bytes, rng: Random) -> bytes:
    """The text is in another encoding, has other line ends, or is packed."""
    text = data.decode("utf-8", "replace")
    ways = [
        lambda: text.encode(rng.choice(_ENCODINGS), "replace"),
        lambda: text.replace("\n", "\r\n").encode(),
        lambda: text.replace("\n", "\r").encode(),
        lambda: gzip.compress(data, 1, mtime=0),
        lambda: gzip.compress(data, 1, mtime=0)[:-8],
        lambda: b"\xef\xbb\xbf" * 2 + data,
    ]
    return rng.choice(ways)()


def json_changed(data: bytes, rng: Random) -> bytes:
    """One value somewhere in a JSON document is another, is missing, stands twice, or lies very deep."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return token_changed(data, rng)
    return _dumped(_changed(document, rng), rng)


def json_line_changed(data: bytes, rng: Random) -> bytes:
    """The same in one line of a JSON Lines file; its lines stay as many."""
    lines = data.splitlines()
    if not lines:
        return data
    at = rng.randrange(len(lines))
    lines[at] = json_changed(lines[at], rng).replace(b"\n", b" ").replace(b"\r", b" ")
    return b"\n".join(lines) + b"\n"


def cell_changed(data: bytes, rng: Random) -> bytes:
    """One cell of a CSV is another; its rows stay as many."""
    rows = _cells(data)
    if not rows:
        return data
    row = rng.choice(
        [*rows[1:2], rng.choice(rows[1:] or rows)]
    )  # the first row often decides what columns are
    if row:
        row[rng.randrange(len(row))] = rng.choice([rng.choice(TOKENS), rng.choice(rng.choice(rows) or [""])])
    return _as_csv(rows)


def columns_changed(data: bytes, rng: Random) -> bytes:
    """A column is missing, stands twice, is empty or has another name; or the separator is another."""
    rows = _cells(data)
    if not rows or not rows[0]:
        return data
    at = rng.randrange(len(rows[0]))
    way = rng.randrange(5)
    name = rng.choice([*TOKENS, "aspect", "score", "rating", "value", "status", "sample", "Unnamed: 0", "id"])
    for number, row in enumerate(rows):
        if way == 0:
            del row[at : at + 1]
        elif way == 1 and row:
            row.append(row[min(at, len(row) - 1)])
        elif way == 2:
            row.insert(at, name if number == 0 else "")
        elif way == 3 and number == 0:
            row[at] = name
    return _as_csv(rows, ";" if way == 4 else ",")


def _changed(document: Any, rng: Random) -> Any:
    places = list(_places(document))
    if not places:
        return rng.choice(VALUES)
    holder, key = rng.choice(places)
    way = rng.randrange(6)
    if way == 0:
        del holder[key]
    elif way == 1 and isinstance(holder, dict):
        holder[rng.choice([*map(str, holder), "x", "", "score", "id", key.upper()])] = holder.pop(key)
    elif way == 2 and isinstance(holder, list):
        holder.append(holder[key])
    elif way == 3:
        holder[key] = rng.choice(
            [[holder[key]], {"value": holder[key]}, str(holder[key]), {"a": holder[key]}]
        )
    elif way == 4:
        other, name = rng.choice(places)
        holder[key] = json.loads(json.dumps(other[name])) if name in _keys(other) else None
    else:
        holder[key] = rng.choice(VALUES)
    return document


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key in _keys(value):
        yield value, key
        yield from _places(value[key])


def _keys(value: Any) -> list[Any]:
    return (
        list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    )


def _dumped(document: Any, rng: Random) -> bytes:
    text = json.dumps(document, ensure_ascii=rng.random() < 0.5)
    if rng.random() < 0.1:  # a key stands twice
        text = re.sub(r'("\w+": ?)([^,{}\[\]]+)', r"\1\2, \1 5", text, count=1)
    if rng.random() < 0.05:
        depth = rng.choice(_DEPTHS)
        opened, closed = rng.choice([("[", "]"), ('{"a":', "}")])
        text = text.replace("null", opened * depth + "1" + closed * depth, 1)
        if "null" not in text:
            text = re.sub(r": ?[\d.]+", lambda _: ":" + opened * depth + "1" + closed * depth, text, count=1)
    return text.encode("utf-8", "surrogatepass")


def _cells(data: bytes) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(data.decode("utf-8", "replace"), newline="")))
    except csv.Error:
        return []


def _as_csv(rows: list[list[str]], delimiter: str = ",") -> bytes:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return stream.getvalue().encode("utf-8", "replace")


ANY: tuple[Mutation, ...] = (flipped, cut, moved, token_changed, line_changed, encoded_otherwise)
BY_SUFFIX: dict[str, tuple[Mutation, ...]] = {
    ".json": (*ANY, *[json_changed] * 6),
    ".jsonl": (*ANY, *[json_line_changed] * 6),
    ".csv": (*ANY, *[cell_changed] * 4, *[columns_changed] * 2),
    ".eval": (flipped, cut, moved),
    ".yaml": (
        token_changed,
        token_changed,
        line_changed,
        line_changed,
        moved,
        cut,
        flipped,
        encoded_otherwise,
    ),
    ".toml": (
        token_changed,
        token_changed,
        line_changed,
        line_changed,
        moved,
        cut,
        flipped,
        encoded_otherwise,
    ),
}
