"""The house keeps its shape: imports point one way, in no circle, and light modules stay light."""

from __future__ import annotations

import ast
import builtins
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Which of our own packages each may import: pages → bloodui → training → drawn → models.
MAY_IMPORT = {
    "app": {"bloodui"},
    "pages": {"bloodui"},
    "bloodui": {"bloodui", "training", "drawn", "models"},
    "training": {"training", "drawn", "models"},
    "drawn": {"drawn", "models"},
    "models": {"models"},
}
# The only part of training that knows drawn smears: its commands.
DRAWN_IN_TRAINING = "training/cli/"
OURS = {*MAY_IMPORT, "benchmarks", "tests"}

# Folder of bloodui → the other folders that its files may import; "" is the files beside them.
# Every other folder is a room: something that people do. Rooms don't know each other.
SERVING: Mapping[str, AbstractSet[str]] = {
    "widgets": {"render", "reports"},
    "reports": {"render"},
    "render": set(),
    "access": {"render", "quiz"},  # the link of a quiz opens the door, too
    "batch": {"render"},
    "corrections": set(),
    "cli": {"batch", "corrections", "render", "reports"},
    "": {"batch"},  # of answers.py, which begins a batch
}
ROOMS = {each.parent.name for each in (ROOT / "bloodui").glob("*/*.py")} - SERVING.keys()
FOLDERS: Mapping[str, AbstractSet[str]] = {
    **{room: {"widgets", "batch", "corrections", "render", "reports"} for room in ROOMS},
    **SERVING,
}

# What a quiz is kept in and worked out with.
_STORES = ("export", "instructor", "quiz", "resident", "scores", "store", "tables")
# Where Streamlit has no place: what runs without a browser.
WITHOUT_STREAMLIT = (
    "models/",
    "drawn/",
    "training/",
    "bloodui/render/",
    "bloodui/reports/",
    "bloodui/batch/",
    "bloodui/corrections/",
    "bloodui/cli/",
    *(f"bloodui/quiz/{name}.py" for name in _STORES),
    "bloodui/__main__.py",
)
STARTS_STREAMLIT = "bloodui/cli/serve.py"

# Seconds to load, so they are imported where they are used.
HEAVY = {"tensorflow", "keras", "tf_keras_vis", "torch", "jax"}

# What only bloodui/session.py may touch of Streamlit.
SESSION_ONLY = {"session_state", "cache_data", "cache_resource"}

# What draws more than text, or lets more pass: calls and imports that one file alone may use.
SCRIPT_OF_OURS = "bloodui/widgets/frame.py"
"""The one place that puts a script into a page: a file of ours, which the policy names by hash."""
ESCAPING_CALLS = dict.fromkeys(("table", "dataframe"), "bloodui/widgets/tables.py")
ESCAPING_IMPORTS = {"html": "bloodui/render/text.py", "markupsafe": "bloodui/reports/template.py"}

# What asks a model, and the files that may: every page asks through answers.py, or in the batch.
ASKING = {"opinion_on", "opinions_on", "read_field", "steadiness_of", "load_answerer"}
ASKS = ("bloodui/answers.py", "bloodui/batch/", "bloodui/cli/", "bloodui/session.py")

LONGEST_PAGE = 60
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


def folder_of(module: str) -> str:
    """The folder of bloodui that a module of it lies in; "" beside the folders."""
    names = module.split(".")
    return names[1] if len(names) > 1 and names[1] in FOLDERS else ""


def _may_enter(path: str, module: str) -> bool:
    """Whether a file may import a module, as far as the rooms of bloodui go."""
    if layer_of(path) != "bloodui" or path == "bloodui/__main__.py":
        return True
    mine, other = folder_of(_dotted(path)), folder_of(module)
    is_ours = module.split(".")[0] == "bloodui"
    return not is_ours or other in {"", mine} or other in FOLDERS[mine]


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
        is_command = path.startswith(DRAWN_IN_TRAINING)
        if found.package == "drawn" and layer_of(path) == "training" and not is_command:
            yield f"{where} imports {found.module}: in training only {DRAWN_IN_TRAINING} may"
        if not _may_enter(path, found.module):
            yield f"{where} imports {found.module}: rooms of bloodui don't know each other"
        is_without = path.startswith(WITHOUT_STREAMLIT) and path != STARTS_STREAMLIT
        if found.package == "streamlit" and is_without:
            yield f"{where} imports Streamlit, but has to run without a browser"
        if found.package in HEAVY and found.is_eager and not may_load_heavy_libraries(path):
            yield f"{where} imports {found.module} at load: import it in the function that needs it"
    if layer_of(path) in MAY_IMPORT and path != "bloodui/session.py":
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Attribute) and node.attr in SESSION_ONLY:
                yield f"{path}:{node.lineno} uses {node.attr}: only bloodui/session.py may"
    if layer_of(path) in {"app", "pages", "bloodui"}:
        yield from _unescaped_in(path, source)
        yield from _asking_in(path, source)


def _asking_in(path: str, source: str) -> Iterator[str]:
    """Where a file asks a model past what asks for all pages, a sentence each."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and not path.startswith(ASKS):
            for name in sorted(ASKING & {alias.name for alias in node.names}):
                yield f"{path}:{node.lineno} imports {name}: ask through bloodui/answers.py"
        is_model = isinstance(node, ast.Attribute) and ast.unparse(node) == "session.model"
        if is_model and path != "bloodui/answers.py":
            yield f"{path}:{node.lineno} takes a model: ask through bloodui/answers.py"


def _unescaped_in(path: str, source: str) -> Iterator[str]:
    """Where a file draws text from outside past what escapes it, a sentence each."""
    for found in imports_of(path, source):
        if ESCAPING_IMPORTS.get(found.package, path) != path:
            only = ESCAPING_IMPORTS[found.package]
            yield f"{path}:{found.line} imports {found.package}: only {only} may, which escapes"
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        where = f"{path}:{node.lineno}"
        if ESCAPING_CALLS.get(node.func.attr, path) != path:
            yield f"{where} draws a {node.func.attr}: call {ESCAPING_CALLS[node.func.attr]} instead"
        if ast.unparse(node.func) == "st.write":
            yield f"{where} uses st.write, which draws as it sees fit: say what it is"
        allowed = {"unsafe_allow_javascript"} if path == SCRIPT_OF_OURS else set()
        unsafe = {
            str(each.arg) for each in node.keywords if str(each.arg).startswith("unsafe_allow")
        }
        if unsafe - allowed:
            yield f"{where} lets HTML through Markdown: escape it, and use st.html"


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
        ("pages/about.py", "import streamlit as st\nst.table([])"),
        ("bloodui/widgets/card.py", "column.dataframe(rows)"),
        ("bloodui/widgets/card.py", "from html import escape"),
        ("bloodui/widgets/card.py", "import streamlit as st\nst.write(card.summary)"),
        ("bloodui/widgets/card.py", "st.markdown(summary, unsafe_allow_html=True)"),
        ("bloodui/reports/card.py", "from markupsafe import Markup"),
        ("models/image/quality.py", "import training.fit.network"),
        ("models/image/quality.py", "def f():\n    from training import fit"),
        ("models/preprocessing/step.py", "from ...bloodui import settings"),
        ("training/runs/run.py", "from bloodui.settings import SHIPPED"),
        ("training/runs/run.py", "if TYPE_CHECKING:\n    import bloodui"),
        ("bloodui/session.py", "import pages.about"),
        ("pages/about.py", "from models.bundle.card import Card"),
        ("models/bundle/card.py", "import importlib\nimportlib.import_module('bloodui')"),
        ("models/bundle/card.py", "import streamlit as st"),
        ("bloodui/reports/html.py", "import streamlit"),
        ("bloodui/quiz/store.py", "def f():\n    import streamlit"),
        ("bloodui/render/text.py", "def f():\n    import streamlit"),
        ("bloodui/batch/record.py", "import streamlit"),
        ("bloodui/compare/one_image.py", "from bloodui.what_if.brush import show_brush"),
        ("bloodui/widgets/card.py", "def f():\n    from bloodui.about import models"),
        ("bloodui/answers.py", "from bloodui.widgets import messages"),
        ("bloodui/quiz/model_answers.py", "def f():\n    from models.opinion import opinion_on"),
        ("bloodui/widgets/card.py", "from bloodui import session\nsession.model(installed)"),
        ("bloodui/studio/runs.py", "from bloodui.access.visitors import current_person"),
        ("models/answer/runtime.py", "import keras"),
        ("models/architectures/__init__.py", "from keras import layers"),
        ("bloodui/widgets/card.py", "try:\n    import tensorflow as tf\nfinally:\n    pass"),
        ("bloodui/widgets/card.py", "import streamlit as st\nst.session_state['a'] = 1"),
        ("pages/about.py", "import streamlit as st\n@st.cache_data\ndef f(): pass"),
    ],
)
def test_a_breach_is_noticed(path: str, source: str) -> None:
    assert list(offences_in(path, source))


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("models/answer/runtime.py", "def f():\n    import keras"),
        ("models/answer/runtime.py", "if TYPE_CHECKING:\n    import keras"),
        ("models/answer/runtime.py", "from .bundle import load"),
        ("models/architectures/vgg.py", "import keras"),
        ("training/fit/network.py", "import keras\nfrom models import bundle"),
        ("bloodui/widgets/card.py", "import streamlit as st\nfrom models.bundle.card import Card"),
        ("bloodui/session.py", "import streamlit as st\nst.session_state['a'] = 1"),
        ("pages/about.py", "import streamlit as st\nfrom bloodui.widgets import card"),
        ("bloodui/quiz/results.py", "from bloodui.widgets.card import show_card"),
        ("bloodui/access/start_link.py", "from bloodui.quiz.store import QuizStore"),
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


def test_a_page_reads_like_a_description_of_its_screen() -> None:
    too_long = [
        f"{path} has {len(source.splitlines())} lines, {LONGEST_PAGE} at most"
        for path, source in sources().items()
        if path.startswith("pages/") and len(source.splitlines()) > LONGEST_PAGE
    ]
    assert not too_long, "\n".join(too_long)


@cache
def imported_modules() -> dict[str, frozenset[str]]:
    """Module of ours → the modules of ours that it imports, late and for types alone, too."""
    modules = {_dotted(path) for path in sources() if layer_of(path) in MAY_IMPORT}
    found: dict[str, frozenset[str]] = {}
    for path, source in sources().items():
        if _dotted(path) not in modules:
            continue
        names = set()
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    full = f"{node.module}.{alias.name}"
                    names.add(full if full in modules else node.module)
            elif isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
        found[_dotted(path)] = frozenset(names & modules - {_dotted(path)})
    return found


def circles(graph: Mapping[str, AbstractSet[str]]) -> list[tuple[str, ...]]:
    """Groups of nodes that reach each other (found by taking away what leads nowhere)."""
    left = {node: set(graph[node]) & graph.keys() for node in graph}
    while done := {node for node, targets in left.items() if not targets}:
        left = {node: targets - done for node, targets in left.items() if node not in done}
    while left:  # what nobody in a circle leads to is no part of one
        reached = {target for targets in left.values() for target in targets}
        if reached >= left.keys():
            break
        left = {node: targets & reached for node, targets in left.items() if node in reached}
    return [tuple(sorted(left))] if left else []


def _dotted(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _room(module: str) -> str:
    """The package, of two names at most, that a module lies in: "models.answer"."""
    return ".".join(module.split(".")[:2])


def rooms() -> dict[str, set[str]]:
    """Room → the other rooms that its modules import."""
    found: dict[str, set[str]] = {}
    for module, names in imported_modules().items():
        mine = found.setdefault(_room(module), set())
        mine |= {_room(name) for name in names} - {_room(module)}
    return found


def test_no_file_imports_itself_by_way_of_others() -> None:
    assert not circles(imported_modules())


@pytest.mark.parametrize("layer", ["models", "training", "drawn", "bloodui"])
def test_no_room_imports_itself_by_way_of_others(layer: str) -> None:
    assert not circles({room: own for room, own in rooms().items() if room.startswith(layer)})


def test_every_folder_of_bloodui_is_drawn_and_told_of_in_the_architecture() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    lacking = [f"{each}/" for each in FOLDERS if each and f"\n  {each}/ " not in text]
    lacking += [f"**{each}**" for each in FOLDERS if each and f"**{each}**" not in text]
    assert not lacking, f"docs/architecture.md lacks {lacking}"
    gone = SERVING.keys() - {path.parent.name for path in (ROOT / "bloodui").glob("*/*.py")} - {""}
    assert not gone, f"There is no folder {gone} of bloodui any more"


def test_a_circle_is_noticed() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == [("b", "c")]
    assert not circles({"a": {"b", "c"}, "b": {"c"}, "c": set()})


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


# What Python or pydantic asks for, and what is caught where it is raised; all else is an error of
# ours, which says what to do.
RAISED_OF_PYTHONS = {
    "BadZipFile",
    "ConnectionError",
    "EOFError",
    "KeyError",
    "OSError",
    "RuntimeError",
    "TypeError",
    "ValueError",
}


def _own_errors(package: str) -> set[str]:
    tree = ast.parse(sources().get(f"{package}/errors.py", ""))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}


def errors_raised_in(source: str) -> dict[str, int]:
    """Errors that a file raises, as it makes them (`raise X(…)`, `raise X`, `return X(…)` for
    whoever raises it, `refused_as = X`), and a line of each.
    """
    found: dict[str, int] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Name | ast.Attribute):
            made: ast.AST = node.exc
        elif isinstance(node, ast.Call):
            made = node.func
        elif isinstance(node, ast.Assign) and "refused_as" in map(ast.unparse, node.targets):
            made = node.value
        else:
            continue
        name = ast.unparse(made).rpartition(".")[2]
        if re.fullmatch(r"[A-Z]\w*", name):
            found.setdefault(name, node.lineno)
    return found


def strange_errors_in(path: str, source: str) -> Iterator[str]:
    """Where a file raises another layer's error, or one of Python's that says nothing to do."""
    packages = ("models", "drawn", "training", "bloodui")
    others = {name for each in packages if each != layer_of(path) for name in _own_errors(each)}
    for name, line in errors_raised_in(source).items():
        is_pythons = issubclass(getattr(builtins, name, object), Exception)
        if name in others or (is_pythons and name not in RAISED_OF_PYTHONS):
            yield f"{path}:{line} raises {name}: {layer_of(path)}/errors.py has its own"


@pytest.mark.parametrize("package", ["models", "drawn", "training", "bloodui"])
def test_each_package_owns_the_errors_that_it_raises_and_no_others(package: str) -> None:
    files = {path: text for path, text in sources().items() if layer_of(path) == package}
    strange = [each for path, text in files.items() for each in strange_errors_in(path, text)]
    assert not strange, "\n".join(strange)
    own = _own_errors(package)
    unraised = own - {name for text in files.values() for name in errors_raised_in(text)}
    assert own
    assert unraised <= {"BlooduiError"}


def test_pages_raise_nothing() -> None:
    pages = {path: text for path, text in sources().items() if layer_of(path) in {"app", "pages"}}
    raising = [path for path, text in pages.items() if "raise" in text.split()]
    assert not raising


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("bloodui/data_sets.py", "raise DatasetError('gone')"),
        ("bloodui/studio/studio.py", "from training import errors\nraise errors.JobError('gone')"),
        ("bloodui/widgets/mapped.py", "raise SaliencyError from error"),
        ("training/registry/promotion.py", "raise BundleError('gone')"),
        ("training/recipes/recipe.py", "class Recipe(Stored):\n    refused_as = BundleError"),
        ("models/bundle/card.py", "def fault():\n    return QuizError('gone')"),
        ("bloodui/cli/main.py", "raise FileNotFoundError('gone')"),
    ],
)
def test_another_layers_error_is_noticed(path: str, source: str) -> None:
    assert list(strange_errors_in(path, source))


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("bloodui/data_sets.py", "raise StudioError('gone')"),
        ("training/registry/promotion.py", "try:\n    read()\nexcept BundleError:\n    raise"),
        ("models/stored.py", "raise ValueError('not so')"),
    ],
)
def test_a_layers_own_error_passes(path: str, source: str) -> None:
    assert not list(strange_errors_in(path, source))
