"""What other features ask about a team: whether evidence may be given to it now, and when its end is near."""

from coopapi.jits.agreeing import propose
from coopapi.jits.sides import evidence_allowed
from coopapi.jits.signing import alarms

__all__ = ["alarms", "evidence_allowed", "propose"]
