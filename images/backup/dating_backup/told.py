"""What one process tells another in a file, and the metrics that are made of it."""
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily


def write(path: Path, text: str) -> None:
    """Whole or not at all, and readable by every user of the container."""
    partial = path.with_name(f".{path.name}.new")
    partial.write_text(text)
    partial.chmod(0o644)
    os.replace(partial, path)


def gauges(names: Mapping[str, tuple[str, str]], label: str, told: Mapping[str, object]) -> Iterator[GaugeMetricFamily]:
    """names: of each metric what it means, and the field that has its value. What there is none of yet is left out."""
    for name, (meaning, field) in names.items() if told else ():
        gauge = GaugeMetricFamily(name, meaning, labels=[label])
        for key, fields in told.items():
            value = getattr(fields, field)
            if value is not None:
                gauge.add_metric([key], float(value))
        yield gauge
