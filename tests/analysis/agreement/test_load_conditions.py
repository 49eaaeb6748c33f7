"""Fields of items out of the file of ratings: from tables only, and only what is constant for an item."""

import json

import pytest

from judge.analysis.agreement.inputs import AgreementInputs, align_inputs
from judge.errors import InputError


def aligned(path, text, **more):
    path.write_text(text)
    return align_inputs(AgreementInputs(str(path), scale="1-5", **more))


def test_nested_json_is_read_once_and_gives_no_fields(tmp_path):
    content = {"ann": {"q1": {"clarity": 4}}, "ben": {"q1": {"clarity": 5}}}
    found = aligned(tmp_path / "r.json", json.dumps(content), raters_in=("ann", "ben"))
    assert found.ratings["clarity"].human_values.tolist() == [[4, 5]]
    with pytest.raises(InputError, match="no item has the field 'colour'"):
        found.field("colour")


@pytest.mark.parametrize("name", ["r.jsonl", "r.jsonl.gz"])
def test_constant_columns_of_a_table_are_fields(tmp_path, name):
    rows = [
        {"item_id": "a", "rater": r, "clarity": 4, "colour": "red", "mood": m}
        for r, m in (("ann", "good"), ("ben", "bad"))
    ]
    found = aligned(tmp_path / name, "".join(json.dumps(row) + "\n" for row in rows), dimensions=("clarity",))
    assert found.items[0].metadata["colour"] == "red"
    assert "mood" not in found.items[0].metadata


def test_ids_with_spaces_are_one_item(tmp_path):
    found = aligned(
        tmp_path / "r.csv",
        "item_id,rater,clarity,colour\na,ann,4,red\na ,ben,5,red\n",
        dimensions=("clarity",),
    )
    assert [item.id for item in found.items] == ["a"]
    assert found.items[0].metadata["colour"] == "red"
