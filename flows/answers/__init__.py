"""What a funnel, retention or a trend has for an answer, as rows and drawings; of flows `flows.chart_view` is that."""
