"""Answers of decision models in both formats: probabilities become scores, and what is wrong becomes a status."""

import json

import pytest

from judge.errors import RunError
from judge.records import Completion, Failure, Item
from judge.rubric import Rubric
from judge.scoring.decision_questions import asked_questions
from judge.scoring.parsing.decision_answers import DecisionForm, distributions, form_of
from judge.scoring.parsing.parse import read, score_rows

ANCHORS = {1: "bad", 2: "middling", 3: "good"}
DIMENSIONS = {
    "truth": {"description": "d", "anchors": ANCHORS},
    "style": {"description": "d", "scale": {"min": 0, "max": 10}, "anchors": {0: "bad", 10: "good"}},
    "named": {"description": "d", "type": "binary"},
    "fault": {"description": "d", "type": "category", "labels": ["none", "minor", "major"]},
    "kind": {"description": "d", "scale": {"min": 1, "max": 3, "level": "nominal"}, "anchors": ANCHORS},
}
SHAPES = ("openai", "systemone")
both = pytest.mark.parametrize("shape", SHAPES)


def rubric(**changes):
    data = {
        "name": "r",
        "task": "Judge.",
        "scale": {"min": 1, "max": 3},
        "dimensions": DIMENSIONS,
        "flags": {"harmful": {"description": "true when it harms; else false."}},
        "overall": {"how": "weighted", "weights": {"truth": 1}},
        "pass": {"overall": 2},
    }
    return Rubric.model_validate({**data, **changes}).as_questions()


def form(shape, by=None):
    return DecisionForm(dialect="any", shape=shape, questions=asked_questions(by or rubric()))


def score(*probabilities, labels=("1", "2", "3"), **more):
    """An answer to a score question, in OpenAI's format."""
    entries = [
        {"value": i, "label": label, "probability": p}
        for i, (label, p) in enumerate(zip(labels, probabilities, strict=True))
    ]
    expected = sum(i * p for i, p in enumerate(probabilities) if isinstance(p, int | float))
    return {"type": "score", "score": expected, "confidence": 0.1, "probabilities": entries, **more}


def choice(chosen=None, /, **probabilities):
    entries = [{"value": v.lstrip("_"), "probability": p} for v, p in probabilities.items()]
    return {"type": "choice", "choice": chosen, "confidence": 0.1, "probabilities": entries}


def predicate(p):
    return {"type": "predicate", "probability": p}


GOOD = {
    "truth": score(0.1, 0.2, 0.7),
    "style": choice("10", **{f"_{n}": 0.0 for n in range(9)}, _9=0.5, _10=0.5),
    "named": predicate(0.8),
    "fault": choice("minor", none=0.2, minor=0.5, major=0.3),
    "kind": choice("3", _1=0.4, _2=0.15, _3=0.45),
    "harmful": predicate(0.25),
}


def as_systemone(answer):
    """The same answer in System One's format."""
    answer = dict(answer)
    if answer.get("type") == "predicate":
        answer |= {"type": "noul", "noul": answer.pop("probability", None)}
    if isinstance(answer.get("probabilities"), list):
        answer["probabilities"] = {str(e["value"]): e["probability"] for e in answer["probabilities"]}
    return answer


def reply(shape, answers, **more):
    if shape == "openai":
        listed = [a if "name" in a else {**a, "name": name} for name, a in answers.items()]
        return {"model": "m", "answers": listed, **more}
    return {"model": "m", "answers": {name: as_systemone(a) for name, a in answers.items()}, **more}


def completion(text, dimension=None, **values):
    text = text if isinstance(text, str) or text is None else json.dumps(text)
    return Completion(key="k", item_id="i", reply=text, dimension=dimension, **values)


ITEM = Item(id="i", question="q", answer="a")


def outcomes(shape, answers, by=None, **more):
    return read(completion(reply(shape, answers, **more)), by or rubric(), ITEM, form(shape, by))


@both
def test_a_score_is_the_expectation_over_the_levels(shape):
    found = outcomes(shape, GOOD)["truth"]
    assert (found.status, found.value) == ("ok", pytest.approx(2.6))
    assert found.reason == "1: 0.1000, 2: 0.2000, 3: 0.7000; off the scale: 0.0000"


@both
@pytest.mark.parametrize(
    ("name", "value"),
    [("style", 9.5), ("named", 0.8), ("fault", "minor"), ("kind", 3.0), ("harmful", 0.0)],
)
def test_every_kind_of_question_has_its_own_value(shape, name, value):
    """A choice among numbers has a mean; labels and a nominal scale have a most probable value."""
    assert outcomes(shape, GOOD)[name].value == (value if isinstance(value, str) else pytest.approx(value))


@both
@pytest.mark.parametrize(("p", "value"), [(0.5, 1.0), (0.4999, 0.0), (1, 1.0), (0.0, 0.0)])
def test_a_flag_is_true_from_one_half_and_states_its_probability(shape, p, value):
    found = outcomes(shape, {**GOOD, "harmful": predicate(p)})["harmful"]
    assert (found.status, found.value, found.reason) == ("ok", value, f"probability {p:.4f}")


@both
@pytest.mark.parametrize(
    ("probabilities", "status"),
    [
        ((0.33, 0.33, 0.33), "ok"),  # 0.01 off, and 3 / 2 * 10^-2 is allowed
        ((0.333, 0.333, 0.324), "ok"),
        ((0.333, 0.333, 0.323), "unparsed"),  # 0.011 off, and with three decimals 0.01 is allowed
        ((0.3, 0.3, 0.3), "ok"),
        ((0.2, 0.3, 0.3), "unparsed"),
        ((0.083, 0.166, 0.581), "unparsed"),
        ((0.2, 0.4, 0.6001), "unparsed"),
        ((0.5, 0.6, -0.1), "unparsed"),
        ((float("nan"), 0.5, 0.5), "unparsed"),
        ((float("inf"), 0.5, 0.5), "unparsed"),
        ((None, 0.5, 0.5), "unparsed"),
        (("0.2", 0.3, 0.5), "unparsed"),
        ((True, 0.0, 0.0), "unparsed"),
        ((0, 0, 1), "ok"),
        ((0, 1, 1), "unparsed"),  # no probability is rounded to a whole number
        ((0.9, 0.1, 0.1), "ok"),  # 0.85, 0.05 and 0.1 sum to 1
        ((0.9, 0.1, 0.2), "unparsed"),
        ((0.99, 0.02, 0.0), "ok"),
        ((0.0, 1.0, 0.1), "ok"),
        ((10**400, 0, 1), "unparsed"),
    ],
    ids=str,
)
def test_probabilities_sum_to_one_up_to_rounding(shape, probabilities, status):
    assert outcomes(shape, {**GOOD, "truth": score(*probabilities)})["truth"].status == status


@pytest.mark.parametrize(
    ("first", "rest", "status"), [(0.1, [0.1] * 10, "ok"), (0.9, [0.2, 0.2, *[0.0] * 8], "unparsed")]
)
def test_no_probability_is_below_zero_before_it_is_rounded(first, rest, status):
    """Eleven halves of 0.1 are 0.55; but 0.9, 0.2 and 0.2 are at least 0.85, 0.15 and 0.15."""
    p = dict(zip((f"_{n}" for n in range(11)), [first, *rest], strict=True))
    assert outcomes("openai", {**GOOD, "style": choice("1", **p)})["style"].status == status


@both
def test_a_sum_that_is_not_one_is_named(shape):
    found = outcomes(shape, {**GOOD, "truth": score(0.083, 0.166, 0.581)})["truth"]
    assert "sum to 0.8300" in found.reason


@both
@pytest.mark.parametrize("p", [1.2, -0.1, None, "0.5", float("nan"), True])
def test_a_predicate_needs_a_probability(shape, p):
    found = outcomes(shape, {**GOOD, "harmful": predicate(p), "named": predicate(p)})
    assert {found["harmful"].status, found["named"].status} == {"unparsed"}


@both
def test_a_missing_answer_is_unparsed_for_its_dimension_only(shape):
    found = outcomes(shape, {name: answer for name, answer in GOOD.items() if name != "truth"})
    assert (found["truth"].status, found["truth"].reason) == ("unparsed", "missing from the reply")
    assert {o.status for name, o in found.items() if name != "truth"} == {"ok"}


def test_an_answer_under_another_name_counts_for_no_question():
    assert outcomes("openai", {**GOOD, "truth": score(0, 0, 1, name="Truth")})["truth"].status == "unparsed"


def test_an_answer_without_a_name_counts_for_no_question():
    assert outcomes("openai", {**GOOD, "truth": score(0, 0, 1, name=None)})["truth"].status == "unparsed"


def test_a_question_that_is_answered_twice_has_no_answer():
    text = reply("openai", GOOD)
    text["answers"].append({**score(0, 0, 1), "name": "truth"})
    found = read(completion(text), rubric(), ITEM, form("openai"))["truth"]
    assert (found.status, found.reason) == ("unparsed", "answered twice")


@both
def test_a_value_that_was_given_twice_is_no_answer_that_counts(shape):
    """The client keeps both values of a name that stands twice as a list."""
    twice = [as_systemone(score(1, 0, 0)), as_systemone(score(0, 0, 1))]
    text = reply("systemone", GOOD)
    text["answers"]["truth"] = twice
    found = read(completion(text), rubric(), ITEM, form("systemone"))
    assert (found["truth"].status, found["truth"].reason) == ("unparsed", "answered twice")
    assert found["named"].status == "ok"
    found = outcomes(shape, {**GOOD, "truth": score([0.1, 0.5], 0.2, 0.7), "named": predicate([0.1, 0.9])})
    assert (found["truth"].status, found["named"].status) == ("unparsed", "unparsed")


def test_levels_that_the_server_counts_in_another_order_are_unparsed():
    """System One repeats the text of each level under its index."""
    asked = ["score 1: bad", "score 2: middling", "score 3: good"]
    right, turned = ({str(i): text for i, text in enumerate(levels)} for levels in (asked, asked[::-1]))
    found = {
        name: outcomes("systemone", {**GOOD, "truth": score(0.1, 0.2, 0.7, legend=legend)})["truth"]
        for name, legend in {"right": right, "turned": turned, "own": {"0": "the lowest"}, "odd": [1]}.items()
    }
    assert {name: outcome.status for name, outcome in found.items()} == {
        **dict.fromkeys(("right", "own", "odd"), "ok"),
        "turned": "unparsed",
    }
    assert "'score 3: good'" in found["turned"].reason


def test_a_refusal_concerns_one_question():
    found = outcomes("openai", {**GOOD, "truth": {"type": "refusal"}})
    assert (found["truth"].status, found["named"].status) == ("refused", "ok")


@both
@pytest.mark.parametrize("answer", [predicate(0.5), choice("a", a=1.0), {"type": "box"}, {"type": None}, {}])
def test_an_answer_of_another_type_is_unparsed_and_not_refused(shape, answer):
    found = outcomes(shape, {**GOOD, "truth": answer})["truth"]
    assert found.status == "unparsed"
    assert "the question was of type 'score'" in found.reason


@pytest.mark.parametrize("answer", ["0.5", 1, [], True])
def test_an_answer_that_is_no_object_is_unparsed(answer):
    text = {"answers": {"truth": answer}}
    assert read(completion(text), rubric(), ITEM, form("systemone"))["truth"].status == "unparsed"


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [{"value": 0, "label": "1", "probability": 1.0}, {"value": 0, "label": "1", "probability": 0.0}],
        [{"value": 3, "probability": 1.0}],
        [{"value": -1, "probability": 1.0}],
        [{"value": "2", "probability": 1.0}],
        [{"value": True, "probability": 1.0}],
        [{"value": 2, "label": "2", "probability": 1.0}],
        ["all"],
        {"0": 1.0},
        "all",
    ],
    ids=str,
)
def test_probabilities_of_other_levels_than_those_asked_are_unparsed(entries):
    answer = {"type": "score", "score": 2.0, "probabilities": entries}
    assert outcomes("openai", {**GOOD, "truth": answer})["truth"].status == "unparsed"


@pytest.mark.parametrize(
    "given", [{}, {"3": 1.0}, {"-1": 1.0}, {"x": 1.0}, {"²": 1.0}, [1.0], {"99999": 1.0}]
)
def test_probabilities_of_levels_that_do_not_exist_are_unparsed(given):
    text = {"answers": {"truth": {"type": "score", "score": 2.0, "probabilities": given}}}
    assert read(completion(text), rubric(), ITEM, form("systemone"))["truth"].status == "unparsed"


@both
def test_a_choice_that_was_not_offered_is_unparsed(shape):
    assert outcomes(shape, {**GOOD, "fault": choice("fatal", fatal=1.0)})["fault"].status == "unparsed"


def test_a_choice_may_have_values_of_other_types_only_where_they_were_offered():
    answer = {"type": "choice", "choice": True, "probabilities": [{"value": True, "probability": 1.0}]}
    assert outcomes("openai", {**GOOD, "fault": answer})["fault"].status == "unparsed"


@both
def test_a_level_that_is_not_listed_has_no_known_probability(shape):
    text = reply(shape, {**GOOD, "truth": score(0.0, 0.5, 0.5)})
    if shape == "openai":
        del text["answers"][0]["probabilities"][0]
    else:
        del text["answers"]["truth"]["probabilities"]["0"]
    found = read(completion(text), rubric(), ITEM, form(shape))["truth"]
    assert (found.value, found.reason) == (2.5, "2: 0.5000, 3: 0.5000; not listed: 1; off the scale: 0.0000")


# Without probabilities


def bare(answer):
    return {name: value for name, value in answer.items() if name not in ("probabilities", "confidence")}


@both
@pytest.mark.parametrize(
    ("name", "value"), [("truth", pytest.approx(2.6)), ("fault", "minor"), ("kind", pytest.approx(3.0))]
)
def test_a_score_or_label_without_probabilities_counts(shape, name, value):
    found = outcomes(shape, {**GOOD, name: bare(GOOD[name])})[name]
    assert (found.status, found.value) == ("ok", value)
    assert "without probabilities" in found.reason


@both
@pytest.mark.parametrize("stated", [-0.1, 2.1, None, "2", float("nan")])
def test_a_stated_score_off_the_levels_is_unparsed(shape, stated):
    found = outcomes(shape, {**GOOD, "truth": {"type": "score", "score": stated}})["truth"]
    assert found.status == "unparsed"
    assert "allowed are 0 to 2" in found.reason


@both
@pytest.mark.parametrize(("name", "chosen"), [("style", "10"), ("fault", "fatal"), ("fault", None)])
def test_a_choice_without_probabilities_gives_no_mean_and_no_unknown_label(shape, name, chosen):
    answer = {"type": "choice", "choice": chosen}
    assert outcomes(shape, {**GOOD, name: answer})[name].status == "unparsed"


@both
def test_confidence_is_never_a_score(shape):
    sure, unsure = (
        outcomes(shape, {**GOOD, "truth": score(0.1, 0.2, 0.7, confidence=c)}) for c in (1.0, 0.0)
    )
    assert sure == unsure


@both
@pytest.mark.parametrize("absent", [True, False])
def test_an_answer_without_confidence_loses_no_other_answer(shape, absent):
    answers = {n: {k: v for k, v in a.items() if not (absent and k == "confidence")} for n, a in GOOD.items()}
    assert {o.status for o in outcomes(shape, answers).values()} == {"ok"}


@both
def test_a_stated_score_that_differs_from_the_probabilities_is_noted_and_not_used(shape):
    near, far = (
        outcomes(shape, {**GOOD, "truth": score(0.1, 0.2, 0.7, score=s)})["truth"] for s in (1.61, 0.5)
    )
    assert (near.value, far.value) == (pytest.approx(2.6), pytest.approx(2.6))
    assert "states" not in near.reason
    assert far.reason.endswith("; the model states 1.5")


# Probability off the labels


@both
@pytest.mark.parametrize("place", ["label_mass", "x_label_mass", "diagnostics"])
@pytest.mark.parametrize(("mass", "status"), [(0.9, "ok"), (0.5, "ok"), (0.49, "unparsed"), (1.005, "ok")])
def test_less_than_half_of_the_probability_on_the_labels_is_no_score(shape, place, mass, status):
    if place == "diagnostics":
        found = outcomes(shape, GOOD, diagnostics={n: {"label_mass": mass} for n in GOOD})
    else:
        found = outcomes(shape, {name: {**answer, place: mass} for name, answer in GOOD.items()})
    assert {found[name].status for name in ("truth", "named", "fault", "harmful")} == {status}


@both
def test_the_score_is_that_given_a_label_and_the_rest_is_stated(shape):
    found = outcomes(shape, GOOD, diagnostics={n: {"label_mass": 0.8} for n in GOOD})
    assert found["truth"].value == pytest.approx(2.6)
    assert found["truth"].reason == "1: 0.0800, 2: 0.1600, 3: 0.5600; off the scale: 0.2000"
    assert found["harmful"].reason == "probability 0.2500; off the options: 0.2000"


@both
def test_probabilities_over_the_whole_vocabulary_sum_to_the_mass(shape):
    found = outcomes(shape, {**GOOD, "truth": score(0.08, 0.16, 0.56, score=1.6, label_mass=0.8)})["truth"]
    assert found.value == pytest.approx(2.6)
    assert found.reason.endswith("off the scale: 0.2000")


@both
def test_a_sum_that_is_neither_one_nor_the_mass_is_unparsed(shape):
    found = outcomes(shape, {**GOOD, "truth": score(0.08, 0.16, 0.56, label_mass=0.9)})["truth"]
    assert "sum to 0.8000" in found.reason


@both
@pytest.mark.parametrize("mass", [-0.1, 1.2, None, "0.9", float("nan")])
def test_a_mass_that_is_none_is_unparsed(shape, mass):
    found = outcomes(shape, {**GOOD, "truth": score(0.1, 0.2, 0.7, label_mass=mass)})["truth"]
    assert found.status == ("ok" if mass is None else "unparsed")


# Judges that cannot tell


@both
@pytest.mark.parametrize(
    ("p", "status", "value"), [(0.6, "abstained", None), (0.5, "ok", 3.0), (0.2, "ok", 3.0)]
)
def test_a_model_abstains_where_cannot_tell_is_more_probable_than_all_scores(shape, p, status, value):
    by = rubric(abstain=True, flags={})
    answers = {**GOOD, "truth": choice("3", _1=0.0, _2=0.0, _3=1 - p, cannot_tell=p)}
    answers["named"] = choice("yes", yes=1 - p, no=0.0, cannot_tell=p)
    found = outcomes(shape, answers, by)
    assert (found["truth"].status, found["truth"].value) == (status, value)
    assert (found["named"].status, found["named"].value) == (status, value and 1.0)


@both
def test_a_choice_of_cannot_tell_abstains_without_probabilities(shape):
    by = rubric(abstain=True, flags={})
    assert outcomes(shape, {**GOOD, "truth": {"type": "choice", "choice": "cannot_tell"}}, by)[
        "truth"
    ].status == ("abstained")


# Whole replies


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("4", "unparsed"),
        ("no JSON", "unparsed"),
        ("[" * 100_000, "unparsed"),
        ("[]", "unparsed"),
        ("{}", "unparsed"),
        ('{"answers": null}', "unparsed"),
        ('{"answers": "truth"}', "unparsed"),
        ('{"answers": [null, 1]}', "unparsed"),
        ('{"prompt_feedback": {"block_reason": "SAFETY"}}', "refused"),
        ('{"answers": {}, "prompt_feedback": {"block_reason": "SAFETY"}}', "refused"),
    ],
    ids=lambda value: value[:40],
)
@both
def test_a_reply_without_answers_is_a_status_of_every_dimension(shape, text, status):
    found = read(completion(text), rubric(), ITEM, form(shape))
    assert {outcome.status for outcome in found.values()} == {status}


@pytest.mark.parametrize("kind", ["server", "filter"])
def test_a_failure_is_that_of_every_dimension(kind):
    failed = completion(None, failure=Failure(kind=kind, message="no"))
    found = read(failed, rubric(), ITEM, form("openai"))
    assert {o.status for o in found.values()} == {"refused" if kind == "filter" else "failed"}


def test_a_reply_in_the_other_format_is_unparsed():
    text = reply("systemone", GOOD)
    found = read(completion(text), rubric(), ITEM, form("openai"))
    assert {outcome.status for outcome in found.values()} == {"unparsed"}


def test_a_chat_reply_does_not_pass_for_probabilities():
    chat = {name: {"reason": "x", "score": 3} for name in DIMENSIONS}
    found = read(completion(chat), rubric(), ITEM, form("openai"))
    assert {outcome.status for outcome in found.values()} == {"unparsed"}


def test_probabilities_do_not_pass_for_a_chat_reply():
    found = read(completion(reply("systemone", GOOD)), rubric(), ITEM)
    assert {outcome.status for outcome in found.values()} == {"unparsed"}


def test_only_what_was_asked_has_an_answer():
    by = rubric()
    without = form("openai", rubric(flags={}))
    found = read(completion(reply("openai", GOOD)), by, ITEM, without)["harmful"]
    assert (found.status, found.reason) == ("unparsed", "the model was not asked")


# Criteria of the item, and rows


def by_criteria(**changes):
    data = {
        "dimensions": {},
        "flags": {},
        "criteria": {},
        "overall": {"how": "points"},
        "pass": {"overall": 0.5},
    }
    return rubric(**{**data, **changes})


@both
def test_a_criterion_is_the_probability_that_it_is_met(shape):
    criteria = [{"id": "year", "text": "It names the year."}, {"id": "err", "text": "It errs.", "points": -1}]
    item, by = ITEM.model_copy(update={"metadata": {"criteria": criteria}}), by_criteria()
    text = reply(shape, {"year": predicate(0.9), "err": predicate(0.3)})
    rows = score_rows(item, [completion(text, "criteria/1")], by, "m", form=form(shape, by))
    assert {r.criterion or r.dimension: r.value for r in rows} == {
        "overall": pytest.approx(0.6),
        "year": pytest.approx(0.9),
        "err": pytest.approx(0.3),
    }


def test_a_criterion_with_the_name_of_a_dimension_is_a_criterion():
    by = rubric(dimensions={"truth": DIMENSIONS["truth"]}, flags={}, criteria={})
    item = ITEM.model_copy(update={"metadata": {"criteria": [{"id": "truth", "text": "It is true."}]}})
    text = reply("openai", {"truth": predicate(0.9)})
    found = read(completion(text, "criteria/1"), by, item, form("openai", by))
    assert found["criteria/truth"].value == pytest.approx(0.9)


def test_a_second_reply_adds_what_the_first_one_lacks():
    first, second = dict(GOOD), dict(GOOD)
    del first["truth"], second["named"]
    replies = [completion(reply("openai", answers)) for answers in (first, second)]
    rows = score_rows(ITEM, replies, rubric(), "m", form=form("openai"))
    assert {row.status for row in rows} == {"ok"}


# Distributions


@both
def test_the_distribution_of_every_dimension_is_kept(shape):
    answers = {**GOOD, "fault": {"type": "choice", "choice": "minor"}, "kind": choice("3", _3=0.2)}
    found = distributions(completion(reply(shape, answers)), form(shape), rubric())
    assert found.keys() == {"truth", "style", "named"}
    assert found["truth"] == pytest.approx({"1": 0.1, "2": 0.2, "3": 0.7})
    assert found["named"] == pytest.approx({"0": 0.2, "1": 0.8})


def test_a_reply_without_answers_has_no_distribution():
    assert distributions(completion("[]"), form("openai"), rubric()) == {}
    assert distributions(completion(None), form("openai"), rubric()) == {}


# Which reader a run takes


class Facts:
    path = "runs/x"

    def __init__(self, **facts):
        self.facts = facts

    def fact(self, name):
        return self.facts.get(name)


def test_the_reader_is_chosen_by_the_judge_of_the_run():
    kept = form("openai").model_dump()
    assert form_of(Facts(judge={"model": "decisions:m"}, decisions=kept)) == form("openai")
    assert form_of(Facts(judge={"model": "openai/decisions"}, decisions=kept)) is None


def test_a_run_that_does_not_say_how_it_was_asked_is_refused():
    with pytest.raises(RunError, match=r"runs/x: lacks the fact 'decisions'"):
        form_of(Facts(judge={"model": "systemone:m"}))
