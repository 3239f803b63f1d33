"""The plan of the house holds in this repository, and the checks that say so see it broken."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import docs  # noqa: E402
import includes  # noqa: E402

ROOT = pathlib.Path(__file__).parents[2]


def breaches(tmp_path, room, include, readme=True):
    folder = tmp_path / "src" / room
    folder.mkdir(parents=True)
    (folder / "a.c").write_text(f"#include <stdio.h>\n{include}\n")
    if readme:
        (folder / "README.md").write_text("# room\n")
    return list(includes.check(tmp_path))


def test_rooms_include_only_downwards():
    assert list(includes.check(ROOT)) == []


def test_links_of_the_documentation_lead_somewhere():
    assert list(docs.check(ROOT)) == []


def test_including_a_lower_room_is_fine(tmp_path):
    assert breaches(tmp_path, "journal", '#include "event/event.h"') == []


def test_including_a_higher_room_is_found(tmp_path):
    (found,) = breaches(tmp_path, "bus", '#include "gateway/plan.h"')
    assert found.startswith("src/bus/a.c:2:") and "above" in found


def test_including_a_sibling_is_found(tmp_path):
    (found,) = breaches(tmp_path, "risk", '#  include "order/order.h"')
    assert "sibling" in found


def test_a_path_without_its_room_is_found(tmp_path):
    assert breaches(tmp_path, "bus", '#include "ring.h"')
    assert breaches(tmp_path / "up", "bus", '#include "../event/event.h"')


def test_a_room_without_readme_is_found(tmp_path):
    (found,) = breaches(tmp_path, "bus", "", readme=False)
    assert "README" in found


def test_an_unplanned_room_is_found(tmp_path):
    (found,) = breaches(tmp_path, "attic", "")
    assert "attic" in found


def test_a_broken_link_is_found_and_code_is_left_alone(tmp_path):
    (tmp_path / "README.md").write_text("[a](nothing.md)\n```\n[b](nowhere.md)\n```\n[c](README.md#top)\n")
    (found,) = docs.check(tmp_path)
    assert found.startswith("README.md:1:")


def test_an_unexplained_dependency_is_found(tmp_path):
    (tmp_path / "dev.d").mkdir()
    (tmp_path / "docs").mkdir()
    (tmp_path / "dev.d/packages.txt").write_text("# why\ngcc\nleft-pad\n")
    (tmp_path / "docs/dependencies.md").write_text("| `gcc` | builds |\n")
    (found,) = docs.check(tmp_path)
    assert found.startswith("dev.d/packages.txt:3:") and "left-pad" in found
