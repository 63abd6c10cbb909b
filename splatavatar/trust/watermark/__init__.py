"""The invisible mark in the pixels of every picture that leaves: what it says, how it is put in, how it is found."""
