"""torch's gradients flow through the structures and are those of the dense twin."""

import pytest

torch = pytest.importorskip("torch")

from structured.instances import TEMPLATES, member

WITH_PARAMETERS = pytest.mark.parametrize("name", [name for name, t in TEMPLATES.items() if t.n_parameters])


def learned(name):
    structure = member(name, "torch float64")
    return structure, [p.requires_grad_() for p in structure.parameters.values()]


def drawn(*shape):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@WITH_PARAMETERS
def test_the_matrix_and_its_products_are_differentiable(name):
    structure, parameters = learned(name)
    names = list(structure.parameters)
    x, y = drawn(structure.shape[1], 2), drawn(structure.shape[0], 2)

    def every(*arrays):
        made = structure.with_arrays(dict(zip(names, arrays, strict=True)))
        return made.dense(), made.matmul(x), made.rmatmul(y)

    assert torch.autograd.gradcheck(every, parameters)


@WITH_PARAMETERS
def test_the_gradient_through_the_product_is_that_through_the_matrix(name):
    structure, parameters = learned(name)
    x, y = drawn(structure.shape[1], 3).requires_grad_(), drawn(structure.shape[0], 3)
    implicit = torch.autograd.grad((structure.matmul(x) * y).sum(), [*parameters, x], retain_graph=True)
    explicit = torch.autograd.grad(((structure.dense() @ x) * y).sum(), [*parameters, x])
    for first, second in zip(implicit, explicit, strict=True):
        torch.testing.assert_close(first, second)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_can_live_on_the_meta_device(name):
    structure = member(name, "torch float32")
    blank = structure.with_arrays({key: array.to("meta") for key, array in structure.arrays.items()})
    again = blank.with_arrays(structure.arrays)
    assert torch.equal(again.dense(), structure.dense())
