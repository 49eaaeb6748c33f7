"""When a run with expected scores ends because the model does not answer with labels of the scale."""

import pytest

from judge.errors import BackendError
from judge.scoring.judge import Judge
from judge.scoring.scale_mass import ScaleMassCheck

from .builders import completion, rubric

EXPECTED = Judge("openai/m", rubric(), scores="expected")


def _replies(*masses, first=0, reply="The"):
    return [
        completion(reply, item_id=f"i{first + n}", label_probabilities={"1": mass / 2, "5": mass / 2})
        for n, mass in enumerate(masses)
    ]


def test_nineteen_items_are_too_few_to_tell_and_twenty_are_enough():
    check = ScaleMassCheck(EXPECTED)
    check.check(_replies(*[0.01] * 19))
    with pytest.raises(BackendError, match=r"for the first 20 items only 1\.0% .* the scale 1-5"):
        check.check(_replies(0.01, first=19))


@pytest.mark.parametrize(("scored", "goes_on"), [(1, False), (2, True)])
def test_a_tenth_of_the_replies_must_give_a_score(scored, goes_on):
    check, replies = ScaleMassCheck(EXPECTED), _replies(*[0.5] * scored, *[0.49] * (20 - scored))
    if goes_on:
        check.check(replies)
    else:
        with pytest.raises(BackendError, match=r"49\.1%"):
            check.check(replies)


def test_the_error_shows_the_last_reply():
    with pytest.raises(BackendError, match="the model would reply 'Sure'"):
        ScaleMassCheck(EXPECTED).check([*_replies(*[0.0] * 19), *_replies(0.0, first=19, reply="Sure")])


def test_the_check_is_made_once():
    check = ScaleMassCheck(EXPECTED)
    check.check(_replies(*[0.9] * 20))
    check.check(_replies(*[0.0] * 400, first=20))


def test_two_replies_of_one_item_are_one_item():
    check = ScaleMassCheck(EXPECTED)
    check.check([*_replies(*[0.01] * 19), *_replies(*[0.01] * 19)])
    with pytest.raises(BackendError, match="first 20 items"):
        check.check(_replies(0.01, first=19))


def test_replies_without_probabilities_and_judges_that_write_scores_are_not_checked():
    check = ScaleMassCheck(EXPECTED)
    check.check([completion(None, item_id=f"i{n}") for n in range(30)])
    check.check(_replies(*[0.0] * 19))
    ScaleMassCheck(Judge("openai/m", rubric())).check(_replies(*[0.0] * 30))
