"""Devices found on other people's topics: list, adopt, set aside. Finding them is the collector's."""
