"""Every error that a reader can meet has sentences of its own, without a file's name."""

import logging
import re
from pathlib import Path

import pytest

from bloodui.widgets.messages import message_for
from models import errors
from models.image.micrograph import read_micrograph

CASES = Path(__file__).resolve().parents[3] / "tests" / "cases"


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


@pytest.mark.parametrize(
    ("case", "happened", "to_do"),
    [
        ("03_nef_first_ifd_is_thumbnail.tif", "This is a camera's RAW file", "Export it from"),
        ("05_imagej_composite_rgb_in_3_pages.tif", "colours in separate pages", "Export one"),
        ("15_jpeg_ls.jls", "This is a JPEG-LS image", "Export it as PNG or TIFF."),
    ],
)
def test_what_a_file_is_that_is_not_read_is_told(case: str, happened: str, to_do: str) -> None:
    with pytest.raises(errors.UnsupportedImageError) as caught:
        read_micrograph((CASES / case).read_bytes())
    message = message_for(caught.value)
    drawn = _without_escapes(message.happened), _without_escapes(message.to_do)
    assert happened in drawn[0]
    assert drawn[1].startswith(to_do)
    assert " ".join(drawn) == str(caught.value)


def _without_escapes(markdown: str) -> str:
    return re.sub(r"\\(.)", r"\1", markdown).replace("\N{WORD JOINER}", "")
