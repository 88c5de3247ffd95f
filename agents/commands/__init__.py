"""The commands of `barometer`, one file each, loaded when they are asked for."""
