"""Write the bundled demo files: ``python -m admira.datasets data``."""

import argparse
import sys

from admira.datasets import write


def main() -> None:
    """Write the files into the folder that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m admira.datasets", description=__doc__)
    parser.add_argument("folder", help="where ads.json and crm.json are written")
    for path in write(parser.parse_args().folder):
        sys.stdout.write(f"{path}: {path.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
