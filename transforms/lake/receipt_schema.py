"""The JSON Schema of a receipt, from its classes: `python -m transforms.lake.receipt_schema`."""

import json
from dataclasses import is_dataclass
from datetime import date, datetime
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from transforms.lake.receipt import VERSION, Receipt, Warned

FILE = Path(__file__).parents[2] / "docs" / "receipt.schema.json"
PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    float: {"type": "number"},
    date: {"type": "string", "format": "date"},
    datetime: {"type": "string", "format": "date-time"},
}


def schema() -> dict[str, Any]:
    """The schema of a receipt on disk, including its seal."""
    found = _of(Receipt)
    found["properties"]["version"] = {"const": VERSION}
    seal = "sha256 of all other keys, without the nonce."
    found["properties"]["seal"] = {"type": "string", "description": seal}
    nonce = "In a bucket: tells one writing of the receipt from another."
    found["properties"]["nonce"] = {"type": "string", "description": nonce}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Receipt of one dataset and night",
        **found,
    }


def _of(kind: Any) -> dict[str, Any]:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (UnionType, Union):
        (some,) = [k for k in inner if k is not NoneType]
        return {"anyOf": [_of(some), {"type": "null"}]}
    if origin is Literal:
        return {"enum": list(inner)}
    if origin is tuple:
        return {"type": "array", "items": _of(inner[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": _of(inner[1])}
    if is_dataclass(kind):
        properties = {name.rstrip("_"): _of(of) for name, of in get_type_hints(kind).items()}
        return {
            "type": "object",
            "description": " ".join((kind.__doc__ or "").split()),
            "properties": properties,
            "required": [n for n in properties if (kind, n) != (Warned, "example")],
            "additionalProperties": False,
        }
    return PLAIN[kind]


def text() -> str:
    """The schema as written to its file."""
    return json.dumps(schema(), indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")
