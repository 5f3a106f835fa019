"""A frozen edition held to what today's lake and code would make."""

from transforms.errors import SettingsError
from transforms.settings import Settings
from warehouse import versions
from warehouse.editions import freeze, frozen
from warehouse.editions.frozen import Frozen
from warehouse.editions.revisions import Comparison
from warehouse.questions import explain


def prove(settings: Settings, edition: str) -> tuple[Frozen, Comparison]:
    """What would be made otherwise than the frozen edition has it.

    Raises SettingsError where there is no such edition or it is not frozen, PublishError where it
    is damaged.
    """
    live = versions.live(settings.published)
    if live and not frozen.newest(settings.published, edition):
        known = explain.editions(live / versions.FILE)
        if edition not in known:
            raise SettingsError(f"{edition} is no edition: {', '.join(known)}")
    return freeze.prove(settings, edition)
