"""Whether the person on a film has said the sentence that was made for the moment: a spoken proof of consent."""
