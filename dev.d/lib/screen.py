"""Turns a terminal's screen (text with colour codes, as `tmux capture-pane -ep` prints it) into an SVG.

usage: tmux capture-pane -ep -t NAME | python3 dev.d/lib/screen.py > docs/demo.svg
"""
import html
import re
import sys

COLOURS = {"31": "#f47067", "32": "#57ab5a", "33": "#c69026", "39": "#adbac7"}
WIDTH, HEIGHT, FONT = 8.4, 18, 14


def spans(line):
    """Pieces of (text, colour, bold)."""
    colour, bold = "#adbac7", False
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        if not part.startswith("\x1b"):
            if part:
                yield part, colour, bold
            continue
        for code in part[2:-1].split(";"):
            if code in ("", "0"):
                colour, bold = "#adbac7", False
            elif code == "1":
                bold = True
            elif code in COLOURS:
                colour = COLOURS[code]


def main():
    lines = sys.stdin.read().rstrip("\n").split("\n")
    columns = max(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in lines)
    width, height = columns * WIDTH + 32, len(lines) * HEIGHT + 32
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" font-family="monospace" '
           f'font-size="{FONT}"><rect width="100%" height="100%" rx="8" fill="#22272e"/>']
    for row, line in enumerate(lines):
        column = 0
        for text, colour, bold in spans(line):
            if text.strip():
                weight = ' font-weight="bold"' if bold else ""
                out.append(f'<text x="{16 + column * WIDTH:.1f}" y="{32 + row * HEIGHT}" fill="{colour}" xml:space="preserve" '
                           f'textLength="{len(text) * WIDTH:.1f}"{weight}>{html.escape(text)}</text>')
            column += len(text)
    out.append("</svg>")
    print("\n".join(out))


main()
