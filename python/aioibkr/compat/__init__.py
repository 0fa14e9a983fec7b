"""Layers that applications had around IB, by the names they had; one module per application."""
