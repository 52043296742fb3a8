"""The Hub's configuration: settings merged once, then applied; the operator's own files are read last."""

from hub_config.apply import apply_all
from hub_config.settings import load_settings

c = get_config()  # type: ignore[name-defined]  # noqa: F821
settings = load_settings()
apply_all(c, settings)
for fragment in sorted((settings.var / "jupyterhub_config.d").glob("*.py")):
    load_subconfig(str(fragment))  # type: ignore[name-defined]  # noqa: F821
