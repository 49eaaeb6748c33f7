"""A report as JSON: layout of the text, and what each part holds."""

import json

from judge.reporting.document import Case, Column, Judgment, Section, Table
from judge.reporting.report import Report
from judge.stats.engine.estimate import Estimate

TABLE = Table("t", "Table", (Column("a", "a"),), (("x",),))
CASE = Case("q1", "?", None, (), {}, "worst", (Judgment("", "a", "fail", {"clarity": 1.0}, {}),))


def report(**more):
    given = {
        "verdict": ("V",), "warnings": ("W",), "estimates": {"pass_rate": Estimate(0.5, 0.4, 0.6)},
        "sections": (Section("s", "S", tables=(TABLE,)), Section("c", "C", cases=(CASE,))),
        "about": {"judge": "röbot"}, "methods": ("M",),
    }  # fmt: skip
    return Report("report", "Title", **{**given, **more})


def test_json_is_indented_by_two_and_ends_in_one_newline():
    lines = report().to_json().splitlines()
    assert lines[1] == '  "kind": "report",'
    assert report().to_json().endswith("}\n")
    assert not report().to_json().endswith("\n\n")
    assert "röbot" in report().to_json()


def test_json_holds_every_part():
    found = json.loads(report().to_json())
    assert (found["kind"], found["title"], found["verdict"], found["warnings"], found["methods"]) == (
        "report", "Title", ["V"], ["W"], ["M"],
    )  # fmt: skip
    assert list(found["tables"]) == ["t"]
    assert list(found["cases"]) == ["c"]
    assert found["figures"]["pass_rate"]["low"] == 0.4
