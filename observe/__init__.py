"""What operators see of our processes: figures for Prometheus, spans for OpenTelemetry. Nothing, unless configured."""
