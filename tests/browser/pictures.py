"""README's pictures, taken of the real thing: ``python -m tests.browser.pictures``."""

import shutil
import tempfile
from pathlib import Path

from tests.browser.chromium import empty_page
from tests.browser.lab import Lab
from tests.browser.server import jupyterlab
from tests.notebooks.execute import FOLDER

PICTURES = FOLDER / "pictures"

# What is shown: the notebook, the number of the code cell, the picture's name.
SHOWN = (
    ("01_quickstart", 1, "cards"),
    ("03_explore", 1, "explorer"),
    ("03_explore", 5, "why"),
    ("04_channels_and_campaigns", 1, "channels"),
    ("06_data_quality", 3, "attribution"),
)


def main() -> None:
    """Run the notebooks and take the pictures."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        shelf, settings = Path(home, "shelf"), Path(home, "settings")
        settings.mkdir()
        for folder in (FOLDER, FOLDER.parent / "data"):
            shutil.copytree(folder, shelf / folder.name, ignore=shutil.ignore_patterns(".*"))
        with empty_page() as page, jupyterlab(shelf, settings) as address:
            lab = Lab(page, address)
            for notebook, place, name in SHOWN:
                with lab.opened(f"notebooks/{notebook}.ipynb"):
                    lab.run()
                    lab.picture(PICTURES / f"{name}.png", place)


if __name__ == "__main__":
    main()
