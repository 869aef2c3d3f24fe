"""The parts that all workspaces and apps share."""

from localslack.config import Switches
from localslack.delivery import Courier
from localslack.faults import Faults
from localslack.ids import Clock
from localslack.log import Log
from localslack.stream import Hub
from localslack.tickets import Hooks, Triggers


class Shared:
    """One clock, one log, one courier and so on for everybody."""

    def __init__(self) -> None:
        self.base_url = ""  # known once the server listens
        self.switches = Switches()
        self.clock = Clock()
        self.hub = Hub()
        self.log = Log(self.clock.now, self.hub.stir)
        self.faults = Faults()
        self.triggers = Triggers(self.clock.now)
        self.hooks = Hooks(self.clock.now)
        self.courier = Courier(self.switches, self.faults, self.log)
