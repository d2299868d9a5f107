"""Whether two checkouts say the same of the same images, bit for bit.

`python -m benchmarks.same_records BEFORE AFTER [--data DIR]` draws twenty images, takes twenty real
ones where DIR (or BLOODUI_DATA) has an index.csv, and lets `python -m bloodui read` of both
checkouts answer on them with every shipped model. Exit status 1 where a record differs.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

N_IMAGES = 20


def drawn_images(folder: Path) -> list[Path]:
    """Twenty drawn smears and sections as PNG files in a new folder."""
    command = [sys.executable, "-m", "training", "synthetic", "--out", str(folder), "--n", "4"]
    labels = ["--labels", "Benign", "Pre", "AML", "CLL", "FL"]
    subprocess.run([*command, *labels], check=True, capture_output=True)  # noqa: S603
    return sorted(path for path in folder.glob("*/*.png") if path.parent.name != "masks")[:N_IMAGES]


def real_images(data: Path) -> list[Path]:
    """Twenty images of an index, evenly spread."""
    with (data / "index.csv").open(newline="", encoding="utf-8") as index:
        paths = [data / row["path"] for row in csv.DictReader(index)]
    return paths[:: max(1, len(paths) // N_IMAGES)][:N_IMAGES]


def records_of(checkout: Path, model: str, images: Sequence[Path]) -> list[str]:
    """The records, a line an image, that a checkout writes of images."""
    command = [sys.executable, "-m", "bloodui", "read", "--model", model, *map(str, images)]
    done = subprocess.run(  # noqa: S603
        command, cwd=checkout, capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{checkout}: {done.stderr.strip()[-500:]}")
    return done.stdout.splitlines()


def models_of(checkout: Path) -> list[str]:
    """The ids of the models that a checkout ships."""
    command = [sys.executable, "-m", "bloodui", "models"]
    done = subprocess.run(  # noqa: S603
        command, cwd=checkout, capture_output=True, text=True, check=True
    )
    return [entry["id"] for entry in json.loads(done.stdout)]


def main() -> int:
    """Compare and print one line a model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before", type=Path, help="checkout of the code as it was")
    parser.add_argument("after", type=Path, help="checkout of the code as it is")
    parser.add_argument("--data", type=Path, default=os.environ.get("BLOODUI_DATA"))
    parser.add_argument("--model", action="append", help="only this one; may be given again")
    arguments = parser.parse_args()
    n_differing = 0
    with tempfile.TemporaryDirectory() as folder:
        images = drawn_images(Path(folder) / "drawn")
        if arguments.data and (arguments.data / "index.csv").is_file():
            images += real_images(arguments.data)
        for model in arguments.model or models_of(arguments.before):
            before, after = (
                records_of(checkout.resolve(), model, images)
                for checkout in (arguments.before, arguments.after)
            )
            differing = sum(a != b for a, b in zip(before, after, strict=True))
            n_differing += differing
            print(f"{model}: {len(images)} images, {differing} records differ", flush=True)
    return 1 if n_differing else 0


if __name__ == "__main__":
    sys.exit(main())
