"""One run with every status: each command counts its answers by hand, and --no-verdict means the same in all."""

import json

import pytest
from click.testing import CliRunner

import judge
from judge.cli import main
from judge.records import Item, Score
from judge.rubric import Rubric
from judge.scoring.run import Run

RUBRIC = Rubric.model_validate(
    {
        "name": "counting",
        "task": "Judge.",
        "dimensions": {
            "count": {
                "description": "Is it right?",
                "anchors": {n: f"level {n}" for n in range(1, 6)},
                "when": {"kind": "counting"},
            },
            "named": {"description": "It names the part.", "type": "binary"},
        },
        "abstain": True,
        "overall": {"how": "weighted", "weights": {"count": 1}},
        "pass": {"overall": 3},
    }
)
MISSING = ["unparsed", "unparsed", "refused", "truncated", "failed", "skipped", "abstained", "unscored"]
FIRST = ["pass"] * 11 + ["fail"] * 6 + MISSING + ["not_applicable"] * 5
SECOND = (
    ["pass"] * 7 + ["fail"] * 4 + ["pass"] * 3 + ["refused"] * 3
    + ["fail", "abstained", "pass", "pass", "unparsed", "fail", "pass", "unscored"]
    + ["not_applicable"] * 5
)  # fmt: skip
POLICIES = ("fail", "drop", "bounds")
# Of 25 answers that the pass rule concerns, 11 pass, 6 fail and 8 have no verdict.
N_PASS, N_FAIL, N_MISSING = 11, 6, 8
RATE = {"fail": 11 / 25, "drop": 11 / 17, "bounds": 11 / 17}


def run_of(folder, outcomes):
    items, scores = [], []
    for number, outcome in enumerate(outcomes):
        kind = "other" if outcome == "not_applicable" else "counting"
        fields = {"kind": kind, "system": "xy"[number % 2]}
        items.append(Item(id=f"q{number}", question=f"q{number}", answer="a", metadata=fields))
        state = {"pass": {"value": 5.0}, "fail": {"value": 1.0}}.get(outcome, {"status": outcome})
        named = [] if outcome == "unscored" else [("named", {"value": 1.0})]
        known = [] if outcome == "unscored" else [("count", state), ("overall", state)]
        scores += [
            Score(item_id=f"q{number}", rater=folder.name, rater_kind="judge", dimension=name, **one)
            for name, one in (*named, *known)
        ]
    Run.imported(folder, RUBRIC, items, scores, model=folder.name).close()
    return str(folder)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return [run_of(folder / name, outcomes) for name, outcomes in (("a", FIRST), ("b", SECOND))]


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """Three people; all pass every answer except each third one."""
    rows = [
        {"item_id": f"q{n}", "rater": person, "dimension": "count", "value": 2 if n % 3 == 0 else 4}
        for n, outcome in enumerate(FIRST)
        for person in ("ann", "ben", "cat")
        if outcome != "not_applicable"
    ]
    path = tmp_path_factory.mktemp("people") / "people.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def report(*words, policy, code=0):
    result = CliRunner().invoke(main, [*map(str, words), "--no-verdict", policy, "--json"])
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def row(found, table, **wanted):
    (one,) = (r for r in found["tables"][table]["rows"] if wanted.items() <= r.items())
    return one


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("what", ["answer passes", "overall", "count"])
def test_report_counts_by_hand(runs, policy, what):
    one = row(report("report", runs[0], policy=policy), "pass_rates", what=what)
    assert one["pass_rate"]["value"] == pytest.approx(RATE[policy])
    assert one["missing"] == N_MISSING
    assert one["n"] == N_PASS + N_FAIL + (N_MISSING if policy == "fail" else 0)
    assert one["not_applicable"] == 5


def test_only_bounds_give_the_rates_of_the_worst_and_the_best_case(runs):
    found = {
        policy: row(report("report", runs[0], policy=policy), "pass_rates", what="overall")
        for policy in POLICIES
    }
    assert [found["bounds"][name] for name in ("worst", "best")] == pytest.approx([11 / 25, 19 / 25])
    assert not any("worst" in found[policy] for policy in ("fail", "drop"))


@pytest.mark.parametrize("policy", POLICIES)
def test_slices_count_by_hand(runs, policy):
    found = report("report", runs[0], "--by", "system", policy=policy)
    for system, first in (("x", 0), ("y", 1)):
        own = FIRST[first::2]
        missing = sum(outcome in MISSING for outcome in own)
        n = own.count("pass") + own.count("fail") + (missing if policy == "fail" else 0)
        one = row(found, "slices:system", slice=system)
        assert (one["n"], one["missing"]) == (n, missing)
        assert one["pass_rate"]["value"] == pytest.approx(own.count("pass") / n)


@pytest.mark.parametrize("policy", POLICIES)
def test_leaderboard_counts_by_hand(runs, policy):
    found = report("leaderboard", runs[0], "--system", "system", policy=policy)
    for system, first in (("x", 0), ("y", 1)):
        own = FIRST[first::2]
        missing = sum(outcome in MISSING for outcome in own)
        n = own.count("pass") + own.count("fail") + (missing if policy == "fail" else 0)
        one = row(found, "leaderboard", system=system)
        assert (one["n"], one["missing"]) == (n, missing)
        assert one["pass_rate"]["value"] == pytest.approx(own.count("pass") / n)
        assert ("worst" in one) == (policy == "bounds")


@pytest.mark.parametrize("policy", POLICIES)
def test_compare_counts_by_hand(runs, policy):
    found = report("compare", *runs, policy=policy)
    known = ("pass", "fail")
    pairs = list(zip(FIRST, SECOND, strict=True))
    pairs = [
        p
        for p in pairs
        if "not_applicable" not in p and (policy == "fail" or (p[0] in known and p[1] in known))
    ]
    rates = [sum(pair[side] == "pass" for pair in pairs) / len(pairs) for side in (0, 1)]
    assert found["figures"]["difference"]["value"] == pytest.approx(rates[1] - rates[0])
    assert found["figures"]["difference"]["n_items"] == len(pairs)
    n_missing = sum(not {*pair} <= {*known} for pair in zip(FIRST[:25], SECOND[:25], strict=True))
    assert f"In {n_missing} pairs a verdict is missing" in " ".join(found["warnings"])


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("dimension", ["count", "overall"])
def test_agree_counts_by_hand(runs, people, policy, dimension):
    found = report("agree", runs[0], "--humans", people, policy=policy)
    one = row(found, "passing", dimension=dimension)
    given = [
        (n, outcome) for n, outcome in enumerate(FIRST[:25]) if policy == "fail" or outcome not in MISSING
    ]
    assert one["n"] == len(given)
    assert one["judge_rate"]["value"] == pytest.approx(RATE[policy])
    same = [(outcome == "pass") == (n % 3 != 0) for n, outcome in given]
    assert one["agreement"]["value"] == pytest.approx(sum(same) / len(same))
    assert ("no_verdict" in found["tables"]) == (policy == "bounds")
    if policy == "bounds":
        of_missing = [n % 3 != 0 for n, outcome in enumerate(FIRST[:25]) if outcome in MISSING]
        bounds = row(found, "no_verdict", dimension=dimension)
        assert bounds["missing"] == N_MISSING
        assert bounds["agreement_pass"] == pytest.approx((sum(same) + sum(of_missing)) / 25)
        assert bounds["agreement_fail"] == pytest.approx((sum(same) + len(of_missing) - sum(of_missing)) / 25)
    else:
        assert f"(up to {N_MISSING})" in " ".join(found["tables"]["passing"]["notes"])


@pytest.mark.parametrize("policy", POLICIES)
def test_the_corrected_pass_rate_is_of_the_answers_that_count(runs, people, policy):
    one = row(report("agree", runs[0], "--humans", people, policy=policy), "corrected", dimension="overall")
    assert one["pool"] == one["labelled"] == (25 if policy == "fail" else 17)
    assert one["judge_rate"]["value"] == pytest.approx(RATE[policy])


@pytest.mark.parametrize("policy", POLICIES)
def test_audit_counts_by_hand(runs, policy):
    found = report("audit", runs[0], policy=policy)
    assert found["figures"]["pass_rate"]["value"] == pytest.approx(RATE[policy])


@pytest.mark.parametrize("policy", POLICIES)
def test_a_panel_counts_by_hand(runs, policy):
    one = row(report("report", *runs, policy=policy), "panel", run="a")
    assert one["missing"] == N_MISSING
    assert one["pass_rate"]["value"] == pytest.approx(RATE[policy])


@pytest.mark.parametrize(("policy", "code"), [("fail", 4), ("drop", 0), ("bounds", 0)])
def test_a_gate_tests_the_pass_rate_as_counted(runs, policy, code):
    report("report", runs[0], "--fail-under", "pass_rate=0.5", policy=policy, code=code)


def test_calibration_uses_the_scores_that_were_given(runs, people):
    found = judge.calibrate(runs[0], people)
    assert found.dimensions["count"].before.mae.n_items == N_PASS + N_FAIL


def test_items_to_rate_are_drawn_from_answers_without_a_verdict_too(runs):
    chosen = judge.select_items(runs[0], 24, seed=1)
    sizes = {name: size for name, (_, size) in chosen.counts.items()}
    assert sizes == {"pass": N_PASS, "fail": N_FAIL, "no verdict": N_MISSING}
