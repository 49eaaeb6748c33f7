"""Which items are dependent: the same rule as in the reports about runs."""

import numpy as np
import pytest

from judge.analysis.agreement.item_clusters import item_clusters
from judge.errors import InputError
from judge.records import Item


def items(*questions, **fields):
    """One item for each question; each field has one value for each item."""
    rows = [dict(zip(fields, values, strict=True)) for values in zip(*fields.values(), strict=True)]
    held = rows or [{}] * len(questions)
    return [
        Item(
            id=f"i{place}",
            question=question,
            answer=str(place),
            metadata={k: v for k, v in row.items() if v is not None},
        )
        for place, (question, row) in enumerate(zip(questions, held, strict=True))
    ]


def sizes(found):
    return sorted(np.unique(found.labels, return_counts=True)[1].tolist())


def test_answers_to_one_question_are_a_cluster_by_default():
    found = item_clusters(items("a", "a", "b"), None)
    assert (found.field, sizes(found)) == ("question", [1, 2])


def test_items_with_one_pair_id_are_a_cluster_before_those_with_one_question():
    found = item_clusters(items("a", "a", "b", pair_id=[1, 2, 2]), None)
    assert (found.field, sizes(found)) == ("pair_id", [1, 2])


@pytest.mark.parametrize("questions", [("a", "b", "c"), ("a", "a", "a"), ("", "", "")])
def test_items_are_independent_where_none_or_all_share_a_question(questions):
    found = item_clusters(items(*questions), None)
    assert (found.field, found.labels) == (None, None)


def test_an_item_without_a_text_or_value_is_a_cluster_of_its_own():
    assert sizes(item_clusters(items("a", "a", "", ""), None)) == [1, 1, 2]
    image = items("a", "b", "c", "d", image=["x", "x", None, None])
    assert sizes(item_clusters(image, "image")) == [1, 1, 2]


def test_the_field_id_makes_all_items_independent():
    assert item_clusters(items("a", "a", "b"), "id").labels is None


def test_a_named_field_with_one_value_is_one_cluster():
    assert sizes(item_clusters(items("a", "a", "b", batch=[1, 1, 1]), "batch")) == [3]


def test_a_field_that_no_item_has_is_refused():
    with pytest.raises(InputError, match=r"no item has the field 'image'.* Name a table"):
        item_clusters(items("a", "b"), "image", hint=". Name a table")
