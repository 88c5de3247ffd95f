"""The labels of the console by page; `monitoring.console.texts` puts them together."""
