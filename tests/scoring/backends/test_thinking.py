import pytest

from judge.scoring.backends.thinking import ThoughtMarks, may_think, opens_thought, template_kwargs


def switched(given):
    """A template that thinks unless it is told not to (Qwen3, GLM)."""
    return "assistant\n" + ("" if given.get("enable_thinking", True) else "<think>\n\n</think>\n\n")


def quiet(given):
    """A template that thinks only when it is told to (Hermes)."""
    return ("You are a deep thinker. " if given.get("thinking") else "") + "assistant\n"


def closing(given):
    """A template that opens a thought when told to and closes it otherwise (DeepSeek)."""
    return "assistant" + ("<think>" if given.get("thinking") else "</think>")


def always(_given):
    """A template that opens a thought whatever it is told (the thinking models of Qwen)."""
    return "assistant\n<think>\n"


def never(_given):
    """A template that knows nothing of thought."""
    return "assistant\n"


ON = {"enable_thinking": True, "thinking": True}
OFF = {"enable_thinking": False, "thinking": False}


@pytest.mark.parametrize(
    ("template", "given", "thinks"),
    [
        (switched, {}, True),
        (switched, ON, True),
        (switched, OFF, False),
        (quiet, {}, False),
        (quiet, ON, True),
        (quiet, OFF, False),
        (closing, {}, False),
        (closing, ON, True),
        (closing, OFF, False),
        (always, {}, True),
        (always, OFF, True),
        (never, {}, False),
        (never, ON, False),
    ],
)
def test_model_may_think_where_its_template_lets_it(template, given, thinks):
    assert may_think(template, given) is thinks


def test_thought_quoted_in_the_prompt_opens_none():
    assert not opens_thought("The answer says <think> and goes on.\nassistant\n")


def test_effort_is_put_into_the_words_of_templates():
    assert template_kwargs({"reasoning_effort": "high"}) == {**ON, "reasoning_effort": "high"}


def test_settings_of_the_template_go_before_the_effort():
    given = {"reasoning_effort": "none", "chat_template_kwargs": {"enable_thinking": True, "budget": 5}}
    assert template_kwargs(given) == {"enable_thinking": True, "thinking": False, "budget": 5}


OPEN, CLOSE, LINE = 1, 2, 3


@pytest.mark.parametrize(
    ("opened", "tokens", "thought", "answer"),
    [
        pytest.param(False, [1, 7, 2, 9], [1, 7, 2], [9], id="thinks"),
        pytest.param(True, [7, 2, 9], [7, 2], [9], id="prompt_opened_it"),
        pytest.param(False, [1, 7, 2, 9, 2, 9], [1, 7, 2], [9, 2, 9], id="first_end_counts"),
        pytest.param(False, [1, 7, 7], [1, 7, 7], [], id="never_closed"),
        pytest.param(True, [7, 7], [7, 7], [], id="opened_by_prompt_never_closed"),
        pytest.param(False, [3, 1, 7], [3, 1, 7], [], id="line_end_before_the_mark"),
        pytest.param(False, [7, 8], [], [7, 8], id="no_thought"),
        pytest.param(False, [7, 2, 9], [7, 2], [9], id="only_the_end_is_said"),
        pytest.param(True, [], [], [], id="nothing"),
    ],
)
def test_thought_and_answer_part_at_the_first_end_mark(opened, tokens, thought, answer):
    assert ThoughtMarks(OPEN, CLOSE, opened).split(tokens) == (thought, answer)
