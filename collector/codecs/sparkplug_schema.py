"""The Sparkplug B payload as a class of the protobuf library: the parts of it that carry values.

Built from the numbers of the definition, for no kept package ships it generated (those on PyPI pin an old
paho or protobuf). What is not named here (metadata, data sets, templates) the library skips as unknown.
Source: Eclipse Sparkplug specification 3.0.0, 6.4.1; a test compares it with Eclipse Tahu's own definition.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PACKAGE = "plantroom.sparkplug"
VALUES = "value"
"""The name of the choice in which a value stands."""

# message -> (number, name, type, whether it repeats, whether it is one of the choice)
FIELDS: dict[str, tuple[tuple[int, str, str, bool, bool], ...]] = {
    "Payload": (
        (1, "timestamp", "uint64", False, False),
        (2, "metrics", "Metric", True, False),
        (3, "seq", "uint64", False, False),
        (4, "uuid", "string", False, False),
        (5, "body", "bytes", False, False),
    ),
    "Metric": (
        (1, "name", "string", False, False),
        (2, "alias", "uint64", False, False),
        (3, "timestamp", "uint64", False, False),
        (4, "datatype", "uint32", False, False),
        (5, "is_historical", "bool", False, False),
        (6, "is_transient", "bool", False, False),
        (7, "is_null", "bool", False, False),
        (9, "properties", "PropertySet", False, False),
        (10, "int_value", "uint32", False, True),
        (11, "long_value", "uint64", False, True),
        (12, "float_value", "float", False, True),
        (13, "double_value", "double", False, True),
        (14, "boolean_value", "bool", False, True),
        (15, "string_value", "string", False, True),
        (16, "bytes_value", "bytes", False, True),
    ),
    "PropertySet": (
        (1, "keys", "string", True, False),
        (2, "values", "PropertyValue", True, False),
    ),
    "PropertyValue": (
        (1, "type", "uint32", False, False),
        (2, "is_null", "bool", False, False),
        (3, "int_value", "uint32", False, True),
        (4, "long_value", "uint64", False, True),
        (5, "float_value", "float", False, True),
        (6, "double_value", "double", False, True),
        (7, "boolean_value", "bool", False, True),
        (8, "string_value", "string", False, True),
    ),
}


def _file() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(
        name="plantroom_sparkplug.proto", package=PACKAGE, syntax="proto2"
    )
    kinds = descriptor_pb2.FieldDescriptorProto
    for message, fields in FIELDS.items():
        made = file.message_type.add(name=message)
        if any(choice for *_, choice in fields):
            made.oneof_decl.add(name=VALUES)
        for number, name, kind, repeats, choice in fields:
            field = made.field.add(name=name, number=number)
            field.label = kinds.LABEL_REPEATED if repeats else kinds.LABEL_OPTIONAL
            if kind in FIELDS:
                field.type, field.type_name = kinds.TYPE_MESSAGE, f".{PACKAGE}.{kind}"
            else:
                field.type = getattr(kinds, f"TYPE_{kind.upper()}")
            if choice:
                field.oneof_index = 0
    return file


_pool = descriptor_pool.DescriptorPool()
_pool.Add(_file())
Payload: Any = message_factory.GetMessageClass(_pool.FindMessageTypeByName(f"{PACKAGE}.Payload"))
"""The class: `Payload.FromString(bytes)`, `.SerializeToString()`."""
