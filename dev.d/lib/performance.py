"""Writes docs/performance.md from the JSON lines of `shijim bench --json` (standard input).

Targets come from docs/performance-targets.json, remarks on what bounds a figure from
docs/performance-notes.md; both are kept by hand, the figures never are.
"""
import datetime
import json
import os
import platform
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def machine():
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    with open("/proc/meminfo", encoding="utf-8") as file:
        memory = int(file.readline().split()[1]) / (1 << 20)
    return f"{os.cpu_count()} cores, {model}, {memory:.0f} GiB, Linux {platform.release()}"


def number(value):
    if value is None:
        return ""
    size = abs(value)
    if size >= 1e9:
        return f"{value / 1e9:.2f} G"
    if size >= 1e6:
        return f"{value / 1e6:.1f} M"
    if size >= 1e4:
        return f"{value:,.0f}"
    if size >= 100 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.2f}"


def verdict(figure, targets):
    """The target of a figure and whether it is met: "at_least", "at_most", or on the ratio."""
    for target in targets:
        if (target["bench"], target["case"], target["metric"]) != (figure["bench"], figure["case"], figure["metric"]):
            continue
        value = figure.get("ratio") if target.get("of") == "ratio" else figure["value"]
        of = " of the reference" if target.get("of") == "ratio" else ""
        if value is None:
            continue
        if "at_least" in target:
            met, text = value >= target["at_least"], f"≥ {number(target['at_least'])}{of}"
        else:
            met, text = value <= target["at_most"], f"≤ {number(target['at_most'])}{of}"
        yield f"{text} {'met' if met else '**not met**'}"


def row(figure, targets):
    spread = f"{number(figure.get('min'))} – {number(figure.get('max'))}"
    reference = ""
    if figure.get("reference"):
        reference = f"{figure['reference']}: {number(figure.get('reference_value'))}"
    ratio = number(figure.get("ratio")) if figure.get("ratio") is not None else ""
    return (f"| `{figure['case']}` | {figure['metric']} | **{number(figure['value'])}** {figure.get('unit', '')} | {spread} "
            f"| {reference} | {ratio} | {'; '.join(verdict(figure, targets))} |")


PAGE = os.path.join(ROOT, "docs/performance.md")


def sections_of_the_page():
    """What the page holds of each bench: what is not measured now stays, with its own date and commit."""
    try:
        with open(PAGE, encoding="utf-8") as file:
            parts = file.read().split("\n## ")
    except FileNotFoundError:
        return {}
    return {part.split("\n", 1)[0]: "## " + part.rstrip() for part in parts[1:] if "\n| case |" in part}


def section(bench, figures, targets, when):
    lines = [f"## {bench}", "", f"`shijim bench {bench} --json`, {when}", "",
             "| case | metric | median | range | reference | ratio | target |", "|---|---|---|---|---|---|---|"]
    return "\n".join(lines + [row(figure, targets) for figure in figures if figure["bench"] == bench])


def main():
    figures = [json.loads(line) for line in sys.stdin if line.startswith("{")]
    if not figures:
        sys.exit("performance.py: no figures on standard input")
    with open(os.path.join(ROOT, "docs/performance-targets.json"), encoding="utf-8") as file:
        targets = json.load(file)
    with open(os.path.join(ROOT, "docs/performance-notes.md"), encoding="utf-8") as file:
        notes = file.read().strip()
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True,
                            check=False).stdout.strip()
    when = f"{datetime.date.today().isoformat()} at commit {commit}"
    sections = sections_of_the_page()
    for bench in dict.fromkeys(figure["bench"] for figure in figures):
        sections[bench] = section(bench, figures, targets, when)
    out = ["# Performance", "",
           "Written by `./dev bench --write-docs [NAME...]`; do not edit.", "",
           f"Machine: {machine()}. The cores are shared with other guests: absolute figures move by tens of per",
           "cent between runs, ratios to a reference taken in the same run much less. Every figure is the median of",
           "five runs or more, with the least and greatest beside it.", ""]
    for text in sections.values():
        out += [text, ""]
    out += [notes, ""]
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write("\n".join(out))


main()
