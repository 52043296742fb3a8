"""The bridge between the containers of student servers and this machine.

Containers on it reach the bridge's own address, where Hub and services listen, and, if so set, other machines; they
can't reach each other.
"""

from hub_config.checks import NotReady
from hub_config.docker.host import engine
from hub_config.settings import Settings

LABEL = "tinytorch.bridge"


def with_bridge(settings: Settings) -> Settings:
    """Return the settings with the bridge's address, making the bridge if it does not exist."""
    from docker.errors import NotFound

    client = engine()
    try:
        network = client.networks.get(settings.docker.network)
    except NotFound:
        network = _make(client, settings)
    network.reload()
    options, pools = network.attrs["Options"], network.attrs["IPAM"]["Config"]
    if options.get("com.docker.network.bridge.enable_icc") != "false":
        raise NotReady(
            f"The network {network.name!r} lets its containers talk to each other, so servers must not use it.\n"
            f"Remove it (docker network rm {network.name}), or choose another: HUB_DOCKER__NETWORK=..."
        )
    return settings.model_copy(update={"inner_host": pools[0]["Gateway"]})


def _make(client, settings: Settings):
    from docker.types import IPAMConfig, IPAMPool

    own = settings.docker
    pools = [IPAMPool(subnet=own.subnet)] if own.subnet else []
    return client.networks.create(
        own.network,
        driver="bridge",
        check_duplicate=True,
        internal=not own.internet,
        ipam=IPAMConfig(pool_configs=pools),
        labels={LABEL: "1"},
        options={
            "com.docker.network.bridge.enable_icc": "false",
            "com.docker.network.bridge.name": own.network,  # so that a firewall's rules can name it
        },
    )
