"""Two ways to learn the last layer of a network from embeddings, in numpy: weight imprinting and softmax regression.

Both as in Google's libcoral (imprinting_engine.cc, softmax_regression_model.cc). Embeddings are rows: shape
(pictures, dimensions). What is learned is a pair: weights (dimensions, classes) and biases (classes,).
"""

TYPE_CHECKING = False  # importing `typing` takes time on every start
if TYPE_CHECKING:
    from typing import Any, Dict, Tuple


def normalized(rows: "Any") -> "Any":
    """Each row divided by its length; a row of zeros stays as it is."""
    import numpy as np

    lengths = np.sqrt(np.square(rows).sum(axis=-1, keepdims=True))
    return rows / np.where(lengths > 0, lengths, 1)


def imprinted(embeddings: "Any", labels: "Any", classes: int) -> "Tuple[Any, Any]":
    """Each class is the mean direction of its pictures (Qi et al. 2018): no iterations, and one picture is enough."""
    import numpy as np

    sums = np.zeros((classes, embeddings.shape[1]), dtype=np.float32)
    np.add.at(sums, labels, normalized(embeddings))
    return normalized(sums).T, np.zeros(classes, dtype=np.float32)


def with_class(learned: "Tuple[Any, Any]", embeddings: "Any") -> "Tuple[Any, Any]":
    """What was imprinted, with one class more, of these pictures; the others stay as they are."""
    import numpy as np

    weights, biases = learned
    more = normalized(normalized(embeddings).sum(axis=0))
    return np.concatenate([weights, more[:, None]], axis=1), np.append(biases, np.float32(0))


def regressed(
    embeddings: "Any", labels: "Any", classes: int, settings: "Dict[str, Any]", seed: int
) -> "Tuple[Any, Any]":
    """Softmax regression by stochastic gradient descent.

    settings: weight_scale, learning_rate, batch, iterations. Batches are drawn with replacement; there is no momentum
    and no regularization: that of libcoral is in its loss alone, not in the gradient.
    """
    import numpy as np

    random = np.random.RandomState(seed)
    weights = (settings["weight_scale"] * random.standard_normal((embeddings.shape[1], classes))).astype(np.float32)
    biases = np.zeros(classes, dtype=np.float32)
    truth = np.eye(classes, dtype=np.float32)
    batch, rate = settings["batch"], np.float32(settings["learning_rate"])
    for _ in range(settings["iterations"]):
        chosen = random.randint(0, len(labels), size=batch)
        rows = embeddings[chosen]
        error = (softmax(rows @ weights + biases) - truth[labels[chosen]]) / np.float32(batch)
        weights -= rate * (rows.T @ error)
        biases -= rate * error.sum(axis=0)
    return weights, biases


def softmax(logits: "Any") -> "Any":
    """Of each row; the largest logit is taken off first, so that nothing overflows."""
    import numpy as np

    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def recognized(learned: "Tuple[Any, Any]", embeddings: "Any") -> "Any":
    """The class of each embedding."""
    weights, biases = learned
    return (embeddings @ weights + biases).argmax(axis=-1)
