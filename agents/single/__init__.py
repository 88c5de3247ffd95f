"""What runs beside the streams in one worker of all: who it is, what it reads and writes with, and its thread."""
