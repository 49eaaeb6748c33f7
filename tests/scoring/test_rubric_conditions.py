"""What a rubric holds where its file does not say."""

from judge.rubric import parse_rubric

SMALL = """
name: small
task: Judge.
dimensions:
  a: {description: first, anchors: {1: one, 2: two, 3: three, 4: four, 5: five}}
pass: {overall: 3}
"""


def test_a_rubric_is_version_1_on_1_to_5_with_the_mean_as_overall_score():
    found = parse_rubric(SMALL)
    assert (found.version, found.scale.min, found.scale.max, found.overall.how) == (1, 1, 5, "mean")
    assert (found.reply, list(found.flags), found.rules, found.examples) == ("json", [], (), ())
