"""Comments that carry points: how they change an answer's points, and how changing one reaches all who got it."""

import shutil
from types import SimpleNamespace

import pytest
from tito.gradebook.answers import written_answers
from tito.gradebook.comment_for_all import (
    BY_HAND,
    EDITED,
    PlanChanged,
    change_for_all,
    digest_of,
    plan_for_all,
)
from tito.gradebook.grade_changes import list_changes
from tito.gradebook.shared_comments import (
    SharedComment,
    Standing,
    add_shared,
    find_shared,
    keep_standing,
    standing_of,
    text_replaced,
    text_with,
    with_comment,
)

from tests.grading_service.a_reading import COURSE, FULL, MODULE, book_of, give, make_reading

STUDENTS = ["ada", "ben", "chen", "dora"]


def comment(points: float, number: int = 1) -> SharedComment:
    return SharedComment(number, MODULE, "memory", f"comment {number}", points, "tom")


@pytest.mark.parametrize(
    ("base", "points", "expected"),
    [
        (None, [], None),
        (None, [0], None),  # a comment without points gives none, and the answer still waits
        (None, [-2], 3.0),
        (None, [0, -2], 3.0),
        (None, [2], 2.0),
        (None, [2, 2, 2], FULL),
        (None, [-2, -2, -2], 0.0),
        (None, [-2, 1], 4.0),
        (4.0, [-1, -2], 1.0),
        (4.0, [], 4.0),
    ],
)
def test_points_are_those_before_and_what_comments_give_or_take(base, points, expected):
    assert Standing(base, tuple(comment(each, place) for place, each in enumerate(points))).points(FULL) == expected


@pytest.mark.parametrize("text", ["", "Good.", "Good.\n\nGo on."])
def test_words_come_and_go_and_leave_others_as_they_were(text):
    twice = text_with(text_with(text, "Name the buffer.", True), "Name the buffer.", True)
    assert twice.count("Name the buffer.") == 1
    assert text_with(twice, "Name the buffer.", False) == text


def test_words_inside_a_sentence_are_not_a_comment():
    assert text_replaced("Name the buffer. Then more.", "Name the buffer.", "x") is None
    assert text_replaced("a\n\nb\n\nc", "b", "new\n\nwords") == "a\n\nnew\n\nwords\n\nc"


@pytest.fixture(scope="module")
def unread(tmp_path_factory):
    root = tmp_path_factory.mktemp("unread") / "course"
    make_reading(root, STUDENTS)
    return root


@pytest.fixture
def root(unread, tmp_path):
    shutil.copytree(unread, tmp_path / "course")
    return tmp_path / "course"


def use(root, person: str, student: str, number: int, used: bool = True) -> None:
    """Add a comment to an answer, or remove it, as the formgrader does while it holds the lock."""
    with book_of(root, person) as book:
        shared = find_shared(book, number)
        where = ("memory", MODULE, MODULE, student)
        grade, words = book.find_grade(*where), book.find_comment(*where)
        standing = with_comment(standing_of(book, grade), shared, used)
        grade.manual_score = standing.points(grade.max_score)
        grade.needs_manual_grade = grade.manual_score is None
        words.manual_comment = text_with(words.manual_comment or "", shared.text, used)
        keep_standing(book, grade, standing, person)
        book.db.commit()


def make(root, text: str, points: float) -> int:
    with book_of(root) as book:
        number = add_shared(book, MODULE, "memory", text, points, "tom").id
        book.db.commit()
        return number


def points_and_words(root) -> dict[str, tuple]:
    with book_of(root) as book:
        where = [("memory", MODULE, MODULE, student) for student in STUDENTS]
        return {each[3]: (book.find_grade(*each).manual_score, book.find_comment(*each).manual_comment)
                for each in where}  # fmt: skip


def change(root, person: str, number: int, text: str, points: float):
    with book_of(root, person) as book:
        shared = find_shared(book, number)
        seen = digest_of(shared, text, points, plan_for_all(book, shared, text, points))
        lines = change_for_all(book, root, shared, text, points, person, seen)
        return {line.student: (line.before, line.after, line.why_not) for line in lines}


def test_a_comment_taken_off_leaves_the_answer_as_it_was(root):
    one, two = make(root, "Name the buffer.", -2), make(root, "Say why.", -1)
    before = points_and_words(root)["ada"]
    use(root, "tom", "ada", one)
    use(root, "tom", "ada", two)
    assert points_and_words(root)["ada"] == (2.0, "Name the buffer.\n\nSay why.")
    use(root, "tom", "ada", one, used=False)
    assert points_and_words(root)["ada"] == (4.0, "Say why.")
    use(root, "tom", "ada", two, used=False)
    assert points_and_words(root)["ada"] == (before[0], "")
    assert make(root, "Say why.", -1) == two  # the same text with the same points is the same comment


def test_points_by_hand_are_where_comments_go_on_from(root):
    one, two = make(root, "Name the buffer.", -2), make(root, "Say why.", -1)
    use(root, "tom", "ada", one)
    give(root, "eve", "ada", "memory", 4.5)
    use(root, "tom", "ada", two)
    assert points_and_words(root)["ada"][0] == 3.5
    use(root, "tom", "ada", two, used=False)
    assert points_and_words(root)["ada"][0] == 4.5


def test_a_change_reaches_all_who_got_it_and_no_points_set_by_hand(root):
    one, two = make(root, "Name the buffer.", -2), make(root, "Say why.", -4)
    for student in ("ada", "ben", "chen"):
        use(root, "tom", student, one)
    use(root, "tom", "ben", two)  # 5 - 2 - 4 becomes 0
    give(root, "eve", "chen", "memory", 5.0)
    with book_of(root, "ida") as book:
        book.find_comment("memory", MODULE, MODULE, "ada").manual_comment = "My own words."
        book.db.commit()
    assert change(root, "ida", one, "Name the shared buffer.", -1) == {
        "ada": (3.0, 4.0, (EDITED,)),
        "ben": (0.0, 0.0, ()),
        "chen": (5.0, 5.0, (BY_HAND,)),
    }
    assert points_and_words(root) == {
        "ada": (4.0, "My own words."),
        "ben": (0.0, "Name the shared buffer.\n\nSay why."),
        "chen": (5.0, "Name the shared buffer."),
        "dora": (None, None),
    }
    assert change(root, "ida", two, "Say why.", -3)["ben"][:2] == (0.0, 1.0)  # 5 - 1 - 3: the limit of 0 is not kept


def test_a_change_is_recorded_with_its_author_and_leaves_the_reader(root):
    one = make(root, "Name the buffer.", -2)
    use(root, "tom", "ada", one)
    change(root, "ida", one, "Name the buffer.", -1)
    with book_of(root) as book:
        newest = list_changes(book, {"student": "ada"})[0]
    assert (newest["person"], newest["field"], newest["old"], newest["new"]) == ("ida", "manual_score", "3.0", "4.0")
    course = SimpleNamespace(course_dir=root, course_id=COURSE)
    read = {each.student: each.reader for each in written_answers(course, MODULE) if each.question == "memory"}
    assert read == {"ada": "tom", "ben": "", "chen": "", "dora": ""}


def test_only_the_plan_that_was_seen_is_carried_out(root):
    one = make(root, "Name the buffer.", -2)
    use(root, "tom", "ada", one)
    with book_of(root) as book:
        shared = find_shared(book, one)
        seen = digest_of(shared, "New.", -1, plan_for_all(book, shared, "New.", -1))
    use(root, "tom", "ben", one)
    before = points_and_words(root)
    with book_of(root, "ida") as book, pytest.raises(PlanChanged):
        change_for_all(book, root, find_shared(book, one), "New.", -1, "ida", seen)
    assert points_and_words(root) == before
    with book_of(root) as book:
        assert find_shared(book, one) == shared


def test_an_answer_that_was_emptied_begins_anew(root):
    one = make(root, "Name the buffer.", -2)
    use(root, "tom", "ada", one)
    give(root, "tom", "ada", "memory", None)
    assert change(root, "ida", one, "Name the buffer.", -1)["ada"] == (None, None, (BY_HAND,))
    use(root, "tom", "ada", one)
    assert points_and_words(root)["ada"] == (4.0, "Name the buffer.")
