"""Record the results of every ordinary script under PyTorch: `python -m tests.scripts.record`."""

import json
import warnings

from tests.scripts.running import RECORDED, run, scripts


def main() -> None:
    """Run all scripts under PyTorch and write the record."""
    warnings.simplefilter("ignore")
    found = {title: run(source) for title, source in scripts().items()}
    text = "{\n" + ",\n".join(f" {json.dumps(title)}: {json.dumps(value)}" for title, value in found.items()) + "\n}\n"
    RECORDED.write_text(text, encoding="utf-8")
    print(f"{len(found)} scripts")


if __name__ == "__main__":
    main()
