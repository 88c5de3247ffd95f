"""Training of the classifier's second opinion, and the project's own texts that the shipped one is trained of."""
