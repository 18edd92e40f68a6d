"""Series of numbers in time: how they are read, cut into windows, and forecast without a network."""
