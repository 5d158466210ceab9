"""
The directive ``traits``: what a class adds to its parents' configurable traits, with their help.

Autodoc would list methods as well, and hundreds of traits of JupyterHub and DockerSpawner, which
have documentation of their own.
"""

import importlib
from inspect import cleandoc
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata
from traitlets import TraitType, Union


class Traits(SphinxDirective):
    """Argument: the class's dotted path."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Write the entries as MyST, and let Sphinx read them."""
        module, _, name = self.arguments[0].rpartition(".")
        cls = getattr(importlib.import_module(module), name)
        traits = sorted(own(cls).items())
        return self.parse_text_to_nodes("\n\n".join(entry(name, *trait) for trait in traits))


def own(cls: Any) -> "dict[str, TraitType[Any, Any]]":
    """Return the traits that a spawner adds to other spawners', in itself and in its parts."""
    parts = [base for base in cls.__bases__ if base.__module__.startswith("opendata_hub.")]
    classes = [cls, *(part for part in parts if not part.__name__.startswith("OpenData"))]
    return {name: trait for c in classes for name, trait in c.class_own_traits(config=True).items()}


def entry(owner: str, name: str, trait: "TraitType[Any, Any]") -> str:
    """Write one trait: its kind, its default, its help."""
    default = f"; default `{_default(trait)}`" if _default(trait) else ""
    head = f"::::{{trait}} {owner}.{name}\n*{_kind(trait)}{default}*"
    return f"{head}\n\n{cleandoc(trait.help)}\n::::"


def _kind(trait: "TraitType[Any, Any]") -> str:
    options = trait.trait_types if isinstance(trait, Union) else [trait]
    return " or ".join(type(option).__name__ for option in options)


def _default(trait: "TraitType[Any, Any]") -> str:
    value = trait.default_value
    if callable(value):
        return f"{value.__module__}.{value.__name__}"
    return repr(value) if isinstance(value, str | int) and value != "" else ""


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the directive and its object type."""
    app.add_object_type("trait", "trait", "pair: %s; trait", objname="trait")
    app.add_directive("traits", Traits)
    return {"parallel_read_safe": True}
