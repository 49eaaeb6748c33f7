"""`judge stress`, as a user meets it."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from judge.cli import main
from judge.records import Completion
from judge.scoring.backends.baseline import BaselineBackend
from judge.stress_testing.probes import PROBES

ANSWERS = [
    {
        "id": f"q{n}",
        "question": f"What is pump {n} made of?",
        "answer": f"Pump {n} is made of steel. It weighs {n + 3} kg."
        if n % 2
        else f"Pump {n} is made of steel.",
        "reference": f"Pump {n} is made of steel. It weighs {n + 3} kg. It is blue.",
    }
    for n in range(12)
]


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    Path("answers.jsonl").write_text("\n".join(map(json.dumps, ANSWERS)), encoding="utf-8")


def judge(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def stress(*words):
    return judge("stress", "answers.jsonl", *words)


def test_report_opens_with_the_failed_probes_and_fits_the_terminal():
    done = stress()
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0] == "Stress test of baseline: 12 items, 17 probes"
    assert lines[2].startswith("• The judge failed ")
    assert len(lines) + 3 <= 30  # three next steps
    assert max(map(len, lines)) <= 80
    verdicts = re.findall(r"^\w+ .* (failed|undecided|held|noise) +\d+ ", done.stdout, re.MULTILINE)
    assert len(verdicts) > 8
    assert verdicts == sorted(verdicts, key=["failed", "undecided", "held", "noise"].index)


def test_note_of_the_baseline_is_printed_once():
    assert stress("--probes", "praise").stderr.count("note: the baseline") == 1


def test_next_commands_keep_the_folder_of_the_test():
    done = stress("--probes", "praise", "--out", "mine")
    assert "next: judge stress answers.jsonl --probes praise --out mine --sections responses" in done.stderr
    assert "next: judge view mine/items" in done.stderr
    assert "next: judge stress answers.jsonl --probes praise --out mine --open" in done.stderr


def test_no_next_command_opens_a_page_that_is_written():
    done = stress("--probes", "praise", "--out", "mine", "--html")
    assert "--open" not in done.stderr
    assert "mine/stress.html" in done.stderr
    assert "Stress test of baseline" in Path("mine/stress.html").read_text(encoding="utf-8")


def test_second_set_of_probes_says_nothing_of_the_items_of_the_first():
    assert stress("--probes", "praise").exit_code == 0
    done = stress("--probes", "padding")
    assert done.exit_code == 0
    assert "not in this input" not in done.stderr


def test_dry_run_counts_requests_and_writes_nothing():
    done = stress("--dry-run", "--probes", "praise")
    assert "12 items and 24 changed ones, 36 requests, " in done.stderr
    assert "free. Nothing was sent." in done.stderr
    assert not Path("runs").exists()


def test_dry_run_counts_replies_of_the_earlier_run_as_answered():
    assert judge("score", "answers.jsonl").exit_code == 0
    done = stress("--dry-run", "--probes", "praise", "--json")
    counts = json.loads(done.stdout)
    assert (counts["items"], counts["changed"], counts["requests"]) == (12, 24, 24)


def test_dry_run_of_a_model_needs_no_key(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    done = stress("--dry-run", "--judge", "openai/gpt-4o-mini")
    assert done.exit_code == 0
    assert "prompt tokens, about $0." in done.stderr


def test_dry_run_says_where_a_price_is_unknown():
    assert "price unknown" in stress("--dry-run", "--judge", "openai/mock").stderr


def test_run_gives_the_items_their_scores():
    assert judge("score", "answers.jsonl", "--out", "scored").exit_code == 0
    done = judge("stress", "scored", "--probes", "praise", "--sections", "items")
    assert done.exit_code == 0
    assert "Items by their score" in done.stdout
    assert Path("scored-stress/stress.json").is_file()


def test_threshold_that_is_missed_gives_status_4():
    done = stress("--probes", "padding", "--fail-under", "padding.held=0.95")
    assert done.exit_code == 4
    assert "padding.held is" in done.stderr


def test_cost_limit_leaves_a_partial_report_with_status_3(mock):
    model = ("--judge", "openai/gpt-4o-mini", "--api-base", mock.api_base, "--probes", "praise")
    done = stress(*model, "--max-cost", 0.001)
    assert done.exit_code == 3
    assert "! The report is partial: " in done.stdout
    assert done.stderr.count("stopped: max_cost (--max-cost) of 0.001 USD") == 1
    whole = stress(*model)
    assert whole.exit_code == 0
    assert "partial" not in whole.stdout


def test_recorded_replies_without_the_changed_items_test_nothing():
    rows = [{"id": row["id"], "reply": "{}"} for row in ANSWERS]
    Path("replies.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    done = stress("--judge", "replay:replies.jsonl", "--sections", "items")
    assert done.exit_code == 3
    assert "No probe could be tested" in done.stdout
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["padding", "a", "score", "is", "missing", "12"] in rows


def test_ctrl_c_says_where_the_replies_are(monkeypatch):
    def asked_in_part(_backend, requests):
        yield [Completion.of(next(iter(requests)), reply="{}")]
        raise KeyboardInterrupt

    monkeypatch.setattr(BaselineBackend, "complete", asked_in_part)
    done = stress("--out", "mine")
    assert done.exit_code == 130
    assert "stored in mine; the same command resumes the test" in done.stderr


def test_second_judge_is_refused():
    done = stress("--judge", "baseline", "--judge", "openai/gpt-5")
    assert (done.exit_code, "one judge is tested at a time" in done.stderr) == (2, True)


def test_samples_are_refused():
    done = stress("--samples", 3)
    assert (done.exit_code, "--samples: each item is judged once" in done.stderr) == (2, True)


def test_unknown_probe_is_refused_with_the_names_of_all():
    done = stress("--probes", "flattery")
    assert done.exit_code == 1
    assert "found 'flattery'" in done.stderr
    assert "hidden_characters" in done.stderr


def test_settings_of_the_project_hold():
    Path("judge.toml").write_text('[stress]\nlimit = 6\nprobes = "praise"\n', encoding="utf-8")
    assert "Stress test of baseline: 6 items, 1 probe" in stress().stdout


def test_page_describes_every_probe():
    page = (Path(__file__).parents[2] / "docs" / "stress.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == set(PROBES)
