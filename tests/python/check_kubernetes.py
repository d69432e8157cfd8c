"""Reads Kubernetes resources from standard input and holds each against its schema.

Kubernetes's own are held strictly against the schemas that kubernetes_validate brings; those of the
Prometheus Operator against the models made of its custom resource definitions. A key that a schema
does not have is an error in both. Writes `KIND NAME` for each that passed.
"""

import sys

import kubernetes_validate
import yaml
from cloudcoil.models.prometheus_operator import v1 as operator


def without_empty(value):
    """A value without what is None or empty, which a model may add or leave out."""
    if isinstance(value, dict):
        kept = {key: without_empty(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in (None, {}, [])}
    if isinstance(value, list):
        return [without_empty(item) for item in value]
    return value


def check(resource: dict) -> None:
    if resource["apiVersion"] == "monitoring.coreos.com/v1":
        model = getattr(operator, resource["kind"]).model_validate(resource)
        understood = model.model_dump(mode="json", by_alias=True, exclude_unset=True)
        if without_empty(understood) != without_empty(resource):
            raise ValueError(f"understood as {understood}")
    else:
        kubernetes_validate.validate(resource, "1.37", strict=True)


def main() -> None:
    failed = False
    for resource in yaml.safe_load_all(sys.stdin):
        title = f"{resource['kind']} {resource['metadata']['name']}"
        try:
            check(resource)
            print(title)
        except Exception as error:  # noqa: BLE001
            failed = True
            print(f"{title}: {str(error).strip().splitlines()[0]}", file=sys.stderr)
    sys.exit(failed)


main()
