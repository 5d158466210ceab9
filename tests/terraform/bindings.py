"""
The schema of a provider out of CDKTF's bindings of it, which were generated from that schema.

For a provider whose plugin cannot be had: ``npm pack @cdktf/provider-aws@21.22.1``, unpack it, then
``python -m tests.terraform.bindings aws 6.25.0 package``; ``@cdktf/provider-google@16.12.1`` is of
6.50.0. Only what the root uses is looked at. The bindings do not say whether what may be left out
is computed then; here it always is.
"""

import re
import sys
from pathlib import Path
from typing import Any

from tests.terraform import schemas

WRITTEN = re.compile(
    r'^ +(\w+): \{\s+value: .*,\s+isBlock: (\w+),\s+type: "(\w+)",\s+storageClassType: "(\w+)"',
    re.MULTILINE,
)
"""What can be written: name, whether it is a block, how many, and of what."""

COMPUTED = re.compile(r"// (\w+) - computed: true, optional: false, required: false")
NEEDED = re.compile(r"^    readonly (\w+): ", re.MULTILINE)
READ = re.compile(r"this\.get(\w+?)Attribute\('(\w+)'\)")
SIMPLE = {"string": "string", "boolean": "bool", "number": "number"}
BASES = {"data": "extends cdktf.TerraformDataSource", "resource": "extends cdktf.TerraformResource"}


class Bindings:
    """One folder of bindings: its classes and functions, and what its interfaces declare."""

    def __init__(self, folder: Path) -> None:
        self.parts = pieces(folder / "index.js", "class|function")
        self.declared = pieces(folder / "index.d.ts", "export interface|export declare class")
        self.many = set(re.findall(r"readonly \w+\??: (\w+)\[\]", "".join(self.declared.values())))

    def main(self, base: str) -> dict[str, Any]:
        """Return the block of the class with this base."""
        text = next(text for text in self.parts.values() if text.lstrip().startswith(base))
        config = next(name for name in self.declared if name.endswith("Config"))
        return self.block(text, text, self.declared[config])

    def block(self, written: str, read: str, declared: str) -> dict[str, Any]:
        """Return a block, from the texts of what is written, what is read, and what must be."""
        computed, needed = set(COMPUTED.findall(read)), set(NEEDED.findall(declared))
        attributes = {
            name: {"type": read_type(how), "computed": True}
            for how, name in READ.findall(read)
            if name in computed and read_type(how)
        }
        blocks = {}
        for name, is_block, kind, stored in WRITTEN.findall(written):
            must = camel(name) in needed
            if is_block == "false":
                need = {"required": True} if must else {"optional": True, "computed": True}
                attributes[name] = {"type": written_type(kind, stored)} | need
            elif kind in ("list", "set"):
                blocks[name] = self.nested(stored.removesuffix("List"), kind, must)
        return {"attributes": attributes, "block_types": blocks}

    def nested(self, name: str, kind: str, must: bool) -> dict[str, Any]:
        """Return a block inside a block, with how often it may be there."""
        written = self.parts[f"{name[0].lower()}{name[1:]}ToHclTerraform"]
        block = self.block(
            written, self.parts.get(f"{name}OutputReference", ""), self.declared[name]
        )
        counts = {"min_items": int(must), "max_items": int(name not in self.many)}
        return {"nesting_mode": kind, "block": block} | counts


def pieces(file: Path, words: str) -> dict[str, str]:
    """Return what stands after each ``words NAME`` at the beginning of a line, by name."""
    found = re.split(rf"^(?:{words}) (\w+)", file.read_text(), flags=re.MULTILINE)
    return dict(zip(found[1::2], found[2::2], strict=True))


def camel(name: str) -> str:
    """Return a name as the bindings write it: ``vpcId`` of ``vpc_id``."""
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


def written_type(kind: str, stored: str) -> Any:
    """Return the type of what can be written, as terraform spells it."""
    return SIMPLE[stored] if kind == "simple" else [kind, SIMPLE[re.sub("(List|Map)$", "", stored)]]


def read_type(how: str) -> Any:
    """Return the type of what can be read, as terraform spells it; None if no root uses it."""
    known = {"String": "string", "Boolean": "bool", "Number": "number"}
    return known.get(how) or {"List": ["list", "string"], "StringMap": ["map", "string"]}.get(how)


def whole(root: str, package: Path) -> dict[str, Any]:
    """Return the schemas of what a root uses, in the form of terraform's own."""
    library = package / "lib"
    base = Bindings(library / "provider").main("extends cdktf.TerraformProvider")
    for facts in base["attributes"].values():
        facts.pop("computed")  # a provider's settings are written or not
    said: dict[str, Any] = {"provider": {"block": base}}
    for word, kind in schemas.KINDS.items():
        said[kind] = {
            name: {"block": Bindings(library / folder(word, name)).main(BASES[word])}
            for name in schemas.types(root, word)
        }
    return said


def folder(word: str, name: str) -> str:
    """Return the folder of a resource or data source: ``data-aws-ami`` of ``aws_ami``."""
    prefix, _, rest = name.partition("_")
    return (f"data-{prefix}-" if word == "data" else "") + rest.replace("_", "-")


if __name__ == "__main__":
    asked, version, package = sys.argv[1:]
    source = "CDKTF's bindings, which were generated from it: see bindings.py"
    print(schemas.write(asked, version, source, whole(asked, Path(package))))
