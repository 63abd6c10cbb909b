"""What a face does by the sound of what it says and hears: head, eyes, lids and brows."""
