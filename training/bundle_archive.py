"""A bundle as one .zip file, and back: nothing is taken in that its manifest does not vouch for."""

from __future__ import annotations

import contextlib
import io
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from models.bundle import read_bundle, verify_bundle
from models.errors import RegistryError
from models.manifest import MANIFEST_FILE, Manifest
from models.manifest_values import is_file_name

_EARLIEST = (1980, 1, 1, 0, 0, 0)
_CHUNK_BYTES = 2**20


@dataclass(frozen=True, kw_only=True)
class ArchiveLimits:
    """What an archive may hold.

    Attributes:
        n_files: Files in it.
        total_bytes: Bytes of all files when unpacked.
        manifest_bytes: Bytes of its manifest.
    """

    n_files: int = 32
    total_bytes: int = 2**30
    manifest_bytes: int = 2**20


DEFAULT_LIMITS = ArchiveLimits()


def export_bundle(bundle: Path) -> bytes:
    """A verified bundle as a .zip file; the same bundle gives the same bytes.

    Raises:
        BundleError, BundleTamperedError: The bundle is incomplete or altered.
    """
    contents = read_bundle(bundle)
    files = {**contents.files, MANIFEST_FILE: contents.manifest.to_json()}
    archived = io.BytesIO()
    with zipfile.ZipFile(archived, "w") as archive:
        for name, data in sorted(files.items()):
            entry = zipfile.ZipInfo(f"{contents.manifest.id}/{name}", date_time=_EARLIEST)
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, data, zipfile.ZIP_STORED)
    return archived.getvalue()


@contextlib.contextmanager
def unpacked(archive: bytes, *, limits: ArchiveLimits = DEFAULT_LIMITS) -> Iterator[Path]:
    """The bundle of a .zip file in a folder that lasts as long as the block; every hash is right.

    Names are checked before anything is written, and no more bytes are unpacked than allowed,
    whatever the archive says of its sizes.

    Raises:
        RegistryError: It is no such archive, or holds what no bundle holds.
        BundleError, BundleTamperedError: A file is missing, added or altered.
    """
    with tempfile.TemporaryDirectory(prefix="bloodui-") as folder:
        try:
            with zipfile.ZipFile(io.BytesIO(archive)) as source:
                bundle = Path(folder) / _unpack(source, Path(folder), limits)
        except (
            zipfile.BadZipFile,
            zlib.error,
            NotImplementedError,
            RuntimeError,
            EOFError,
        ) as error:
            raise RegistryError(
                f"Expected a .zip file that bloodui exported, received one that cannot be read: "
                f"{error}. Export the model again."
            ) from error
        verify_bundle(bundle)
        yield bundle


def _unpack(source: zipfile.ZipFile, folder: Path, limits: ArchiveLimits) -> str:
    """Write an archive's files below a folder and answer with the bundle's id."""
    names = _checked_names(source.infolist(), limits)
    if MANIFEST_FILE not in names:
        raise _refusal("no manifest.json")
    manifest_bytes = _read(source, names[MANIFEST_FILE], limits.manifest_bytes)
    manifest = Manifest.from_json(manifest_bytes)
    stranger = sorted(set(names) - set(manifest.files) - {MANIFEST_FILE})
    if stranger:
        raise _refusal(f"the file {stranger[0]!r}, which its manifest does not list")
    bundle = folder / manifest.id
    bundle.mkdir()
    (bundle / MANIFEST_FILE).write_bytes(manifest_bytes)
    left = limits.total_bytes
    for name in manifest.files:
        if name in names:
            data = _read(source, names[name], left)
            left -= len(data)
            (bundle / name).write_bytes(data)
    return manifest.id


def _checked_names(
    entries: list[zipfile.ZipInfo], limits: ArchiveLimits
) -> dict[str, zipfile.ZipInfo]:
    """File name to entry; all are plain files of one folder, or of none."""
    entries = [entry for entry in entries if not entry.is_dir()]
    if len(entries) > limits.n_files:
        raise _refusal(f"{len(entries)} files")
    names: dict[str, zipfile.ZipInfo] = {}
    folders = set()
    for entry in entries:
        folder, _, name = entry.filename.rpartition("/")
        folders.add(folder)
        if not (is_file_name(name) or name == MANIFEST_FILE) or name in names:
            raise _refusal(f"the name {entry.filename!r}")
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise _refusal(f"{name!r} as a link or another kind of file")
        if entry.flag_bits & 1:
            raise _refusal(f"{name!r} encrypted")
        names[name] = entry
    folder = next(iter(folders), "")
    if len(folders) > 1 or (folder and not is_file_name(folder)):
        raise _refusal(f"files in the folders {', '.join(map(repr, sorted(folders)))}")
    return names


def _read(source: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    """An entry's bytes; refused as soon as there are more than allowed."""
    read = bytearray()
    with source.open(entry) as file:
        while chunk := file.read(_CHUNK_BYTES):
            read += chunk
            if len(read) > most:
                raise _refusal(f"more than {most} bytes in {entry.filename!r}")
    return bytes(read)


def _refusal(received: str) -> RegistryError:
    return RegistryError(
        f"Expected a .zip file with the files of one bundle and no others, received {received}. "
        "Export the model again with bloodui."
    )
