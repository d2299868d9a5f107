"""From cold: the first opinion in a browser, the command line on one file, another model.

    python -m benchmarks start [--repeats 3] [--image FILE]

The first opinion: from the moment that a fresh server answers until a fresh window of Chromium
shows what the model says of a JPEG that it uploads; the peer is a Streamlit page of an uploader
that shows the image's size. The command line: the whole process of `python -m bloodui read` on that
file; the peer is `python -c "import tensorflow"`. Another model: loading it and its first opinion,
in a process that has answered with one already. All take turns.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.clock import in_turn
from benchmarks.peers import MODEL
from benchmarks.pictures import as_jpeg
from benchmarks.result import Figure
from benchmarks.servers import ROOT, serving
from drawn.smears import draw

_CHROMIUMS = ("/usr/bin/chromium-headless-shell", "/usr/bin/chromium")
_PATIENCE_MS = 300_000
_PEER_SAYS = "Size:"
PEER = f"""import streamlit as st
from PIL import Image

given = st.file_uploader("Image")
if given is not None:
    st.write("{_PEER_SAYS}", *Image.open(given).size)
"""
SWITCHES = """
import json, sys, time
from pathlib import Path
from models.answer.loading import load_answerer
from models.image.micrograph import read_micrograph
from models.opinion import opinion_on

data = Path(sys.argv[1]).read_bytes()
taken = {}
for bundle in sys.argv[2:]:
    began = time.perf_counter()
    model = load_answerer(Path(bundle))
    opinion_on(read_micrograph(data), model, despite_domain=True, despite_quality=True)
    taken[Path(bundle).name] = time.perf_counter() - began
print(json.dumps(taken))
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What may be chosen."""
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--image", type=Path, help="JPEG file; a drawn one by default")


def measure(arguments: argparse.Namespace) -> Sequence[Figure]:
    """All figures; see the module."""
    with tempfile.TemporaryDirectory() as folder:
        image = arguments.image or Path(folder) / "picture.jpg"
        if arguments.image is None:
            # The default model knows its kind, so that a map is made, too.
            image.write_bytes(as_jpeg(draw("FL", seed=0).rgb))
        bare = Path(folder) / "bare.py"
        bare.write_text(PEER, encoding="utf-8")
        state = {"BLOODUI_STATE": str(Path(folder) / "state")}
        firsts: dict[str, list[float]] = {"ours": [], "peer": []}
        taken = in_turn(
            {
                "page": lambda _: firsts["ours"].append(
                    first_answer(ROOT / "app.py", state, image, ".bloodui-class")
                ),
                "bare page": lambda _: firsts["peer"].append(
                    first_answer(bare, {}, image, f"text={_PEER_SAYS}")
                ),
                "read": lambda _: _python("-m", "bloodui", "read", "--model", MODEL, str(image)),
                "tensorflow": lambda _: _python("-c", "import tensorflow"),
            },
            repeats=arguments.repeats,
            warm_ups=0,
        )
        switches = [_switches(image) for _ in range(arguments.repeats)]
    names = list(switches[0])
    # The first one loads OpenVINO itself.
    others = [statistics.median(each[name] for each in switches) for name in names[1:]]
    first_s = statistics.median(firsts["ours"])
    return (
        Figure(
            name="first_opinion_s",
            meaning="server up to first opinion on an upload, in a browser",
            value=first_s,
            unit="s",
            at_most=3,
        ),
        Figure(
            name="first_opinion_ratio",
            meaning="the same over a bare Streamlit page with an uploader",
            value=first_s / statistics.median(firsts["peer"]),
            at_most=1.5,
        ),
        Figure(
            name="read_ratio",
            meaning="bloodui read of one file, whole process, over import tensorflow",
            value=taken.ratio("read", "tensorflow"),
            at_most=0.45,
        ),
        Figure(
            name="switch_s",
            meaning=f"another model, cold, to its opinion: median of {len(others)} models",
            value=statistics.median(others),
            unit="s",
            at_most=1,
        ),
        Figure(
            name="slowest_switch_s",
            meaning=f"the slowest of them ({names[1:][others.index(max(others))]})",
            value=max(others),
            unit="s",
        ),
        Figure(
            name="bare_page_s",
            meaning="server up to the size of an upload, bare Streamlit page",
            value=statistics.median(firsts["peer"]),
            unit="s",
        ),
        Figure(
            name="read_s",
            meaning="bloodui read of one file, whole process",
            value=taken.median_s("read"),
            unit="s",
        ),
        Figure(
            name="tensorflow_s",
            meaning="import tensorflow, whole process",
            value=taken.median_s("tensorflow"),
            unit="s",
        ),
    )


def first_answer(script: Path, settings: dict[str, str], image: Path, answer: str) -> float:
    """Seconds from a fresh server's first sign of life until a page shows an answer.

    Args:
        answer: Playwright's selector of what is waited for.
    """
    from playwright.sync_api import sync_playwright

    chromium = next(path for path in _CHROMIUMS if Path(path).exists())
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        page = browser.new_context().new_page()
        page.set_default_timeout(_PATIENCE_MS)
        with serving(script, settings) as server:
            began = time.perf_counter()
            page.goto(server.link)
            page.locator("input[type=file]").first.set_input_files(image)
            page.locator(answer).first.wait_for()
            elapsed_s = time.perf_counter() - began
        browser.close()
    return elapsed_s


def _switches(image: Path) -> dict[str, float]:
    """Seconds of each shipped model in one process, from its folder to its opinion."""
    from bloodui.inventory import installed_in
    from models.bundle.folder import SHIPPED_ROOT

    bundles = [str(each.directory) for each in installed_in((SHIPPED_ROOT,)).models]
    taken: dict[str, float] = json.loads(_python("-c", SWITCHES, str(image), *bundles))
    return taken


def _python(*arguments: str) -> str:
    """Run a process of Python to its end, and answer with what it wrote."""
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, *arguments],
        cwd=ROOT,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
        text=True,
    )
    return done.stdout
