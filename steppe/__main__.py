"""``python -m steppe`` is the ``steppe`` command."""

from steppe.cli import main

main()
