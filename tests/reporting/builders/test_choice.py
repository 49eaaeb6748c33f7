"""The report about multiple-choice answers."""

import json

import pytest


@pytest.fixture
def choice(report_json, tmp_path):
    def call(rows, *words):
        path = tmp_path / "answers.jsonl"
        path.write_text("\n".join(json.dumps(row) for row in rows))
        return report_json("choice", path, *words)

    return call


def rows(answers, gold="A", **more):
    options = ["lid", "cap", "body"]
    return [
        {
            "id": n,
            "question": "Which?",
            "answer": a,
            "choices": options,
            "gold": gold,
            "kind": "xy"[n % 2],
            **more,
        }
        for n, a in enumerate(answers)
    ]


def test_unreadable_replies_are_counted_by_reason(choice):
    found = choice(rows(["A"] * 4 + ["B"] * 4 + ["A or B", ""]))
    assert found["verdict"][0].startswith("40.0 %")
    assert found["verdict"][0].endswith("are correct: 4 of 10.")
    assert "2 of 10 replies (20.0 %) do not name exactly one offered option" in found["verdict"][1]
    assert "several options: 1" in found["verdict"][1]
    assert found["verdict"][2] == "Accuracy is 50.0 % without them and 40.0 % if they count as wrong."
    dropped = choice(rows(["A"] * 4 + ["B"] * 4 + ["A or B", ""]), "--no-verdict", "drop")
    assert dropped["verdict"][0].endswith("are correct: 4 of 8.")
    assert "they count as missing" in dropped["verdict"][1]


def test_readable_replies_are_said_to_be_so(choice):
    found = choice(rows(["A", "B", "A", "B"]))
    assert found["verdict"][1] == "Every reply names exactly one offered option."
    assert found["tables"]["reading"]["rows"] == [{"how": "read: letter", "n": 4}]


def test_slices_have_a_macro_average(choice):
    found = choice(rows(["A", "B"] * 10))["tables"]["slices:kind"]
    assert [(r["slice"], r["n"], r["figure"]["value"]) for r in found["rows"]] == [
        ("x", 10, 1.0),
        ("y", 10, 0.0),
        ("slice mean", 20, 0.5),
    ]
    assert [bool(r.get("small")) for r in found["rows"]] == [True, True, False]


def test_position_bias_is_named_with_its_excess(choice):
    found = choice(
        rows(["A"] * 20, gold="A") + [{**r, "id": f"b{r['id']}"} for r in rows(["A"] * 20, gold="B")]
    )
    bias = next(text for text in found["verdict"] if text.startswith("Position bias"))
    assert "A is chosen +50.0" in bias
    assert "(p < .001)" in bias
    position = {r["letter"]: r for r in found["tables"]["positions"]["rows"]}
    assert position["A"]["chosen"]["value"] == 1.0
    assert position["B"]["gold"]["value"] == 0.5
    assert not any(text.startswith("Position bias") for text in choice(rows(["A"] * 20))["verdict"])


def test_crossed_fields_are_a_matrix_with_means(choice):
    data = [{**r, "side": "lr"[i // 2 % 2]} for i, r in enumerate(rows(["A", "B", "A", "A"] * 5))]
    found = choice(data, "--by", "kind*side")["tables"]["matrix:kind*side"]
    (left, right, mean) = found["rows"]
    assert (left["x"], left["y"], left["mean"]) == (1.0, 0.0, 0.5)
    assert (right["x"], right["y"], right["mean"]) == (1.0, 1.0, 1.0)
    assert (mean["x"], mean["y"], mean["mean"]) == (1.0, 0.5, 0.75)


def test_bounds_of_the_accuracy_are_shown_if_so_asked(choice):
    found = choice(rows(["A"] * 4 + ["B"] * 4 + ["A or B", ""]), "--no-verdict", "bounds")
    assert found["verdict"][0].endswith("are correct: 4 of 8.")
    assert found["verdict"][3] == "It would be 60.0 % if all of them counted as correct."
