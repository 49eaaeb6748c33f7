"""Items that are written in a random shape, format and encoding are read back as they were."""

import csv
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judge.errors import InputError
from judge.items import InputSummary, read_items

SYSTEMS = ["gpt", "a, b", "team x/y"]
FORMATS = ["jsonl", "json", "csv", "semicolon.csv", "tsv", "utf-16.csv", "xlsx", "parquet", "memory"]
SHAPES = ["long", "wide", "joined", "messages"]

# A spreadsheet cuts off what stands around a text, and formulas and errors begin with = and #.
texts = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff")
)
sound = texts.filter(lambda text: text.strip() == text and text[:1] not in tuple("=#"))
full = sound.filter(bool)
questions = st.lists(
    st.fixed_dictionaries(
        {
            "question": full,
            "reference": full | st.none(),
            "answers": st.dictionaries(st.sampled_from(SYSTEMS), full, min_size=1),
        }
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda one: one["question"],
)


def long(tables):
    return [
        {"question": one["question"], "answer": answer, "reference": one["reference"], "system": system}
        for one in tables
        for system, answer in one["answers"].items()
    ]


def shaped(tables, shape, has_ids):
    """Rows of the shape, and the options to read them with."""
    named = [({"id": f"q{n}"} if has_ids or shape == "joined" else {}) for n in range(len(tables))]
    if shape == "long":
        rows = long(tables)
        return [({"id": f"r{n}"} if has_ids else {}) | row for n, row in enumerate(rows)], {}
    if shape == "messages":
        rows = [
            {"messages": chat(row), "reference": row["reference"], "model": row["system"]}
            for row in long(tables)
        ]
        return [({"id": f"r{n}"} if has_ids else {}) | row for n, row in enumerate(rows)], {}
    wide = [
        name | {s: one["answers"].get(s) for s in SYSTEMS} for name, one in zip(named, tables, strict=True)
    ]
    asked = [{"question": one["question"], "reference": one["reference"]} for one in tables]
    if shape == "wide":
        return [row | of for row, of in zip(wide, asked, strict=True)], {"answers_in": SYSTEMS}
    table = [name | of for name, of in zip(named, asked, strict=True)]
    return wide, {"answers_in": SYSTEMS, "questions": table}


def chat(row):
    return [
        {"role": "user", "content": row["question"]},
        {"role": "assistant", "content": row["answer"]},
    ]


def cell(value, written):
    if value is None:
        return ""
    return written(value) if isinstance(value, list) else value


def delimited(rows, delimiter, written):
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows({name: cell(value, written) for name, value in row.items()} for row in rows)
    return out.getvalue()


def stored(rows, folder, name, written):
    """Write a table and return what is read; lists in cells are as JSON or Python writes them."""
    path = folder / (name if "." in name else f"t.{name}")
    if name == "memory":
        return rows
    if name == "xlsx":
        book = pytest.importorskip("openpyxl").Workbook()
        for line in ([*rows[0]], *([cell(value, written) for value in row.values()] for row in rows)):
            book.active.append(line)
        book.save(path)
    elif name == "parquet":
        pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif name.endswith("csv") or name == "tsv":
        delimiter = {"tsv": "\t", "semicolon.csv": ";"}.get(name, ",")
        encoding = "utf-16" if "utf-16" in name else "utf-8"
        path.write_bytes(delimited(rows, delimiter, written).encode(encoding))
    elif name == "json":
        path.write_text(json.dumps(rows), "utf-8")
    else:
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def contents(items):
    return sorted((item.question, item.answer, item.reference or "", item.system) for item in items)


@settings(max_examples=200)
@given(
    questions,
    st.sampled_from(SHAPES),
    st.sampled_from(FORMATS),
    st.booleans(),
    st.sampled_from([json.dumps, repr]),
)
def test_answers_in_any_shape_and_format_come_back(tmp_path_factory, tables, shape, name, has_ids, written):
    rows, options = shaped(tables, shape, has_ids)
    folder, summary = tmp_path_factory.mktemp("t"), InputSummary()
    if "questions" in options:
        options["questions"] = stored(options["questions"], folder, "questions.jsonl", written)
    source = stored(rows, folder, name, written)
    found = list(read_items(source, summary=summary, **options))
    expected = [(r["question"], r["answer"], r["reference"] or "", r["system"]) for r in long(tables)]
    assert contents(found) == sorted(expected)
    assert len({item.id for item in found}) == len(found)
    assert summary.n_items + summary.empty_answers.total() == len(rows) * (
        len(SYSTEMS) if "answers_in" in options else 1
    )


@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "question": st.sampled_from(["q", "r", None, 7]),
                "messages": st.sampled_from([chat({"question": "q", "answer": "b"}), "a text", None, []]),
                "a": st.sampled_from(["x", "", None, 1, [1]]),
                "b": st.sampled_from(["x", " ", "y"]),
                "reference": st.sampled_from(["x", "", "['x', 'y']", ["x"]]),
                "id": st.sampled_from(["1", "2", None, ""]),
            },
        ),
        max_size=6,
    )
)
def test_every_cell_of_every_row_is_an_item_empty_or_refused(rows):
    bad, summary = [], InputSummary()
    has_columns = {name for row in rows for name in row if name in ("a", "b")} == {"a", "b"}
    try:
        items = list(read_items(rows, answers_in=["a", "b"], on_bad=bad.append, summary=summary))
    except InputError:
        assert not has_columns
        return
    assert len(items) + summary.empty_answers.total() + 2 * len(bad) == 2 * len(rows)
    assert summary.n_items == len(items)
