"""Servers and clients that end-to-end tests share."""

import pathlib
import sys

import pytest

# With importlib's import mode a test folder's own modules are found only if it is on the path.
sys.path.insert(0, str(pathlib.Path(__file__).parent))

from store_server import StoreServer, find_engine  # noqa: E402


@pytest.fixture(scope="session")
def store_program(build_dir):
    """The embedded store's own program (what `shijim store` runs)."""
    if not find_engine():
        pytest.skip("libchdb.so is not installed: run ./dev deps")
    program = build_dir / "tests/store/embedded/store_server"
    assert program.exists(), f"{program} is not built; run ./dev build or ./dev test"
    return program


@pytest.fixture(scope="module")
def store(store_program, tmp_path_factory):
    """A running embedded store with an empty database, for the tests of one module."""
    with StoreServer(store_program, tmp_path_factory.mktemp("store")) as server:
        yield server


@pytest.fixture
def make_store(store_program, tmp_path):
    """Starts embedded stores with chosen arguments; all are stopped afterwards."""
    servers = []

    def make(data=None, **options):
        server = StoreServer(store_program, data or tmp_path / f"store{len(servers)}", **options)
        servers.append(server)
        return server.start()

    yield make
    for server in servers:
        server.kill()


@pytest.fixture(scope="session")
def broker_sim(build_dir):
    """The command that starts the broker simulator, as a list of words."""
    program = build_dir / "shijim"
    assert program.exists(), f"{program} is not built; run ./dev build or ./dev test"
    return [program, "broker-sim"]
