"""Published means of RobustMAD beside the means of the scores that are imported."""

import csv
import json

import pytest
from click.testing import CliRunner

from judge.cli import main
from judge.errors import InputError
from judge.formats import read_foreign

AVERAGES = ("technical_accuracy", "comprehensiveness", "relevance", "style_and_clarity", "overall_score")


def judged(number, scores, **fields):
    names = dict(zip(AVERAGES[:4], scores, strict=False))
    return {
        "question_id": number,
        "question": "What is wrong?",
        "mslm_answer": "A tooth.",
        "robustness_category": "Anomaly Understanding and Localization (Stand-alone)",
        "difficulty": "general",
        "image_path": f"{number}.png",
        "category": "gear",
        "specie_name": "broken_tooth",
        "judge": {"dimension_scores": names, "overall_score": scores[4], "is_accurate": 1},
        **fields,
    }


ROWS = [judged(1, (3, 2, 5, 5, 4)), judged(2, (4, 2, 5, 4, 3))]
MEANS = (3.5, 2.0, 5.0, 4.5, 3.5)


@pytest.fixture
def write(tmp_path):
    def save(name, rows=ROWS):
        path = tmp_path / name
        path.write_text(json.dumps({"questions": rows}))
        return path

    return save


@pytest.fixture
def means(tmp_path):
    def save(name, values=MEANS, **fields):
        row = {
            "robustness_category": "standalone",
            "difficulty": "general",
            "object_specie_pair": "gear-broken_tooth",
            "num_questions": 2,
            "question": "What is wrong?",
            **{f"average_{name}": value for name, value in zip(AVERAGES, values, strict=True)},
            **fields,
        }
        path = tmp_path / name
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, row)
            writer.writeheader()
            writer.writerow(row)
        return path

    return save


def test_means_that_come_out_are_counted(write, means):
    found = read_foreign(write("OE_gpt_scored.json"), means("score_gpt.csv"))
    assert found.notes == ("5 published means agree with those of the scores (to 0.005)",)
    assert found.problems == {}


def test_a_mean_that_differs_is_named_with_both_figures(write, means):
    table = means("score_gpt.csv", (3.5, 2.0, 5.0, 4.5, 3.6))
    found = read_foreign(table, write("OE_gpt_scored.json"))
    assert found.problems == {
        "published mean differs from that of the scores": [f"{table}:2 overall: 3.6, here 3.5"]
    }
    assert found.notes[0].startswith("4 published means agree")


@pytest.mark.parametrize(
    "other",
    [
        {"question": "Which?"},
        {"difficulty": "hard"},
        {"object_specie_pair": "gear-good"},
        {"robustness_category": "general"},
    ],
)
def test_a_group_without_scores_is_named(write, means, other):
    found = read_foreign(write("OE_gpt_scored.json"), means("score_gpt.csv", **other))
    assert [len(places) for places in found.problems.values()] == [5]
    assert "published mean without scores here" in found.problems


def test_the_name_of_the_table_says_the_system_and_the_condition(write, means):
    worse = [judged(n, (1, 1, 1, 1, 1)) for n in (1, 2)]
    files = [
        write("OE_gpt_scored.json"),
        write("OE_llava_scored.json", worse),
        write("OE_gpt_low.json", worse),
    ]
    assert "5 published" in read_foreign(*files, means("score_gpt.csv")).notes[0]
    assert "5 published" in read_foreign(*files, means("score_llava.csv", (1,) * 5)).notes[0]
    assert "5 published" in read_foreign(*files, means("score_gpt_low.csv", (1,) * 5)).notes[0]


def test_scores_that_are_missing_are_in_no_mean(write, means):
    rows = [*ROWS, judged(3, (None, 2, 5, 4.5, 3.5))]
    found = read_foreign(write("OE_gpt_scored.json", rows), means("score_gpt.csv"))
    assert found.notes[0].startswith("5 published")


def test_a_mean_that_is_no_number_is_an_error_with_its_place(write, means):
    table = means("score_gpt.csv", ("much", 2, 5, 4.5, 3.5))
    with pytest.raises(InputError, match=r"score_gpt\.csv:2: field 'average_technical_accuracy'"):
        read_foreign(write("OE_gpt_scored.json"), table)


def test_means_alone_are_no_answers(means):
    with pytest.raises(InputError, match="holds means of groups"):
        read_foreign(means("score_gpt.csv"))


def test_import_tells_how_many_means_agree(write, means, tmp_path):
    files = [str(write("OE_gpt_scored.json")), str(means("score_gpt.csv"))]
    result = CliRunner().invoke(main, ["import", *files, "--out", str(tmp_path / "run")])
    assert result.exit_code == 0
    assert "note: 5 published means agree" in result.stderr
