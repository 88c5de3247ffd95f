"""What the log of a worker says of a network that cannot be right: elements that hang on nothing, or on themselves."""

import logging

from models.topologytree import Topology
from topics.catalogue import NETWORK_TOPOLOGY

log = logging.getLogger(__name__)


def name_flaws(topology: Topology) -> None:
    """Write one warning of each kind; nothing where the tree is sound."""
    flaws = topology.flaws()
    if flaws.unknown_parents:
        log.warning(
            "%d network elements hang on something that %s does not describe, among them %s",
            flaws.unknown_parents,
            NETWORK_TOPOLOGY,
            ", ".join(flaws.unknown_parent_of),
        )
    if flaws.in_circles:
        log.warning(
            "%d network elements hang on themselves in a circle, among them %s",
            flaws.in_circles,
            ", ".join(flaws.circle_at),
        )
