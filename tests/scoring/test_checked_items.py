"""Which answers are scored: all, the first ones, or a random sample."""

import pytest
from PIL import Image

from judge import score
from judge.errors import InputError
from judge.items import InputSummary
from judge.rubric import load_rubric
from judge.scoring.checked_items import BadItems, InputOptions, checked_items, input_notes
from judge.scoring.judge import Judge

from .builders import item, rubric

ITEMS = [item(f"q{n}", f"Answer {n}.") for n in range(1000)]


def chosen(answers=ITEMS, **options):
    found = checked_items(
        answers, InputOptions(**options), root=None, bad=BadItems(), judge=Judge("baseline", rubric())
    )
    return [item.id for item in found]


def test_a_limit_takes_the_first_items():
    assert chosen(limit=3) == ["q0", "q1", "q2"]


def test_a_random_sample_keeps_the_order_of_the_input():
    ids = chosen(limit=50, random=True)
    assert len(set(ids)) == 50
    assert ids == sorted(ids, key=lambda id: int(id[1:]))
    assert ids != [f"q{n}" for n in range(50)]


def test_a_random_sample_is_the_same_under_the_same_seed_only():
    assert chosen(limit=50, random=True, seed=3) == chosen(limit=50, random=True, seed=3)
    assert chosen(limit=50, random=True, seed=3) != chosen(limit=50, random=True, seed=4)


def test_a_random_sample_depends_on_the_ids_and_not_on_their_order():
    assert set(chosen(ITEMS[::-1], limit=50, random=True)) == set(chosen(limit=50, random=True))


def test_a_larger_random_sample_contains_a_smaller_one():
    assert set(chosen(limit=50, random=True)) < set(chosen(limit=80, random=True))


def test_a_random_sample_of_more_than_there_are_is_everything():
    assert chosen(limit=2000, random=True) == chosen()


def drawn(tmp_path, answers=ITEMS[:20], **options):
    """What the manifest of the run says after one more call."""
    with score(answers, judge="baseline", out=tmp_path / "r", **options) as run:
        return run.manifest.get("random_sample")


def test_the_manifest_says_from_how_many_items_a_random_sample_was_drawn(tmp_path):
    assert drawn(tmp_path, limit=5, random=True, seed=2) == {"items": 5, "of": 20, "seed": 2}
    assert drawn(tmp_path, limit=8, random=True, seed=2) == {"items": 8, "of": 20, "seed": 2}


@pytest.mark.parametrize("options", [{}, {"limit": 5}, {"limit": 20, "random": True}, {"random": True}])
def test_a_run_of_all_items_or_of_the_first_ones_is_not_called_a_random_sample(tmp_path, options):
    assert drawn(tmp_path, **options) is None


def test_a_pilot_that_is_completed_is_no_longer_called_a_sample(tmp_path):
    assert drawn(tmp_path, limit=5, random=True) is not None
    assert drawn(tmp_path) is None


def test_two_random_samples_of_one_input_are_one_larger_sample(tmp_path):
    assert drawn(tmp_path, limit=8, random=True) == {"items": 8, "of": 20, "seed": 0}
    assert drawn(tmp_path, limit=5, random=True) == {"items": 8, "of": 20, "seed": 0}
    found = drawn(tmp_path, limit=5, random=True, seed=3)
    assert found["items"] > 8
    assert found["seed"] is None


@pytest.mark.parametrize("first", [{"limit": 19}, {"answers": ITEMS[100:120], "limit": 3, "random": True}])
def test_a_random_sample_added_to_other_items_is_none(tmp_path, first):
    drawn(tmp_path, **first)
    assert drawn(tmp_path, ITEMS[:15], limit=3, random=True) is None


def test_random_without_a_limit_changes_nothing():
    assert chosen(random=True) == chosen()


def test_a_random_sample_takes_every_item_equally_often():
    counts = dict.fromkeys((f"q{n}" for n in range(20)), 0)
    for seed in range(800):
        for id in chosen(ITEMS[:20], limit=5, random=True, seed=seed):
            counts[id] += 1
    # Each is drawn with probability 1/4: 200 times, with a standard deviation of 12.2.
    assert all(abs(count - 200) < 5 * 12.2 for count in counts.values())


def test_a_broken_row_outside_the_first_items_is_not_read():
    assert chosen([*ITEMS[:2], {"id": "x"}], limit=2) == ["q0", "q1"]


def test_every_row_is_read_for_a_random_sample():
    with pytest.raises(InputError, match="row 3: no field 'question'"):
        chosen([*ITEMS[:2], {"id": "x"}], limit=2, random=True)


def test_a_pilot_that_is_started_again_asks_nothing_again(tmp_path):
    given = {"judge": "baseline", "limit": 20, "random": True, "out": tmp_path / "r"}
    answers = [
        {"id": i.id, "question": i.question, "answer": i.answer, "reference": "x"} for i in ITEMS[:100]
    ]
    with score(answers, **given) as run:
        first = run.summary()
    with score(answers, **given) as run:
        again = run.summary()
    assert first.items == again.items == 20
    assert first.completions == again.completions == 20
    with score(answers, **{**given, "limit": 30}) as run:
        assert (run.summary().items, run.summary().completions) == (30, 30)


# ---- errors and notes on what was read

SOUND = {"question": "q", "answer": "a", "reference": "r"}


def error_of(answers, **options):
    with pytest.raises(InputError) as caught:
        chosen(answers, **options)
    return str(caught.value)


def test_rows_that_lack_the_same_fields_are_one_line_with_their_number():
    message = error_of([SOUND, *({"text": str(n)} for n in range(30)), {"question": "q"}])
    head, first, second, last = message.splitlines()
    assert head.startswith("31 bad items; nothing was sent:")
    assert first.startswith("row 2: no field 'question' and no field 'answer'")
    assert first.endswith("(and 29 more rows)")
    assert second.startswith("row 32: no field 'answer'")
    assert "--skip-bad" in last


def test_a_single_error_has_no_heading():
    assert error_of([SOUND, {**SOUND, "answer": None}]).startswith("row 2: field 'answer'")


def test_one_more_row_is_told_in_the_singular():
    assert "(and 1 more row)" in error_of([SOUND, {"text": 1}, {"text": 2}])


def test_more_errors_than_are_shown_are_counted():
    rows = [SOUND, *({**SOUND, "answer": None, "nr": n} for n in range(25))]
    lines = error_of(rows).splitlines()
    assert lines[0] == "25 bad items; nothing was sent:"
    assert lines[-2] == "… and 5 more"
    assert len(lines) == 23


@pytest.mark.parametrize("skip_bad", [False, True])
def test_where_every_row_is_bad_there_is_no_advice_to_skip_them(skip_bad):
    message = error_of([{"text": 1}, {"text": 2}], skip_bad=skip_bad)
    assert "has no item that can be scored" in message
    assert "no field 'question' and no field 'answer'" in message
    assert "--skip-bad" not in message


def test_tables_without_ids_by_system_and_in_two_files_are_read():
    assert chosen(
        [{"question": "q", "nr": 7, "m1": "a", "m2": ""}], id_from="nr", answers_in=["m1", "m2"]
    ) == ["7/m1"]
    assert chosen([{"id": 1, "answer": "a"}], questions=[{"id": 1, "question": "q"}]) == ["1"]


def notes(answers, name="open_qa", **options):
    bad = BadItems()
    list(
        checked_items(answers, InputOptions(**options), root=None, bad=bad, judge=Judge("baseline", rubric()))
    )
    return input_notes(bad.summary, load_rubric(name))


def test_notes_name_the_columns_and_no_warning_where_every_item_has_a_reference():
    assert notes([SOUND]) == [
        "columns: question from 'question', answer from 'answer', no system, reference from 'reference', "
        "id from the content (no id column)"
    ]


@pytest.mark.parametrize("name", ["open_qa", "inspection", "summary"])
def test_a_missing_reference_is_a_warning_with_a_rubric_that_refers_to_one(name):
    bare = {"question": "q", "answer": "a"}
    assert notes([bare], name)[-1].startswith(
        f"warning: no item has a reference answer, and rubric {name} refers"
    )
    assert notes([{**bare, "answer": "b"}, SOUND, SOUND], name)[-1].startswith(
        "warning: 1 of 3 items have no reference answer"
    )


@pytest.mark.parametrize(("kind", "n_warnings"), [("detection", 0), ("cause", 1), (None, 1)])
def test_images_that_a_rubric_shows_for_no_item_are_a_warning(tmp_path, kind, n_warnings):
    for name in ("a.png", "b.png"):
        Image.new("RGB", (2, 2)).save(tmp_path / name)
    images = [{"path": "a.png", "role": "reference"}, {"path": "b.png"}]
    row = {**SOUND, "images": images, "metadata": {"question_type": kind}}
    bad, guided = BadItems(), load_rubric("guided_inspection")
    list(checked_items([row], InputOptions(), root=tmp_path, bad=bad, judge=Judge("baseline", guided)))
    said = [
        [note for note in input_notes(bad.summary, one) if "shown none of the reference images" in note]
        for one in (guided, guided.leaving_out("reference"))
    ]
    assert [len(notes) for notes in said] == [n_warnings, 0]


PLACES = [
    pytest.param({"task": "Compare with the reference."}, id="task"),
    pytest.param({"guidelines": ("References are right.",)}, id="guideline"),
    pytest.param({"rules": ({"when": {"x": ["y"]}, "text": "See the reference answer."},)}, id="rule"),
]


@pytest.mark.parametrize("changes", PLACES)
def test_a_rubric_refers_to_a_reference_in_any_of_its_texts(changes):
    bare = InputSummary(n_items=1, n_without_reference=1)
    assert input_notes(bare, rubric()) == []
    assert len(input_notes(bare, rubric(**changes))) == 1


def test_an_anchor_may_refer_to_a_reference_and_a_picture_is_none():
    bare = InputSummary(n_items=1, n_without_reference=1)
    first = rubric().dimensions["a"]
    for text, count in (("as in the reference", 1), ("as in the reference picture", 0), ("preferences", 0)):
        changed = first.model_copy(update={"anchors": {**first.anchors, 1: text}})
        assert len(input_notes(bare, rubric().model_copy(update={"dimensions": {"a": changed}}))) == count
