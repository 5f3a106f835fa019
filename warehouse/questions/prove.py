"""Compares a frozen edition with what today's lake and code would make."""

from transforms.errors import SettingsError
from transforms.settings import Settings
from warehouse import versions
from warehouse.editions import freeze, frozen
from warehouse.editions.frozen import Frozen
from warehouse.editions.revisions import Comparison
from warehouse.questions import explain


def prove(settings: Settings, edition: str) -> tuple[Frozen, Comparison]:
    """The differences between a frozen edition and what would be made today.

    Raises SettingsError if there is no such edition or it is not frozen, PublishError if it is
    damaged.
    """
    live = versions.live(settings.published)
    if live and not frozen.newest(settings.published, edition):
        known = explain.editions(live / versions.FILE)
        if edition not in known:
            raise SettingsError(
                f"{edition} is not an edition of the lake, which has {', '.join(known)}"
            )
    return freeze.prove(settings, edition)
