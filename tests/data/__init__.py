"""Datasets that are fetched."""
