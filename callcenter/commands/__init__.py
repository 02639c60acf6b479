"""The commands of `callcenter …`, one file each; `callcenter.__main__` puts them together."""
