"""openmetrics: names, labels and numbers → a text in the OpenMetrics format."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.openmetrics.exposition import generate_latest

# By the values of the labels: "poll", or ("poll", "done"); a number alone has none.
Samples = float | Mapping[str, float] | Mapping[tuple[str, str], float]


class Told:
    """What is told, in its order, each with the office's name where there is one.

    The client library writes it down, and knows what has to be escaped.
    """

    def __init__(self, office: str | None = None) -> None:
        self._families: list[Metric] = []
        self._office = {"office": office} if office else {}

    def collect(self) -> list[Metric]:
        """Gives what was told, as the library asks for it."""
        return self._families

    def gauge(self, name: str, help_text: str, samples: Samples, *labels: str) -> None:
        """Tells a value that goes up and down."""
        self._tell(
            GaugeMetricFamily(f"nes_intake_{name}", help_text, labels=(*self._office, *labels)), samples
        )

    def counter(self, name: str, help_text: str, samples: Samples, *labels: str) -> None:
        """Tells a count that only grows."""
        self._tell(
            CounterMetricFamily(f"nes_intake_{name}", help_text, labels=(*self._office, *labels)), samples
        )

    def moment(self, name: str, help_text: str, at: datetime | None) -> None:
        """Tells when something was; nothing where it never was."""
        if at is not None:
            self.gauge(f"{name}_timestamp_seconds", help_text, at.timestamp())

    def as_text(self) -> str:
        """Writes it all down."""
        return str(generate_latest(self).decode())  # type: ignore[no-untyped-call]

    def _tell(self, family: GaugeMetricFamily | CounterMetricFamily, samples: Samples) -> None:
        for values, value in samples.items() if isinstance(samples, Mapping) else [((), samples)]:
            own = [values] if isinstance(values, str) else list(values)
            family.add_metric([*self._office.values(), *own], float(value))
        self._families.append(family)
