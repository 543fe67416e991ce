"""Tasuki (襷): a company's revenue run as a relay of four legs."""

__version__ = "0.1.0"
