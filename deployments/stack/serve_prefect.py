"""Owns the process of the stack's Prefect server: API, UI and scheduler on an inherited socket."""

from __future__ import annotations

import sys

from deployments._server_child import serve

if __name__ == "__main__":
    serve(int(sys.argv[1]), ephemeral=False, log_level="warning")
