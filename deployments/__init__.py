"""Deployments: how the flywheel is run; the command and the Prefect server rule."""
