"""Many files → records, in order: groups of files that are read, measured and answered at once.

Each thread takes a group through all stages. Decoding is done by one thread at a time, and so are
the questions to one model; quality, hashing and preparation run beside them, so that the processors
are busy. Of a group a few pictures are in memory, of those behind it records alone: however many
files there are, it takes no more.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bloodui.batch.inputs import Item
from bloodui.batch.record import MAP_NOT_WRITTEN, ReadFailure, Record, failure_of, write_overlay
from models.answer.prediction import DEFAULT_RULES, AnswerRules
from models.errors import BlooduiError
from models.files import disk_reason
from models.image.micrograph import Micrograph, read_micrograph
from models.image.quality import measure_quality
from models.opinion import Opinion, opinions_on

if TYPE_CHECKING:
    from models.answer.ensemble import Ensemble
    from models.answer.runtime import Model

GROUP = 8
"""Files of a group, whose records come together."""
_MOST_BYTES = 64 * 2**20
"""Of the pixels of a group; where there are more, the model is asked before the next is read."""

PlainRecord = Mapping[str, Any]
"""As of `Record.to_dict`, in JSON's own types; with `is_hashed`, also "perceptual_hash" (of
hexadecimal digits, or None) and "state" (of the file, see `Item`)."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is wanted of every picture.

    Attributes:
        rules: What is asked of prediction sets and answers.
        saliency_dir: An existing folder for the saliency map laid over the image, named after the
            image's hash and the model, never after the file; without it, no map is made.
        is_hashed: Whether records have what tells duplicates and changed files.
    """

    rules: AnswerRules = DEFAULT_RULES
    saliency_dir: Path | None = None
    is_hashed: bool = False


def records_of(
    items: Iterable[Item],
    model: Model | Ensemble,
    options: Options,
    *,
    is_stopped: Callable[[], bool] = lambda: False,
) -> Iterator[Sequence[PlainRecord]]:
    """The records of all items, in their order, a group at a time.

    Args:
        is_stopped: Looked at between two pictures: once it is true, no other is begun, and the
            records of those that were read come to an end. Of the last groups, which are read at
            the same time, each may lack its end.
    """
    threads = _n_threads()
    groups = grouped(items, GROUP)
    waiting: deque[Future[Sequence[PlainRecord]]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="reading") as pool:
        try:
            for group in groups:
                if is_stopped():
                    break
                waiting.append(pool.submit(read_group, group, model, options, is_stopped))
                if len(waiting) > 2 * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for each in waiting:
                each.cancel()


def grouped(items: Iterable[Item], most: int) -> Iterator[Sequence[Item]]:
    """The items in groups of at most so many; the first are smaller, so that it begins soon."""
    left = iter(items)
    size = 1
    while group := tuple(islice(left, size)):
        yield group
        size = min(2 * size, most)


def read_group(
    items: Sequence[Item],
    model: Model | Ensemble,
    options: Options,
    is_stopped: Callable[[], bool] = lambda: False,
) -> Sequence[PlainRecord]:
    """The records of a few items, in their order; where it is stopped, of the first of them."""
    records: list[PlainRecord] = []
    loaded: list[_Loaded] = []
    for item in items:
        if is_stopped():
            break
        loaded.append(_load(item, options))
        if sum(each.n_bytes for each in loaded) > _MOST_BYTES:
            records += _answered(loaded, model, options)
            loaded = []
    return [*records, *_answered(loaded, model, options)]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Loaded:
    """A file that was read as a picture, or why not."""

    item: Item
    state: str
    micrograph: Micrograph | None = None
    measured: Mapping[str, float] | None = None
    perceptual_hash: str | None = None
    failure: ReadFailure | None = None

    @property
    def n_bytes(self) -> int:
        """Of its pixels."""
        return self.micrograph.rgb.nbytes if self.micrograph else 0


def _load(item: Item, options: Options) -> _Loaded:
    state = item.state  # before it is read: where it is changed meanwhile, it is read again
    try:
        micrograph = read_micrograph(item.read())
        return _Loaded(
            item=item,
            state=state,
            micrograph=micrograph,
            measured=measure_quality(micrograph.rgb),
            perceptual_hash=_hashed(micrograph) if options.is_hashed else None,
        )
    except Exception as error:  # noqa: BLE001 - one file must not stop the others
        return _Loaded(item=item, state=state, failure=_failure(error))


def _hashed(micrograph: Micrograph) -> str:
    from training.data.duplicates import perceptual_hash

    return np.packbits(perceptual_hash(micrograph.rgb)).tobytes().hex()


def _answered(
    loaded: Sequence[_Loaded], model: Model | Ensemble, options: Options
) -> list[PlainRecord]:
    """The records of a few pictures, about which the model is asked together."""
    readable = [each for each in loaded if each.micrograph is not None]
    opinions = dict(zip(readable, _opinions(readable, model, options), strict=True))
    return [_record(each, opinions.get(each), model, options) for each in loaded]


def _record(
    loaded: _Loaded, found: Opinion | Exception | None, model: Model | Ensemble, options: Options
) -> PlainRecord:
    """The record of a file, of which the model gave an opinion or an error, or was not asked."""
    opinion = found if isinstance(found, Opinion) else None
    failure = _failure(found) if isinstance(found, Exception) else loaded.failure
    saliency_file = None
    if opinion is not None and options.saliency_dir is not None:
        try:
            saliency_file = write_overlay(opinion, model.card, options.saliency_dir)
        except OSError as error:
            failure = _map_not_written(error)
        except Exception as error:  # noqa: BLE001 - one map must not stop the others
            failure = _failure(error)
    record = Record(
        path=loaded.item.name,
        manifest=model.manifest,
        opinion=opinion,
        failure=failure,
        saliency_file=saliency_file,
    ).to_dict()
    if options.is_hashed:
        record |= {"perceptual_hash": loaded.perceptual_hash, "state": loaded.state}
    return record


def _opinions(
    readable: Sequence[_Loaded], model: Model | Ensemble, options: Options
) -> Sequence[Opinion | Exception]:
    """What the model says of each, or why it says nothing."""

    def ask(some: Sequence[_Loaded]) -> Sequence[Opinion | Exception]:
        try:
            return opinions_on(
                [each.micrograph for each in some if each.micrograph is not None],
                model,
                is_explained=options.saliency_dir is not None,
                rules=options.rules,
                measured=[each.measured or {} for each in some],
            )
        except Exception as error:  # noqa: BLE001 - one picture must not stop the others
            # One of them spoils it for all; asked alone, it shows which.
            return [error] if len(some) == 1 else [ask([each])[0] for each in some]

    return ask(readable) if readable else ()


def _failure(error: Exception) -> ReadFailure:
    if isinstance(error, BlooduiError | OSError):
        return failure_of(error)
    return ReadFailure(
        code="unexpected",
        message=f"The program failed at this picture ({type(error).__name__}). "
        "Leave it out, and tell whoever looks after the program.",
    )


def _map_not_written(error: OSError) -> ReadFailure:
    return ReadFailure(
        code=MAP_NOT_WRITTEN,
        message=f"The map cannot be written: {disk_reason(error)}. Give another folder.",
    )


def _n_threads() -> int:
    """One more than there are processors, since some wait for the disk or for each other."""
    return len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else 3
