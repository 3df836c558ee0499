"""Flow computation: arrays in, numbers out. It knows nothing of Django, files or teams."""
