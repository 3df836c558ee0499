"""The sample team: a shop that never was, with events, three charts and a map, made by a seeded generator."""
