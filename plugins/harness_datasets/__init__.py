"""The built-in data sets, one file each, found through entry points like anyone's."""
