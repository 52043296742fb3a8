"""The settings of the kubernetes place as the chart gives them to a Hub, for the tests' own semester."""

import json

from hub_config.ports import NAMES

PORTS = {name: 8081 + number for number, name in enumerate(NAMES)}
PLACE = {
    "HUB_PLACE": "kubernetes",
    "HUB_PORTS": json.dumps(PORTS),
    "HUB_INNER_HOST": "course-hub",
    "HUB_HOST": "course-proxy",
    "HUB_PROXY_API": "http://course-proxy-api:8001",
    "HUB_ELSEWHERE": json.dumps({"grading": "course-grading"}),
    "HUB_URL": "https://hub.example.org",
    "HUB_SUBDOMAIN_HOST": "https://hub.example.org",
}
