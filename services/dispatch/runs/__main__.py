"""The solver's process: a problem in, an answer out, until its input ends.

``python -m services.dispatch.runs`` speaks the messages of ``pipe`` on its standard input and output; its
parent is the dispatcher, which ends it when an answer is late. The end of the parent ends its input.
"""

import sys

from services.dispatch.runs.pipe import READY, read_message, read_problem, write_answer
from services.dispatch.runs.vroom_solver import solve


def main() -> None:
    """Say that VROOM is there, then answer every problem in turn."""
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()
    while (body := read_message(sys.stdin.buffer)) is not None:
        sys.stdout.buffer.write(write_answer(solve(read_problem(body))))
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
