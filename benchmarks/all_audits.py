"""Seconds that every audit of one bundle takes, one after the other.

python -m benchmarks.all_audits --index INDEX BUNDLE

Leakage of its recipe's images and splits, shortcuts, worse images and mistakes into a card,
saliency, and domain, each with the limits that its command has by itself. Prints a line an audit
and the sum; wanted: at most 600 s on two cores for 3,000 images.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Run the commands, and print what each took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--index", required=True)
    parser.add_argument("bundle", type=Path, help="folder of a bundle of one network")
    arguments = parser.parse_args()
    bundle, index = str(arguments.bundle), ["--index", arguments.index]
    n_images = json.loads((arguments.bundle / "manifest.json").read_text())["data"]["n_images"]
    with tempfile.TemporaryDirectory() as out:
        audits = {
            "leakage": ["audit", arguments.bundle.name, *index],
            "card": ["audit-card", bundle, *index, "--out", f"{out}/bundle"],
            "saliency": ["saliency", "--bundle", bundle, *index, "--out", f"{out}/saliency.json"],
            "domain": ["domain", bundle, *index, "--out", f"{out}/domain.json"],
        }
        seconds = {name: timed(audit) for name, audit in audits.items()}
    print(f"all of {n_images} images: {sum(seconds.values()):.0f} s")


def timed(audit: list[str]) -> float:
    """Seconds of one command, from its start to its end; printed as well."""
    started = time.perf_counter()
    subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "training", *audit],
        cwd=ROOT,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    taken = time.perf_counter() - started
    print(f"{audit[0]}: {taken:.0f} s", flush=True)
    return taken


if __name__ == "__main__":
    main()
