import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.stats.engine import weights
from judge.stats.engine.weights import Frame, cluster_codes, rows_alike, seed_of


def test_a_missing_cluster_is_an_error_that_says_where():
    with pytest.raises(ValueError, match=r"clusters\[1\] is missing"):
        cluster_codes(["a", None, "b"], 3)


def test_clusters_of_another_length_are_refused():
    with pytest.raises(ValueError, match=r"shape \(3,\); got shape \(2,\)"):
        cluster_codes(["a", "b"], 3)


@pytest.mark.parametrize(
    "labels", [["x", "y", "x"], [3, 1, 3], [0.5, 0.2, 0.5], np.array(["x", 1, "x"], object)]
)
def test_clusters_may_be_labels_of_any_kind(labels):
    codes = cluster_codes(labels, 3)
    assert codes[0] == codes[2] != codes[1]
    assert sorted(set(codes)) == [0, 1]


def test_a_seed_repeats_the_draws_and_a_generator_in_use_has_none():
    seed, generator = seed_of(None)
    assert np.random.default_rng(seed).random() == generator.random()
    assert seed_of(np.random.default_rng(3))[0] is None


def test_identical_items_are_collapsed_into_one_unit():
    frame = Frame.build([np.array([[1.0, 0.0], [0.0, 1.0], [1.0, -0.0]] * 4)], None, 12)
    assert sorted(frame.counts) == [4, 8]
    assert frame.n_clusters == 12


def test_clusters_are_alike_when_their_sums_are():
    frame = Frame.build([np.array([[1.0], [2.0], [2.0], [1.0]] * 4)], np.arange(16) // 2, 16)
    assert frame.counts.tolist() == [8]


def test_rows_that_are_clusters_already_give_the_frame_of_their_items():
    items, clusters = np.column_stack([np.arange(24) // 2 % 3 == 0, np.ones(24)]), np.arange(24) // 2
    of_items = Frame.build([items], clusters, 24)
    sums = np.add.reduceat(items, np.arange(0, 24, 2))
    of_clusters = Frame.build([sums], None, 12, [np.full(12, 2.0)])
    assert of_clusters.counts.tolist() == of_items.counts.tolist() == [8, 4]
    assert of_clusters.sizes[0].tolist() == of_items.sizes[0].tolist() == [2, 2]
    assert of_clusters.tables[0].tolist() == of_items.tables[0].tolist()


@given(st.data())
def test_every_resample_draws_as_many_clusters_as_there_are(data):
    n_items = data.draw(st.integers(2, 30))
    values = np.array(data.draw(st.lists(st.integers(0, 3), min_size=n_items, max_size=n_items)), dtype=float)
    clusters = data.draw(st.lists(st.integers(0, 5), min_size=n_items, max_size=n_items))
    frame = Frame.build([np.column_stack([np.ones(n_items), values])], clusters, n_items)
    drawn = frame._weights(20, np.random.default_rng(0))
    assert (drawn.sum(axis=1) == frame.n_clusters).all()


@pytest.mark.parametrize("alike", [250, 1])
def test_weights_have_the_moments_of_a_multinomial_draw(alike):
    # Two groups of 250 and 150 are drawn as a multinomial, 400 different items by counting indices.
    values = np.arange(400.0) // alike
    frame = Frame.build([values[:, None]], None, 400)
    drawn = frame._weights(4_000, np.random.default_rng(1))
    share = frame.counts / 400
    expected = 400 * share * (1 - share)
    assert drawn.mean(axis=0) == pytest.approx(frame.counts, abs=6 * np.sqrt(expected.max() / 4_000))
    # The variance of a sample variance is about 2 v^2 / R.
    assert drawn.var(axis=0) == pytest.approx(expected, rel=6 * np.sqrt(2.5 / 4_000))


@pytest.mark.parametrize("largest_one_hot", [0, 10_000])
@pytest.mark.parametrize("all_different", [True, False])
def test_totals_of_codes_equal_those_of_their_one_hot_table(monkeypatch, largest_one_hot, all_different):
    monkeypatch.setattr(weights, "_CHUNK", largest_one_hot)
    rng = np.random.default_rng(2)
    drawn = rng.integers(0, 3, (7, 50)).astype(float)
    # Every third code is one that no item has: it keeps its column.
    codes = rng.permutation(50) if all_different else 3 * rng.integers(0, 9, 50)
    width = codes.max() + 1
    assert np.array_equal(weights.totals_of(drawn, codes), drawn @ np.eye(width)[codes])


def test_chunks_do_not_change_the_resamples(monkeypatch):
    table = np.random.default_rng(3).normal(size=(30, 2))
    frame = Frame.build([table, np.arange(30)], None, 30)
    whole = [
        np.concatenate(parts)
        for parts in zip(*frame.bootstrap(50, np.random.default_rng(4), [0, 1]), strict=True)
    ]
    left_out = np.concatenate([rows for (rows,) in frame.jackknife(1)])
    monkeypatch.setattr(weights, "_CHUNK", 100)
    pieces = [
        np.concatenate(parts)
        for parts in zip(*frame.bootstrap(50, np.random.default_rng(4), [0, 1]), strict=True)
    ]
    for one, other in zip(whole, pieces, strict=True):
        assert one == pytest.approx(other, abs=1e-12)
    assert np.array_equal(np.concatenate([rows for (rows,) in frame.jackknife(1)]), left_out)


def test_one_multinomial_draw_serves_all_statistics():
    table = np.random.default_rng(5).normal(size=(30, 2))
    frame = Frame.build([table, 2 * table], None, 30)
    for first, second in frame.bootstrap(100, np.random.default_rng(6), [0, 1]):
        assert second == pytest.approx(2 * first)


@pytest.mark.parametrize("clusters", [None, np.arange(40) // 4])
def test_statistics_that_share_their_sums_share_their_totals(clusters):
    table = np.random.default_rng(7).integers(0, 2, (40, 2)).astype(float)
    frame = Frame.build([table, np.arange(40), table], clusters, 40)
    assert frame.tables[0] is frame.tables[2]
    ((first, other, third),) = frame.bootstrap(10, np.random.default_rng(8), [0, 1, 2])
    assert first is third
    assert other.shape == (10, 40)


@pytest.mark.parametrize("labels", [[5, 0, 5, 2], [-1, 3, -1, 0], [10**12, 7, 7, 10**12]])
def test_codes_of_numbered_clusters_are_in_the_order_of_the_numbers(labels):
    codes = cluster_codes(np.array(labels), 4)
    assert codes.tolist() == np.unique(labels, return_inverse=True)[1].tolist()


def test_rows_of_which_few_are_alike_are_not_collapsed():
    frame = Frame.build([np.arange(12) % 2, np.arange(12) // 2], None, 12)
    assert (len(frame.tables[0]), frame.counts.tolist()) == (12, [1.0] * 12)


def test_tables_after_those_that_show_enough_different_rows_are_not_read(monkeypatch):
    read = []
    as_key = weights._as_key
    monkeypatch.setattr(weights, "_as_key", lambda table: read.append(1) or as_key(table))
    Frame.build([np.full(12, 3.0)[:, None], np.arange(12), np.arange(12) + 1, np.arange(12) + 2], None, 12)
    assert len(read) == 2


def test_rows_of_one_hash_are_told_apart_by_their_content(monkeypatch):
    monkeypatch.setattr(
        weights, "_hashes", lambda tables: (np.zeros(len(tables[0]), np.uint64), np.zeros(1, np.uint64))
    )
    frame = Frame.build([np.array([5.0, 2.0] * 8)[:, None]], None, 16)
    assert (sorted(frame.tables[0].ravel().tolist()), frame.counts.tolist()) == ([2.0, 5.0], [8.0, 8.0])


def test_rows_that_are_alike_are_found_once():
    table = np.tile([[1.0, 0.0], [0.0, 2.0]], (10, 1))
    rows, place = rows_alike(table)
    assert len(rows) == 2
    assert (table[rows][place] == table).all()


@pytest.mark.parametrize("table", [np.arange(40.0).reshape(20, 2), np.full((20, 2), np.nan)])
def test_rows_that_differ_or_cannot_be_compared_are_left_as_they_are(table):
    assert rows_alike(table) == (None, None)
