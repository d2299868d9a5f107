"""Every error that a reader can meet has sentences of its own, without a file's name."""

import logging

import pytest

from bloodui.views.messages import message_for
from models import errors


def _kinds(root: type[Exception]) -> list[type[Exception]]:
    return [root, *(kind for child in root.__subclasses__() for kind in _kinds(child))]


@pytest.mark.parametrize("kind", _kinds(errors.MicrographError))
def test_every_refused_file_is_told_what_happened_and_what_to_do(kind: type[Exception]) -> None:
    message = message_for(kind("anna-schmidt.jpg"))
    assert message.happened.endswith(".")
    assert message.to_do.endswith(".")
    assert "anna" not in message.text
    assert kind.__name__ not in message.text


def test_errors_that_call_for_different_acts_have_different_sentences() -> None:
    kinds = _kinds(errors.MicrographError)
    assert len({message_for(kind("")).text for kind in kinds}) == len(kinds)


def test_altered_bundle_is_told_apart_from_a_missing_one() -> None:
    assert "not the ones that were released" in message_for(errors.BundleTamperedError("")).text
    assert "missing or incomplete" in message_for(errors.BundleError("")).text


def test_unknown_error_is_told_calmly_and_logged_by_its_type_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        message = message_for(RuntimeError("anna-schmidt.jpg"))
    assert "Something went wrong" in message.text
    assert "RuntimeError" in caplog.text
    assert "anna" not in caplog.text + message.text
