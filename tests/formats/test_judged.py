"""Judgments of other tools as runs of ours."""

from pathlib import Path

import pytest

from judge.errors import InputError
from judge.formats import read_foreign
from judge.formats.document import ImportedFile
from judge.formats.judged import one_judge, rubric_for
from judge.records import Score
from judge.rubric import load_rubric

DATA = Path(__file__).parent.parent / "data" / "formats"


def score(**fields):
    base = {"item_id": "q1", "rater": "a", "rater_kind": "judge", "dimension": "tone", "value": 0.5}
    return Score(**(base | fields))


def test_format_with_a_shipped_rubric_uses_it():
    assert rubric_for(ImportedFile("robustmad", [], [score()], rubric="inspection")) == load_rubric(
        "inspection"
    )


def test_verdict_of_the_tool_is_the_pass_rule():
    rubric = rubric_for(read_foreign(DATA / "deepeval.json"))
    assert (rubric.pass_rule, rubric.scored) == ({"pass": 1.0}, ("Length", "Length 2", "pass"))


def test_scale_holds_every_score_and_both_ends_of_a_share():
    rubric = rubric_for(ImportedFile("x", [], [score(value=-0.5), score(item_id="q2", value=7.2)]))
    assert (rubric.scale.min, rubric.scale.max, rubric.scale.level) == (-1, 8, "interval")


def test_dimension_with_text_alone_is_a_flag():
    rubric = rubric_for(ImportedFile("x", [], [score(), score(dimension="note", value="fine")]))
    assert (rubric.scored, list(rubric.flags)) == (("tone",), ["note"])


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ([], "holds no score"),
        ([score(value=-4000.0)], "from -4000 to -4000, too far for a scale"),
        ([score(dimension="overall")], "a metric is named 'overall', which is kept"),
    ],
)
def test_scores_of_which_no_rubric_can_be_made_say_why(scores, message):
    with pytest.raises(InputError, match=message):
        rubric_for(ImportedFile("x", [], scores))


def test_scores_of_several_raters_become_those_of_the_tool():
    name, scores = one_judge(read_foreign(DATA / "promptfoo.json"))
    assert name == "promptfoo"
    assert {s.rater for s in scores} == {"promptfoo"}


def test_one_rater_can_be_chosen():
    name, scores = one_judge(read_foreign(DATA / "promptfoo.json"), "llm-rubric")
    assert (name, {s.dimension for s in scores}) == ("llm-rubric", {"accuracy", "llm-rubric"})


def test_two_raters_on_one_dimension_must_be_chosen_from():
    found = ImportedFile("x", [], [score(), score(rater="b")])
    with pytest.raises(
        InputError, match="item 'q1' has two scores on 'tone'; take one judge with --only-rater: a, b"
    ):
        one_judge(found)


def test_unknown_rater_lists_the_found_ones():
    with pytest.raises(InputError, match="no scores by 'z'; found: a"):
        one_judge(ImportedFile("x", [], [score()]), "z")
