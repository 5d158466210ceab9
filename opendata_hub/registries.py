"""Registries and the logins that they ask for."""
