"""Names of what was added while the centre ran, for whoever reads the configuration alone.

`changes.live_file` reads all of `data/live.yaml`, and needs the settings for it; flows and
boards of the configuration may name queues that are only there.
"""

from pathlib import Path

import yaml

FILE = "live.yaml"


def added_queues(data: Path) -> list[str]:
    """Of a file that cannot be used, none: whoever serves says what is wrong with it."""
    try:
        written = yaml.safe_load((data / FILE).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return []
    if not isinstance(written, dict):
        return []
    added, removed = (written.get(key) or [] for key in ("added_queues", "removed_queues"))
    return [str(name) for name in added if name not in removed]
