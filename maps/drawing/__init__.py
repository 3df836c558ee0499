"""A map as a picture: geometry in CSS pixels, from a document alone. Painters turn its marks into files."""
