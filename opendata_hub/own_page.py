"""A page of ours among the hub's own."""

from importlib import resources

from jinja2 import Template
from jupyterhub.handlers.base import BaseHandler


class OwnPage(BaseHandler):
    """One whose ``template`` is one of ours, found also where no ``template_paths`` names us."""

    template: str

    def get_template(self, name: str, sync: bool = False) -> Template:
        """Return our template, or the hub's of that name."""
        if name != self.template:
            found: Template = super().get_template(name, sync)
            return found
        source = resources.files("opendata_hub").joinpath("templates", name).read_text("utf-8")
        ours: Template = self.settings["jinja2_env"].from_string(source)
        return ours
