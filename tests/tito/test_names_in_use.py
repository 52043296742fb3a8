"""Names that people may have written down still work: commands, options, settings, variables, targets and programs.

Do not take a name out of these lists: somebody may use it. Keep the old one working, with a notice.
"""

import importlib
import importlib.util
import logging
from pathlib import Path

import pytest
from tito.commands import COMMANDS
from tito.grading.settings import settings_from_environment

from hub_config.roles import GROUP_ROLES
from hub_config.settings import known_keys

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = """
module start: --json
module test: --json
module complete: --json --time-limit
module status: --json
module reset: --json --yes
hint: --again --json
ask: --text --notebook --no-notebook --json
questions: --for-all --take-back --json
module unlock: --close --confirm --json
test integration: --json
status: --json
milestone list: --json
milestone run: --full --json
milestone status: --json
milestone submit: --json
package export: --output --json
package import: --plan --yes --time-limit --json
fetch: --json --quiet --released
submit: --json --strict --wait
feedback: --json
receipt list: --json --offline
receipt show: --attempt --json
receipt verify: --attempt --folder --json --key
export: --all --check --into --json --quiet
module lint: --all --json
module audit: --all --dry-run --fresh --jobs --json --sample
nbgrader generate: --all --course-dir --json
package build: --json --output --prebuilt --semester --student --worker
package environments: --json --prebuilt --semester --tiers
image build: --base --force --json --only --prebuilt --semester --tag --tiers
grade autograde: --course-dir --database --force --jobs --json --student
grade explain: --course-dir --database --json
grade feedback: --course-dir --database --json --release --student --yes
grade status: --course-dir --database --json
grade reading: --course-dir --database --json
grade share: --again --by --course-dir --database --json --plan --reader --yes
grade handover: --course-dir --database --json --plan --question --section --yes
grade export: --course-dir --database --format --into --json --missing-as-zero --module --output
campus status: --json
campus link: --json
campus roster: --drops --json --plan --yes
campus grades status: --all --json --look
campus grades send: --json
campus keys: --json --rotate
semester check: --json
semester next: --course --force --json --opens --output
semester demo: --force --output --sections --students --tas --time-zone
semester plan: --json
semester apply: --json --yes
semester status: --json
module history: --diff --json
module restore: --cell --json --yes
module update: --json --plan --yes
grade void: --course-dir --database --json --plan --reason --undo --yes
grade regrade: --course-dir --database --force --jobs --json --plan --student --yes
semester roster: --force --json --output --username
grade points: --column --json --max --plan --student --take-back --username --yes
semester freeze: --json --plan --unfinished --yes
semester unfreeze: --json --yes
semester archive: --force --json --output
semester verify: --json
semester delete: --archive --early --json --plan --without-archive --yes
download: --force --json --output
"""
SETTINGS = """
place var title host port url tls_key tls_cert ports databases proxy semester inner_host spawner authenticator
sign_in.client_id sign_in.login_service sign_in.authorize_url sign_in.token_url sign_in.userdata_url
sign_in.jwks_url sign_in.issuer sign_in.username_claim sign_in.hosted_domain operator first_uid subdomain_host
accept_shared_origin idle_minutes log_format grading_jobs
without student.environment student.read_only student.memory_mib
student.processes student.blas_threads student.start_timeout_seconds staff.environment staff.read_only
staff.memory_mib staff.processes staff.blas_threads staff.start_timeout_seconds docker.network docker.subnet
docker.internet docker.prefix docker.tag docker.build docker.keep_servers docker.temporary_mib docker.homes
docker.firewall docker.blocked
"""
VARIABLES = """
COURSE_TOKEN EXCHANGE_COURSE EXCHANGE_DATA EXCHANGE_DATABASE EXCHANGE_HOST EXCHANGE_PORT EXCHANGE_RESERVE_BYTES
EXCHANGE_TOKEN EXCHANGE_URL GRADING_COURSE_DIR GRADING_DATABASE GRADING_JOBS GRADING_LOG_LEVEL
GRADING_POLL_SECONDS GRADING_URL HOME_CERTIFICATE HOME_DOCS HOME_STAFF_WARNING SEMESTER_URL TINYTORCH_DATA
LOG_FORMAT TINYTORCH_HOME
TITO_COURSE TITO_DEBUG TITO_SANDBOX TITO_TOKEN TITO_WORKER_ENVIRONMENT TITO_WORKER_IMAGE
"""
TARGETS = """
help install serve stop reset test check audit bench goldens lock advisories format screenshots conformance up down
logs backup restore deploy-test
"""
# Each is run as `python -m`; the last two are earlier names of grading and formgrader, and say so.
PROGRAMS = """
exchange hub_config tito.grading tito.formgrader tito.semester.service hub_config.home tito.cli
tito.grading.service tito.grading.formgrader
"""
COMMAND = {command.name: command for command in COMMANDS}


@pytest.mark.parametrize("line", OPTIONS.strip().splitlines(), ids=lambda line: line.partition(":")[0])
def test_a_command_has_its_options(line: str):
    name, _, options = line.partition(":")
    module, _, attribute = COMMAND[name].target.partition(":")
    loaded = getattr(importlib.import_module(module), attribute)
    assert set(options.split()) <= {option for each in loaded.params for option in (*each.opts, *each.secondary_opts)}


def test_settings_are_known():
    assert set(SETTINGS.split()) <= set(known_keys())


def test_variables_are_read():
    folders = ("course/tito", "exchange", "hub_config", "tinytorch")
    code = "\n".join(path.read_text("utf-8") for folder in folders for path in (ROOT / folder).rglob("*.py"))
    assert [name for name in VARIABLES.split() if f'"{name}"' not in code] == []


def test_targets_of_make_are_there():
    made = (ROOT / "Makefile").read_text("utf-8").splitlines()
    assert [name for name in TARGETS.split() if not any(line.startswith(f"{name}:") for line in made)] == []


@pytest.mark.parametrize("name", PROGRAMS.split())
def test_programs_can_be_called(name: str):
    found = importlib.util.find_spec(name)
    assert found is not None
    assert not found.submodule_search_locations or importlib.util.find_spec(f"{name}.__main__")


def test_groups_of_a_class_that_began_before_they_named_their_course_carry_roles():
    assert {"student", "ta", "instructor"} <= set(GROUP_ROLES)


def test_a_variable_that_has_no_effect_any_more_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    given = {"GRADING_COURSE_DIR": str(tmp_path), "GRADING_POLL_SECONDS": "2"}
    with caplog.at_level(logging.WARNING):
        settings_from_environment(given, create=True)
    assert "GRADING_POLL_SECONDS no longer has any effect" in caplog.text
