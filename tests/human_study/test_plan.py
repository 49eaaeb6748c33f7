import pytest
from pydantic import ValidationError

from human_study.plan import Design, DrawnItem, Listed, choose, pick, plan_study
from judge.errors import InputError
from judge.records import Item
from judge.rubric import Rubric


def test_more_raters_an_item_than_raters_is_refused() -> None:
    with pytest.raises(ValidationError, match="3 raters per item, but there are only 2"):
        Design(raters=2, per_item=3)


def test_each_system_is_dealt_out_evenly(rubric: Rubric, items: list[Item]) -> None:
    design = Design(raters=3, per_item=2, repeats=0, checks=0)
    plan = plan_study("s", rubric, design, choose(items, design))
    for slots in plan.slots:
        systems = [plan.chosen[slot.item].item.system for slot in slots]
        assert abs(systems.count("secret-system-A") - systems.count("secret-system-B")) <= 2


def test_checks_and_repeats_come_in_the_chosen_share(rubric: Rubric, items: list[Item]) -> None:
    design = Design(raters=2, per_item=2, repeats=0.25, checks=0.25)
    plan = plan_study("s", rubric, design, choose(items, design))
    for slots in plan.slots:
        kinds = [slot.kind for slot in slots]
        assert (kinds.count("main"), kinds.count("repeat"), kinds.count("check")) == (12, 3, 3)


def test_a_small_share_of_checks_still_means_one(rubric: Rubric, items: list[Item]) -> None:
    design = Design(raters=2, per_item=2, repeats=0, checks=0.01)
    assert len(plan_study("s", rubric, design, choose(items, design)).checks) == 1


def test_no_share_means_no_checks(rubric: Rubric, items: list[Item]) -> None:
    design = Design(raters=2, per_item=2, repeats=0, checks=0)
    assert plan_study("s", rubric, design, choose(items, design)).checks == []


def test_the_same_seed_plans_the_same_study(rubric: Rubric, items: list[Item]) -> None:
    design = Design(seed=5, items=8)
    first, second = (plan_study("s", rubric, design, choose(items, design)) for _ in range(2))
    assert (first.slots, first.chosen, first.checks) == (second.slots, second.chosen, second.checks)


def test_strata_keep_their_probabilities(items: list[Item]) -> None:
    strata = {item.id: "rare" if n < 2 else "common" for n, item in enumerate(items)}
    chosen = choose(items, Design(items=4), strata)
    assert sorted({(one.stratum, one.probability) for one in chosen}) == [("common", 0.2), ("rare", 1.0)]


def test_listed_items_keep_the_probability_of_the_list(items: list[Item]) -> None:
    chosen = pick(items, [Listed("secret-id-3", 0.25, "pass"), Listed("secret-id-1")])
    assert [(one.item.id, one.probability, one.stratum) for one in chosen] == [
        ("secret-id-3", 0.25, "pass"),
        ("secret-id-1", None, ""),
    ]


def test_a_listed_id_that_is_not_there_is_named(items: list[Item]) -> None:
    with pytest.raises(InputError, match="1 of 2 listed ids are not among the 12 items; the first is 'q9'"):
        pick(items, [Listed("secret-id-1"), Listed("q9")])


def test_one_id_for_two_items_is_refused(rubric: Rubric) -> None:
    twins = [DrawnItem(Item(id="a", question="?", answer=text)) for text in ("x", "y")]
    with pytest.raises(InputError, match="two items with the id 'a'"):
        plan_study("s", rubric, Design(raters=1, per_item=1), twins)


def test_a_study_of_nothing_is_refused(rubric: Rubric) -> None:
    with pytest.raises(InputError, match="no items to rate"):
        plan_study("s", rubric, Design(), [])


def test_more_strata_than_items_are_refused(items: list[Item]) -> None:
    """Whatever weights are used, a stratum that cannot be drawn is missing from every estimate."""
    of = {item.id: item.id for item in items}
    with pytest.raises(InputError, match="11 items are too few for 12 strata"):
        choose(items, Design(items=11), of)
    assert len(choose(items, Design(items=12), of)) == 12
