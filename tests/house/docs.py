"""Checks the documentation: relative links lead somewhere, and every dependency is explained.

`python docs.py [ROOT]` prints each mistake as file:line and exits 1.
"""

import pathlib
import re

LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^\s*```")


def pages(root):
    yield from sorted(root.glob("*.md"))
    for folder in ("docs", "src", "ops", "python", "web", "tests", "bench", "fuzz"):
        yield from sorted(p for p in (root / folder).rglob("*.md") if "node_modules" not in p.parts)


def unexplained(root):
    """Packages of dev.d/packages.txt that docs/dependencies.md does not name."""
    listed, explained = root / "dev.d/packages.txt", root / "docs/dependencies.md"
    if not listed.exists():
        return
    named = set(re.findall(r"`([^`]+)`", explained.read_text()))
    for number, line in enumerate(listed.read_text().splitlines(), 1):
        if line and not line.startswith("#") and line not in named:
            yield f"dev.d/packages.txt:{number}: docs/dependencies.md does not say why {line} is needed"


def broken_links(root):
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


def check(root):
    """Every mistake, as lines of text."""
    yield from broken_links(root)
    yield from unexplained(root)


if __name__ == "__main__":
    import report

    report.main(check)
