"""How nbgrader's templates are rendered here: our own where we have one, and no inline script of nbgrader's let loose.

A page's Content-Security-Policy names one nonce, a new one for each answer; only scripts that carry it run.
nbgrader's own templates get it as they are loaded, before anything that a student or a URL says is put into them.
"""

import re
from pathlib import Path

from jinja2 import BaseLoader, ChoiceLoader, Environment, FileSystemLoader
from nbgrader.server_extensions.formgrader import handlers as nbgrader_handlers
from traitlets.config import Config

from tito.rendering.sanitize import SanitizingExporter

OWN_TEMPLATES = Path(__file__).parent / "templates"
OWN_STATIC = Path(__file__).parent / "static"
NBGRADER_TEMPLATES = Path(nbgrader_handlers.template_path)
NBGRADER_STATIC = Path(nbgrader_handlers.static_path)


class NonceLoader(FileSystemLoader):
    """Load nbgrader's templates with a nonce on each script tag, and without inline event handlers."""

    def get_source(self, environment, template):
        source, filename, uptodate = super().get_source(environment, template)
        source = re.sub(r"<script(?=[\s>])", '<script nonce="{{ csp_nonce }}"', source)
        # onclick="toggleAllNames()" becomes data-call="toggleAllNames", which gateway.js binds.
        source = re.sub(r'\son[cC]lick="(\w+)\(\);?"', r' data-call="\1"', source)
        return source, filename, uptodate


def page_environment() -> Environment:
    """Return the environment for whole pages (tables, lists); values are escaped unless a template says otherwise."""
    loader: BaseLoader = ChoiceLoader([FileSystemLoader(OWN_TEMPLATES), NonceLoader(str(NBGRADER_TEMPLATES))])
    return Environment(loader=loader, autoescape=True)


def submission_exporter() -> SanitizingExporter:
    """Return the exporter for a student's notebook: sanitized, in our template, with nothing from another server."""
    config = Config()
    config.SanitizingExporter.template_name = "formgrade_gateway"
    config.SanitizingExporter.extra_template_basedirs = [str(OWN_TEMPLATES)]
    config.SanitizingExporter.sanitize_html = True
    config.SanitizingExporter.mathjax_url = ""
    config.SanitizingExporter.require_js_url = ""
    config.SanitizingExporter.exclude_anchor_links = True
    return SanitizingExporter(config=config)


def content_security_policy(nonce: str) -> str:
    """Return the policy of every page: scripts with the nonce, our own styles and data, nothing from elsewhere."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'nonce-{nonce}'",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'self'",
        )
    )


FILE_POLICY = "default-src 'none'; sandbox"
