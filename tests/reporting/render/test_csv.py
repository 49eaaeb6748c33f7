"""Tables as CSV."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from judge.reporting.builders.run_data import RunData
from judge.reporting.builders.single_run import build_report
from judge.reporting.document import Column, Section, Table
from judge.reporting.render.csv import file_names, to_csv, write_csv
from judge.reporting.report import Report
from judge.stats.engine.estimate import Estimate


def read(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_numbers_have_full_precision_and_estimates_their_interval():
    columns = (Column("slice", "kind"), Column("rate", "rate", "share"), Column("p", "p", "p"))
    table = Table("t", "T", columns, (("a", Estimate(1 / 3, 0.1, 0.9), 1 / 7),), small=(0,))
    (row,) = read(to_csv(table))
    assert (float(row["rate"]), float(row["rate_low"]), float(row["p"])) == (1 / 3, 0.1, 1 / 7)
    assert row["small"] == "true"


def test_undefined_is_empty_and_says_why():
    table = Table(
        "t", "T", (Column("rate", "rate", "share"),), ((Estimate.undefined("no_ratings"),), (None,))
    )
    first, second = read(to_csv(table))
    assert first == {"rate": "", "rate_low": "", "rate_high": "", "rate_reason": "no_ratings"}
    assert set(second.values()) == {""}


@given(st.text(max_size=20))
def test_no_text_is_a_formula(text):
    (row,) = list(
        csv.reader(io.StringIO(to_csv(Table("t", "T", (Column("a", "a"),), ((f"={text}",), ("x",))))))
    )[1:2]
    assert row[0].startswith("'=")


def test_every_table_is_a_file(make_table, tmp_path):
    rows = [{"accuracy": 1 + i % 5, "clarity": 4, "kind": "ab"[i % 2]} for i in range(60)]
    report = build_report(RunData(make_table(rows)), by=["kind", "kind*id"][:1])
    files = write_csv(report, tmp_path / "deep" / "tables")
    assert len(files) == len(report.tables)
    assert len(read((tmp_path / "deep/tables/slices-kind.csv").read_text())) == 4


def test_names_of_files_are_safe_and_unique():
    columns, rows = (Column("a", "a"),), (("x",),)
    keys = ("../../etc/passwd", "slices:a/b", "slices:a:b", "\x00", "a*b", "日本")
    tables = tuple(Table(key, "T", columns, rows) for key in keys)
    names = list(file_names(Report("report", "T", (), (), (Section("s", "S", tables=tables),), {}, {}, ())))
    assert names == [
        "etc-passwd.csv",
        "slices-a-b.csv",
        "slices-a-b-2.csv",
        "table.csv",
        "a-x-b.csv",
        "table-2.csv",
    ]
