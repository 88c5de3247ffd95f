"""The console's pages, one module each; `monitoring.console.pages` lists them."""
