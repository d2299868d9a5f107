"""The templates of the reports, which escape whatever they are given."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from bloodui.render.text import as_plain

if TYPE_CHECKING:
    from jinja2 import Template


def _plain(value: object) -> object:
    """What a template writes of a value, before it is escaped: of a text its plain words."""
    return as_plain(value) if type(value) is str else value


@cache
def template(name: str) -> Template:
    """The template of that file name beside this module."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        finalize=_plain,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # The charts are built by bullet_html, which escapes what it was given.
    environment.filters["chart"] = Markup
    return environment.get_template(name)
