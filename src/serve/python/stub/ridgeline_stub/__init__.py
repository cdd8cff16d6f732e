"""The Python side of the backend `python`: one process for each instance of a model."""
