"""Hub-managed services: processes that the hub starts, each unaware of the others."""
