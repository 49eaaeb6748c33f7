"""`judge.stress`."""

import judge

ANSWERS = [
    {"id": f"q{n}", "question": f"{n} + 2?", "answer": f"It is {n + 2}.", "reference": f"It is {n + 2}."}
    for n in range(12)
]


def test_estimates_are_named_by_probe_family_and_dimension(tmp_path):
    report = judge.stress(ANSWERS, probes="blank_answer", out=tmp_path)
    assert report.estimates["blank_answer.held"].value == 1
    assert report.estimates["must_lower.held"].value == 1
    assert report.estimates["blank_answer.shift.technical_accuracy"].value < 0


def test_judge_may_be_given_as_an_object(tmp_path):
    tested = judge.Judge("baseline", judge.load_rubric("open_qa"))
    report = judge.stress(ANSWERS, judge=tested, probes=["white_space", "padding"], limit=6, out=tmp_path)
    assert report.title == "Stress test of baseline: 6 items, 2 probes"


def test_rubric_may_be_given_as_an_object(tmp_path):
    report = judge.stress(ANSWERS, rubric=judge.load_rubric("summary"), probes="praise", out=tmp_path)
    assert report.about["rubric"].startswith("summary ")
