"""Checks the documentation's links: each relative one leads to a file or folder of the repository.

`python docs.py [ROOT]` prints each broken link as file:line and exits 1.
"""

import pathlib
import re
import sys

LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^\s*```")


def pages(root):
    yield from sorted(root.glob("*.md"))
    for folder in ("docs", "src", "ops", "python", "web", "tests", "bench", "fuzz"):
        yield from sorted(p for p in (root / folder).rglob("*.md") if "node_modules" not in p.parts)


def check(root):
    """Every broken link, as lines of text."""
    for page in pages(root):
        in_code = False
        for number, line in enumerate(page.read_text().splitlines(), 1):
            in_code ^= bool(FENCE.match(line))
            for target in [] if in_code else LINK.findall(line):
                path = target.split("#")[0]
                if not path or re.match(r"[a-z]+:", target):
                    continue
                if not (page.parent / path).exists():
                    yield f"{page.relative_to(root)}:{number}: links to {target}, which is not there"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
    found = list(check(root))
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
