"""Detectors from the literature and from practice, to compare with: scores of every row, higher is stranger."""
