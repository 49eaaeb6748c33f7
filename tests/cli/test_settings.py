"""What `judge.toml` and `pyproject.toml` may set, and what they never may."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from judge.cli import load_command, main
from judge.records import Item, Score
from judge.rubric import load_rubric
from judge.scoring.run import Run

ANSWER = {"id": "q1", "question": "What is 2 + 2?", "answer": "4", "reference": "4"}
KEY = "sk-very-secret-1234567890"


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("answers.jsonl").write_text(json.dumps(ANSWER) + "\n")


def judge(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def names_address(mock, file="judge.toml", model="openai/some-model"):
    """Write a settings file that names an address, as a folder from elsewhere may hold it."""
    head = "" if file == "judge.toml" else "[tool.judge]\n"
    Path(file).write_text(f'{head}api_base = "{mock.api_base}"\njudge = "{model}"\n')


@pytest.mark.parametrize("file", ["judge.toml", "pyproject.toml"])
def test_address_out_of_a_settings_file_gets_no_key(mock, monkeypatch, file):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    names_address(mock, file)
    done = judge("score", "answers.jsonl")
    assert done.exit_code == 1
    assert f"{file}: sets api_base to {mock.api_base}" in done.stderr
    assert "--trust-config" in done.stderr
    assert KEY not in done.stderr
    assert mock.stats()["requests"] == 0


def test_generic_key_is_withheld_too(mock, monkeypatch):
    monkeypatch.setenv("JUDGE_API_KEY", KEY)
    names_address(mock, model="some-model")
    assert judge("score", "answers.jsonl").exit_code == 1
    assert mock.stats()["requests"] == 0


def test_credentials_that_litellm_finds_by_itself_are_withheld_too(mock, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY)
    names_address(mock, model="bedrock/some-model")
    assert "sets api_base to" in judge("score", "answers.jsonl").stderr
    assert mock.stats()["requests"] == 0


def test_server_without_a_key_may_be_named_by_a_settings_file(mock):
    names_address(mock, model="hosted_vllm/some-model")
    assert judge("score", "answers.jsonl").exit_code == 0
    assert all("Authorization" not in request["headers"] for request in mock.seen())


@pytest.mark.parametrize("trust", ["option", "environment", "address"])
def test_address_that_the_user_confirms_gets_the_key(mock, monkeypatch, trust):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    names_address(mock)
    if trust == "environment":
        monkeypatch.setenv("JUDGE_TRUST_CONFIG", "1")
    options = {"option": ["--trust-config"], "address": ["--api-base", mock.api_base]}.get(trust, [])
    assert judge("score", "answers.jsonl", *options).exit_code == 0
    assert mock.stats()["requests"] > 0


@pytest.mark.parametrize("text", ["trust_config = true", "trust-config = true", "[score]\ntrust_config = 1"])
def test_settings_file_cannot_trust_itself(text):
    Path("judge.toml").write_text(f"{text}\n")
    done = judge("score", "answers.jsonl")
    assert done.exit_code == 1
    assert "judge.toml: trust_config cannot be set in a settings file" in done.stderr


def test_parameter_out_of_a_settings_file_leads_no_key_elsewhere(mock, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    Path("judge.toml").write_text(
        f'judge = "anthropic/claude-sonnet-4-5"\nparam = "api_base={mock.address}"\n'
    )
    done = judge("score", "answers.jsonl")
    assert done.exit_code == 2
    assert "judge.toml: param api_base is not a standard model parameter" in done.stderr
    assert mock.stats()["requests"] == 0


@pytest.mark.parametrize("file", ["judge.toml", "pyproject.toml"])
@pytest.mark.parametrize(
    ("setting", "name"),
    [("trust_remote_code = true", "trust_remote_code"), ('engine_arg = ["hf_overrides={}"]', "engine_arg")],
    ids=["trust_remote_code", "engine_arg"],
)
def test_settings_file_lets_no_model_run_code(file, setting, name):
    head = "" if file == "judge.toml" else "[tool.judge.score]\n"
    Path(file).write_text(f'{head}judge = "vllm:a/model"\n{setting}\n')
    done = judge("score", "answers.jsonl", "--dry-run")
    assert done.exit_code == 2
    assert f"{file}: its {name} was not given on the command line" in done.stderr
    assert f"--{name.replace('_', '-')}" in done.stderr


@pytest.mark.parametrize("words", [["--trust-config"], ["--trust-remote-code", "--engine-arg", "seed=1"]])
def test_code_of_a_model_that_the_user_trusts_may_run(words):
    Path("judge.toml").write_text('judge = "vllm:a/model"\ntrust_remote_code = true\nengine_arg = "seed=1"\n')
    assert judge("score", "answers.jsonl", "--dry-run", *words).exit_code == 0


def test_engine_settings_do_not_stand_in_the_way_of_other_judges():
    Path("judge.toml").write_text('trust_remote_code = true\nengine_arg = "seed=1"\n')
    assert judge("score", "answers.jsonl").exit_code == 0


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("judge.toml", b"judge = [true]", "judge.toml: judge: found True; allowed: a text or a number"),
        ("judge.toml", b"retry_errors = 1979-05-27", "judge.toml: retry_errors: found datetime.date"),
        ("judge.toml", b"out = ['a', 'b']", "judge.toml: out: found ['a', 'b']; allowed: a text or a number"),
        ("judge.toml", b"samples = 1.5", "'1.5' is not a valid integer"),
        ("judge.toml", b"retry_errors = 5", "'5' is not a valid boolean"),
        ("judge.toml", b"max_cost = " + b"9" * 5000, "judge.toml: not valid TOML: Exceeds the limit"),
        ("judge.toml", b"max_cost = nan", "nan is not a finite number"),
        ("judge.toml", b"score = 3", "judge.toml: score is a command; put its options into a section [score]"),
        ("judge.toml", b"\xff\xfe", "judge.toml: not valid TOML"),
        ("judge.toml", b"a = " + b"[" * 10_000, "judge.toml: not valid TOML"),
        ("pyproject.toml", b"[tool]\njudge = 3", "pyproject.toml: tool.judge is 3; allowed: a table"),
    ],
    ids=lambda value: repr(value)[:24],
)  # fmt: skip
def test_damaged_settings_end_in_one_line(file, content, message):
    Path(file).write_bytes(content)
    done = judge("score", "answers.jsonl")
    assert done.exit_code in (1, 2)
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("content", ["tool = 3", "[tool.other]\njudge = 3"])
def test_settings_of_other_tools_are_left_alone(content):
    Path("pyproject.toml").write_text(content)
    assert judge("score", "answers.jsonl").exit_code == 0


def test_mark_at_the_start_of_a_settings_file_is_no_error():
    Path("judge.toml").write_text("\ufefflimit = 1\n", encoding="utf-8")
    assert judge("score", "answers.jsonl").exit_code == 0


def test_settings_of_one_call_do_not_reach_the_next(mock):
    names_address(mock, model="hosted_vllm/some-model")
    judge("score", "answers.jsonl")
    with load_command("score").make_context("score", ["answers.jsonl"]) as context:
        assert "some-model" not in str(context.params)


# ---- [ratings]: how every command reads ratings


@pytest.fixture
def two_runs():
    """Two runs of other systems on forty questions, and ratings whose columns have other names."""
    rubric, names = load_rubric("open_qa"), []
    for shift, name in enumerate(("first", "second")):
        items = [
            Item(id=f"{name}{i}", question=f"{i}?", answer=name, metadata={"pair_id": i}) for i in range(40)
        ]
        scores = [
            Score(
                item_id=item.id,
                rater="m",
                rater_kind="judge",
                dimension="overall",
                value=float(4 if (i + shift) % 3 else 2),
            )
            for i, item in enumerate(items)
        ]
        Run.imported(name, rubric, items, scores, model="m").close()
        names += [item.id for item in items]
    rows = [
        f"{name},{who},{2 + (i + n) % (4 - n)}" for i, name in enumerate(names) for n, who in enumerate("xy")
    ]
    Path("r.csv").write_text("\n".join(["case,coder,overall", *rows]))


MAPPED = '[ratings]\nhumans = "r.csv"\ncolumn = ["item_id=case", "rater=coder"]\n'
READ = [
    ("report", "first"),
    ("compare", "first", "second"),
    ("leaderboard", "first", "second"),
    ("agree", "first"),
    ("calibrate", "first"),
    ("plan", "first", "--statistic", "alpha", "--half-width", "0.1"),
]


@pytest.mark.usefixtures("two_runs")
@pytest.mark.parametrize("words", READ, ids=lambda words: words[0])
def test_one_section_says_how_all_commands_read_ratings(words):
    humans = ("--humans", "r.csv")
    assert "no column says which item" in judge(*words, *humans).stderr
    Path("judge.toml").write_text(MAPPED)
    done = judge(*words, *humans)
    assert done.exit_code == 0, done.output


@pytest.mark.usefixtures("two_runs")
@pytest.mark.parametrize("words", READ, ids=lambda words: words[0])
def test_the_section_names_the_ratings_of_the_commands_that_need_them(words):
    Path("judge.toml").write_text(MAPPED)
    done = judge(*words, "--json")
    assert done.exit_code == 0, done.output
    assert ("2 raters (x, y)" in done.stderr) == (words[0] in ("agree", "calibrate"))


@pytest.mark.usefixtures("two_runs")
def test_the_section_of_a_command_comes_before_that_of_ratings():
    Path("judge.toml").write_text(f'{MAPPED}[agree]\ncolumn = ["item_id=other"]\n')
    assert "other" in judge("agree", "first").stderr


@pytest.mark.usefixtures("two_runs")
def test_settings_about_ratings_have_no_effect_on_a_report_without_them(monkeypatch):
    Path("judge.toml").write_text('rubric = "open_qa"\n[report]\nscale = "1-5"\ncluster = "id"\n')
    monkeypatch.setenv("JUDGE_LEVEL", "nominal")
    done = judge("report", "first")
    assert done.exit_code == 0, done.output
    assert "clusters by" not in done.stdout
    assert "about human ratings" in judge("report", "first", "--scale", "1-5").stderr


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            '[ratings]\ncolour = "red"',
            "ratings.colour is not an option about ratings; allowed: humans, items,",
        ),
        ("[ratings]\nseed = 1", "ratings.seed is not an option about ratings"),
        ('ratings = "r.csv"', "put its options into a section [ratings]"),
        ("[rating]", "[rating] is not a command; allowed: demo, init"),
    ],
)
def test_what_is_not_about_ratings_is_refused_in_their_section(text, problem):
    Path("judge.toml").write_text(text)
    assert problem in judge("agree").stderr
