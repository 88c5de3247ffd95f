"""The operations console: live web pages of the board, and what people do about warnings from there."""
