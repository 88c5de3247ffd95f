"""What every stream of a simulation shares: the spec, what things are made of, who the people are, when they act."""

from dataclasses import dataclass

from agents.simulator.data import Mix, load_mix
from agents.simulator.demand import CallDemand
from agents.simulator.population import Population
from agents.simulator.rhythm import Rhythm
from agents.simulator.spec import SimulationSpec


@dataclass(frozen=True, slots=True)
class World:
    """The fixed surroundings of one simulation; nothing in it changes while events are drawn."""

    spec: SimulationSpec
    mix: Mix
    people: Population
    rhythm: Rhythm
    demand: CallDemand


def world_of(spec: SimulationSpec) -> World:
    """Return the world of `spec`.

    Raises:
        DataFileError: a packaged file of the simulator is wrong.
    """
    mix = load_mix()
    rhythm = Rhythm(mix)
    return World(spec, mix, Population(mix, spec.scale), rhythm, CallDemand(mix, rhythm, spec.scale))
