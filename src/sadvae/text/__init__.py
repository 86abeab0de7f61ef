"""Class lists, prompts and text encoders: from the words for classes to class embeddings."""
