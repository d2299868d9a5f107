"""Several runs compared, and classical classifiers on stored features."""
