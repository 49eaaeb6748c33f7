"""Sections that compare groups of answers within one run."""

from judge.reporting.builders.comparison_sections import comparison_sections, two_runs

PASS, FAIL = {"accuracy": 4, "clarity": 4}, {"accuracy": 1, "clarity": 4}


def pairs(values="lr", n=4, drop=()):
    return [
        {**(PASS if value == values[0] else FAIL), "pair_id": i, "side": value}
        for i in range(n)
        for value in values
        if (i, value) not in drop
    ]


def keys(table, fields=("side",)):
    return [section.key for section in comparison_sections(table, list(fields), None)]


def test_a_field_that_splits_every_pair_is_compared(make_table):
    (section,) = comparison_sections(make_table(pairs()), ["side"], None)
    assert section.key == "pairs l and r"
    assert section.title == "Side: r compared with l"
    assert all(table.detail and table.key.startswith("l and r/") for table in section.tables)


def test_a_field_that_does_not_split_every_pair_is_not_compared(make_table):
    assert keys(make_table(pairs(drop={(0, "r")}))) == []
    assert keys(make_table(pairs("lmr"))) == []
    assert keys(make_table(pairs()), fields=["side*side"]) == []
    assert keys(make_table(pairs()), fields=["pair_id"]) == []
    assert keys(make_table([{**PASS, "side": s} for s in "lr"])) == []
    assert keys(make_table([*pairs(), *pairs()])) == []


def systems(*names, scored=True):
    return [
        {**(PASS if scored else {}), "id": f"{s}{i}", "question": f"q{i}", "system": s}
        for s in names
        for i in range(3)
    ]


def test_systems_are_ranked_where_there_are_two_with_a_verdict(make_table):
    assert keys(make_table(systems("A", "B")), ()) == ["leaderboard"]
    assert keys(make_table(systems("A")), ()) == []
    assert keys(make_table([*systems("A"), *systems("B", scored=False)]), ()) == []


def test_two_runs_are_compared_unless_they_share_nothing(make_table):
    a, b = make_table([PASS] * 2, name="A"), make_table([FAIL] * 2, name="B")
    assert [s.title for s in two_runs([a, b], [], None)] == ["B compared with A"]
    other = make_table([{**PASS, "id": "x", "question": "other"}], name="C")
    assert list(two_runs([a, other], [], None)) == []
    assert list(two_runs([a, b, other], [], None)) == []
