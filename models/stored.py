"""What is stored and read again: typed, checked on the way in, refused in words.

A stored thing is a pydantic model. Its fields are its rules. Its JSON schema says them to other
programs, and to whoever gave a value that is not allowed.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    GetCoreSchemaHandler,
    PlainSerializer,
    ValidationError,
    WrapValidator,
)
from pydantic.json_schema import GenerateJsonSchema

from models.errors import BlooduiError

_T = TypeVar("_T")
_K = TypeVar("_K")
_V = TypeVar("_V")
ID_PATTERN = r"[a-z0-9][a-z0-9-]{2,63}"
_SHA256 = r"[0-9a-f]{64}"
_MOST_SENTENCES = 3
_MOST_CHARACTERS = 100


def _of_the_same_type(value: Any, checked: Callable[[Any], float]) -> float:
    """A number as it came in: 1 is written as 1 again, not as 1.0."""
    number = checked(value)
    return value if type(value) is int else number


_KEPT = WrapValidator(_of_the_same_type)
Number = Annotated[float, _KEPT]
Positive = Annotated[float, Field(gt=0), _KEPT]
Share = Annotated[float, Field(ge=0, le=1), _KEPT]
Count = Annotated[int, Field(ge=1)]
Text = Annotated[str, Field(pattern=r"\S", title="a text that is not empty")]
# Control characters, ends of lines, and marks that turn the writing's direction round.
_UNSEEN = r"\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069"
Line = Annotated[
    str,
    Field(
        pattern=rf"^[^{_UNSEEN}]*[^{_UNSEEN}\s][^{_UNSEEN}]*$",
        title="a text of one line, not empty, without control characters",
    ),
]
Id = Annotated[
    str, Field(pattern=f"^{ID_PATTERN}$", title="3 to 64 lower-case letters, digits and hyphens")
]
Sha256 = Annotated[str, Field(pattern=f"^{_SHA256}$", title="64 hexadecimal digits")]
Location = Annotated[Path, Field(strict=False), PlainSerializer(str)]
Several = Annotated[tuple[_T, ...], Field(strict=False), PlainSerializer(list)]
"""A list in JSON and TOML, a tuple here."""
ReadOnly = Annotated[
    Mapping[_K, _V],
    AfterValidator(lambda values: MappingProxyType(values)),
    PlainSerializer(dict),
    Field(validate_default=True),
]
"""An object in JSON, a table in TOML, a mapping that cannot be changed here."""


class OneOf:
    """Marks a text that must be one of some words: `Annotated[str, OneOf(HEADS)]`."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = list(words)

    def __get_pydantic_core_schema__(self, _: Any, handler: GetCoreSchemaHandler) -> Any:
        return handler.generate_schema(Literal[*self._words])


class Stored(
    BaseModel,
    frozen=True,
    extra="forbid",
    strict=True,
    allow_inf_nan=False,
    use_attribute_docstrings=True,
):
    """Base of what is stored: it holds only what its fields allow, and cannot be changed."""

    refused_as: ClassVar[type[BlooduiError]] = BlooduiError
    """What is raised for a value that is not allowed."""
    called: ClassVar[str] = ""
    """What a message calls it, such as "the manifest"; "" where a key says enough."""
    advice: ClassVar[str] = ""
    """What to do, in a sentence that closes every message."""

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise self._refusal(error) from None

    # Where it stands in another stored thing, that one tells of all that is wrong.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """The inverse of `to_dict`; what may be left out takes its default.

        Raises:
            BlooduiError: `refused_as`, naming key, value and what is allowed.
        """
        try:
            return cls.model_validate(dict(data) if isinstance(data, Mapping) else data)
        except ValidationError as error:
            raise cls._refusal(error) from None

    def to_dict(self) -> dict[str, Any]:
        """As JSON and TOML hold it."""
        return self.model_dump()

    def changed(self, **changes: Any) -> Self:
        """The same with other values in some fields, checked again."""
        return type(self)(
            **{name: getattr(self, name) for name in type(self).model_fields} | changes
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self).from_dict, (self.to_dict(),))

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        return self  # it cannot be changed

    @classmethod
    def schema_for_people(cls) -> dict[str, Any]:
        """Its JSON schema, without the titles that pydantic makes of the names of keys."""
        draft = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
        return draft | cls.model_json_schema(schema_generator=_Untitled)

    @classmethod
    def _refusal(cls, error: ValidationError) -> BlooduiError:
        schema = cls.schema_for_people()
        absent, sentences = [], []
        for problem in error.errors(include_url=False):
            if problem["type"] == "missing":
                absent.append(_look_up(schema, problem["loc"])[0])
            else:
                sentences.append(_sentence(schema, problem, cls.called))
        if absent:
            sentences.insert(0, _absence(absent, cls.called))
        first = sentences[:_MOST_SENTENCES]
        if len(sentences) > len(first):
            first.append(f"And {len(sentences) - len(first)} more.")
        return cls.refused_as(" ".join([*first, cls.advice]).strip())


class _Untitled(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def is_id(text: str) -> bool:
    """Whether this may name a bundle, and so a folder: lower case, digits, hyphens, 3 to 64."""
    return re.fullmatch(ID_PATTERN, text) is not None


def shown(value: object) -> str:
    """A value as a message may show it: escaped, and not too long."""
    text = repr(value)
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"


def _absence(paths: Sequence[str], called: str) -> str:
    of = f" of {called}" if called else ""
    add = "Add it." if len(paths) == 1 else "Add them."
    return f"Expected {', '.join(paths)}{of}, received nothing. {add}"


def _sentence(schema: Mapping[str, Any], problem: Any, called: str) -> str:
    """What is wrong with one value: what was expected, what was received."""
    kind, place, value = problem["type"], problem["loc"], problem["input"]
    if kind == "extra_forbidden":
        path, node = _look_up(schema, place[:-1])
        where = " of ".join(filter(None, (path, called)))
        known = list(_table(schema, node).get("properties", {}))
        return (
            f"Expected only the keys {', '.join(known)}{' in ' if where else ''}{where}, "
            f"received {shown(place[-1])}.{_hint(place[-1], known)}"
        )
    path, node = _look_up(schema, place)
    subject = " of ".join(filter(None, (path, called))) or "the values"
    if kind == "value_error" and str(problem["ctx"]["error"]):
        return f"{subject}: {problem['ctx']['error']}" if path else str(problem["ctx"]["error"])
    return (
        f"Expected {subject} to be {_allowed(schema, node)}, received {shown(value)}."
        f"{_hint(value, _resolved(schema, node).get('enum', ()))}"
    )


def _hint(received: object, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(received, known, 1) if isinstance(received, str) else []
    return f" Did you mean {close[0]!r}?" if close else ""


def _look_up(
    schema: Mapping[str, Any], place: Iterable[int | str]
) -> tuple[str, Mapping[str, Any]]:
    """The dotted path of a place in a stored thing, and what its JSON schema says of it."""
    path, node = "", schema
    above = path, node
    for part in place:
        node = _resolved(schema, node)
        kinds = node.get("discriminator", {}).get("mapping", {})
        if part in kinds:
            node = {"$ref": kinds[part]}
            continue
        if part == "[key]":
            return above
        above = path, node
        node = _table(schema, node)
        if isinstance(part, int):
            path, node = f"{path}[{part}]", node.get("items", {})
        else:
            others = node.get("additionalProperties") or {}
            patterned = next(iter(node.get("patternProperties", {}).values()), others)
            path = f"{path}.{part}" if path else part
            node = node.get("properties", {}).get(part, patterned)
    return path, node


def _resolved(schema: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference refers to; of what may be null, what it is where it is not."""
    while "$ref" in node or {"type": "null"} in node.get("anyOf", ()):
        reference = node.get("$ref", "").removeprefix("#/$defs/")
        node = schema["$defs"][reference] if reference else node["anyOf"][0]
    return node


def _table(schema: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    """What it is where it is a table, of what may also be a text."""
    node = _resolved(schema, node)
    choices = [_resolved(schema, each) for each in node.get("anyOf", ())]
    return next((each for each in choices if "properties" in each), node)


def _allowed(schema: Mapping[str, Any], node: Mapping[str, Any]) -> str:
    """What a JSON schema allows, in words: "a whole number from 0 to 500"."""
    node = _resolved(schema, node)
    if "anyOf" in node:
        return ", or ".join(_allowed(schema, each) for each in node["anyOf"])
    if "discriminator" in node:
        tagged = node["discriminator"]
        return f"a table whose {tagged['propertyName']} is one of {', '.join(tagged['mapping'])}"
    if "enum" in node or "const" in node:
        words = node.get("enum") or [node["const"]]
        return f"one of {', '.join(map(str, words))}" if len(words) > 1 else repr(words[0])
    if "title" in node and "properties" not in node:
        return str(node["title"])
    if node.get("type") == "array":
        items = _allowed(schema, node.get("items", {}))
        least = f" of at least {node['minItems']}" if "minItems" in node else ""
        return f"a list{least}, each item {items}"
    kinds = {
        "integer": "a whole number",
        "number": "a number",
        "string": "a text",
        "boolean": "true or false",
        "object": "a table",
    }
    return kinds.get(node.get("type", ""), "something else") + _range(node)


def _range(node: Mapping[str, Any]) -> str:
    low, high = node.get("minimum"), node.get("maximum")
    above, below = node.get("exclusiveMinimum"), node.get("exclusiveMaximum")
    if low is not None and high is not None:
        return f" from {_digits(low)} to {_digits(high)}"
    bounds = {"of at least": low, "above": above, "up to": high, "below": below}
    words = [f"{word} {_digits(value)}" for word, value in bounds.items() if value is not None]
    return f" {' and '.join(words)}" if words else ""


def _digits(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:g}"
