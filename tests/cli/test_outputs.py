"""Where reports go, and gates: `--html`, `--markdown`, `--latex`, `--csv`, `--fail-under`, `--junit`."""

import csv
import io
import json
import shlex
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from judge.cli import main
from judge.records import Item, Score
from judge.rubric import load_rubric
from judge.scoring.judge import Judge
from judge.scoring.run import Run


def judge(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def make_run(path, shift=0, n=40):
    """Forty answers; three of four pass."""
    rubric = load_rubric("open_qa")
    items = [Item(id=f"q{i}", question="?", answer="!", metadata={"kind": "ab"[i % 2]}) for i in range(n)]
    scores = [
        Score(item_id=item.id, rater="robot", rater_kind="judge", dimension=name, value=float(4 if (i + shift) % 4 else 1))
        for i, item in enumerate(items)
        for name in rubric.scored
    ]  # fmt: skip
    Run.imported(path, rubric, items, scores, model="robot").close()
    return path


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return make_run(tmp_path / "first")


@pytest.fixture
def other(tmp_path):
    return make_run(tmp_path / "second", shift=1)


def test_page_goes_beside_the_run_and_text_to_standard_output(run):
    result = judge("report", run, "--html")
    assert result.exit_code == 0
    assert (run / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert "of answers pass" in result.stdout
    note = f"{run / 'report.html'} ({(run / 'report.html').stat().st_size:,} bytes)\n"
    assert result.stderr.startswith(note)


def test_open_writes_the_page_and_opens_it(run, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    assert judge("report", run, "--open").exit_code == 0
    assert opened == [(run / "report.html").resolve().as_uri()]
    assert judge("report", run, "--html", run / "x.html", "--open").exit_code == 0
    assert opened[1].endswith("/x.html")
    assert judge("report", run, "--html", "-", "--open").exit_code == 2


def test_a_report_fits_on_one_screen_and_its_next_commands_run(run, monkeypatch):
    monkeypatch.setattr("webbrowser.open", bool)
    result = judge("report", run)
    lines = [*result.stdout.splitlines(), *result.stderr.splitlines()]
    assert sum(1 + (len(line) - 1) // 80 for line in lines) <= 30
    steps = [shlex.split(line.removeprefix("next: judge ")) for line in result.stderr.splitlines()]
    assert [step[0] for step in steps] == ["show", "view", "report", "report"]
    assert all(judge(*step).exit_code == 0 for step in steps if step[0] != "view"), steps  # which serves
    assert "By kind" in judge(*steps[2]).stdout


@pytest.mark.usefixtures("run", "other")
@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("audit", "first"), ["show", "view", "audit"]),
        (("compare", "first", "second"), ["compare", "view", "compare"]),
        (("compare", "first", "first"), ["view", "compare"]),
        (("leaderboard", "first", "second"), ["compare", "view", "leaderboard"]),
        (("leaderboard", "first", "--system", "kind"), ["view", "leaderboard"]),
    ],
)
def test_other_reports_fit_on_one_screen_and_name_commands_that_run(words, names, monkeypatch):
    monkeypatch.setattr("webbrowser.open", bool)
    result = judge(*words)
    lines = [*result.stdout.splitlines(), *result.stderr.splitlines()]
    assert sum(1 + (len(line) - 1) // 80 for line in lines) <= 30
    assert "Methods" not in result.stdout
    assert "Methods" in judge(*words, "--sections", "all").stdout
    steps = [shlex.split(line.removeprefix("next: judge ")) for line in result.stderr.splitlines()]
    assert [step[0] for step in steps] == names
    assert steps[-1][-1] == "--open"
    assert all(judge(*step).exit_code == 0 for step in steps if step[0] != "view"), steps  # which serves
    assert [step[0] for step in next_steps(judge(*words, "--html", "a.html"))] == names[:-1]


def test_charts_go_to_a_folder_and_are_counted(run, tmp_path):
    result = judge("report", run, "--svg", tmp_path / "charts")
    n = len(list((tmp_path / "charts").glob("*.svg")))
    assert n > 0
    assert f"{n} chart{'s' * (n > 1)} in {tmp_path / 'charts'}" in result.stderr


def test_the_report_of_several_systems_names_their_leaderboard(tmp_path):
    run = tmp_path / "demo"
    examples = Path(__file__).parents[2] / "examples"
    replies = f"replay:{examples / 'replies.jsonl'}"
    judge("score", examples / "answers.jsonl", "--judge", replies, "--out", run)
    words = ["leaderboard", str(run), "--system", "system"]
    assert words in next_steps(judge("report", run))
    assert judge(*words).exit_code == 0


def next_steps(result):
    lines = [line for line in result.stderr.splitlines() if line.startswith("next: ")]
    return [shlex.split(line.removeprefix("next: judge ")) for line in lines]


def test_a_run_without_failing_answers_has_none_to_show(tmp_path):
    path = make_run(tmp_path / "good", n=3, shift=1)
    assert next_steps(judge("audit", path))[0][0] == "view"


def test_next_commands_repeat_no_option_about_the_output(run):
    outputs = (
        "--latex",
        "a.tex",
        "--csv=tables",
        "--fail-under",
        "pass_rate=0.1",
        "--junit",
        "a.xml",
        "--markdown",
    )
    result = judge("report", "--by", "kind", *outputs, "--worst=2", run)
    assert result.exit_code == 0, result.output
    again = [step for step in next_steps(result) if step[0] == "report"]
    assert again == [
        ["report", "--by", "kind", "--worst=2", *asked]
        for asked in ([str(run), "--sections", "slices"], [str(run), "--open"])
    ]


@pytest.mark.parametrize(
    ("words", "shown", "left_out"),
    [
        ((), "Pass rates", "By kind"),
        (("--sections", "slices"), "By kind", "Pass rates"),
        (("--sections", "all"), "By kind", None),
    ],
)
def test_latex_has_the_tables_of_the_sections_that_are_shown(run, words, shown, left_out):
    assert judge("report", run, "--latex", "a.tex", *words).exit_code == 0
    text = Path("a.tex").read_text(encoding="utf-8")
    assert rf"\caption{{{shown}" in text
    assert left_out is None or rf"\caption{{{left_out}}}" not in text
    assert r"\paragraph{Methods}" in text


@pytest.mark.parametrize("command", ["report", "compare", "leaderboard"])
def test_page_about_several_runs_goes_into_the_present_folder(command, run, other):
    assert judge(command, run, other, "--html").exit_code == 0
    assert Path(f"{command}.html").is_file()


@pytest.mark.parametrize(
    ("name", "start"), [("a.csv", b"item_id,"), ("a.jsonl", b'{"item_id"'), ("a.parquet", b"PAR1")]
)
def test_the_name_of_an_export_says_its_format(run, name, start):
    assert judge("export", run, "--out", name).exit_code == 0
    assert Path(name).read_bytes().startswith(start)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ("--out", "a.parquet", "--output-format", "csv"),
            "out (--out) a.parquet is a parquet file, but --output-format is csv",
        ),
        (
            ("--out", "a.txt"),
            "out (--out) a.txt: the format is unknown; use the ending .csv, .jsonl, .parquet",
        ),
        (("--output-format", "parquet"), "name a file: --out scores.parquet"),
        (("--out", "no/a.csv"), "no/a.csv: cannot be written: No such file or directory"),
    ],
)
def test_an_export_that_cannot_be_is_refused_and_leaves_no_file(run, options, message):
    before = set(Path().iterdir())
    result = judge("export", run, *options)
    assert result.exit_code == 1
    assert message in result.stderr
    assert set(Path().iterdir()) == before


@pytest.mark.parametrize("wide", [(), ("--wide",)])
def test_no_cell_of_an_export_is_a_formula(tmp_path, wide):
    rubric = load_rubric("open_qa")
    item = Item(id="=1+1", question="?", answer="!", metadata={"=field": "@SUM(A1)", "number": -5})
    scores = [
        Score(item_id=item.id, rater="+robot", rater_kind="judge", dimension=name, value=4.0, reason="-cmd|x")
        for name in rubric.scored
    ]
    Run.imported(tmp_path / "run", rubric, [item], scores, model="robot").close()
    text = judge("export", tmp_path / "run", *wide).stdout
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))] == ["-5"] * (
        text.count("\n") - 1
    )
    assert {"'=1+1", "'@SUM(A1)"} <= set(cells)
    lines = judge("export", tmp_path / "run", "--output-format", "jsonl").stdout
    assert json.loads(lines.splitlines()[0])["item_id"] == "=1+1"


def test_a_page_that_cannot_be_written_leaves_no_other_one(run):
    result = judge("report", run, "--markdown", "a.md", "--html", "no/a.html")
    assert result.exit_code == 1
    assert "no/a.html: cannot be written" in result.stderr
    assert not Path("a.md").exists()


def test_a_folder_of_tables_that_cannot_be_made_is_one_line(run):
    Path("file").write_text("")
    result = judge("report", run, "--csv", "file/tables")
    assert (result.exit_code, result.stderr) == (
        1,
        "Error: file/tables: the folder cannot be created: Not a directory\n",
    )


@pytest.mark.parametrize(
    "words",
    [
        ("report", "RUN", "--csv", ""),
        ("report", "RUN", "--junit", ""),
        ("report", "RUN", "--html", ""),
        ("show", "RUN", "--item", ""),
        ("agree", "RUN", "--humans", "ratings.csv", "--scale", "1-99999999999"),
        ("agree", "RUN", "--humans", "ratings.csv", "--column", "=x"),
        ("agree", "RUN", "--humans", "ratings.csv", "--epsilon", "nan"),
        ("plan", "--per-item", "99999999999999999999"),
        ("plan", "--cluster-icc", "nan"),
        ("score", "ratings.csv", "--samples", "99999999999999999999"),
        ("score", "ratings.csv", "--max-cost", "nan"),
        ("score", "ratings.csv", "--max-cost", "inf"),
        ("score", "ratings.csv", "--temperature", "-1"),
        ("score", "ratings.csv", "--timeout", "nan"),
    ],
    ids=" ".join,
)
def test_nonsense_is_refused_before_anything_is_made(run, words):
    Path("ratings.csv").write_text("item_id,rater,clarity\nq0,ann,3\n")
    before = set(Path().iterdir())
    result = judge(*(run if word == "RUN" else word for word in words))
    assert result.exit_code in (1, 2)
    assert isinstance(result.exception, SystemExit)
    assert set(Path().iterdir()) == before


@pytest.mark.parametrize(
    "words", [("parse",), ("calibrate", "--humans", "ratings.csv"), ("report",), ("audit",)]
)
def test_a_run_without_items_or_scores_is_one_line(tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    with Run.create("run", Judge("m", load_rubric("open_qa"))) as empty:
        if words[0] == "calibrate":
            empty.add_items([Item(id="q0", question="?", answer="!")])
    Path("ratings.csv").write_text("item_id,rater,clarity\nq0,ann,3\n")
    result = judge(words[0], "run", *words[1:])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert sum(line.startswith("Error") for line in result.stderr.splitlines()) <= 1
    assert "Traceback" not in result.stderr


def test_audit_and_choice_have_pages_too(run, tmp_path):
    assert judge("audit", run, "--html").exit_code == 0
    assert (run / "audit.html").is_file()
    item = {"id": "a", "question": "?", "answer": "B", "choices": ["x", "y"], "gold": "B"}
    (tmp_path / "mc.jsonl").write_text(json.dumps(item))
    assert judge("choice", tmp_path / "mc.jsonl", "--html").exit_code == 0
    assert Path("choice.html").is_file()


def test_files_can_be_named_and_go_together(run):
    result = judge(
        "report", run, "--html", "a.html", "--markdown", "a.md", "--latex", "a.tex", "--csv", "tables"
    )
    assert result.exit_code == 0
    assert Path("a.html").is_file()
    assert Path("a.md").read_text(encoding="utf-8").startswith("## first: 40 answers")
    assert r"\toprule" in Path("a.tex").read_text(encoding="utf-8")
    assert (Path("tables") / "slices-kind.csv").is_file()


@pytest.mark.parametrize(
    ("option", "start"), [("--html", "<!DOCTYPE"), ("--markdown", "## first"), ("--latex", "% first")]
)
def test_dash_is_standard_output_and_nothing_else_goes_there(run, option, start):
    result = judge("report", run, option, "-")
    assert result.stdout.startswith(start)
    assert "•" not in result.stdout


def test_json_goes_to_standard_output_beside_a_page(run):
    result = judge("report", run, "--json", "--html")
    assert json.loads(result.stdout)["kind"] == "report"
    assert (run / "report.html").is_file()


@pytest.mark.parametrize("words", [["--html", "-", "--markdown", "-"], ["--json", "--latex", "-"]])
def test_two_things_cannot_go_to_standard_output(run, words):
    result = judge("report", run, *words)
    assert result.exit_code == 2
    assert "only one of" in result.stderr


def test_a_run_in_the_place_of_a_file_is_explained(run, other):
    result = judge("report", run, "--html", other)
    assert result.exit_code == 2
    assert "is a folder; allowed: a file. To use the default file, put --html last" in result.stderr


def test_a_file_that_cannot_be_written_is_one_line(run):
    result = judge("report", run, "--html", "no/such/folder.html")
    assert result.exit_code == 1
    assert result.stderr == "Error: no/such/folder.html: cannot be written: No such file or directory\n"


def test_same_run_gives_the_same_page(run):
    judge("report", run, "--html", "one.html")
    judge("report", run, "--html", "two.html")
    assert Path("one.html").read_bytes() == Path("two.html").read_bytes()


def test_a_gate_that_holds_changes_nothing(run):
    assert judge("report", run, "--fail-under", "pass_rate=0.75").exit_code == 0


@pytest.mark.parametrize("gate", ["pass_rate=0.76", "pass_rate.low=0.7", "pass_rate:kind=a=0.99"])
def test_a_missed_gate_is_status_4_after_all_is_written(run, gate):
    result = judge(
        "report", run, "--fail-under", "pass_rate=0.5", "--fail-under", gate, "--html", "--junit", "gates.xml"
    )
    assert result.exit_code == 4
    assert "does not reach" in result.stderr
    assert "of answers pass" in result.stdout
    assert (run / "report.html").is_file()
    root = ElementTree.parse("gates.xml").getroot()
    assert (root.get("tests"), root.get("failures")) == ("2", "1")


def test_a_gate_holds_for_every_run(run, other):
    assert judge("report", run, other, "--fail-under", "pass_rate=0.75").exit_code == 0
    assert judge("report", run, other, "--fail-under", "pass_rate@first=0.76").exit_code == 4


def test_a_comparison_can_be_gated(run, other):
    assert judge("compare", run, other, "--fail-under", "difference.low=-0.9").exit_code == 0
    assert judge("compare", run, other, "--fail-under", "difference=0.1").exit_code == 4


def test_unknown_figure_and_bad_threshold_are_explained(run):
    result = judge("report", run, "--fail-under", "colour=1")
    assert (result.exit_code, "no such figure" in result.stderr) == (1, True)
    assert judge("report", run, "--fail-under", "pass_rate").exit_code == 2


def test_junit_without_a_gate_is_a_usage_error(run):
    result = judge("report", run, "--junit", "gates.xml")
    assert result.exit_code == 2
    assert "add --fail-under" in result.stderr


def test_gates_and_files_can_stand_in_the_settings(run):
    Path("judge.toml").write_text('[report]\nfail_under = ["pass_rate=0.9"]\nmarkdown = "out.md"\n')
    assert judge("report", run).exit_code == 4
    assert Path("out.md").is_file()


def test_worst_answers_are_as_many_as_asked_for(run):
    assert len(json.loads(judge("report", run, "--json", "--worst", 7).stdout)["cases"]["worst"]) == 7
