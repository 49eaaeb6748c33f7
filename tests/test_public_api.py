"""The Python API: every function, the inputs that it takes, and what its results can do."""

import ast
import importlib
import inspect
import io
import json
import math
import pkgutil
import re
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

import judge
from judge.cli import load_command, main
from judge.records import Score
from judge.stats.engine.estimate import Estimate
from judge.workflows.inputs import RatingOptions
from judge.workflows.plan import PlanOptions

EXAMPLES = Path(__file__).parents[1] / "examples"
ANSWERS, RATINGS = str(EXAMPLES / "answers.jsonl"), str(EXAMPLES / "ratings.csv")
REPLAY = f"replay:{EXAMPLES / 'replies.jsonl'}"
QUESTIONS = [
    {"id": "a", "question": "?", "answer": "A", "choices": ["x", "y"], "gold": "A"},
    {"id": "b", "question": "?", "answer": "B", "choices": ["x", "y"], "gold": "A"},
    {"id": "c", "question": "?", "answer": "?!", "choices": ["x", "y"], "gold": "A"},
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def run(folder):
    return judge.score(ANSWERS, judge=REPLAY, out=folder / "demo")


@pytest.fixture(scope="module")
def floor(folder):
    return judge.score(ANSWERS, out=folder / "floor")


@pytest.fixture(scope="module")
def agreement(run):
    return judge.agree(run, RATINGS, margin=0.1, dimensions="clarity")


@pytest.fixture(scope="module")
def lenient(folder):
    """A run that mostly scores one point higher than two people do, and their ratings."""
    rubric, items, scores, rows = judge.load_rubric("open_qa"), [], [], []
    for i in range(80):
        quality = 1 + i % 4
        gap = 0 if i % 10 == 0 else 1
        items.append(judge.Item(id=f"q{i}", question="?", answer="a"))
        who = {"item_id": f"q{i}", "rater": "soft", "rater_kind": "judge"}
        scores += [
            Score(**who, dimension=name, value=float(quality + gap))
            for name in (*rubric.dimensions, "overall")
        ]
        rows += [{"item_id": f"q{i}", "rater": name, "clarity": quality} for name in ("ann", "ben")]
    with judge.Run.imported(folder / "lenient", rubric, items, scores, model="soft") as made:
        return made.path, rows


# -- the names


def import_everything():
    """Import every module of the package; one that needs an extra may be missing."""
    for module in pkgutil.walk_packages(judge.__path__, "judge."):
        if module.name.endswith("__main__"):
            continue
        try:
            importlib.import_module(module.name)
        except ImportError as error:
            if str(error.name).startswith(("judge", "human_study")):
                raise


@pytest.fixture(scope="module")
def calls(run, floor, lenient, folder):
    """A call of every public name."""
    item = {"id": "a", "question": "?", "answer": "a"}
    soft, ratings = lenient
    maps, normals = folder / "maps.json", folder / "normals"
    (normals / "screw").mkdir(parents=True)
    (normals / "screw" / "1.png").write_bytes(b"no picture, which only the scoring would notice")
    judge.calibrate(soft, ratings, save=maps)
    return {
        "Completion": lambda: judge.Completion.model_fields,
        "Connection": judge.Connection,
        "EngineOptions": judge.EngineOptions,
        "Image": lambda: judge.Image(path="a.png"),
        "Item": lambda: judge.Item(**item),
        "Judge": lambda: judge.Judge(model="baseline", rubric=judge.load_rubric("open_qa")),
        "JudgeError": judge.JudgeError,
        "PlanOptions": judge.PlanOptions,
        "RatingOptions": judge.RatingOptions,
        "RayOptions": judge.RayOptions,
        "Rubric": lambda: judge.Rubric.model_fields,
        "Run": lambda: judge.Run.open(run.path),
        "Score": lambda: judge.Score(item_id="a", rater="r", rater_kind="human", dimension="d", value=1),
        "ScoringCallback": judge.ScoringCallback,
        "agree": lambda: judge.agree(run, RATINGS, dimensions="clarity"),
        "apply_calibration": lambda: next(iter(judge.apply_calibration(soft, maps))),
        "attach_normals": lambda: judge.attach_normals([{**item, "object": "screw"}], normals, how="random"),
        "audit": lambda: judge.audit(run),
        "calibrate": lambda: judge.calibrate(run, RATINGS, dimensions="clarity"),
        "choice": lambda: judge.choice(QUESTIONS),
        "compare": lambda: judge.compare(run, floor),
        "leaderboard": lambda: judge.leaderboard(run, system="system"),
        "load_items": lambda: judge.load_items(ANSWERS),
        "load_rubric": lambda: judge.load_rubric("open_qa"),
        "merge": lambda: judge.merge([run.path], out=folder / f"merged-{len(list(folder.iterdir()))}"),
        "plan": lambda: judge.plan("pass_rate"),
        "preview": lambda: judge.preview(ANSWERS, judge.Judge("baseline", judge.load_rubric("open_qa"))),
        "read_ratings": lambda: judge.read_ratings(RATINGS),
        "rederive": lambda: judge.rederive(floor.path),
        "report": lambda: judge.report(run),
        "retest": lambda: judge.retest(twice(folder)),
        "score": lambda: judge.score([item], out=folder / "one"),
        "select_items": lambda: judge.select_items(run, 24),
        "stress": lambda: judge.stress(ANSWERS, probes="praise", limit=4, out=folder / "stress"),
    }


def twice(folder):
    return judge.score(ANSWERS, out=folder / "twice", samples=2)


def test_every_public_name_has_a_call(calls):
    assert set(calls) == set(judge.__all__)


@pytest.mark.parametrize("name", judge.__all__)
def test_every_public_name_can_be_called_twice_after_all_submodules_are_imported(
    name, calls, capfd, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    import_everything()
    first, second = calls[name](), calls[name]()
    assert type(first) is type(second)
    assert not inspect.ismodule(getattr(judge, name))
    assert capfd.readouterr().out == ""


def test_public_names_are_listed_for_completion():
    assert set(judge.__all__) <= set(dir(judge))


@pytest.mark.parametrize(
    "path", sorted((EXAMPLES.parent / "notebooks").glob("*.ipynb")), ids=lambda p: p.stem
)
def test_notebooks_use_the_public_api_alone(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    modules = {
        alias.name
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    modules |= {node.module for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ImportFrom)}
    assert {name for name in modules if name.startswith(("judge", "human_study"))} <= {"judge", "judge.stats"}
    assert "subprocess" not in modules
    assert not set(re.findall(r"\bjudge\.(\w+)", code)) - {*judge.__all__, "stats"}


# -- the same as the commands


def of_command(*words):
    done = CliRunner().invoke(main, [*map(str, words), "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_functions_find_what_the_commands_print(run, floor, lenient):
    path, other, soft = str(run.path), str(floor.path), str(lenient[0])
    typed = "given on the command line"
    ratings = str(Path(soft).parent / "soft.csv")
    pd.DataFrame(lenient[1]).to_csv(ratings, index=False)
    for words, found in (
        (["report", path, "--by", "topic"], judge.report(path, by="topic")),
        (["report", path, other], judge.report([path, other])),
        (["audit", path, "--worst", 2], judge.audit(run, worst=2)),
        (["compare", path, other], judge.compare(run, floor)),
        (["leaderboard", path, "--system", "system"], judge.leaderboard(run, system="system")),
        (["plan", "--statistic", "kappa"], judge.plan("kappa")),
        (["calibrate", soft, "--humans", ratings], judge.calibrate(soft, ratings)),
        (["report", soft, "--humans", ratings], judge.report(soft, humans=ratings)),
        (
            ["agree", path, "--humans", RATINGS, "--margin", 0.1, "--pass", 4, "--by", "topic"],
            judge.agree(path, RATINGS, margin=0.1, pass_mark=4, by="topic", set_by=typed),
        ),
    ):
        assert of_command(*words) == json.loads(found.to_json())


RENAMED = {
    "n_raters": "n_raters",
    "as_json": None,
    "margins": "margin",
    "maps": None,
    "select": None,
    "retest": None,
    "sections": None,
    "format_": "format",
    **dict.fromkeys(("html", "markdown", "latex", "csv", "svg", "gates", "junit", "open_page"), None),
}
"""Parameter of a command -> parameter of the function; None: output, or another function."""


@pytest.mark.parametrize(
    "name", ["report", "audit", "compare", "leaderboard", "choice", "agree", "calibrate", "plan"]
)
def test_functions_have_the_parameters_and_defaults_of_the_commands(name):
    parameters = inspect.signature(getattr(judge, name)).parameters
    shared = {**RatingOptions.__annotations__, **PlanOptions.__annotations__}
    for option in load_command(name).params:
        meant = RENAMED.get(option.name, option.name)
        if meant is None or option.name in ("runs", "run", "files"):
            continue
        assert meant in parameters or ("options" in parameters and meant in shared), option.name
        default = parameters[meant].default if meant in parameters else inspect.Parameter.empty
        if isinstance(option.default, int | float | str) and option.default != "" and meant in parameters:
            assert default == option.default, option.name


# -- inputs


def test_a_run_may_be_an_object_or_a_path(run):
    rates = {judge.report(given).pass_rate for given in (run, run.path, str(run.path))}
    assert len(rates) == 1


def test_ratings_may_be_a_file_a_table_or_rows(run, agreement):
    table = pd.read_csv(RATINGS)
    rows = table.to_dict("records")
    expected = agreement["clarity"].kappa_quadratic
    for given in (
        Path(RATINGS),
        table,
        rows,
        iter(rows),
        judge.read_ratings(RATINGS),
        judge.read_ratings(rows),
    ):
        assert judge.agree(run, given, dimensions=["clarity"])["clarity"].kappa_quadratic == expected


def test_items_of_people_alone_may_be_a_table():
    rows = [
        {"item_id": i, "rater": r, "value": v} for i, r, v in (("a", "x", 1), ("a", "y", 2), ("b", "x", 5))
    ]
    items = pd.DataFrame({"id": ["a", "b"], "source": ["s", "s"]})
    found = judge.agree([], rows, scale="1-5", items=items, cluster="source")
    assert found.judges == ()
    assert found.verdicts == {}
    assert found.people["overall"].n_ratings == 3
    assert found.to_pandas().empty


def test_a_rubric_object_declares_the_scale():
    rows = [{"item_id": "a", "rater": r, "clarity": v} for r, v in (("x", 4), ("y", 5))]
    found = judge.agree([], rows, rubric=judge.load_rubric("open_qa"))
    assert found.people["clarity"].estimates["agreement"].value == 0.0


def test_an_item_that_a_table_lists_twice_is_refused_by_row():
    rows = [{"item_id": "a", "rater": "x", "value": 1}] * 2
    with pytest.raises(judge.JudgeError, match="second score for item 'a'"):
        judge.agree([], rows, scale="1-5")


def test_multiple_choice_answers_may_be_rows_or_files(tmp_path):
    file = tmp_path / "answers.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in QUESTIONS))
    for given in (QUESTIONS, pd.DataFrame(QUESTIONS), str(file), [file]):
        assert judge.choice(given).estimates["accuracy"].value == pytest.approx(1 / 3)
    assert judge.choice(QUESTIONS, no_verdict="drop").estimates["accuracy"].value == pytest.approx(1 / 2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda _: judge.report("nowhere"), "nowhere: no run here"),
        (lambda run: judge.report(run, by="colour"), "no item has the field 'colour'"),
        (lambda run: judge.agree(run, "nowhere.csv"), "nowhere.csv"),
        (lambda run: judge.agree(run, []), "the table: holds no ratings"),
        (
            lambda run: judge.agree(run, RATINGS)["colour"],
            "no agreement for 'colour'; found: 'technical_accuracy'",
        ),
        (lambda run: judge.compare(run), "two runs, or one run and"),
        (lambda run: judge.leaderboard(run), "needs two systems or more, found demo"),
        (lambda run: judge.select_items(run, 1000), "cannot select 1,000 items"),
        (lambda _: judge.retest([]), "give at least one run"),
        (lambda _: judge.plan("pass_rate", half_width=2), "half-width 2"),
        (lambda _: judge.read_ratings([{"colour": 1}]), "item"),
    ],
)
def test_what_cannot_be_is_a_judge_error_that_says_why(run, call, message):
    with pytest.raises(judge.JudgeError, match=message):
        call(run)


@pytest.mark.parametrize("call", [judge.agree, judge.calibrate, judge.retest, judge.select_items])
def test_an_unknown_option_is_refused_with_the_known_ones(run, call):
    arguments = (run, 3, RATINGS) if call is judge.select_items else (run, RATINGS)
    with pytest.raises(TypeError, match="unknown option colour; allowed: items, columns, rubric"):
        call(*arguments, colour=1)


def test_plan_refuses_an_unknown_option():
    with pytest.raises(TypeError, match="unknown option colour"):
        judge.plan("pass_rate", colour=1)


# -- results


def test_report_holds_the_pass_rate_and_slices_as_a_table(run):
    report = judge.report(run, by=["topic"])
    assert report.pass_rate.value == pytest.approx(15 / 22)
    slices = report.tables["slices"].to_pandas().set_index("slice")
    assert slices.loc["all items", "n"] == 22
    assert slices.loc["physics", "n"] == 6


@pytest.mark.parametrize(
    ("call", "rows"),
    [
        (lambda run, _: judge.report(run), "all"),
        (lambda run, floor: judge.report([run, floor]), "demo"),
        (lambda run, _: judge.audit(run), "technical accuracy"),
        (lambda run, floor: judge.compare(run, floor), None),
        (lambda run, _: judge.leaderboard(run, system="system"), "heron"),
        (lambda *_: judge.choice(QUESTIONS), None),
        (lambda *_: judge.plan("pass_rate"), 1),
        (lambda run, _: judge.calibrate(run, RATINGS, dimensions="clarity"), "clarity"),
    ],
)
def test_the_main_table_of_a_result_is_a_dataframe(run, floor, call, rows):
    frame = call(run, floor).to_pandas()
    assert len(frame) > 0
    if rows is not None:
        assert any(str(rows).lower() in str(cell).lower() for cell in frame.astype(str).to_numpy().ravel())


def test_results_show_themselves_and_write_files(run, tmp_path):
    report = judge.report(run)
    assert "68.2 %" in str(report)
    assert "<table" in report._repr_html_()
    page = tmp_path / "report.html"
    assert report.to_html(page) == page.read_text(encoding="utf-8")
    assert json.loads(report.to_json())["figures"]["pass_rate"]["n_items"] == 22
    assert (tmp_path / "tables" / "scores.csv") in report.to_csv(tmp_path / "tables")
    assert report.to_markdown().startswith("## ")
    assert "tabular" in report.to_latex()


def test_worst_answers_of_a_report_are_as_many_as_asked_for(run):
    def shown(report):
        return sum(len(section.cases) for section in report.sections if section.key == "worst")

    assert [shown(judge.report(run, worst=n)) for n in (0, 2)] == [0, 2]
    assert [shown(judge.audit(run, worst=n)) for n in (0, 3)] == [0, 3]


def test_agreement_on_a_dimension_gives_its_statistics_as_estimates(run, agreement):
    clarity = agreement["clarity"]
    judged = [s.value for s in run.scores() if s.dimension == "clarity" and s.value is not None]
    assert clarity.found.judge_mean.value == pytest.approx(sum(judged) / len(judged))
    assert isinstance(clarity.kappa_quadratic, Estimate)
    assert clarity.kappa_quadratic is clarity.statistics["kappa_quadratic"]
    assert clarity.difference.value == pytest.approx(clarity.kappa_quadratic.value - clarity.ceiling.value)
    assert {"kappa_quadratic", "alpha", "ceiling"} <= set(dir(clarity))
    with pytest.raises(AttributeError, match="no attribute 'colour'; statistics: agreement"):
        _ = clarity.colour


def test_agreement_has_verdicts_with_a_margin_only(run, agreement):
    assert agreement.verdicts == {"clarity": "non-inferior"}
    assert agreement["clarity"].verdict.margin == 0.1
    without = judge.agree(run, RATINGS, dimensions="clarity")
    assert without.verdicts == {"clarity": None}
    assert without["clarity"].verdict is None


def test_a_margin_may_be_of_one_statistic(run):
    found = judge.agree(run, RATINGS, dimensions="clarity", margin={"agreement": 0.2})
    assert found["clarity"].difference is found["clarity"].found.comparisons["agreement"].difference


def test_agreement_of_several_judges_is_found_by_dimension_and_judge(run, floor):
    found = judge.agree([run, floor], RATINGS, dimensions="clarity", margin=0.1)
    assert set(found.judges) >= {"replay:replies", "baseline"}
    assert found["clarity", "baseline"].judge == "baseline"
    assert ("clarity", "replay:replies") in found.verdicts
    assert set(found.to_pandas().judge) == set(found.judges)
    with pytest.raises(judge.JudgeError, match="no agreement for 'clarity'; found"):
        found["clarity"]


def test_corrected_pass_rate_is_that_of_people_where_everything_was_rated(lenient):
    """All items were rated, so the corrected rate is the share of items that people pass, whatever the judge."""
    path, ratings = lenient
    clarity = judge.agree(path, ratings, pass_mark=3)["clarity"]
    assert float(clarity.corrected_pass_rate) == pytest.approx(0.5, abs=0.01)
    assert float(clarity.bias) == pytest.approx(0.9)


def test_corrected_pass_rate_is_undefined_without_a_pass_rule():
    rows = [
        {"item_id": f"q{i}", "rater": rater, "rater_kind": kind, "value": 1 + (i + shift) % 5}
        for i in range(12)
        for rater, kind, shift in (("ann", "human", 0), ("ben", "human", 1), ("model", "judge", 0))
    ]
    found = judge.agree([], rows, scale="1-5")["overall"].corrected_pass_rate
    assert (found.defined, found.reason) == (False, "not_applicable")


def test_agreement_shows_itself(agreement):
    clarity = agreement["clarity"]
    assert "non-inferior" in str(clarity)
    assert f"{clarity.kappa_quadratic.value:.3f}" in str(clarity)
    assert "quadratic" in clarity._repr_html_() or "kappa_quadratic" in clarity._repr_html_()
    frame = clarity.to_pandas().set_index("statistic")
    assert frame.loc["alpha", "judge_level"] == clarity.alpha.value
    assert len(agreement.to_pandas()) == len(frame)
    assert any(name.startswith("confusion:clarity") for name in agreement.charts)


def test_calibration_that_helps_is_saved_and_applied(lenient, tmp_path):
    path, ratings = lenient
    found = judge.calibrate(path, ratings)
    assert found.helps
    assert found.dimensions["clarity"].before.mae.value == pytest.approx(0.9)
    assert found.dimensions["clarity"].after.mae.value < 0.3
    maps = tmp_path / "maps.json"
    found.save(maps)
    rows = pd.DataFrame(judge.apply_calibration(path, maps))
    assert set(rows.dimension) == {"clarity"}
    assert (rows.value - rows.calibrated).mean() == pytest.approx(0.9, abs=0.11)


def test_calibration_without_a_gain_writes_no_file(run, tmp_path):
    maps = tmp_path / "maps.json"
    found = judge.calibrate(run, RATINGS, dimensions="clarity", save=maps)
    assert not found.helps
    assert not maps.exists()
    with pytest.raises(judge.JudgeError, match=r"maps\.json: not written"):
        found.save(maps)


def test_plan_gives_the_sizes_that_are_needed():
    """1.96^2 p (1 - p) / h^2 with p = 0.8 and h = 0.05: 245.9; the plan rounds as its closed form does."""
    found = judge.plan("pass_rate", half_width=0.05)
    assert found.needed[0].n_items == pytest.approx(1.96**2 * 0.8 * 0.2 / 0.05**2, abs=1)
    assert judge.plan("pass_rate", half_width=0.05, expect=0.5).needed[0].n_items > found.needed[0].n_items


def test_plan_takes_a_pilot():
    reading = {"dimensions": "clarity", "scale": "1-5"}
    found = judge.plan("agreement", humans=RATINGS, half_width=0.2, **reading)
    assert [size.n_raters for size in found.needed] == [3]


def test_selected_items_keep_their_probabilities(run):
    chosen = judge.select_items(run, 22, seed=1)
    frame = chosen.to_pandas()
    assert list(frame.columns) == ["item_id", "stratum", "probability"]
    assert len(frame) == 22
    assert (1 / frame.probability).sum() == pytest.approx(24)
    assert judge.select_items(run, 22, seed=1).items == chosen.items
    assert str(chosen).startswith("22 items: ")
    assert "<table" in chosen._repr_html_()


def test_retest_of_a_judge_that_repeats_itself_is_perfect(folder):
    table = judge.retest(twice(folder), dimensions=["clarity"]).tables
    values = [cell for t in table.values() for row in t.rows for cell in row if isinstance(cell, Estimate)]
    assert any(value.value == 1.0 for value in values)


# -- ratings


def test_ratings_are_read_as_one_table():
    ratings = judge.read_ratings(RATINGS)
    assert (len(ratings), len(ratings.items), len(ratings.raters)) == (284, 24, 3)
    frame = ratings.to_pandas()
    assert frame.value.notna().sum() == 283
    first, second = str(ratings).splitlines()
    assert first.startswith(
        "3 raters (rater_1, rater_2, rater_3), 24 items, 4 dimensions (technical_accuracy, "
    )
    assert second == "283 ratings, scale 1-5 (found), 1 missing"
    assert "<table" in ratings._repr_html_()
    assert [score.rater for score in ratings][:2] == list(frame.rater[:2])


def test_ratings_with_other_column_names_and_codes_are_read():
    text = "task,coder,value\na,x,4\na,y,99\n"
    table = pd.read_csv(io.StringIO(text))
    ratings = judge.read_ratings(table, columns={"item_id": "task", "rater": "coder"}, missing_codes=[99])
    assert [score.value for score in ratings] == [4.0, None]
    only = judge.read_ratings(pd.read_csv(RATINGS), dimensions="clarity")
    assert only.dimensions == ("clarity",)


def test_ratings_of_a_judge_are_named_so():
    ratings = judge.read_ratings([{"item_id": "a", "rater": "m", "value": 4}], rater_kind="judge")
    assert ratings.scores[0].rater_kind == "judge"


def test_a_missing_value_of_a_dataframe_is_no_rating():
    table = pd.DataFrame({"item_id": ["q01-heron"] * 2, "rater": ["x", "y"], "clarity": [5, math.nan]})
    assert [score.status for score in judge.read_ratings(table)] == ["ok", "skipped"]
