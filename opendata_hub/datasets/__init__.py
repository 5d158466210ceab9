"""Datasets: folders of this machine that servers see, read-only, at ``/data/<name>``."""

from opendata_hub.datasets.entry import Atlas, Dataset, DatasetName, File
from opendata_hub.datasets.share import CURRENT, Share, mounts

__all__ = ["CURRENT", "Atlas", "Dataset", "DatasetName", "File", "Share", "mounts"]
