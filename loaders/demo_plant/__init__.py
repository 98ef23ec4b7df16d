"""A plant with a known truth: what physically happened, kept apart from what was recorded."""

from loaders.demo_plant.halls import write_plant
from loaders.demo_plant.messy import Planted, write_messy
from loaders.demo_plant.plant import Incident, Plant, generate
from loaders.demo_plant.spec import Dirt
from loaders.demo_plant.truth import Truth

__all__ = [
    "Dirt",
    "Incident",
    "Plant",
    "Planted",
    "Truth",
    "generate",
    "write_messy",
    "write_plant",
]
