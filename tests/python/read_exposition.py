"""Parses an exposition from standard input with prometheus_client, and writes its families as JSON.

Usage: read_exposition.py text|openmetrics
"""

import json
import sys

from prometheus_client import parser as text_parser
from prometheus_client.openmetrics import parser as openmetrics_parser

PARSERS = {
    "text": text_parser.text_fd_to_metric_families,
    "openmetrics": openmetrics_parser.text_fd_to_metric_families,
}


def main() -> None:
    # Disables newline translation, because label values may contain carriage returns.
    text = open(sys.stdin.fileno(), encoding="utf-8", newline="\n")
    families = [
        {
            "name": family.name,
            "type": family.type,
            "help": family.documentation,
            "samples": [
                {"name": sample.name, "labels": sample.labels, "value": repr(sample.value)}
                for sample in family.samples
            ],
        }
        for family in PARSERS[sys.argv[1]](text)
    ]
    json.dump(families, sys.stdout)


main()
