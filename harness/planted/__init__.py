"""Bugs planted in released packages: the releases, the bugs, their issues, and the packages' own tests as judge."""
