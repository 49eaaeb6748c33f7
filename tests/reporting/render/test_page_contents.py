"""Contents of the page: short titles in groups, and which sections are open at first."""

import pytest

from judge.reporting.document import ReportContent
from judge.reporting.render.page_contents import MOST_IN_ONE_LINE, contents, is_open


def report(kind="agree", short=()):
    return ReportContent(kind, "T", (), (), (), {}, {}, (), short=short)


def shown(*keys):
    return [(key, f"to-{key}", f"Title of {key}") for key in keys]


AGREEMENT = (
    "summary", "agreement", "rates", "people", "levels", "slices:topic", "raters", "bias", "details",
    "disagreements@maker/robot",
)  # fmt: skip


def groups(found):
    return {group.title: [entry.title for entry in group.entries] for group in found}


def test_many_sections_of_an_agreement_report_are_grouped_by_subject():
    found = groups(contents(report(), shown(*AGREEMENT)))
    assert list(found) == ["Result", "Agreement", "People", "Scores", "More"]
    assert found["Agreement"] == ["Judge and people", "Rates", "Title of slices:topic", "Details"]
    assert found["More"] == ["Title of disagreements@maker/robot", "Judge and methods"]


def test_few_sections_have_no_groups_and_the_methods_come_last():
    (only,) = contents(report(), shown(*AGREEMENT[:MOST_IN_ONE_LINE]))
    assert only.title == ""
    assert [entry.title for entry in only.entries][-2:] == ["Details", "Judge and methods"]
    assert only.entries[0].anchor == "to-summary"


def test_several_runs_are_a_group_each():
    keys = [
        ("panel", "to-panel", "Panel"),
        ("a/overview", "x", "a: Overview"),
        ("a/worst", "y", "a: Failing"),
    ]
    assert groups(contents(report("report"), keys)) == {
        "All runs": ["Panel"],
        "a": ["Overview", "Failing"],
        "More": ["Judge and methods"],
    }


def test_a_section_without_a_short_title_has_its_own():
    found = groups(contents(report(), shown(*AGREEMENT, "new")))
    assert "Title of new" in found["Result"]


@pytest.mark.parametrize(
    ("short", "key", "opens"),
    [
        ((), "slices", True),
        (("overview",), "overview", True),
        (("overview",), "slices:topic", False),
        (("slices",), "slices:topic", True),
    ],
)
def test_sections_that_the_terminal_shows_first_are_open(short, key, opens):
    assert is_open(report(short=short), key) is opens


def test_long_titles_of_a_report_on_a_run_are_short_in_its_contents():
    (only,) = contents(report("report"), shown("overview", "corrected"))
    assert [entry.title for entry in only.entries] == ["Title of overview", "Corrected", "Judge and methods"]
    (only,) = contents(report("leaderboard"), shown("leaderboard"))
    assert only.entries[0].title == "Title of leaderboard"
