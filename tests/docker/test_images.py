"""What the images of students and workers contain: every layer is scanned, and the scan finds planted secrets."""

import subprocess
from pathlib import Path

import pytest
from tito.curriculum import load_curriculum
from tito.staff.image import Course, build_images
from tito.staff.package import Choice

from tests.docker.place import TAG, docker, inspect
from tests.docker.scan import Scan
from tests.docker.secrets_of_course import fragments, planted
from tests.e2e.hub import CHECKOUT
from tests.e2e.semesters import ASKED_FOR, SEMESTERS, valid

pytestmark = [pytest.mark.docker, pytest.mark.security, pytest.mark.timeout(1500)]

TINY = CHECKOUT / "tests" / "tiny_course"
TIERS = {"all": "arrays,layers,models", "first": "arrays", "last": "models", "skipping": "arrays,models"}
LARGEST_STUDENT_BYTES = 600e6


def scan_for(course: Path, tiers: list[str]) -> Scan:
    """Prepare a scan for a course that runs these tiers."""
    curriculum = load_curriculum(course)
    prebuilt = [module.slug for module in Choice.of(curriculum, tiers, []).prebuilt]
    found = fragments(curriculum, prebuilt)
    assert len(found) >= len(curriculum.written)
    return Scan(found, frozenset(prebuilt))


@pytest.fixture(scope="session")
def real_scan(real_course: Path) -> Scan:
    return scan_for(real_course, [tier.name for tier in load_curriculum(real_course).tiers])


@pytest.mark.parametrize("kind", ["student", "worker"])
def test_no_layer_of_the_real_course_has_answers(images: dict[str, str], real_scan: Scan, kind: str):
    scan = Scan(real_scan.fragments, real_scan.modules).image(images[kind])
    assert scan.found == []
    assert scan.looked_at > 1000


@pytest.mark.parametrize("tiers", TIERS.values(), ids=TIERS)
def test_no_layer_has_answers_for_any_choice_of_tiers(tiers: str):
    chosen = tiers.split(",")
    tag = f"test-{'-'.join(chosen)}"
    names = build_images(Course(TINY, chosen), tag, ["student", "worker"])
    try:
        for kind, name in names.items():
            # A worker gets earlier modules as files of each job, so its image has none.
            scan = scan_for(TINY, chosen) if kind == "student" else scan_for(TINY, ["arrays", "layers", "models"])
            assert scan.image(name).found == []
        core = docker("run", "--rm", names["student"], "python", "-c", PRESENT).split()
        assert core == sorted(module.slug for module in Choice.of(load_curriculum(TINY), chosen, []).prebuilt)
    finally:
        docker("image", "rm", "--force", "--no-prune", *names.values())


if ASKED_FOR:

    @pytest.mark.parametrize("name", ASKED_FOR)
    def test_no_layer_has_answers_for_a_semester_of_the_course(name: str, real_course: Path):
        """The student's image has exactly this semester's prebuilt modules and nothing of the others."""
        tiers = [*valid(SEMESTERS[name]).semester.tiers]
        (image,) = build_images(Course(real_course, tiers), f"test-{name}", ["student"]).values()
        try:
            scan = scan_for(real_course, tiers).image(image)
            assert scan.found == [] and scan.looked_at > 1000
            core = docker("run", "--rm", image, "python", "-c", PRESENT).split()
            assert core == sorted(module.slug for module in Choice.of(load_curriculum(real_course), tiers, []).prebuilt)
        finally:
            docker("image", "rm", "--force", "--no-prune", image)


PRESENT = """
import pathlib, tinytorch
core = pathlib.Path(tinytorch.__file__).parent / "core"
print(*sorted(path.stem for path in core.glob("*.py") if path.stem != "__init__"))
"""


def test_what_is_planted_is_found(images: dict[str, str], real_scan: Scan, temporary_image: str, tmp_path: Path):
    """A solution in a notebook, a hidden test in a deleted file, a token, a key, staff code and orphaned bytecode."""
    curriculum = load_curriculum(CHECKOUT / "course")
    texts = dict(planted(curriculum, "tensor"))
    notebook = texts["solution"].replace("\\", "\\\\").replace('"', '\\"').replace("\n", '\\n",\n "')
    (tmp_path / "left.ipynb").write_text(f'{{"source": [\n "{notebook}"]}}')
    (tmp_path / "deleted.txt").write_text(texts["hidden test"])
    (tmp_path / "token").write_text("0123456789abcdef" * 4)
    (tmp_path / "id_rsa").write_text("-----BEGIN PRIVATE KEY-----\n" + "QUJD" * 16 + "\n-----END PRIVATE KEY-----\n")
    (tmp_path / "later.pyc").write_bytes(b"\0\0\0\0")
    (tmp_path / "gcc").write_text("#!/bin/sh\n")
    (tmp_path / "Dockerfile").write_text(
        f"FROM {images['student']}\nUSER root\n"
        "COPY left.ipynb token id_rsa later.pyc /opt/\nCOPY gcc /usr/bin/gcc\nCOPY deleted.txt /opt/\n"
        "RUN rm /opt/deleted.txt && mkdir -p /opt/tito/staff && touch /opt/tito/staff/x\n"
        f"ENV SPARE_TOKEN={'ab12' * 16}\n"
    )
    docker("build", "--quiet", "--tag", temporary_image, str(tmp_path))
    scan = Scan(real_scan.fragments, real_scan.modules, {"hub's": "0123456789abcdef0123"}).image(temporary_image)
    said = "\n".join(scan.found)
    for words in (
        "opt/left.ipynb has a solution of tensor",
        "opt/deleted.txt has a hidden test of tensor",
        "opt/token has the secret hub's",
        "opt/token has what looks like a token",
        "opt/id_rsa has a private key",
        "opt/later.pyc is compiled code without its source",
        "opt/tito/staff belongs to the staff",
        "usr/bin/gcc is a compiler",
        f"environment of {temporary_image} has what looks like a token",
    ):
        assert words in said, words


def test_the_students_image_is_small_and_runs_as_nobody_special(images: dict[str, str]):
    facts = inspect(images["student"])
    assert facts["Size"] < LARGEST_STUDENT_BYTES
    assert facts["Config"]["User"] == "jovyan"
    assert docker("run", "--rm", images["student"], "id", "-u").strip() == "1000"
    assert inspect(images["worker"])["Config"]["User"] == "65534:65534"


def test_no_program_gives_rights_and_nobody_but_root_can_write_the_system(images: dict[str, str]):
    """Outside home, /tmp, /proc, /dev only two harmless folders are writable; set-uid programs are not tested here."""
    find = "find / -xdev -writable ! -type l ! -path '/proc/*' ! -path '/dev/*' ! -path '/home/jovyan*' ! -path '/tmp*'"
    found = docker("run", "--rm", images["student"], "sh", "-c", f"{find} 2>/dev/null; true").split()
    assert set(found) <= {"/run/lock", "/var/tmp"}


def test_students_have_no_staff_command_and_no_staff_app(images: dict[str, str]):
    said = docker("run", "--rm", images["student"], "tito", "--help")
    assert "submit" in said
    for word in ("nbgrader", "environments", "image", "grade ", "semester", "audit"):
        assert word not in said, word
    done = subprocess.run(
        ["docker", "run", "--rm", images["student"], "tito", "grade", "autograde"], capture_output=True, text=True
    )
    assert done.returncode != 0


def test_a_second_build_does_nothing(images: dict[str, str], real_course: Path):
    said: list[str] = []
    tiers = [tier.name for tier in load_curriculum(real_course).tiers]
    build_images(Course(real_course, tiers), TAG, ["student", "worker"], say=said.append)
    assert said == [f"{images['student']} is up to date", f"{images['worker']} is up to date"]
