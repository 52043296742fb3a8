"""Who gets which kind of server: staff have a different environment, and more of the machine, than students."""

from typing import Any

from traitlets import Dict, HasTraits

from hub_config.roles import server_kind


class ServerOfAKind(HasTraits):
    """For a spawner: look up in `kinds` what this person's server has."""

    user: Any
    kinds = Dict(help="For each kind, what its servers have").tag(config=True)

    @property
    def kind_name(self) -> str:
        return server_kind({group.name for group in self.user.groups})

    @property
    def kind(self) -> dict:
        return self.kinds[self.kind_name]
