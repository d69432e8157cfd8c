"""Validates Kubernetes resources from standard input.

Resources of Kubernetes are validated against the schemas of kubernetes_validate, those of the
Prometheus Operator against models generated from its custom resource definitions. Unknown keys are
errors. Prints `KIND NAME` for each valid resource.
"""

import sys

import kubernetes_validate
import yaml
from cloudcoil.models.prometheus_operator import v1 as operator


def without_empty(value):
    """Returns a value without None and empty values, which a model may add or omit."""
    if isinstance(value, dict):
        items = {key: without_empty(item) for key, item in value.items()}
        return {key: item for key, item in items.items() if item not in (None, {}, [])}
    if isinstance(value, list):
        return [without_empty(item) for item in value]
    return value


def validate(resource: dict) -> None:
    """Raises an exception if a resource is invalid."""
    if resource["apiVersion"] == "monitoring.coreos.com/v1":
        model = getattr(operator, resource["kind"]).model_validate(resource)
        parsed = model.model_dump(mode="json", by_alias=True, exclude_unset=True)
        # A model ignores unknown keys.
        if without_empty(parsed) != without_empty(resource):
            raise ValueError(f"unknown keys; parsed as {parsed}")
    else:
        kubernetes_validate.validate(resource, "1.37", strict=True)


def main() -> None:
    failed = False
    for resource in yaml.safe_load_all(sys.stdin):
        title = f"{resource['kind']} {resource['metadata']['name']}"
        try:
            validate(resource)
            print(title)
        except Exception as error:  # noqa: BLE001
            failed = True
            print(f"{title}: {str(error).strip().splitlines()[0]}", file=sys.stderr)
    sys.exit(failed)


main()
