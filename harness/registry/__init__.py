"""Finding plug-ins, reading and checking them, and who fits whom."""
