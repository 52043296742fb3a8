"""Run axe-core, the standard checks of WCAG 2.2 A and AA, on a page that is open in a browser."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OPTIONS = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": STANDARDS}}
GRAVE = ("serious", "critical")


def grave_violations(page: Page, context: dict | None = None) -> list[str]:
    """Return the violations that axe-core calls serious or critical: rule, description and elements."""
    # Turn off motion: a button that is fading from one colour to another has the contrast of neither.
    page.emulate_media(reduced_motion="reduce")
    found = Axe().run(page, context=context, options=OPTIONS).response["violations"]
    return [
        f"{each['id']}: {each['help']}: {[node['html'][:160] for node in each['nodes'][:3]]}"
        for each in found
        if each["impact"] in GRAVE
    ]
