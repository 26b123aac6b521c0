"""Bad input gets one sentence with the owner, the parameter, what is allowed and what came."""

import numpy as np
import pytest
from structured.instances import TEMPLATES, member

from laconic.core.checks import DataError, ParameterError
from laconic.structured import (
    BlockRowsMatrix,
    DenseMatrix,
    EmbeddedMatrix,
    HybridKroneckerMatrix,
    KroneckerMatrix,
    LowRankMatrix,
    MaskedMatrix,
    SumMatrix,
    nearest,
)

F = np.ones((2, 3))
K = KroneckerMatrix(F, F)
WITH_NAN, WITH_INF = np.ones((4, 9)), np.ones((4, 9))
WITH_NAN[1, 2], WITH_INF[3, 4] = np.nan, -np.inf

BAD = [
    (lambda: DenseMatrix(np.ones(3)), DataError, r"DenseMatrix: values must be a floating-point matrix .* \(3,\)"),
    (lambda: DenseMatrix(np.ones((0, 3))), DataError, r"at least one row and column, got shape \(0, 3\)"),
    (lambda: DenseMatrix([[1, 2]]), DataError, "DenseMatrix: values .* type int64"),
    (lambda: DenseMatrix([["a"]]), DataError, "DenseMatrix: values .* type <U1"),
    (lambda: KroneckerMatrix(), ParameterError, "KroneckerMatrix: factors must be 1 to 7 matrices, got 0"),
    (lambda: KroneckerMatrix([F] * 8), ParameterError, "KroneckerMatrix: factors must be 1 to 7 matrices, got 8"),
    (lambda: KroneckerMatrix(F, F[0]), DataError, "KroneckerMatrix: factor 1 must be"),
    (lambda: LowRankMatrix(F, F), ParameterError, r"LowRankMatrix: right must be of shape \(3, n\), got \(2, 3\)"),
    (lambda: HybridKroneckerMatrix(F, F, F), ParameterError, r"HybridKroneckerMatrix: top must be of shape \(r, 9\)"),
    (lambda: MaskedMatrix(F, F), ParameterError, "MaskedMatrix: mask must be a boolean array of shape"),
    (lambda: MaskedMatrix(F, F.T > 0), ParameterError, r"boolean array of shape \(2, 3\), got \(\(3, 2\), 'bool'\)"),
    (lambda: MaskedMatrix.zeros((2, 2), 5), ParameterError, "n_nonzeros must be between 0 and 4, got 5"),
    (lambda: SumMatrix(), ParameterError, "SumMatrix: terms must be one or more structures"),
    (lambda: SumMatrix(F, F), ParameterError, r"wrap an array in DenseMatrix\), got \['ndarray', 'ndarray'\]"),
    (lambda: SumMatrix(K, DenseMatrix(F)), ParameterError, r"terms must be of equal shape, got \[\(4, 9\), \(2, 3\)\]"),
    (lambda: BlockRowsMatrix([]), ParameterError, "BlockRowsMatrix: blocks must be one or more structures"),
    (lambda: BlockRowsMatrix(K, F), ParameterError, "blocks must be one or more structures"),
    (lambda: BlockRowsMatrix(K, DenseMatrix(F)), ParameterError, "BlockRowsMatrix: blocks must be of equal width"),
    (lambda: EmbeddedMatrix(F, [0], [0, 1, 2], (4, 4)), ParameterError, "rows must be 2 different indices below 4"),
    (lambda: EmbeddedMatrix(F, [0, 1], [0, 1, 4], (4, 4)), ParameterError, "columns must be 3 different indices"),
    (lambda: EmbeddedMatrix(F, [0, 1.5], [0, 1, 2], (4, 4)), ParameterError, r"got \[0, 1.5\]"),
    (
        lambda: EmbeddedMatrix(F, [0, 1], [0, 1, 2], (4, 0)),
        ParameterError,
        "shape must be a whole number of at least 1",
    ),
    (lambda: K @ np.ones(8), DataError, r"KroneckerMatrix.matmul: the operand must have shape \(9,\) or .* \(8,\)"),
    (lambda: K @ np.ones((9, 2, 2)), DataError, r"\(\.\.\., 9, k\), got \(9, 2, 2\)"),
    (lambda: K @ 3.0, DataError, r"got \(\)"),
    (lambda: K.rmatmul(np.ones(9)), DataError, r"KroneckerMatrix.rmatmul: the operand must have shape \(4,\)"),
    (lambda: np.ones(4) @ K, TypeError, "unsupported operand"),
    (
        lambda: K.with_arrays({"factor_2": F}),
        ParameterError,
        r"named among \['factor_0', 'factor_1'\], got \['factor_2'\]",
    ),
    (lambda: nearest(WITH_NAN, K), DataError, r"nearest: matrix must be finite, got 1 NaN .* \(1, 2\)"),
    (lambda: nearest(WITH_INF, K), DataError, r"nearest: matrix must be finite, got 1 NaN or infinite .* \(3, 4\)"),
    (lambda: nearest(np.ones((4, 8)), K), DataError, r"floating-point of shape \(4, 9\), .* got shape \(4, 8\)"),
    (lambda: nearest(np.ones((4, 9), int), K), DataError, "type int64"),
    (lambda: nearest(np.ones((4, 9)), KroneckerMatrix), ParameterError, "structure must be a template such as"),
]


@pytest.mark.parametrize(("call", "error", "sentence"), BAD, ids=[sentence[:40] for *_, sentence in BAD])
def test_the_sentence(call, error, sentence):
    with pytest.raises(error, match=sentence) as caught:
        call()
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_structure_refuses_operands_of_other_rows_and_libraries(name):
    torch = pytest.importorskip("torch")
    structure = member(name)
    m, n = structure.shape
    for wrong in (np.ones(n + 1), np.ones((2, n + 1, 3)), torch.ones(n)):
        with pytest.raises(DataError, match="matmul: the operand must"):
            structure.matmul(wrong)
    with pytest.raises(DataError, match="library, torch, got numpy"):
        member(name, "torch float32").rmatmul([1.0] * m)
