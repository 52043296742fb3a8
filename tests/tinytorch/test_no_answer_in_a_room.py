"""No hand-written package contains a line of a solution or a hidden test: students have all of these packages."""

from pathlib import Path

from tito.curriculum import load_curriculum

from tests.docker.secrets_of_course import fragments, lines_of

CHECKOUT = Path(__file__).parents[2]
CURRICULUM = load_curriculum(CHECKOUT / "course")


def test_no_answer_stands_in_a_room():
    secret = fragments(CURRICULUM, [])
    assert len(secret) > 1000
    rooms = [path for path in (CHECKOUT / "tinytorch").rglob("*.py") if "core" not in path.parts]
    rooms += [path for room in ("worker", "checks") for path in (CHECKOUT / "course" / "tito" / room).rglob("*.py")]
    found = {
        f"{path.relative_to(CHECKOUT)}: {secret[line]}: {line.decode()}"
        for path in rooms
        for line in lines_of(path.read_bytes())
        if line in secret
    }
    assert found == set()
