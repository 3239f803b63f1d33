"""docs/research.md, run as a reader would: every block, in order, in an empty folder."""

import os
import pathlib
import re
import subprocess

PAGE = pathlib.Path(__file__).parents[2] / "docs/research.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_every_block_of_the_page_runs(program, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    page = PAGE.read_text()
    blocks = BLOCK.findall(page)
    assert {language for language, _ in blocks} == {"sh", "python", "text", "yaml"}
    names = {}
    for language, code in blocks:
        line = page[: page.index(code)].count("\n") + 1
        if language == "sh":
            done = subprocess.run(["bash", "-euc", code], capture_output=True, text=True, timeout=120, check=False)
            assert done.returncode == 0, f"{PAGE}:{line}: {done.stdout}{done.stderr}"
        elif language == "python":
            exec(compile("\n" * (line - 1) + code, PAGE, "exec"), names)
    printed = capsys.readouterr().out
    assert "correlation" in printed
    # What the page promises is there: a signal that was computed, fills, a choice that was tried on another day.
    assert abs(names["signal"]).max() > 0
    assert len(names["minutes"]) == 5
    assert len(names["fills"]) > 0
    assert len(names["sweep"]) == 10
    assert len(names["shown"]) == 1
    for folder in ("first", "sweep", "final"):
        report = (tmp_path / folder / "report.html").read_text()
        assert "<svg" in report
        assert not re.search(r'(?:src|href)="https?:', report)


def test_the_page_s_example_of_live_is_a_configuration(program, tmp_path):
    (code,) = [code for language, code in BLOCK.findall(PAGE.read_text()) if language == "yaml"]
    path = tmp_path / "shijim.yaml"
    head = "broker:\n  servers: [http://127.0.0.1:1]\n  instruments: [TXFR1]\njournal:\n  dir: journal\n"
    path.write_text(head + code)
    done = subprocess.run([program, "run", "-c", path, "--print-config"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "micro_alpha" in done.stdout
