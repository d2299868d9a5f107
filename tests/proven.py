"""What makes a bundle of a test answer."""

from models.bundle.manifest import Risk


def proven_from(threshold: float) -> tuple[Risk, ...]:
    """The risk of a model that may answer from this probability on."""
    return (Risk(threshold=threshold, answered=1.0, wrong=0.0, bound=0.04, n_groups=60),)
