"""
Provider plugins that have nothing but a schema: enough to validate, and for mocked plans.

``python plugin.py SCHEMA.json ...`` speaks the plugin protocol, version 5, and prints what
TF_REATTACH_PROVIDERS has to be. A file is one of ``schemas/``. It reads and makes nothing.
"""

import json
import os
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]

NESTING = {"single": 1, "list": 2, "set": 3, "map": 4, "group": 5}
Verb = Callable[[bytes, Any], bytes]


def varint(number: int) -> bytes:
    """Return a number as protobuf writes it: seven bits in a byte, the lowest first."""
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def field(number: int, value: bytes | str | int) -> bytes:
    """Return a field of a protobuf message; zeros are left out, as its own writers do."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value) if value else b""
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def attribute(name: str, facts: dict[str, Any]) -> bytes:
    """Return an attribute: ``tfplugin5.Schema.Attribute``."""
    flags = enumerate(("required", "optional", "computed", "sensitive"), start=4)
    said = b"".join(field(number, int(facts.get(flag, False))) for number, flag in flags)
    return field(1, name) + field(2, json.dumps(facts["type"])) + said


def nested(name: str, facts: dict[str, Any]) -> bytes:
    """Return a block inside a block: ``tfplugin5.Schema.NestedBlock``."""
    mode = field(3, NESTING[facts["nesting_mode"]])
    counts = field(4, facts.get("min_items", 0)) + field(5, facts.get("max_items", 0))
    return field(1, name) + field(2, block(facts["block"])) + mode + counts


def block(facts: dict[str, Any]) -> bytes:
    """Return what stands between braces: ``tfplugin5.Schema.Block``."""
    attributes = [field(2, attribute(*item)) for item in facts.get("attributes", {}).items()]
    blocks = [field(3, nested(*item)) for item in facts.get("block_types", {}).items()]
    return b"".join(attributes + blocks)


def schema(facts: dict[str, Any]) -> bytes:
    """Return a schema and its version: ``tfplugin5.Schema``."""
    return field(1, facts.get("version", 0)) + field(2, block(facts["block"]))


def answer(facts: dict[str, Any]) -> bytes:
    """Return all schemas of a provider: ``tfplugin5.GetProviderSchema.Response``."""
    said = field(1, schema(facts["provider"]))
    for number, kind in ((2, "resource_schemas"), (3, "data_source_schemas")):
        for name, one in facts[kind].items():
            said += field(number, field(1, name) + field(2, schema(one)))
    return said


def verbs(facts: dict[str, Any]) -> dict[str, Verb]:
    """Return what is answered, by verb of ``tfplugin5.Provider``; messages are bytes."""
    said = answer(facts)
    well: dict[str, Verb] = dict.fromkeys(
        ("ValidateResourceTypeConfig", "ValidateDataSourceConfig", "Configure", "Stop"),
        lambda asked, context: b"",
    )
    return well | {
        "GetSchema": lambda asked, context: said,
        "PrepareProviderConfig": lambda asked, context: asked,  # the same field, unchanged
    }


def serve(facts: dict[str, Any], socket: Path) -> grpc.Server:
    """Answer terraform on a socket from now on."""
    server = grpc.server(ThreadPoolExecutor(4))
    handlers = {verb: grpc.unary_unary_rpc_method_handler(do) for verb, do in verbs(facts).items()}
    provider = grpc.method_handlers_generic_handler("tfplugin5.Provider", handlers)
    server.add_generic_rpc_handlers((provider,))
    server.add_insecure_port(f"unix:{socket}")
    server.start()
    return server


def reattach(socket: Path) -> dict[str, Any]:
    """Return how terraform finds a plugin that runs already: a value of TF_REATTACH_PROVIDERS."""
    place = {"Network": "unix", "String": str(socket)}
    return {
        "Protocol": "grpc",
        "ProtocolVersion": 5,
        "Pid": os.getpid(),
        "Test": True,
        "Addr": place,
    }


def main(files: list[Path], folder: Path) -> None:
    """Serve the schema of each file; print where, and go on until standard input ends."""
    running, places = [], {}
    for number, file in enumerate(files):
        facts = json.loads(file.read_text())
        running.append(serve(facts, folder / str(number)))
        places[facts["address"]] = reattach(folder / str(number))
    print(json.dumps(places), flush=True)
    sys.stdin.read()
    for server in running:
        server.stop(None).wait()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        main([Path(word) for word in sys.argv[1:]], Path(place))
