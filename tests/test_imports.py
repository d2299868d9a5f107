"""The house keeps its shape: imports point one way, light modules stay light, files stay small."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Which of our own packages each may import. pages → bloodui → training → models, bloodui → models.
MAY_IMPORT = {
    "app": {"bloodui"},
    "pages": {"bloodui"},
    "bloodui": {"bloodui", "training", "models"},
    "training": {"training", "models"},
    "models": {"models"},
}
OURS = {*MAY_IMPORT, "benchmarks", "tests"}

# Where Streamlit has no place: what runs without a browser.
WITHOUT_STREAMLIT = (
    "models/",
    "training/",
    "bloodui/quizzes/",
    "bloodui/reports/",
    "bloodui/cases/",
    "bloodui/__main__.py",
)

# Seconds to load, so they are imported where they are used.
HEAVY = {"tensorflow", "keras", "tf_keras_vis", "torch", "jax"}

# What only bloodui/session.py may touch of Streamlit.
SESSION_ONLY = {"session_state", "cache_data", "cache_resource"}

LONGEST_FILE = 300
LONGEST_PAGE = 100
NAMES_THAT_SAY_NOTHING = {"util", "utils", "helper", "helpers", "common", "manager", "managers"}


@dataclass(frozen=True, kw_only=True)
class Import:
    """One module that a file imports, and whether that happens as soon as the file is loaded."""

    module: str
    line: int
    is_eager: bool

    @property
    def package(self) -> str:
        """The first name of the dotted path."""
        return self.module.partition(".")[0]


class _ImportWalker(ast.NodeVisitor):
    """Collects imports; those in functions and under TYPE_CHECKING aren't eager."""

    def __init__(self, path: str) -> None:
        self._parents = Path(path).parent.parts
        self._lazy_depth = 0
        self.found: list[Import] = []

    def _add(self, module: str, node: ast.stmt | ast.expr) -> None:
        is_eager = self._lazy_depth == 0
        self.found.append(Import(module=module, line=node.lineno, is_eager=is_eager))

    def _visit_lazily(self, nodes: list[ast.stmt]) -> None:
        self._lazy_depth += 1
        for node in nodes:
            self.visit(node)
        self._lazy_depth -= 1

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._visit_lazily(node.body)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._visit_lazily(node.body)

    def visit_If(self, node: ast.If) -> None:
        if "TYPE_CHECKING" in ast.unparse(node.test):
            self._visit_lazily(node.body)
        else:
            for statement in node.body:
                self.visit(statement)
        for statement in node.orelse:
            self.visit(statement)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._add(alias.name, node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        above = self._parents[: len(self._parents) - node.level + 1] if node.level else ()
        module = ".".join([*above, *([node.module] if node.module else [])])
        if module:
            self._add(module, node)
        else:  # "from . import x" beside app.py
            for alias in node.names:
                self._add(alias.name, node)

    def visit_Call(self, node: ast.Call) -> None:
        name = ast.unparse(node.func).rpartition(".")[2]
        first = node.args[0] if node.args else None
        is_import = name in {"import_module", "__import__"}
        if is_import and isinstance(first, ast.Constant) and isinstance(first.value, str):
            self._add(first.value, node)
        self.generic_visit(node)


def imports_of(path: str, source: str) -> list[Import]:
    """Every import in a file's source; `path` is relative to the repository, with slashes."""
    walker = _ImportWalker(path)
    walker.visit(ast.parse(source))
    return walker.found


def layer_of(path: str) -> str:
    """The package of ours that a file belongs to; "app" for app.py."""
    return path.partition("/")[0].removesuffix(".py")


def may_load_heavy_libraries(path: str) -> bool:
    """Whether a file may import TensorFlow and the like as soon as it is loaded."""
    is_architecture = re.fullmatch(r"models/architectures/(?!__init__)\w+\.py", path) is not None
    return is_architecture or layer_of(path) in {"training", "tests", "benchmarks"}


def offences_in(path: str, source: str) -> Iterator[str]:
    """What a file's imports and its use of Streamlit break, one sentence each."""
    allowed = MAY_IMPORT.get(layer_of(path), OURS)
    for found in imports_of(path, source):
        where = f"{path}:{found.line}"
        if found.package in OURS and found.package not in allowed:
            yield f"{where} imports {found.module}, which points the wrong way"
        if found.package == "streamlit" and path.startswith(WITHOUT_STREAMLIT):
            yield f"{where} imports Streamlit, but has to run without a browser"
        if found.package in HEAVY and found.is_eager and not may_load_heavy_libraries(path):
            yield f"{where} imports {found.module} at load: import it in the function that needs it"
    if layer_of(path) in MAY_IMPORT and path != "bloodui/session.py":
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Attribute) and node.attr in SESSION_ONLY:
                yield f"{path}:{node.lineno} uses {node.attr}: only bloodui/session.py may"


@cache
def sources() -> dict[str, str]:
    """The project's Python files: path relative to the repository → source."""
    files = [ROOT / "app.py"] if (ROOT / "app.py").exists() else []
    for package in sorted(OURS - {"app"}):
        files += sorted((ROOT / package).rglob("*.py"))
    return {file.relative_to(ROOT).as_posix(): file.read_text("utf-8") for file in files}


def module_names(prefixes: tuple[str, ...]) -> list[str]:
    """Dotted names of the modules under these paths that have to load lightly."""
    names = []
    for path, source in sources().items():
        is_heavy = any(i.is_eager and i.package in HEAVY for i in imports_of(path, source))
        if path.startswith(prefixes) and not is_heavy:
            names.append(path.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    return names


def loaded_after_importing(modules: list[str], of_interest: set[str]) -> list[str]:
    """Which packages a fresh interpreter holds once it has imported these modules."""
    code = (
        "import importlib, sys\n"
        "for name in sys.argv[2:]: importlib.import_module(name)\n"
        "print(*sorted(set(sys.argv[1].split(',')) & set(sys.modules)))\n"
    )
    command = [sys.executable, "-c", code, ",".join(sorted(of_interest)), *modules]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_imports_point_one_way_and_heavy_libraries_load_late() -> None:
    offences = [o for path, source in sources().items() for o in offences_in(path, source)]
    assert not offences, "\n".join(offences)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("models/quality.py", "import training.fit"),
        ("models/quality.py", "def f():\n    from training import fit"),
        ("models/preprocessing/step.py", "from ...bloodui import settings"),
        ("training/run.py", "from bloodui.settings import SHIPPED"),
        ("training/run.py", "if TYPE_CHECKING:\n    import bloodui"),
        ("bloodui/session.py", "import pages.about"),
        ("pages/about.py", "from models.card import Card"),
        ("models/card.py", "import importlib\nimportlib.import_module('bloodui')"),
        ("models/card.py", "import streamlit as st"),
        ("bloodui/reports/html.py", "import streamlit"),
        ("bloodui/cases/store.py", "def f():\n    import streamlit"),
        ("models/runtime.py", "import keras"),
        ("models/architectures/__init__.py", "from keras import layers"),
        ("bloodui/views/card.py", "try:\n    import tensorflow as tf\nfinally:\n    pass"),
        ("bloodui/views/card.py", "import streamlit as st\nst.session_state['a'] = 1"),
        ("pages/about.py", "import streamlit as st\n@st.cache_data\ndef f(): pass"),
    ],
)
def test_a_breach_is_noticed(path: str, source: str) -> None:
    assert list(offences_in(path, source))


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("models/runtime.py", "def f():\n    import keras"),
        ("models/runtime.py", "if TYPE_CHECKING:\n    import keras"),
        ("models/runtime.py", "from .bundle import load"),
        ("models/architectures/vgg.py", "import keras"),
        ("training/fit.py", "import keras\nfrom models import bundle"),
        ("bloodui/views/card.py", "import streamlit as st\nfrom models.card import Card"),
        ("bloodui/session.py", "import streamlit as st\nst.session_state['a'] = 1"),
        ("pages/about.py", "import streamlit as st\nfrom bloodui.views import card"),
    ],
)
def test_what_is_allowed_passes(path: str, source: str) -> None:
    assert not list(offences_in(path, source))


def test_models_and_bloodui_load_without_tensorflow() -> None:
    assert not loaded_after_importing(module_names(("models/", "bloodui/")), HEAVY)


def test_what_runs_without_a_browser_loads_without_streamlit() -> None:
    modules = module_names(WITHOUT_STREAMLIT)
    assert not loaded_after_importing(modules, {"streamlit", *HEAVY})


def test_every_third_party_import_is_a_pinned_requirement() -> None:
    files = ("requirements.txt", "requirements-ray.txt")
    lines = [line for name in files for line in (ROOT / name).read_text("utf-8").splitlines()]
    named = [line.partition("==")[0].partition("[")[0] for line in lines if "==" in line]
    pinned = {_normalised(name) for name in named}
    distributions = packages_distributions()
    missing = {
        f"{path}:{found.line} imports {found.module}"
        for path, source in sources().items()
        if layer_of(path) in MAY_IMPORT
        for found in imports_of(path, source)
        if found.package not in OURS | sys.stdlib_module_names
        and pinned.isdisjoint(map(_normalised, distributions.get(found.package, [])))
    }
    assert not missing, "\n".join(sorted(missing))


def test_no_file_is_too_long() -> None:
    too_long = []
    for path, source in sources().items():
        limit = LONGEST_PAGE if path.startswith("pages/") else LONGEST_FILE
        n_lines = len(source.splitlines())
        if n_lines > limit:
            too_long.append(f"{path} has {n_lines} lines, {limit} at most: split it")
    assert not too_long, "\n".join(too_long)


def test_every_file_is_named_for_what_it_knows() -> None:
    vague = [
        path
        for path in sources()
        if NAMES_THAT_SAY_NOTHING.intersection(Path(path).with_suffix("").parts)
    ]
    assert not vague, "Name these for what they know: " + ", ".join(vague)


def _normalised(distribution: str) -> str:
    """A distribution's name as the package index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", distribution).strip().lower()
