"""`python -m deployments.cli` is `dspyui`."""

from __future__ import annotations

from deployments.cli.main import main

main()
