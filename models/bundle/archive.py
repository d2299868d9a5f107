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

from models.bundle.folder import read_bundle, verify_bundle
from models.bundle.manifest import MANIFEST_FILE, Manifest, is_file_name
from models.errors import BundleError
from models.files import disk_reason

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

    n_files: int = 48
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
    whatever the archive says of its sizes. A piece of a file is in memory at a time.

    Raises:
        BundleError: It is no such archive, or holds what no bundle holds.
        BundleError, BundleTamperedError: A file is missing, added or altered.
    """
    with tempfile.TemporaryDirectory(prefix="bloodui-") as folder:
        try:
            with zipfile.ZipFile(_ReadInPieces(archive)) as source:
                bundle = Path(folder) / _unpack(source, Path(folder), limits)
        except (
            zipfile.BadZipFile,
            zlib.error,
            NotImplementedError,
            RuntimeError,
            EOFError,
            ValueError,  # of a seek to before the file's start, where its middle is missing
        ) as error:
            raise BundleError(
                f"The .zip file cannot be read: {error}. Export the model again."
            ) from error
        except OSError as error:
            raise BundleError(
                "The model cannot be unpacked in the folder for temporary files: "
                f"{disk_reason(error)}. Make room there, and import it again."
            ) from error
        verify_bundle(bundle)
        yield bundle


class _ReadInPieces(io.BytesIO):
    """An archive in memory of which nobody reads more than a MiB at once.

    zipfile reads a table of contents whole, and works on 50 MiB of one for a quarter of a minute.
    That of a bundle has some kilobytes.
    """

    def read(self, size: int | None = -1) -> bytes:
        found = super().read(size)
        if len(found) > _CHUNK_BYTES:
            raise zipfile.BadZipFile(f"its table of contents is longer than {_CHUNK_BYTES} bytes")
        return found


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
            with (bundle / name).open("xb") as file:
                for piece in _pieces(source, names[name], left):
                    file.write(piece)
                left -= file.tell()
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
    return b"".join(_pieces(source, entry, most))


def _pieces(source: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> Iterator[bytes]:
    """An entry's bytes, a piece at a time; refused as soon as there are more than allowed."""
    n_read = 0
    with source.open(entry) as file:
        while piece := file.read(_CHUNK_BYTES):
            n_read += len(piece)
            if n_read > most:
                raise _refusal(f"more than {most} bytes in {entry.filename!r}")
            yield piece


def _refusal(received: str) -> BundleError:
    return BundleError(
        f"The .zip file must hold the files of one bundle and no others; this one has {received}. "
        "Export the model again with bloodui."
    )
