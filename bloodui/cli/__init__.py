"""The commands of `python -m bloodui`."""
