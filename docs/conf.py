import sys
from pathlib import Path

from opendata_hub import __version__

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "opendata-hub"
author = "The opendata-hub contributors"
release = version = __version__

extensions = ["myst_parser", "sphinx_click", "model_reference", "trait_reference"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
nitpicky = True  # a reference to a setting that is gone is an error

html_theme = "sphinx_book_theme"
html_title = "opendata-hub"
html_copy_source = False
html_show_sourcelink = False
