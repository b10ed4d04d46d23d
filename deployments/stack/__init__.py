"""One home's local stack: Prefect, MLflow, a worker and the mirror, started and ended as one."""
