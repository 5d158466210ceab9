"""The small checked types of our files, and how a file becomes them."""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    Strict,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from opendata_hub.errors import ConfigError
from opendata_hub.sentences import HIDDEN, nearest, sentences

__all__ = [
    "Count",
    "Duration",
    "Matching",
    "Model",
    "Moment",
    "Number",
    "Percent",
    "Size",
    "check",
    "format_memory",
    "format_size",
    "hidden_fault",
    "nearest",
    "parse_duration",
    "parse_percent",
    "parse_size",
    "read_yaml",
]

_SIZE = re.compile(r"(\d{1,12}(?:\.\d{1,12})?)\s*([KMGT])i?B?", re.IGNORECASE)
_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_SIZE_RULE = "write a number with K, M, G or T, such as 4G"
_DURATION = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LARGEST = 2**20  # bytes of a file
_MOST = 100_000  # keys and values of a file
_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError)
_PERCENT = re.compile(r"(\d{1,2}(?:\.\d{1,2})?|100)\s*%")


class Model(BaseModel):
    """
    A checked piece of a file: nothing unknown gets in, nothing changes later.

    A key with nothing after it counts as absent: that is what is left of a section when all its
    lines are comments.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _without_empty_keys(cls, raw: Any) -> Any:
        if not isinstance(raw, dict):
            return raw
        return {key: value for key, value in raw.items() if value is not None}


@dataclass(frozen=True)
class Matching:
    """Annotation of a text that a pattern must match whole; ``rule`` says how to write it."""

    pattern: str
    rule: str

    def _check(self, value: str) -> str:
        if not re.fullmatch(self.pattern, value):
            raise ValueError(self.rule)
        return value

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "pattern": f"^({self.pattern})$"}


def hidden_fault(rule: str) -> PydanticCustomError:
    """Make the error of a value that nobody shall see: it may hold a secret."""
    return PydanticCustomError(HIDDEN, "{rule}", {"rule": rule})


Count = Annotated[int, Strict()]
"""A whole number; neither ``true`` nor a text with digits."""

Number = Annotated[float, Strict()]
"""A number; neither ``true`` nor a text with digits."""


def parse_size(value: object) -> int:
    """
    Read a size such as ``512M`` or ``1.5G``.

    Returns:
        int: bytes, powers of 1024.

    Raises:
        ValueError: no number with a unit, or zero.
    """
    match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    size = int(float(match[1]) * _UNITS[match[2].upper()]) if match else 0
    if not size:
        raise ValueError(_SIZE_RULE)
    return size


def format_size(size: float) -> str:
    """Write bytes for people: ``2.1 GB``; powers of 1000, as download tools and shops count."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 999.5:  # what is more has four digits when it is rounded
            return f"{size:.3g} {unit}" if unit != "B" else f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.3g} TB"


def format_memory(size: int) -> str:
    """Write a memory limit as it is typed: ``2G``, ``512M``; powers of 1024."""
    for unit, factor in reversed(_UNITS.items()):
        if size >= factor:
            return f"{size / factor:.4g}{unit}"
    return f"{size} bytes"


Size = Annotated[
    int,
    BeforeValidator(parse_size),
    WithJsonSchema(
        {"type": "string", "pattern": r"^\d+(\.\d+)?\s*[KMGTkmgt]i?B?$", "examples": ["4G"]}
    ),
]


def parse_duration(value: object) -> float:
    """
    Read a duration such as ``30s``, ``90m``, ``2h`` or ``3d``.

    Returns:
        float: seconds, more than 0.

    Raises:
        ValueError: no number with a unit, or zero.
    """
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    seconds = float(match[1]) * _SECONDS[match[2]] if match else 0.0
    if not seconds:
        raise ValueError("write a number with s, m, h or d, such as 90m")
    return seconds


Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    WithJsonSchema(
        {"type": "string", "pattern": r"^\d+(\.\d+)?\s*[smhd]$", "examples": ["90m", "2h"]}
    ),
]
"""Seconds."""


def parse_moment(value: object) -> datetime:
    """
    Read a day and a time, such as ``2026-11-24 14:00``: of this machine's zone unless it names one.

    Raises:
        ValueError: it is none.
    """
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return moment.astimezone()
    except (ValueError, OverflowError):  # the years 1 and 9999 have no other zone
        raise ValueError("write a day and a time, such as 2026-11-24 14:00") from None


Moment = Annotated[
    datetime,
    BeforeValidator(parse_moment),
    WithJsonSchema({"type": "string", "examples": ["2026-11-24 14:00"]}),
]
"""A point in time, with its zone."""


def parse_percent(value: object) -> float:
    """
    Read a share such as ``85%``.

    Returns:
        float: 0 to 1.

    Raises:
        ValueError: no number from 0 to 100 with a percent sign.
    """
    match = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if not match:
        raise ValueError("write a number from 0 to 100 with a percent sign, such as 85%")
    return float(match[1]) / 100


Percent = Annotated[
    float,
    BeforeValidator(parse_percent),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,3}(\.\d+)?\s*%$", "examples": ["85%"]}),
]
"""A share from 0 to 1."""


def read_yaml(path: Path) -> Any:
    """
    Read one YAML 1.2 file; an empty one gives an empty dict.

    Raises:
        ConfigError: missing, unreadable, not YAML, or a key written twice (which YAML readers
            often let pass, the last one winning).
    """
    try:
        content = YAML(typ="safe", pure=True).load(_text(path))
        _require_small(content, {})
    except FileNotFoundError:
        raise ConfigError(f"{path} does not exist; check the path, or make the file.") from None
    except IsADirectoryError:
        raise ConfigError(f"{path} is a folder; write the path of a file.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not a UTF-8 text; save it as UTF-8.") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}; mend that.") from None
    except YAMLError as error:
        raise ConfigError(f"{path} is not valid YAML: {_yaml_fault(error)}.") from None
    except RecursionError:
        raise ConfigError(f"{path} has lists or keys in each other without an end.") from None
    except _UNREADABLE as error:  # such as a date that is none
        raise ConfigError(f"{path} has a value that cannot be read: {error}.") from None
    return {} if content is None else content


def _text(path: Path) -> str:
    with path.open("rb") as stream:
        content = stream.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise ConfigError(f"{path} has more than {format_memory(_LARGEST)}; it is none of ours.")
    return content.decode("utf-8")


def _require_small(value: Any, known: dict[int, int]) -> int:
    """Count what a file holds, all its references followed: a few lines can stand for millions."""
    if not isinstance(value, dict | list | set):
        return 1
    if id(value) not in known:
        known[id(value)] = _MOST  # what holds itself has no end
        inner = (*value, *value.values()) if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(_require_small(one, known) for one in inner)
        if known[id(value)] > _MOST:
            raise ValueError("its references (&, *) stand for more than anybody has written")
    return known[id(value)]


def _yaml_fault(error: YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    problem = problem.split(" with value")[0]
    return f"line {mark.line + 1}, {problem}" if mark else problem


M = TypeVar("M", bound=BaseModel)


def check(model: type[M], raw: object, where: str) -> M:
    """
    Turn raw data into a checked model.

    Args:
        raw: what the file holds.
        where: what people call it, such as ``hub.yaml``; each sentence starts with it.

    Raises:
        ConfigError: one line per fault: file, key, value, what is allowed, the nearest known name.
    """
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        faults = [f"{where}: {sentence}" for sentence in sentences(model, error.errors())]
        raise ConfigError("\n".join(faults)) from None
