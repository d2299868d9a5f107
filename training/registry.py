"""The models that clinicians use: promoted, retired and rolled back by people, with reasons.

A state folder's registry holds history.jsonl, which is only ever appended to and is the truth;
in-use/, a root of pinned bundles that the dashboard reads; and kept/, a root of bundles that
are not in use, so that every promotion can be taken back. An alias, such as the name of a task,
points at one bundle at a time. Models that are shipped with the project are not touched.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from models.bundle import SHIPPED_ROOT, find_bundle, list_bundles, pin_bundle, verify_bundle
from models.card import Card, read_card
from models.errors import RegistryError
from models.manifest import CARD_FILE, MODEL_FILE, Manifest
from training.pins import mend_root, unpin_bundle
from training.stored import locked

_ALIAS = re.compile(r"[a-z0-9][a-z0-9-]{2,63}")


@dataclass(frozen=True, kw_only=True)
class Deed:
    """One line of the history.

    Attributes:
        time: When, in UTC, as ISO 8601.
        deed: "promote", "retire", "rollback" or "import".
        alias: Whose model changed; "" for an import, which changes none.
        bundle_id: Model that the alias points at from then on; "" for none.
        previous: Model that it pointed at before; "" for none.
        model_sha256: SHA-256 of that model's file, of an ensemble's manifest; "" for none.
        by, reason: Who did it, and why.
    """

    time: str
    deed: str
    alias: str
    bundle_id: str
    previous: str
    model_sha256: str
    by: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Registry:
    """The registry in a folder.

    Attributes:
        root: Its folder.
        others: Roots of bundles whose ids it leaves alone, the shipped ones above all.
        now: Tells the time.
    """

    root: Path
    others: tuple[Path, ...] = (SHIPPED_ROOT,)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def in_use(self) -> Path:
        """Root of the bundles that an alias points at."""
        return self.root / "in-use"

    @property
    def kept(self) -> Path:
        """Root of the bundles that no alias points at."""
        return self.root / "kept"

    def promote(self, bundle: Path, *, by: str, reason: str, alias: str = "") -> Deed:
        """Let clinicians use a bundle; what the alias pointed at before is kept.

        Args:
            bundle: Folder of the bundle, as a run leaves it, or one that is kept.
            by, reason: Who promotes it, and why.
            alias: What it is used for; the bundle's task where it is empty.

        Raises:
            BundleError, BundleTamperedError: The bundle is incomplete or altered.
            RegistryError: Its card is not complete (see `missing_from_card`), another model has
                its id, or there is no reason.
        """
        manifest = verify_bundle(bundle)
        missing = missing_from_card(read_card(bundle / CARD_FILE), manifest)
        if missing:
            raise RegistryError(
                f"Expected a model with a complete card, received '{manifest.id}', whose card "
                f"lacks: {'; '.join(missing)}. Promote only what was evaluated on images that it "
                "had not seen, and whose card says what it is for and what it is not."
            )
        with locked(self.root):
            before = self._checked(by, reason)
            alias = alias or manifest.task
            if not _ALIAS.fullmatch(alias):
                raise RegistryError(
                    "Expected an alias of 3 to 64 lower-case letters, digits and hyphens, "
                    f"received {alias!r}. Give another."
                )
            self._accept(bundle, manifest)
            return self._write("promote", alias, manifest.id, before, by, reason)

    def retire(self, alias: str, *, by: str, reason: str) -> Deed:
        """Let clinicians no longer use an alias's model; it is kept.

        Raises:
            RegistryError: The alias has no model, or there is no reason.
        """
        with locked(self.root):
            before = self._checked(by, reason)
            self._check_alias(alias, before)
            return self._write("retire", alias, "", before, by, reason)

    def rollback(self, alias: str, *, by: str, reason: str) -> Deed:
        """Let an alias point again at the model that it had before the last change.

        Raises:
            RegistryError: It had none, or there is no reason.
        """
        with locked(self.root):
            before = self._checked(by, reason)
            last = [deed for deed in self.history() if deed.alias == alias][-1:]
            if not last or not last[0].previous:
                raise RegistryError(
                    f"Expected an alias that had another model before, received {alias!r}. "
                    "Promote a model instead."
                )
            return self._write("rollback", alias, last[0].previous, before, by, reason)

    def take_in(self, bundle: Path, *, by: str, reason: str) -> Manifest:
        """Keep a bundle from elsewhere; nobody uses it before it is promoted.

        Raises:
            BundleError, BundleTamperedError: The bundle is incomplete or altered.
            RegistryError: Another model has its id, or there is no reason.
        """
        manifest = verify_bundle(bundle)
        with locked(self.root):
            before = self._checked(by, reason)
            self._accept(bundle, manifest)
            self._write("import", "", manifest.id, before, by, reason)
        return manifest

    def history(self) -> tuple[Deed, ...]:
        """Every deed, the oldest first.

        Raises:
            RegistryError: A line in the middle of the history is damaged.
        """
        try:
            text = (self.root / "history.jsonl").read_text(encoding="utf-8")
        except FileNotFoundError:
            return ()
        # What follows the last line end was cut short by a kill, and never happened.
        lines = text.split("\n")[:-1]
        try:
            return tuple(Deed(**json.loads(line)) for line in lines if line)
        except (ValueError, TypeError) as error:
            raise RegistryError(
                f"Expected a registry's history of {len(lines)} readable lines, received a damaged "
                f"one: {error}. Restore history.jsonl from a backup."
            ) from error

    def aliases(self) -> dict[str, str]:
        """Alias to the id of the model that it points at."""
        return _aliases(self.history())

    def mend(self) -> dict[str, str]:
        """The aliases, after the folders were mended where a kill left them half changed."""
        with locked(self.root):
            return self._mended()

    def bundle(self, bundle_id: str) -> Path:
        """The folder of a model, in use or kept.

        Raises:
            BundleError: The registry has none of this id; the message lists the known ones.
        """
        return find_bundle(bundle_id, [root for root in self._roots() if root.is_dir()])

    def _roots(self) -> tuple[Path, Path]:
        return (self.in_use, self.kept)

    def _checked(self, by: str, reason: str) -> dict[str, str]:
        """The aliases now, after mending; a deed without a name or a reason is refused."""
        if not by.strip() or not reason.strip():
            raise RegistryError(
                "Expected who does this and why, received nothing. Write a sentence: it stays in "
                "the history."
            )
        return self._mended()

    def _mended(self) -> dict[str, str]:
        for root in self._roots():
            mend_root(root)
        aliases = self.aliases()
        self._place(aliases)
        return aliases

    @staticmethod
    def _check_alias(alias: str, aliases: dict[str, str]) -> None:
        if alias not in aliases:
            known = ", ".join(sorted(aliases)) or "none"
            raise RegistryError(
                f"Expected an alias that has a model ({known}), received {alias!r}."
            )

    def _accept(self, bundle: Path, manifest: Manifest) -> None:
        """Pin a bundle among the kept ones, unless the registry has that very bundle."""
        for root in (*self.others, *self._roots()):
            for known in list_bundles(root) if root.is_dir() else ():
                if known.id == manifest.id and root in self._roots() and known == manifest:
                    return
                if known.id == manifest.id:
                    raise RegistryError(
                        f"Expected a model with an id of its own, received '{manifest.id}', which "
                        "another model has. Models are not replaced: train it under another name."
                    )
        pin_bundle(self.kept, bundle)

    def _write(
        self, deed: str, alias: str, bundle_id: str, before: dict[str, str], by: str, reason: str
    ) -> Deed:
        """Append a deed, which makes it so, then move the bundles."""
        sha256 = ""
        if bundle_id:
            manifest = verify_bundle(self.bundle(bundle_id))
            # An ensemble has no network of its own; its manifest holds the hashes of its members'.
            alone = hashlib.sha256(manifest.to_json()).hexdigest()
            sha256 = manifest.files.get(MODEL_FILE, alone)
        done = Deed(
            time=self.now().isoformat(timespec="seconds"),
            deed=deed,
            alias=alias,
            bundle_id=bundle_id,
            previous=before.get(alias, ""),
            model_sha256=sha256,
            by=by.strip(),
            reason=reason.strip(),
        )
        path = self.root / "history.jsonl"
        with path.open("ab") as file:
            file.truncate(path.read_bytes().rfind(b"\n") + 1)
            file.write(json.dumps(asdict(done), ensure_ascii=False).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self._place(self.aliases())
        return done

    def _place(self, aliases: dict[str, str]) -> None:
        """Let in-use hold what an alias points at, and kept the rest."""
        used = set(aliases.values())
        for root, other in ((self.kept, self.in_use), (self.in_use, self.kept)):
            for manifest in list_bundles(root) if root.is_dir() else ():
                if (manifest.id in used) != (root == self.in_use):
                    pin_bundle(other, root / manifest.id)
                    unpin_bundle(root, manifest.id)


def missing_from_card(card: Card, manifest: Manifest) -> tuple[str, ...]:
    """What a card must say before its model is promoted, and does not; empty where complete."""
    missing = []
    if not manifest.intended_use.strip():
        missing.append("an intended use")
    if not card.sources:
        missing.append("the data that it learned from")
    if not card.limits:
        missing.append("its limits")
    if not any(each.figures for each in card.evaluations if each.subject == "model"):
        missing.append("the figures of an evaluation")
    for plan in card.recipe.get("split", ()):
        kind = str(plan.get("kind", "")) if isinstance(plan, Mapping) else str(plan)
        if card.evaluation(split=kind) is None:
            missing.append(f"an evaluation on the {kind.replace('_', ' ')} split of its recipe")
    return tuple(missing)


def _aliases(history: Sequence[Deed]) -> dict[str, str]:
    aliases: dict[str, str] = {}
    for deed in history:
        if deed.deed == "import":
            continue
        if deed.bundle_id:
            aliases[deed.alias] = deed.bundle_id
        else:
            aliases.pop(deed.alias, None)
    return aliases
