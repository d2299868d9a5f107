"""`python -m bloodui.cli.in_ray_job FOLDER`: what `bloodui.cli.ray_job` asks of a job."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from bloodui.cli.main import main
from bloodui.cli.ray_job import REQUEST_FILE

if __name__ == "__main__":
    asked = json.loads((Path(sys.argv[1]) / REQUEST_FILE).read_bytes())
    os.chdir(asked["directory"])
    sys.exit(main(asked["arguments"]))
