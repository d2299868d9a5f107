"""Networks of bundles that hold none for OpenVINO: converted once, and kept in a folder by hash."""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from models.bundle.manifest import IR_NETWORK, IR_WEIGHTS
from models.errors import BlooduiError
from models.files import write_file
from models.tensorflow_environment import ANSWERING, tell_tensorflow

_SECONDS = 300
_LONGEST_REASON = 2000
_CANNOT = 3
"""Exit status where OpenVINO cannot run the network, now or later."""
_log = logging.getLogger(__name__)


def converted(
    archive: bytes, cache: Path, *, layer: str, domain_layer: str
) -> Mapping[str, bytes] | None:
    """The files of a network for `OpenVinoNetwork`; None where OpenVINO cannot run it.

    It is converted in a process of its own, since that needs TensorFlow, and found in the folder
    from then on. What is found there is used only if it has the hash in its name.

    Args:
        archive: Bytes of its model.keras, whose hash was compared.
        cache: Folder for converted networks; made where there is none.
        layer: Name of the layer that class activation maps weigh.
        domain_layer: Name of the layer that the domain rests on.
    """
    words = (version("openvino"), layer, domain_layer, hashlib.sha256(archive).hexdigest())
    key = hashlib.sha256("\n".join(words).encode()).hexdigest()[:32]
    failed = cache / f"{key}.failed"
    if failed.is_file():
        return None
    for path in cache.glob(f"{key}-*.zip"):
        # What is damaged, or something else of that name, is made anew
        with contextlib.suppress(OSError, zipfile.BadZipFile, KeyError):
            data = path.read_bytes()
            if path.name == _name(key, data):
                return _unpacked(data)
    files, refusal = _convert(archive, layer, domain_layer)
    try:
        if refusal:
            write_file(failed, refusal.encode())
        elif files is not None:
            write_file(cache / _name(key, files), files)
    except OSError as error:
        _log.warning("What was converted cannot be kept: %s.", error.strerror)
    return None if files is None else _unpacked(files)


def _convert(archive: bytes, layer: str, domain_layer: str) -> tuple[bytes | None, str]:
    """What the process writes; or None, with why OpenVINO cannot run the network where that is so,
    and not the process that was stopped."""
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            (sys.executable, "-m", "models.answer.converted", layer, domain_layer),
            cwd=Path(__file__).parents[2],
            input=archive,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        _log.warning("A network stays with TensorFlow: it was not converted in %s s.", _SECONDS)
        return None, ""
    if done.returncode == 0:
        return done.stdout, ""
    _log.warning("A network stays with TensorFlow: it was not converted (%s).", done.returncode)
    words = done.stderr.decode(errors="replace")[-_LONGEST_REASON:]
    return None, words if done.returncode == _CANNOT else ""


def _name(key: str, data: bytes) -> str:
    return f"{key}-{hashlib.sha256(data).hexdigest()}.zip"


def _packed(files: Mapping[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return data.getvalue()


def _unpacked(data: bytes) -> Mapping[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in (IR_NETWORK, IR_WEIGHTS)}


def _main(layer: str, domain_layer: str) -> int:
    tell_tensorflow(ANSWERING)
    from models.answer.openvino_ir import openvino_ir
    from models.bundle.keras_file import load_archive

    try:
        network = load_archive(sys.stdin.buffer.read())
        files = openvino_ir(network, layer=layer, domain_layer=domain_layer)
    except BlooduiError as error:
        sys.stderr.write(f"{error}\n")
        return _CANNOT
    sys.stdout.buffer.write(_packed(files))
    return 0


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
