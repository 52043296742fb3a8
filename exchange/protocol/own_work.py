"""What a student takes home from a course, as one zip: the layout, which the home page and `tito download` share.

MODULE/attempt-NN/files/     what was handed in
MODULE/attempt-NN/receipt.json
MODULE/attempt-NN/feedback/  if there is any
grades.json                  points, as the student was told
framework/                   only from `tito download`: the student's own framework as a wheel
"""

from exchange.protocol.paths import check_path

FILE_NAME = "my-work.zip"
GRADES, README = "grades.json", "README.txt"
ABOUT = """Your work in {course}.

MODULE/attempt-NN/files: what you handed in. Open the notebooks with Jupyter.
MODULE/attempt-NN/receipt.json: signed proof that it arrived, and when; `tito receipt verify` and docs/student.md say
how to check it with nothing but the course's public key.
MODULE/attempt-NN/feedback: the feedback on it; open the .html files with a browser.
"""


def attempt_folder(assignment: str, attempt: int) -> str:
    """Name the folder of an attempt.

    >>> attempt_folder("tensor", 3)
    'tensor/attempt-03'
    """
    return f"{assignment}/attempt-{attempt:02}"


def inside(folder: str, part: str, name: str) -> str:
    """Name a file of an attempt; raise Refused for a name that would leave the folder."""
    return f"{folder}/{part}/{check_path(name)}"
