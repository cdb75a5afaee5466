"""The ``admira`` command: hands over to the command line, or says which extra brings it."""

import sys


def main() -> None:
    """Run the command line."""
    try:
        from admira.cli import run
    except ModuleNotFoundError as error:
        if error.name not in ("typer", "rich", "click"):
            raise
        sys.exit("The command line needs an extra: pip install 'admira[cli]'")
    run()


if __name__ == "__main__":
    main()
