"""Common parts of the checks: their arguments, and how they end."""

import argparse
import sys
from pathlib import Path


def parser(doc):
    """A parser of the arguments that every check takes."""
    made = argparse.ArgumentParser(description=doc.split("\n")[0])
    made.add_argument("--bin", type=Path, required=True, help="folder of the built commands")
    made.add_argument("--work", type=Path, required=True, help="folder for files on the way")
    return made


def conclude(problems):
    """Prints what went wrong, if anything, and ends with 0 or 1."""
    for problem in problems:
        print(problem)
    print("FAILED" if problems else "as documented")
    sys.exit(1 if problems else 0)
