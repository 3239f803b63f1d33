"""Times of every indicator by every backend, by pytest-benchmark (./dev bench python --times)."""

import pytest
from cases import CASES, made


@pytest.mark.parametrize("backend", ["native", "numba", "numpy"])
@pytest.mark.parametrize("case", CASES)
def test_indicator(benchmark, case, backend):
    run = made(case, backend)
    run()
    benchmark.group = case
    benchmark(run)
