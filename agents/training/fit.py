"""Training of a second opinion: multinomial logistic regression on the pieces of labelled texts, by L-BFGS.

Owns the loss and how its result becomes small whole numbers. The same texts in the same order give the same model on the
same machine; what a model says is the same on all of them (`models.opinion`).
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_array

from models.opinion import BITS, Saved, pieces

PENALTY: Final = 3e-7
"""L2, for the mean loss of a text: chosen on made up texts that have nothing from those trained on."""
MOST_STEPS: Final = 100
FEWEST_TEXTS: Final = 2
"""A piece that stands in fewer texts tells nothing of other texts."""
_SQUARE_STEPS: Final = 127
_LABEL_STEPS: Final = 127

Floats = npt.NDArray[np.float64]


class Example(NamedTuple):
    """A text, folded, with its label, the subcategory that it has (or the label's usual one), and how much it counts."""

    folded: str
    label: str
    code: str
    weight: float = 1.0


def train(
    examples: Sequence[Example], *, steps: int = MOST_STEPS, penalty: float = PENALTY, bits: int = BITS
) -> Saved:
    """Return the model that fits `examples`, with 2**`bits` buckets.

    Raises:
        ValueError: fewer than two labels.
    """
    labels = tuple(sorted({one.label for one in examples}))
    if len(labels) < 2:
        raise ValueError("texts of one label alone teach nothing")
    counts = _counts([one.folded for one in examples], bits)
    weights = np.array([one.weight for one in examples])
    weights /= weights.sum()
    squares = _squares(counts)
    inputs = _scaled(counts, squares)
    truth = np.zeros((len(examples), len(labels)))
    truth[np.arange(len(examples)), [labels.index(one.label) for one in examples]] = 1.0
    fitted, bias = _fit(inputs, truth, weights, steps, penalty)
    numbers = fitted * np.sqrt(squares)[:, None]
    # A few large numbers would cost all others their precision.
    scale = float(np.quantile(np.abs(numbers).max(axis=1), 0.9995)) / _LABEL_STEPS or 1.0
    unit = float(squares.max()) / _SQUARE_STEPS or 1.0
    table = np.empty((len(squares), len(labels) + 1), np.int8)
    table[:, 0] = np.maximum(np.rint(squares / unit), squares > 0)
    table[:, 1:] = np.clip(np.rint(numbers / scale), -_LABEL_STEPS, _LABEL_STEPS)
    usual = {
        label: Counter(one.code for one in examples if one.label == label).most_common(1)[0][0]
        for label in labels
    }
    return Saved(
        labels=labels,
        usual=tuple(usual[label] for label in labels),
        bias=tuple(float(one) for one in bias),
        scale=scale,
        unit=unit,
        table=table.tobytes(),
        texts=len(examples),
    )


def _counts(texts: Sequence[str], bits: int) -> Any:
    rows = [np.unique(pieces(text, bits), return_counts=True) for text in texts]
    starts = np.cumsum([0, *(len(found) for found, _ in rows)])
    return csr_array(
        (
            np.concatenate([times for _, times in rows]).astype(np.float64),
            np.concatenate([found for found, _ in rows]).astype(np.int64),
            starts,
        ),
        shape=(len(texts), 1 << bits),
    )


def _squares(counts: Any) -> Floats:
    """Return for each bucket the square of what one of its pieces counts: rare ones tell more (inverse document frequency)."""
    total, buckets = counts.shape
    holders = np.bincount(counts.indices, minlength=buckets)
    squares = (np.log((1 + total) / (1 + holders)) + 1) ** 2
    squares[holders < FEWEST_TEXTS] = 0.0
    # What the model will know of them.
    unit = squares.max() / _SQUARE_STEPS
    found: Floats = np.maximum(np.rint(squares / unit), squares > 0) * unit
    return found


def _scaled(counts: Any, squares: Floats) -> Any:
    lengths = np.sqrt(np.maximum(counts @ squares, 1e-9))
    scaled = counts.copy()
    scaled.data = counts.data * np.sqrt(squares)[counts.indices]
    scaled.data /= np.repeat(lengths, np.diff(counts.indptr))
    return scaled


def _fit(inputs: Any, truth: Floats, weights: Floats, steps: int, penalty: float) -> tuple[Floats, Floats]:
    buckets, width = inputs.shape[1], truth.shape[1]
    turned = inputs.T.tocsr()

    def loss(flat: Floats) -> tuple[float, Floats]:
        table = flat[: buckets * width].reshape(buckets, width)
        bias = flat[buckets * width :]
        logits = inputs @ table + bias
        logits -= logits.max(axis=1, keepdims=True)
        powers = np.exp(logits)
        wholes = powers.sum(axis=1, keepdims=True)
        cost = -float((weights * ((logits - np.log(wholes)) * truth).sum(axis=1)).sum())
        errors = (powers / wholes - truth) * weights[:, None]
        slope = np.concatenate([(turned @ errors + 2 * penalty * table).ravel(), errors.sum(axis=0)])
        return cost + penalty * float((table * table).sum()), slope

    found = minimize(
        loss,
        np.zeros(buckets * width + width),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": steps, "maxcor": 8},
    )
    return found.x[: buckets * width].reshape(buckets, width), found.x[buckets * width :]
