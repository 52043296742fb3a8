"""The demo class plays the Olympics: each of its students logs in, hands in entries and joins the leaderboard.

`serve` starts this next to the Hub, once for each state folder, if the demo semester is in force and people have
generated passwords. It does what a student does, with the student's own rights: `tito fetch`, an entry put next to the
notebook, `tito submit`. So what is on the board was measured like any other entry.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from hub_config.run import programs
from hub_config.run.prepare import say
from hub_config.run.supervisor import MARKER
from hub_config.secret_files import read_passwords
from hub_config.services import TERMINAL, service_environment, service_url
from hub_config.settings import CHECKOUT, Settings, load_settings, settings_environment

MODULE = "olympics"
SCRIPT = CHECKOUT / "scripts" / "demo_entries.py"
PSEUDONYMS = {"ada": "Difference Engine", "ben": "Mark 1", "chen": "Abacus"}
DONE = "semester/demo-entries"  # below the state folder
TOKEN_SECONDS = 1800
TITO = str(programs.BIN / "tito")
NICENESS = 10  # people who try the Hub in the meantime go first


def wanted(settings: Settings) -> bool:
    """Tell whether this is a demo class that has not handed in yet."""
    is_demo = settings.semester is None and settings.authenticator == "generated-passwords"
    served = not {"exchange", "grading", "semester"} & set(settings.without)
    made_here = SCRIPT.is_file() and (CHECKOUT / "course" / "modules" / f"20_{MODULE}").is_dir()
    return is_demo and served and made_here and not (settings.var / DONE).exists()


def start(settings: Settings, marker: str) -> None:
    """Let the class hand in, in a separate process that reports the outcome; it ends with `serve`."""
    if not wanted(settings):
        return
    environment = programs.base_environment() | settings_environment(settings) | {MARKER: marker}
    command = [sys.executable, "-m", "hub_config.run.demo_class"]
    subprocess.Popen(command, cwd=CHECKOUT, env=environment, stdin=subprocess.DEVNULL, start_new_session=True)


def hand_in(settings: Settings) -> None:
    """Make the entries, and let each student hand in theirs, in the order of attempts."""
    with tempfile.TemporaryDirectory(prefix="tito-demo-class-") as scratch:
        entries = Path(scratch) / "entries"
        _run([TITO, "export", "--all"], dict(os.environ))
        _run([sys.executable, str(SCRIPT), str(entries)], dict(os.environ))
        passwords = read_passwords(settings.secrets)
        environment = service_environment(TERMINAL, settings)
        for name, pseudonym in PSEUDONYMS.items():
            token = log_in(settings.hub_api_url, name, passwords[name])
            for entry in sorted(entries.glob(f"{name}-*.npz")):
                submit(environment, token, Path(scratch) / name, entry)
            join(service_url("grading", settings), token, pseudonym)
    (settings.var / DONE).touch()


def log_in(hub_api: str, name: str, password: str) -> str:
    """Log in as a student; return a token that expires."""
    about = {"auth": {"username": name, "password": password}, "expires_in": TOKEN_SECONDS, "note": "the demo's entry"}
    return programs.send(f"{hub_api}/users/{name}/tokens", "POST", about)["token"]


def submit(environment: dict[str, str], token: str, home: Path, entry: Path) -> None:
    """Fetch the module into `home`, put the entry next to its notebook, and hand both in."""
    home.mkdir(parents=True, exist_ok=True)
    own = {"HOME": str(home), "TINYTORCH_HOME": str(home / "tinytorch"), "JUPYTERHUB_API_TOKEN": token}
    if not (home / MODULE).is_dir():
        _run([TITO, "fetch", MODULE], environment | own)
    shutil.copyfile(entry, home / MODULE / "entry.npz")
    _run([TITO, "submit", MODULE], environment | own)


def join(grading: str, token: str, pseudonym: str) -> None:
    """Join the leaderboard."""
    programs.send(f"{grading}/api/v1/board/me", "PUT", {"pseudonym": pseudonym}, token)


def _run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"`{' '.join(command)}` failed:\n{done.stdout}{done.stderr}")


def main() -> None:
    os.nice(NICENESS)
    try:
        hand_in(load_settings())
    except (OSError, RuntimeError, KeyError) as error:
        say(f"!!! The demo class could not hand in its entries; it tries again at the next start: {error}")
        return
    say("    The demo class has handed in entries for the Olympics: see the leaderboard.")


if __name__ == "__main__":
    main()
