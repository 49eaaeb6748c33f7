"""Attention checks in human ratings."""

from judge.analysis.attention_checks import checks_of, failed_checks_warning


def test_raters_who_failed_checks_are_named_the_worst_first():
    checks = {"ann": (0, 3), "ben": (3, 3), "cem": (1, 3), "dan": (0, 0)}
    (sentence,) = failed_checks_warning(checks)
    assert sentence.startswith("2 of 3 raters failed attention checks (ben 3 of 3, cem 1 of 3).")
    assert list(failed_checks_warning({"ann": (0, 3)})) == []


def test_checks_are_read_off_the_rows_of_ratings():
    table = [{"who": "ann", "checks_missed": "1", "checks_seen": "2"}, {"who": "ben", "checks_missed": ""}]
    assert checks_of(table, "who") == {"ann": (1, 2)}
