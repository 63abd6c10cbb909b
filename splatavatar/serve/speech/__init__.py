"""What every face of a voice agent is made of: sound comes in, faces and sound go out in step."""
