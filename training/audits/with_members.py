"""A verified bundle in memory with other files, or an ensemble with its members written anew."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from models.answer.ensemble import member_contents
from models.bundle.folder import BundleContents
from models.bundle.manifest import CARD_FILE, MANIFEST_FILE, REFERENCE_FILE, member_file
from training.errors import DatasetError


def with_files(contents: BundleContents, files: Mapping[str, bytes]) -> BundleContents:
    """The bundle with these files instead of its own; its manifest names their hashes."""
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    return BundleContents(manifest=contents.manifest.changed(files=hashes), files=files)


def with_members(contents: BundleContents, members: Sequence[BundleContents]) -> BundleContents:
    """An ensemble's bundle with other bundles of its members, whose networks are the same.

    Args:
        contents: Of the ensemble.
        members: In the order of its manifest.

    Raises:
        DatasetError: They are other members, or have other networks.
    """
    ids = [member.id for member in contents.manifest.members]
    given = [member.manifest.id for member in members]
    if given != ids:
        raise DatasetError(
            f"The ensemble '{contents.manifest.id}' has the members {ids}, and --member gave "
            f"{given}. Give each, in this order, as the command wrote it."
        )
    files = {
        name: data
        for name, data in contents.files.items()
        if contents.manifest.lender(name) is None
    }
    for old, new in zip(member_contents(contents), members, strict=True):
        if _of_network(old) != _of_network(new):
            raise DatasetError(
                f"The ensemble '{contents.manifest.id}' was judged with another network of "
                f"'{old.manifest.id}'. Give the one that it holds, or make the ensemble again."
            )
    for number, member in enumerate(members, start=1):
        for name, data in {**member.files, MANIFEST_FILE: member.manifest.to_json()}.items():
            files[member_file(number, name)] = data
    return with_files(contents, files)


def _of_network(contents: BundleContents) -> dict[str, str]:
    """Hashes of the files that answer."""
    changed = (CARD_FILE, REFERENCE_FILE)
    return {name: sha for name, sha in contents.manifest.files.items() if name not in changed}
