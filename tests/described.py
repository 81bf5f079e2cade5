"""Whether a value is what a JSON schema says: as much of it as our description uses."""

from collections.abc import Iterator, Mapping
from typing import Any

_KINDS: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}
_UNDERSTOOD = {
    *("$ref", "oneOf", "allOf", "const", "enum", "type", "required", "properties", "items"),
    *("additionalProperties", "minimum", "minItems", "maxItems", "minLength", "maxLength"),
    *("format", "description", "examples"),
}


def faults(
    value: Any, schema: Mapping[str, Any], schemas: Mapping[str, Any], place: str = "$"
) -> Iterator[str]:
    """Yield what of `value` is not as `schema` says; `schemas` are those that it refers to."""
    assert schema.keys() <= _UNDERSTOOD, schema.keys() - _UNDERSTOOD
    if "$ref" in schema:
        yield from faults(value, schemas[schema["$ref"].rpartition("/")[2]], schemas, place)
    if "oneOf" in schema:
        fits = [one for one in schema["oneOf"] if not list(faults(value, one, schemas, place))]
        if len(fits) != 1:
            yield f"{place}: {len(fits)} of oneOf fit {value!r}"
    for one in schema.get("allOf", ()):
        yield from faults(value, one, schemas, place)
    if "const" in schema and value != schema["const"]:
        yield f"{place}: {value!r} is not {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{place}: {value!r} is none of {schema['enum']}"
    if "type" in schema:
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        is_kind = any(isinstance(value, _KINDS[kind]) for kind in kinds)
        if not is_kind or (isinstance(value, bool) and "boolean" not in kinds):
            yield f"{place}: {value!r} is no {schema['type']}"
            return
    if "minimum" in schema and value < schema["minimum"]:
        yield f"{place}: {value!r} is below {schema['minimum']}"
    if isinstance(value, dict):
        yield from _of_object(value, schema, schemas, place)
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            yield f"{place}: {len(value)} items"
        for number, one in enumerate(value):
            yield from faults(one, schema.get("items", {}), schemas, f"{place}[{number}]")


def _of_object(
    value: Mapping[str, Any], schema: Mapping[str, Any], schemas: Mapping[str, Any], place: str
) -> Iterator[str]:
    known = schema.get("properties", {})
    for name in set(schema.get("required", ())) - value.keys():
        yield f"{place}.{name}: is missing"
    for name, one in value.items():
        inner = known.get(name, schema.get("additionalProperties", {}))
        if inner is False:
            yield f"{place}.{name}: is not foreseen"
        elif isinstance(inner, Mapping):
            yield from faults(one, inner, schemas, f"{place}.{name}")
