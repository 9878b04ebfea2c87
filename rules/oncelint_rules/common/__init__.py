"""What several rules share: sentences, and questions asked of a subject."""
