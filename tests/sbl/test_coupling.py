"""Which scales an atom's variance is made of: the maps of every coupling, what they do by default, what they refuse."""

import re

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

from laconic.core.checks import DataError, ParameterError
from laconic.sbl.coupling import COUPLINGS, Groups, Links, OneToOne, ScaleMap, Separate, Tree

SIZES = st.lists(st.integers(1, 9), min_size=1, max_size=4).map(tuple)
NAMED = pytest.mark.parametrize("name", COUPLINGS)


def maps_of(coupling, n_atoms):
    links = coupling.links(n_atoms)
    return [links.map(j).toarray() for j in range(len(n_atoms))]


def assert_maps(coupling, n_atoms, expected):
    found = maps_of(coupling, n_atoms)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


# Maps ---------------------------------------------------------------------------------------------------------------


def test_one_to_one_is_the_identity_for_all():
    assert_maps(OneToOne(), (3, 3), [np.eye(3)] * 2)
    assert OneToOne().links((3, 3)).maps == (None, None)


def test_separate_modalities_have_scales_of_their_own():
    assert_maps(Separate(), (2, 3), [np.eye(2, 5), np.eye(3, 5, 2)])
    assert maps_of(Separate(), (4,))[0].tolist() == np.eye(4).tolist()


def test_groups_have_one_scale_for_all_their_atoms():
    assert_maps(Groups(((0, 1), (1, 0, 0, 2))), (2, 4), [np.eye(3)[[0, 1]], np.eye(3)[[1, 0, 0, 2]]])
    assert_maps(Groups(np.array([[0, 0], [0, 0]])), (2, 2), [np.ones((2, 1))] * 2)


def test_groups_by_default_are_as_many_as_the_fewest_atoms_dealt_out_evenly():
    assert_maps(Groups(), (2, 5), [np.eye(2), np.eye(2)[[0, 0, 0, 1, 1]]])
    assert_maps(Groups(), (6, 3), [np.eye(3)[[0, 0, 1, 1, 2, 2]], np.eye(3)])


def test_a_root_has_the_scales_of_its_branches():
    tree = Tree(((0, 0, 1),))
    assert_maps(tree, (2, 3), [[[1, 1, 0], [0, 0, 1]], np.eye(3)])
    assert_maps(tree, (3, 2), [np.eye(3), [[1, 1, 0], [0, 0, 1]]])  # the level with the fewest atoms is the root


def test_a_tree_of_three_levels():
    """Roots 0 and 1; 0 has children 0 and 1, 1 has 2; the leaves are 0, 1 under child 0, 2 under 1, 3 under 2."""
    leaves = np.eye(4)
    middle = [[1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    assert_maps(Tree(((0, 0, 1), (0, 0, 1, 2))), (2, 3, 4), [[[1, 1, 1, 0], [0, 0, 0, 1]], middle, leaves])
    assert_maps(Tree(((0, 0, 1), (0, 0, 1, 2))), (4, 2, 3), [leaves, [[1, 1, 1, 0], [0, 0, 0, 1]], middle])


def test_a_tree_by_default_deals_children_out_evenly():
    assert_maps(Tree(), (2, 4), [[[1, 1, 0, 0], [0, 0, 1, 1]], np.eye(4)])
    assert_maps(Tree(), (3, 3), [np.eye(3)] * 2)
    assert_maps(Tree(), (5,), [np.eye(5)])


def test_maps_are_those_that_are_given():
    maps = [np.array([[1.0, 0.5], [0.0, 2.0]]), np.array([[0.0, 3.0]])]
    assert_maps(ScaleMap(maps), (2, 1), maps)
    assert_maps(ScaleMap([scipy.sparse.csc_array(one) for one in maps]), (2, 1), maps)
    assert_maps(ScaleMap([one.tolist() for one in maps]), (2, 1), maps)


@given(SIZES)
def test_what_holds_for_every_default(sizes):
    """Each atom has a scale, each scale an atom, and a tree's nodes have those of their children together."""
    same = (sizes[0],) * len(sizes)
    for coupling, n_atoms in ((OneToOne(), same), (Groups(), sizes), (Tree(), sizes), (Separate(), sizes)):
        links, maps = coupling.links(n_atoms), maps_of(coupling, n_atoms)
        assert links.n_atoms == n_atoms
        assert all(one.shape == (n, links.n_scales) for one, n in zip(maps, n_atoms, strict=True))
        assert all(set(np.unique(one)) <= {0.0, 1.0} for one in maps)
        assert np.concatenate(maps).any(axis=0).all()
        assert all(one.any(axis=1).all() for one in maps)
        if isinstance(coupling, Groups):
            spread = [one.sum(axis=0) for one in maps]
            assert all(one.max() - one.min() <= 1 for one in spread)
        if isinstance(coupling, Tree):
            assert all(np.array_equal(one.sum(axis=0), np.ones(links.n_scales)) for one in maps)
            assert links.n_scales == max(sizes)


# Links --------------------------------------------------------------------------------------------------------------


@NAMED
def test_variances_and_pools_are_products_with_the_maps(name):
    n_atoms = (4, 4) if name == "one-to-one" else (3, 7)
    links, rng = COUPLINGS[name]().links(n_atoms), np.random.default_rng(0)
    gamma = rng.random((5, links.n_scales))
    for j, T in enumerate(maps_of(COUPLINGS[name](), n_atoms)):
        values = rng.random((5, n_atoms[j]))
        np.testing.assert_allclose(links.variances(j, gamma), gamma @ T.T)
        np.testing.assert_allclose(links.pooled(j, values), values @ T)
        np.testing.assert_array_equal(links.counts(j), (T > 0).sum(axis=0))
        assert links.variances(j, gamma.astype(np.float32)).dtype == np.float32


def test_a_map_that_is_the_identity_is_recognised():
    links = Links.of([np.eye(3), np.eye(3)[[0, 2, 1]], 2 * np.eye(3), np.eye(3)[:2]])
    assert links.maps[0] is None
    assert all(one is not None for one in links.maps[1:])


def test_modalities_that_share_scales_belong_together():
    assert OneToOne().links((2, 2, 2)).components() == [[0, 1, 2]]
    assert Separate().links((2, 3, 1)).components() == [[0], [1], [2]]
    through = [np.eye(2, 4), np.eye(4)[[1, 2]], np.eye(1, 4, 3), np.eye(1, 4, 2)]
    assert ScaleMap(through).links((2, 2, 1, 1)).components() == [[0, 1, 3], [2]]


def test_links_of_some_modalities():
    links = Tree().links((2, 4, 8)).only([2, 0])
    np.testing.assert_array_equal(links.map(0).toarray(), np.eye(8))
    np.testing.assert_array_equal(links.map(1).toarray(), np.repeat(np.eye(2), 4, axis=1))
    assert links.n_scales == 8


# What is refused ----------------------------------------------------------------------------------------------------

WRONG = [
    (OneToOne(), (3, 4), "OneToOne: n_atoms must be the same for all modalities"),
    (Groups(((0, 1),)), (2, 2), "Groups: groups must be"),
    (Groups(((0, 1), (0, 1, 1))), (2, 2), "Groups: groups must be 2 whole numbers, one for each atom, got"),
    (Groups(((0, 1), (0.0, 1.0))), (2, 2), "Groups: groups must be 2 whole numbers"),
    (Groups((("a", "b"), (0, 1))), (2, 2), "Groups: groups must be 2 whole numbers"),
    (Groups(((0, 1), (0, -1))), (2, 2), "Groups: groups must be at least 0, got -1"),
    (Groups(3), (2, 2), "Groups: groups must be"),
    (Tree(((0, 0, 1), (0, 0, 0))), (2, 3), "Tree: parents must be 1 sequences"),
    (Tree(((0, 0),)), (2, 3), "Tree: parents must be 3 whole numbers"),
    (Tree(((0, 0, 2),)), (2, 3), "Tree: parents must be below 2, the atoms of the level above, got"),
    (Tree(((0, 0, -1),)), (2, 3), "Tree: parents must be at least 0, got -1"),
    (Tree(((0, 0, 0),)), (2, 3), "Tree: parents must be such that each atom of the level above has a child"),
    (Tree(3), (2, 3), "Tree: parents must be"),
    (ScaleMap([np.eye(2)]), (2, 2), "ScaleMap: maps must be one map for each modality"),
    (ScaleMap([np.eye(2), np.eye(3)]), (2, 3), "ScaleMap: maps must be one map for each modality"),
    (ScaleMap([np.eye(2), np.eye(2)]), (2, 3), "ScaleMap: maps must be one map for each modality"),
    (ScaleMap([np.eye(2), -np.eye(2)]), (2, 2), r"ScaleMap: maps\[1\] must be finite and at least 0"),
    (ScaleMap([np.eye(2), np.full((2, 2), np.nan)]), (2, 2), r"ScaleMap: maps\[1\] must be finite"),
    (ScaleMap([np.eye(2), np.diag([1.0, 0.0])]), (2, 2), r"ScaleMap: maps\[1\] must have an entry above 0 in each row"),
    (ScaleMap([np.ones(2), np.eye(2)]), (2, 2), "ScaleMap: maps must be one map"),
    (ScaleMap(3), (2, 2), "ScaleMap: maps must be"),
    (ScaleMap([[["a", "b"], ["c", "d"]]]), (2,), "ScaleMap: maps must be"),
]


@pytest.mark.parametrize(
    ("coupling", "n_atoms", "sentence"), WRONG, ids=[f"{i} {w[2][:40]}" for i, w in enumerate(WRONG)]
)
def test_a_coupling_that_cannot_be_is_refused_in_a_sentence(coupling, n_atoms, sentence):
    with pytest.raises((ParameterError, DataError), match=f"^{sentence}") as caught:
        coupling.links(n_atoms)
    assert "\n" not in str(caught.value)


def test_each_coupling_is_known_by_its_name():
    assert re.match(r"one-to-one.*groups.*tree.*separate", " ".join(COUPLINGS))
    for kind in COUPLINGS.values():
        assert kind().links((2, 2)).n_atoms == (2, 2)
