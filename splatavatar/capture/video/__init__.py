"""From video to pictures: decoding, choosing frames, cutting."""
