"""Starts the command line: `python -m bloodui serve | read | models | card | settings`."""

import sys

from bloodui.cli.main import main
from models.command import stdout_may_close

if __name__ == "__main__":
    with stdout_may_close():
        sys.exit(main())
