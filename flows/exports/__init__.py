"""The numbers of a chart as files. A format is a pure function: the same result gives the same bytes."""
