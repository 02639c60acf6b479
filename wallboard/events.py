"""The one fact that the wallboard needs of whoever configures the house."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DirectoryChanged:
    """Names, teams, queues or targets are others than before: ask for the directory anew."""
