"""Hash of the code: parts made by other code are recognised and made again."""

import hashlib
from functools import cache
from pathlib import Path

TRANSFORMS = Path(__file__).parent
DECIDING = (".py", ".toml", ".sql", ".csv", ".j2", ".css")


@cache
def code_version(*folders: Path) -> str:
    """Hash of the code and data in these folders; by default of all that can change a loaded row.

    The sample is left out: it only makes input.
    """
    digest = hashlib.sha256()
    for folder in folders or (TRANSFORMS,):
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            if path.suffix in DECIDING and "sample" not in inside.parts[:-1]:
                digest.update(str(inside).encode() + path.read_bytes())
    return digest.hexdigest()[:12]
