"""Checks the plan of the house: rooms include only rooms below them, and each has a README.

Floors are those of docs/architecture.md. Rooms on one floor are siblings and do not see each other;
`app` is on top. `python includes.py [ROOT]` prints each breach as file:line and exits 1.
"""

import pathlib
import re

FLOORS = {
    -1: ["base"],
    0: ["event"],
    1: ["bus", "journal", "market"],
    2: ["indicator", "account"],
    3: ["strategy", "risk", "order", "exchange"],
    4: ["decide", "gateway", "store", "relay", "convert"],
    5: ["watch", "backtest", "brokersim"],
    6: ["app"],
}
FLOOR_OF = {room: floor for floor, rooms in FLOORS.items() for room in rooms}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def breach(room, included):
    """Why a file of `room` may not include the path `included`, or None when it may."""
    target = included.split("/")[0]
    if "/" not in included or target == "..":
        return f'write the room into the path: "{room}/{pathlib.PurePath(included).name}"'
    if target in ("shijim", room):
        return None
    # The program carries the benches (`shijim bench`), which lie beside src and use every room.
    if target == "bench":
        return None if room == "app" else "only app knows the benches"
    if target not in FLOOR_OF:
        return f"there is no room {target}"
    if FLOOR_OF[target] < FLOOR_OF[room]:
        return None
    side = "a sibling of" if FLOOR_OF[target] == FLOOR_OF[room] else "above"
    return f"{target} is {side} {room}"


def check_file(path, room, root):
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        match = INCLUDE.match(line)
        why = match and breach(room, match.group(1))
        if why:
            yield f"{path.relative_to(root)}:{number}: {match.group(0).strip()}: {why}"


def check(root):
    """Every breach under root/src, as lines of text."""
    for folder in sorted(p for p in (root / "src").iterdir() if p.is_dir()):
        room = folder.name
        if room not in FLOOR_OF:
            yield f"src/{room}: not a room of docs/architecture.md; give it a floor in tests/house/includes.py"
            continue
        if not (folder / "README.md").is_file():
            yield f"src/{room}: has no README.md (purpose, invariants, threads, failures)"
        for path in sorted(folder.rglob("*.[ch]")):
            yield from check_file(path, room, root)


if __name__ == "__main__":
    import report

    report.main(check)
