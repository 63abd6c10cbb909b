"""The face of a body model: Anny laid over its template, and what of Anny is carried along."""
