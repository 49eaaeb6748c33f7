"""Rows without what a rating needs."""

from pathlib import Path

import pytest

from human_study.import_ratings import import_file
from human_study.store import Study
from judge.errors import InputError


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            "rater,accuracy\nR01,4\n",
            "ratings.csv:2: no column says which item is rated; .* allowed names: item_id, item, id",
        ),
        ("item_id,rater,accuracy\n,R01,4\n", "ratings.csv:2: column 'item_id' is empty"),
        ("item_id,accuracy\nsecret-id-1,4\n", "ratings.csv:2: .* no rater; .* use --rater"),
        ("item_id,rater,sample,accuracy\nsecret-id-1,R01,-1,4\n", "found the sample '-1'; allowed: 0 to"),
        (
            "item_id,rater,note\nsecret-id-1,R01,x\n",
            "no ratings; found: item_id, rater, note; needed: a column with ratings",
        ),
        ("item_id,rater,dimension,value\nsecret-id-1,R01,wit,4\n", "'wit' is not a question of this study"),
        ("item_id,rater,dimension,value,status\nsecret-id-1,R01,clarity,,failed\n", "status 'failed'"),
        ("item_id,rater,dimension,value,rater_kind\nsecret-id-1,R01,clarity,4,judge\n", "a score of a judge"),
    ],
)
def test_a_row_that_is_no_rating_is_an_error_and_nothing_is_imported(
    study: Study, tmp_path: Path, text: str, error: str
) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=error):
        import_file(study, path)
    assert list(study.history()) == []


@pytest.mark.parametrize("column", ["item_id", "id", "item"])
@pytest.mark.parametrize("rater", ["rater", "rater_id", "annotator"])
def test_the_columns_of_item_and_rater_have_three_names_each(
    study: Study, tmp_path: Path, column: str, rater: str
) -> None:
    task = next(task for task in study.tasks() if task.kind == "main" and task.rater == "R01")
    path = tmp_path / "ratings.csv"
    path.write_text(f"{column},{rater},accuracy,clarity\n{task.item.id},R01,4,5\n", encoding="utf-8")
    assert import_file(study, path) == {"R01": 1}


def test_two_scores_of_one_question_must_be_equal(study: Study, tmp_path: Path) -> None:
    task = next(task for task in study.tasks() if task.kind == "main" and task.rater == "R01")
    path = tmp_path / "ratings.csv"
    row = f"{task.item.id},R01,clarity"
    path.write_text(f"item_id,rater,dimension,value\n{row},4\n{row},5\n", encoding="utf-8")
    with pytest.raises(InputError, match=r":3: .* second value for clarity of item .* \(5; 4 at .*:2: "):
        import_file(study, path)
