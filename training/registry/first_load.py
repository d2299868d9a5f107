"""The first time that a model from elsewhere is loaded: in a process of its own, with limits.

What a network does when it is built and asked is up to its file. Here it may do so once, before
anybody can promote it, where it can neither fill the server's memory nor keep it busy.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.bundle.folder import read_bundle
from models.bundle.manifest import IR_NETWORK
from models.errors import BlooduiError
from models.tensorflow_environment import ANSWERING, tell_tensorflow
from training.errors import RegistryError

_MIB = 2**20


@dataclass(frozen=True, kw_only=True)
class LoadLimits:
    """What loading a model and asking it once may take.

    Attributes:
        memory_mib: Memory beyond what TensorFlow takes before any model is there. The shipped
            models take less than 300.
        seconds: From the start of the process, TensorFlow's own start included.
    """

    memory_mib: int = 4096
    seconds: float = 180.0


DEFAULT_LIMITS = LoadLimits()


def check_first_load(bundle: Path, *, limits: LoadLimits = DEFAULT_LIMITS) -> None:
    """Load every network of a bundle once and ask it about a grey picture, within limits.

    Args:
        bundle: A verified bundle's folder.
        limits: What that may take.

    Raises:
        RegistryError: A network cannot be loaded, does not answer as its manifest says, or takes
            more than allowed.
    """
    words = (str(bundle), str(limits.memory_mib), str(limits.seconds))
    with subprocess.Popen(  # noqa: S603 - our own module
        (sys.executable, "-m", "training.registry.first_load", *words),
        cwd=Path(__file__).parents[2],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            written, _ = process.communicate(timeout=limits.seconds)
        except subprocess.TimeoutExpired:
            raise _refusal(f"it is not done within {limits.seconds:.0f} seconds") from None
        finally:
            _end(process)
    told = _told(written)
    if "error" in told:
        raise RegistryError(str(told["error"]))
    if process.returncode or "loaded" not in told:
        raise _refusal(
            f"its process ended (status {process.returncode}), as where more than "
            f"{limits.memory_mib:,} MiB are asked for"
        )


def load_once(bundle: Path, *, memory_mib: int, seconds: float) -> dict[str, object]:
    """What `check_first_load` does in its process, which this limits for good.

    Returns:
        "loaded", the number of networks, or "error", a sentence.
    """
    tell_tensorflow(ANSWERING)
    import keras  # noqa: F401 - its own memory is not the model's
    import tensorflow as tf

    from models.answer.ensemble import member_contents
    from models.answer.loading import model_of
    from models.answer.openvino_ir import check_ir
    from models.answer.openvino_network import openvino_library

    tf.constant(0.0)
    openvino_library()
    limit_process(memory_mib, seconds)
    try:
        contents = read_bundle(bundle, may_borrow=False)
        parts = member_contents(contents) if contents.manifest.members else (contents,)
        for part in parts:
            model, px = model_of(part), part.manifest.input_px
            if IR_NETWORK in part.files:
                check_ir(
                    part.files,
                    model.network,
                    layer=part.manifest.saliency_layer,
                    domain_layer=model.domain_layer,
                )
            logits = model.on_tensorflow().logits(np.full((1, px, px, 3), 128, np.uint8))
            expected = (1, len(part.manifest.classes))
            if logits.shape != expected or not np.isfinite(logits).all():
                return {"error": str(_refusal(f"its answer is no {expected[1]} finite numbers"))}
    except BlooduiError as error:
        return {"error": str(error)}
    except MemoryError:
        return {"error": str(_refusal(f"it takes more than {memory_mib:,} MiB of memory"))}
    except Exception as error:  # noqa: BLE001 - layers raise what they like when they are asked
        return {"error": str(_refusal(f"asked once, it ends with {type(error).__name__}"))}
    return {"loaded": len(parts)}


def limit_process(memory_mib: int, seconds: float) -> None:
    """Let this process take no more from now on, write no large file and leave no dump."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    most = pages * os.sysconf("SC_PAGE_SIZE") + memory_mib * _MIB
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    n_cores = os.cpu_count() or 1
    most_s = int(seconds * n_cores) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (most_s, most_s))
    resource.setrlimit(resource.RLIMIT_FSIZE, (memory_mib * _MIB, memory_mib * _MIB))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and what it started; nothing of it goes on."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _told(written: bytes) -> Mapping[str, object]:
    """What the process says of the model, in its last line."""
    try:
        told = json.loads(written.splitlines()[-1])
    except (IndexError, ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _refusal(what: str) -> RegistryError:
    return RegistryError(
        f"The model was loaded once to try it, and {what}. It is not taken in. Export it again "
        "with bloodui, or give a smaller one."
    )


if __name__ == "__main__":
    bundle, memory_mib, seconds = sys.argv[1:]
    told = load_once(Path(bundle), memory_mib=int(memory_mib), seconds=float(seconds))
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    os._exit(0)  # threads of TensorFlow's may wait for ever under the limits
